//! Tickets that one side has and the other has not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{agree_to_all, at_the_desk, cases, compare, id, number, told};
use crate::support::{Database, Person, World, both_databases};

both_databases!(every_ticket_that_differs_is_one_case_and_what_was_agreed_makes_both_sides_agree);

/// An order whose tickets were issued and taken back.
async fn undone(world: &World, skier: &Person, clerk: &Person, operators: &[&str]) -> Value {
    let order = world.order_to_pay(skier, operators, "undo").await;
    world
        .fault(json!({ "supplier": "mpay24", "operation": "ManualClear", "fault": "reset_before" }))
        .await;
    world.pay(&order, "reserved").await;
    skier.wait_for(id(&order), &["issued"]).await;
    let path = format!("/api/v1/admin/orders/{}/undo", id(&order));
    clerk.client.post(&path, &json!({ "reason": "a test takes it back" })).await.expect(202);
    world.clear_faults().await;
    skier.wait_for(id(&order), &["undone"]).await
}

async fn nothing_differs(clerk: &Person) {
    let quiet = compare(clerk, None).await;
    assert!(quiet.len() > 10, "every operator, the payments and the invoices: {quiet:?}");
    for run in quiet.values() {
        assert_eq!((&run["differences"], &run["unanswered"]), (&json!(0), &Value::Null), "{run:#}");
    }
    assert_eq!(quiet["operator/solden"]["compared"], 1);
    assert!(cases(clerk, "open").await.is_empty());
}

/// What people do at the operators' desks where no call of ours can.
async fn mend_by_hand(world: &World, back: &Value, dearer: &Value) {
    at_the_desk(world, (back, "obertauern"), "cancel", json!({})).await;
    at_the_desk(
        world,
        (dearer, "saalbach"),
        "reprice",
        json!({ "cents": dearer["total"]["amount"] }),
    )
    .await;
    let walk_in = world
        .ledger()
        .await
        .bookings()
        .into_iter()
        .find(|booking| booking.reference == "walk-in-17")
        .unwrap();
    let path = format!("axess/obertauern/tickets/{}/cancel", walk_in.id);
    world.control(reqwest::Method::POST, &path, &json!({})).await.expect(200);
}

async fn a_difference_that_comes_again_is_a_new_case(world: &World, clerk: &Person, twice: &Value) {
    at_the_desk(world, (twice, "solden"), "copy", json!({})).await;
    compare(clerk, Some("solden")).await;
    let again = cases(clerk, "open")
        .await
        .into_iter()
        .filter(|case| case["kind"] == "ticket_double")
        .count();
    assert_eq!(again, 1);
    agree_to_all(clerk).await;
}

fn sum(runs: &BTreeMap<String, Value>, field: &str) -> i64 {
    runs.values().map(|run| run[field].as_i64().unwrap()).sum()
}

async fn every_ticket_that_differs_is_one_case_and_what_was_agreed_makes_both_sides_agree(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    // a morning after on which nothing happened
    let good = world.bought(&anna, &["solden", "obertauern"]).await;
    nothing_differs(&clerk).await;

    let lost = world.bought(&anna, &["solden"]).await;
    at_the_desk(&world, (&lost, "solden"), "forget", json!({})).await;
    let lost_too = world.bought(&anna, &["obertauern"]).await;
    at_the_desk(&world, (&lost_too, "obertauern"), "forget", json!({})).await;
    let twice = world.bought(&anna, &["solden"]).await;
    at_the_desk(&world, (&twice, "solden"), "copy", json!({})).await;
    let twice_too = world.bought(&anna, &["obertauern"]).await;
    at_the_desk(&world, (&twice_too, "obertauern"), "copy", json!({})).await;
    let cancelled = world.bought(&anna, &["solden", "obertauern"]).await;
    at_the_desk(&world, (&cancelled, "obertauern"), "cancel", json!({})).await;
    let back = undone(&world, &anna, &clerk, &["solden", "obertauern"]).await;
    at_the_desk(&world, (&back, "solden"), "revive", json!({})).await;
    at_the_desk(&world, (&back, "obertauern"), "revive", json!({})).await;
    at_the_desk(&world, (&back, "obertauern"), "use", json!({})).await;
    // of a database before its restore, and of nobody
    at_the_desk(&world, (&good, "solden"), "copy", json!({ "reference": "Q0123456789-1" })).await;
    at_the_desk(&world, (&good, "obertauern"), "copy", json!({ "reference": "walk-in-17" })).await;
    let dearer = world.bought(&anna, &["saalbach"]).await;
    at_the_desk(&world, (&dearer, "saalbach"), "reprice", json!({ "cents": 1 })).await;

    let case = |kind: &str, action: &str, order: &str| {
        [kind.to_owned(), action.to_owned(), order.to_owned()]
    };
    let mut expected = vec![
        case("ticket_missing", "issue_again", number(&lost)),
        case("ticket_missing", "issue_again", number(&lost_too)),
        case("ticket_double", "withdraw", number(&twice)),
        case("ticket_double", "withdraw", number(&twice_too)),
        case("ticket_missing", "give_back", number(&cancelled)),
        case("ticket_unwanted", "withdraw", number(&back)),
        case("ticket_used", "-", number(&back)),
        case("ticket_unknown", "withdraw", "-"),
        case("ticket_unknown", "-", "-"),
        case("ticket_price", "-", number(&dearer)),
    ];
    expected.sort();
    let before = world.ledger().await.bookings();
    let first = compare(&clerk, None).await;
    assert_eq!(told(&cases(&clerk, "open").await), expected, "{first:#?}");
    let second = compare(&clerk, None).await;
    assert_eq!(told(&cases(&clerk, "open").await), expected, "twice is once");
    assert_eq!((sum(&first, "differences"), sum(&first, "opened")), (10, 10));
    assert_eq!((sum(&second, "differences"), sum(&second, "opened")), (10, 0));
    assert_eq!(
        world.ledger().await.bookings(),
        before,
        "nothing is corrected that nobody agreed to"
    );

    agree_to_all(&clerk).await;
    assert_eq!(cases(&clerk, "open").await.len(), 3, "{:#?}", cases(&clerk, "open").await);
    let third = compare(&clerk, None).await;
    assert_eq!((sum(&third, "differences"), sum(&third, "opened")), (3, 0), "{third:#?}");
    // what only people can mend
    mend_by_hand(&world, &back, &dearer).await;
    world.clean_slate().await;
    let kept = anna.order(id(&cancelled)).await;
    let states: Vec<&Value> =
        kept["lines"].as_array().unwrap().iter().map(|line| &line["state"]).collect();
    assert_eq!(states, ["issued", "voided"]);
    let ledger = world.ledger().await;
    assert_eq!(
        ledger.emails_about(number(&cancelled)).len(),
        2,
        "the tickets, and that money came back"
    );
    a_difference_that_comes_again_is_a_new_case(&world, &clerk, &twice).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn an_operator_without_a_list_is_asked_for_each_ticket_of_ours() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    for (operator, supplier, list) in
        [("solden", "dta", "GetOrders"), ("obertauern", "axess", "getSalesList")]
    {
        let order = world.bought(&anna, &[operator]).await;
        world.bought(&anna, &[operator]).await;
        at_the_desk(&world, (&order, operator), "forget", json!({})).await;
        world.fault(json!({ "supplier": supplier, "operation": list, "fault": "http_status", "value": 503 })).await;
        let runs = compare(&clerk, Some(operator)).await;
        let run = &runs[&format!("operator/{operator}")];
        assert_eq!((&run["compared"], &run["differences"]), (&json!(2), &json!(1)), "{run:#}");
        assert!(run["unanswered"].as_str().unwrap().contains("no list"), "{run:#}");
    }
    agree_to_all(&clerk).await;
    world.clear_faults().await;
    world.clean_slate().await;
}

#[tokio::test]
async fn a_ticket_that_is_refused_the_second_time_is_suggested_to_be_paid_back() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.bought(&anna, &["solden", "obertauern"]).await;
    at_the_desk(&world, (&order, "obertauern"), "forget", json!({})).await;
    compare(&clerk, Some("obertauern")).await;
    world
        .fault(json!({ "supplier": "axess", "operation": "issueTicket", "fault": "business_error", "value": -3105 }))
        .await;
    agree_to_all(&clerk).await;
    let open = cases(&clerk, "open").await;
    assert_eq!(told(&open), [["ticket_missing", "give_back", number(&order)].map(str::to_owned)]);
    assert!(open[0]["reason"].as_str().unwrap().contains("card_blocked"), "{:#}", open[0]);
    agree_to_all(&clerk).await;
    world.clear_faults().await;
    world.clean_slate().await;
}

#[tokio::test]
async fn a_ticket_whose_second_booking_is_not_answered_is_booked_once() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.bought(&anna, &["obertauern"]).await;
    at_the_desk(&world, (&order, "obertauern"), "forget", json!({})).await;
    compare(&clerk, Some("obertauern")).await;
    world.fault(json!({ "supplier": "axess", "operation": "issueTicket", "fault": "reset_after", "times": 1 })).await;
    agree_to_all(&clerk).await;
    assert_eq!(world.ledger().await.bookings_of(number(&order)).len(), 1);
    assert!(cases(&clerk, "open").await.is_empty());
    world.clean_slate().await;
}
