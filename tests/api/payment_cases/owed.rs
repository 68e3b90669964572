//! Money of methods that take nothing back: listed for a bank transfer, until somebody says that it
//! was sent.

use serde_json::{Value, json};

use super::{fault, id, number, total, until};
use crate::support::{Database, Person, World, both_databases, eventually};

both_databases!(case_34_money_that_cannot_be_credited_is_listed_until_it_was_sent_by_bank_transfer);

async fn owed(clerk: &Person) -> Vec<Value> {
    clerk.client.get("/api/v1/admin/owed").await.expect(200)["items"].as_array().unwrap().clone()
}

async fn export(clerk: &Person) -> String {
    let answer = clerk.client.get("/api/v1/admin/owed.csv").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").starts_with("attachment"));
    String::from_utf8(answer.bytes).unwrap()
}

/// Pays by a method that is billed at once and takes nothing back.
async fn pay_by_eps(world: &World, page: &str) -> Value {
    world.pay_with(page, &json!({ "outcome": "reserved", "p_type": "EPS" })).await.expect(200)
}

async fn case_34_money_that_cannot_be_credited_is_listed_until_it_was_sent_by_bank_transfer(
    database: Database,
) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    // one whose ticket is refused, one that is paid after its cancellation
    let refused = world.order_to_pay(&anna, &["solden"], "undo").await;
    fault(&world, ("dta", "CreateOrder"), "business_error", 1).await;
    let paid = pay_by_eps(&world, refused["payment"]["page_url"].as_str().unwrap()).await;
    anna.wait_for(id(&refused), &["undone"]).await;
    let late = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    anna.cancel(id(&late)).await.expect(202);
    pay_by_eps(&world, late["payment"]["page_url"].as_str().unwrap()).await;
    let list = eventually("both in the list", async || {
        Some(owed(&clerk).await).filter(|list| list.len() == 2)
    })
    .await;
    shown(&clerk, &list, (&refused, &paid)).await;
    send_it(&world, (&anna, &clerk), (&refused, &list[0])).await;
    assert_eq!(owed(&clerk).await, [list[1].clone()]);
    assert_eq!(export(&clerk).await.lines().count(), 2);
    let ledger = world.ledger().await;
    let kept = [number(&refused), number(&late)].map(|number| ledger.sum(number, "credited"));
    assert_eq!(kept, [0, 0], "the provider was not asked in vain again");
}

/// The list tells what to send, page by page and as a file.
async fn shown(clerk: &Person, list: &[Value], (refused, paid): (&Value, &Value)) {
    let first = &list[0];
    let told = [
        &first["order_number"],
        &first["amount"]["amount"],
        &first["transaction"],
        &list[1]["reason"],
    ];
    let transaction = json!(paid["mpay_tid"].to_string());
    assert_eq!(
        told,
        [&refused["number"], &json!(total(refused)), &transaction, &json!("not_wanted")]
    );
    let page = clerk.client.get("/api/v1/admin/owed?limit=1").await.expect(200);
    let next = format!("/api/v1/admin/owed?limit=1&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(clerk.client.get(&next).await.expect(200)["items"], json!([list[1]]));
    let lines: Vec<String> = export(clerk).await.lines().map(str::to_owned).collect();
    assert_eq!(
        lines[0],
        "\u{feff}id;order;reference;transaction;amount_cents;amount;currency;since;reason"
    );
    let cents = total(refused);
    let row = format!(
        "{0};{0}-P1;{1};{cents};{2},{3:02};EUR;",
        number(refused),
        paid["mpay_tid"],
        cents / 100,
        cents % 100
    );
    assert!(lines.len() == 3 && lines[1].contains(&row), "{lines:?}");
}

/// Says that one sum was sent: once, whoever says it how often.
async fn send_it(
    world: &World,
    (anna, clerk): (&Person, &Person),
    (order, owed): (&Value, &Value),
) {
    let case = owed["id"].as_str().unwrap();
    let path = format!("/api/v1/admin/owed/{case}/paid");
    let body =
        json!({ "bank_reference": "E2E-2026-4711", "reason": "sent with the run of the day" });
    anna.client.post(&path, &body).await.expect_problem(403, "forbidden");
    anna.client.get("/api/v1/admin/owed").await.expect_problem(403, "forbidden");
    anna.client.get("/api/v1/admin/owed.csv").await.expect_problem(403, "forbidden");
    let close = format!("/api/v1/admin/cases/{case}/close");
    clerk.client.post(&close, &json!({ "reason": "x" })).await.expect_problem(409, "money-owed");
    clerk
        .client
        .post(&path, &json!({ "bank_reference": " ", "reason": "x" }))
        .await
        .expect_problem(422, "invalid");
    let before = world.ledger().await.emails_about(number(order)).len();
    let booked = clerk.client.post(&path, &body).await.expect(200);
    assert_eq!(booked["closed"]["bank_reference"], body["bank_reference"]);
    assert_eq!(clerk.client.post(&path, &body).await.expect(200), booked, "twice answers the same");
    let other = json!({ "bank_reference": "E2E-2026-4712", "reason": "sent again by mistake" });
    clerk.client.post(&path, &other).await.expect_problem(409, "already-paid");
    let entries =
        clerk.client.get(&format!("/api/v1/admin/audit?subject={case}")).await.expect(200);
    let entries = entries["items"].as_array().unwrap().clone();
    assert_eq!(
        (entries.len(), &entries[0]["action"], &entries[0]["reason"]),
        (1, &json!("owed.paid"), &body["reason"])
    );
    let ledger =
        until(world, "a letter", |ledger| ledger.emails_about(number(order)).len() > before).await;
    let emails = ledger.emails_about(number(order));
    assert_eq!(emails.len(), before + 1);
    assert!(
        emails.iter().any(|email| email["subject"].to_string().contains("your money goes back")),
        "{emails:#?}"
    );
    assert_eq!(anna.order(id(order)).await["payment"]["state"], "returned");
}
