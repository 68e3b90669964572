//! An order wants one payment; any other money goes back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, World, both_databases, eventually, new_key};

both_databases!(
    case_16_of_two_payments_one_is_taken_and_one_goes_back,
    case_17_another_amount_than_the_orders_goes_back,
);

/// The first page's address is lost on its way, so a second one is opened; the payer finds both.
async fn case_16_of_two_payments_one_is_taken_and_one_goes_back(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let fault = json!({ "supplier": "mpay24", "operation": "SelectPayment", "fault": "reset_after", "times": 1 });
    world.fault(fault).await;
    let lines = world.basket(&anna, &["solden"]).await;
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    let pages = world.control(Method::GET, "mpay24/pages", &Value::Null).await.expect(200);
    let pages: Vec<&str> = pages["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page["page"].as_str().unwrap())
        .collect();
    assert_eq!(pages.len(), 2, "{pages:?}");
    for page in pages {
        world.pay_with(page, &json!({ "outcome": "reserved" })).await.expect(200);
    }
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
    let number = order["number"].as_str().unwrap();
    let ledger = world.ledger().await;
    let mut states: Vec<&str> = ledger
        .payments_of(number)
        .iter()
        .map(|payment| payment["state"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["BILLED", "REVERSED"]);
    eventually("a letter that tells of the payment too many", async || {
        let ledger = world.ledger().await;
        let told = ledger
            .emails_about(number)
            .iter()
            .any(|email| email["subject"].to_string().contains("too many"));
        told.then_some(())
    })
    .await;
}

async fn case_17_another_amount_than_the_orders_goes_back(database: Database) {
    let times = [("STARJACK_TIMES__PAGE_LIFE", "8s"), ("STARJACK_TIMES__PAGE_GRACE", "1s")];
    let world = World::with(database, &times).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let page = order["payment"]["page_url"].as_str().unwrap();
    world.pay_with(page, &json!({ "outcome": "reserved", "amount": 1 })).await.expect(200);
    anna.wait_for(order["id"].as_str().unwrap(), &["rejected"]).await;
    world.clean_slate().await;
    let ledger = world.ledger().await;
    assert!(ledger.bookings().is_empty());
    assert_eq!(ledger.payments_of(order["number"].as_str().unwrap())[0]["state"], "REVERSED");
}
