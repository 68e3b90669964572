//! Money that is billed at once, lapses, or goes back in part.

use serde_json::json;

use super::{clear_automatically, fault, happens, id, number, total};
use crate::support::{Database, World, eventually};

#[tokio::test]
async fn automatic_clearing_bills_at_once_and_what_is_not_issued_goes_back_once() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    clear_automatically(&world).await;
    world.bought(&anna, &["solden", "obertauern"]).await;
    // one of two is refused: undo gives all back, keep the difference
    for (on_refusal, end) in [("undo", "undone"), ("keep", "finished")] {
        let order = world.order_to_pay(&anna, &["solden", "obertauern"], on_refusal).await;
        fault(&world, ("dta", "CreateOrder"), "business_error", 1).await;
        world.pay(&order, "reserved").await;
        anna.wait_for(id(&order), &[end]).await;
        assert_eq!(
            world.ledger().await.payments_of(number(&order))[0]["history"][0]["state"],
            "BILLED"
        );
    }
    world.clean_slate().await;
}

#[tokio::test]
async fn a_reservation_that_the_portal_bills_by_itself_is_not_captured_twice() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "keep").await;
    fault(&world, ("axess", "issueTicket"), "business_error", 1).await;
    world
        .fault(json!({ "supplier": "dta", "operation": "CreateOrder", "fault": "delay_ms", "value": 1000, "times": 1 }))
        .await;
    let paid = world.pay(&order, "reserved").await;
    anna.wait_until(id(&order), "a reservation", |now| now["state"] != "paying").await;
    happens(&world, &paid, "bill").await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn case_29_a_partial_credit_whose_answer_is_lost_is_not_paid_twice() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    clear_automatically(&world).await;
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "keep").await;
    fault(&world, ("dta", "CreateOrder"), "business_error", 1).await;
    fault(&world, ("mpay24", "ManualCredit"), "reset_after", 1).await;
    world.pay(&order, "reserved").await;
    let ended = anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
    let refused =
        ended["lines"].as_array().unwrap().iter().find(|line| line["state"] != "issued").unwrap();
    let ledger = world.ledger().await;
    assert_eq!(
        ledger.sum(number(&order), "credited"),
        refused["price"]["amount"].as_i64().unwrap()
    );
    let credits = ledger.payments_of(number(&order))[0]["history"].as_array().unwrap().clone();
    assert_eq!(credits.iter().filter(|step| step["state"] == "CREDITED").count(), 1);
}

#[tokio::test]
async fn what_the_portal_credited_already_is_not_credited_once_more() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    clear_automatically(&world).await;
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "keep").await;
    fault(&world, ("dta", "CreateOrder"), "business_error", 1).await;
    // the credit is done although we hear nothing of it
    fault(&world, ("mpay24", "ManualCredit"), "hang", 1).await;
    world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
    assert!(world.ledger().await.sum(number(&order), "credited") < total(&order));
}

#[tokio::test]
async fn case_35_a_reservation_that_lapsed_takes_its_tickets_back_and_the_customer_is_told() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    fault(&world, ("dta", "CreateOrder"), "hang", 1).await;
    let paid = world.pay(&order, "reserved").await;
    anna.wait_until(id(&order), "its tickets being issued", |now| now["state"] == "authorised")
        .await;
    happens(&world, &paid, "lapse").await;
    let ended = anna.wait_for(id(&order), &["undone"]).await;
    assert_eq!(ended["reason"]["code"], "payment_declined");
    world.clean_slate().await;
    let ledger = world.ledger().await;
    assert!(ledger.bookings_of(number(&order)).iter().all(|booking| !booking.is_live()));
    eventually("a letter", async || {
        (!world.ledger().await.emails_about(number(&order)).is_empty()).then_some(())
    })
    .await;
    assert_eq!(json!(ledger.held(number(&order))), 0);
}
