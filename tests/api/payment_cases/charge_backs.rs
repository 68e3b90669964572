//! A payer's bank takes the money back: a person is told once, and no order that has ended is
//! changed.

use serde_json::{Value, json};

use super::{callback_of, clear_automatically, fault, happens, id, number, report, total, until};
use crate::support::{Database, Person, World, both_databases, eventually};

both_databases!(a_charge_back_opens_one_case_that_a_person_closes);

/// The cases in a state.
async fn cases(clerk: &Person, state: &str) -> Vec<Value> {
    let page = clerk.client.get(&format!("/api/v1/admin/cases?state={state}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// Somebody who knows the page's secret reports charge-backs.
async fn say_it(world: &World, path: &str, prices: std::ops::Range<u32>) {
    for price in prices {
        let path = path.replace("STATUS=RESERVED", "STATUS=BILLED_REVERSAL");
        assert_eq!(report(world, &path.replace("PRICE=", &format!("PRICE={price}"))).await, "OK");
    }
}

async fn a_charge_back_opens_one_case_that_a_person_closes(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let paid = world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["finished"]).await;
    // nobody believes a report that the provider's books do not show
    let path = callback_of(&world, &order, &paid).await;
    say_it(&world, &path, 1..2).await;
    world.bought(&anna, &["obertauern"]).await;
    assert!(cases(&clerk, "open").await.is_empty());
    happens(&world, &paid, "charge_back").await;
    let case = eventually("a case", async || cases(&clerk, "open").await.pop()).await;
    say_it(&world, &path, 2..5).await;
    world.bought(&anna, &["obertauern"]).await;
    assert_eq!(cases(&clerk, "open").await.len(), 1, "one case, however often it is told");
    let told = ["kind", "order_number", "reason", "transaction"].map(|name| case[name].clone());
    let number = order["number"].clone();
    let transaction = json!(paid["mpay_tid"].to_string());
    assert_eq!(told, [json!("charged_back"), number, json!("finished"), transaction]);
    assert_eq!(case["amount"]["amount"], total(&order));
    world.clean_slate().await;
    close_it(&anna, &clerk, &case).await;
}

/// Only an admin closes a case, with a reason, once.
async fn close_it(anna: &Person, clerk: &Person, case: &Value) {
    let close = format!("/api/v1/admin/cases/{}/close", case["id"].as_str().unwrap());
    let body = json!({ "reason": "the customer paid in cash at the desk" });
    anna.client.post(&close, &body).await.expect_problem(403, "forbidden");
    anna.client.get("/api/v1/admin/cases?state=open").await.expect_problem(403, "forbidden");
    clerk.client.post(&close, &json!({ "reason": "  " })).await.expect_problem(422, "invalid");
    let closed = clerk.client.post(&close, &body).await.expect(200);
    assert_eq!(closed["closed"]["reason"], body["reason"]);
    let again = clerk.client.post(&close, &json!({ "reason": "something else" })).await.expect(200);
    assert_eq!(again, closed, "twice answers how it was closed first");
    assert!(cases(clerk, "open").await.is_empty());
    assert_eq!(cases(clerk, "closed").await, [closed]);
    let audit = clerk
        .client
        .get(&format!("/api/v1/admin/audit?subject={}", case["id"].as_str().unwrap()))
        .await;
    let entries = audit.expect(200)["items"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["action"], &entries[0]["reason"]),
        (&json!("case.close"), &body["reason"])
    );
}

#[tokio::test]
async fn money_that_is_taken_back_before_the_order_ends_takes_its_tickets_back_and_is_not_credited()
{
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    clear_automatically(&world).await;
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "keep").await;
    fault(&world, ("dta", "CreateOrder"), "business_error", 1).await;
    // time to break the history between the look at what was billed and the refund of the refused
    // ticket
    world.fault(json!({ "supplier": "axess", "operation": "issueTicket", "fault": "delay_ms", "value": 2000 })).await;
    let paid = world.pay(&order, "reserved").await;
    anna.wait_until(id(&order), "its money", |now| now["state"] == "authorised").await;
    world
        .fault(json!({ "supplier": "mpay24", "operation": "TransactionHistory", "fault": "http_status", "value": 503 }))
        .await;
    anna.wait_until(id(&order), "its tickets", |now| now["state"] == "issued").await;
    happens(&world, &paid, "charge_back").await;
    world.clear_faults().await;
    anna.wait_for(id(&order), &["undone"]).await;
    world.clean_slate().await;
    let ledger = world.ledger().await;
    assert_eq!(
        (ledger.sum(number(&order), "credited"), ledger.sum(number(&order), "charged_back")),
        (0, total(&order))
    );
    let open = cases(&clerk, "open").await;
    assert_eq!(
        (open.len(), &open[0]["kind"], &open[0]["reason"]),
        (1, &json!("charged_back"), &json!("undoing"))
    );
}

#[tokio::test]
async fn a_transaction_that_the_provider_names_for_two_orders_is_a_persons_and_stops_neither() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    let first = world.order_to_pay(&anna, &["solden"], "undo").await;
    let paid = world.pay(&first, "billed").await;
    anna.wait_for(id(&first), &["finished"]).await;
    let second = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let declined = world.pay(&second, "declined").await;
    let path =
        callback_of(&world, &second, &declined).await.replace("STATUS=ERROR", "STATUS=BILLED");
    let own = declined["mpay_tid"].to_string();
    let other = paid["mpay_tid"].to_string();
    assert_eq!(
        report(&world, &path.replace(&format!("MPAYTID={own}"), &format!("MPAYTID={other}"))).await,
        "OK"
    );
    let case = eventually("a case", async || cases(&clerk, "open").await.pop()).await;
    assert_eq!((&case["kind"], &case["order_number"]), (&json!("two_orders"), &second["number"]));
    assert!(case["reason"].as_str().unwrap().contains(&other), "{case:#}");
    world.pay(&second, "reserved").await;
    anna.wait_for(id(&second), &["finished"]).await;
    world.clean_slate().await;
    until(&world, "both sold", |ledger| {
        ledger.bookings().iter().filter(|booking| booking.is_live()).count() == 2
    })
    .await;
}
