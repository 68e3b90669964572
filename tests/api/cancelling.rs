//! An order can be cancelled as long as no ticket is being issued.

use serde_json::{Value, json};

use crate::support::{Database, World, both_databases};

both_databases!(
    an_order_cancelled_before_it_is_paid_costs_nothing,
    case_14_money_that_comes_after_the_cancellation_goes_back,
    an_order_is_not_cancelled_once_its_tickets_are_on_their_cards,
);

async fn an_order_cancelled_before_it_is_paid_costs_nothing(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let id = order["id"].as_str().unwrap();
    anna.cancel(id).await.expect(202);
    let order = anna.wait_for(id, &["rejected"]).await;
    assert_eq!(order["reason"]["code"], "cancelled");
    assert_eq!(order["payment"]["page_url"], Value::Null);
    anna.cancel(id).await.expect_problem(409, "too-late");
    assert!(world.ledger().await.bookings().is_empty());
    world.clean_slate().await;
}

async fn case_14_money_that_comes_after_the_cancellation_goes_back(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let id = order["id"].as_str().unwrap();
    anna.cancel(id).await.expect(202);
    for outcome in ["reserved", "billed"] {
        // the second time the page is closed, as at the provider
        let paid = world
            .pay_with(
                order["payment"]["page_url"].as_str().unwrap(),
                &json!({ "outcome": outcome }),
            )
            .await;
        assert_eq!(paid.status, if outcome == "reserved" { 200 } else { 409 });
    }
    world.clean_slate().await;
    let ledger = world.ledger().await;
    let payments = ledger.payments_of(order["number"].as_str().unwrap());
    assert_eq!(payments.len(), 1);
    let went_back = ["REVERSED", "CREDITED"].contains(&payments[0]["state"].as_str().unwrap());
    assert!(went_back, "{:#}", payments[0]);
    assert_eq!(anna.order(id).await["state"], "rejected");
}

async fn an_order_is_not_cancelled_once_its_tickets_are_on_their_cards(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let id = order["id"].as_str().unwrap();
    world.pay(&order, "reserved").await;
    anna.wait_for(id, &["finished"]).await;
    anna.cancel(id).await.expect_problem(409, "too-late");
    assert_eq!(anna.order(id).await["state"], "finished");
    world.clean_slate().await;
}
