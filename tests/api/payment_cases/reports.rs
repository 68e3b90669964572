//! Callbacks, and what only looks like one.

use futures_util::future::join;
use serde_json::json;

use super::{callback_of, fault, id, number, report, total, until};
use crate::support::{Database, World, eventually};

#[tokio::test]
async fn case_05_a_failed_attempt_keeps_its_transaction_for_the_admin() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let failed = world.pay(&order, "declined").await;
    callback_of(&world, &order, &failed).await;
    let clerk = world.clerk().await;
    let claim = eventually("the claim of the failed attempt", async || {
        let seen =
            clerk.client.get(&format!("/api/v1/admin/orders/{}", id(&order))).await.expect(200);
        seen["callbacks"].as_array().unwrap().first().cloned()
    })
    .await;
    assert!(claim.to_string().contains(&failed["mpay_tid"].to_string()), "{claim:#}");
    assert!(claim.to_string().contains("ERROR"), "{claim:#}");
}

#[tokio::test]
async fn case_06_a_page_that_was_opened_and_left_pays_nothing() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    world.pay(&order, "abandoned").await;
    // somebody else's order goes its whole way meanwhile
    world.bought(&world.skier("Bea").await, &["obertauern"]).await;
    assert_eq!(anna.order(id(&order)).await["state"], "paying");
    assert!(world.ledger().await.bookings_of(number(&order)).is_empty());
    world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn case_07_the_success_page_proves_nothing() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let address = format!(
        "/orders/{}?TID={}-P1&STATUS=BILLED&LANGUAGE=DE&BRAND=VISA",
        id(&order),
        number(&order)
    );
    assert_eq!(world.guest.get(&address).await.status, 200);
    world.bought(&world.skier("Bea").await, &["obertauern"]).await;
    assert_eq!(anna.order(id(&order)).await["state"], "paying");
    assert!(world.ledger().await.bookings_of(number(&order)).is_empty());
}

#[tokio::test]
async fn case_09_five_callbacks_at_once_are_one_ticket_and_one_email() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let page = order["payment"]["page_url"].as_str().unwrap();
    world
        .pay_with(page, &json!({ "outcome": "billed", "callback": { "times": 5 } }))
        .await
        .expect(200);
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
    let ledger = world.ledger().await;
    let callbacks = ledger.payments_of(number(&order))[0]["callbacks"].as_array().unwrap().clone();
    assert!(
        callbacks.len() == 5 && callbacks.iter().all(|call| call["ok"] == true),
        "{callbacks:#?}"
    );
    assert_eq!(ledger.bookings_of(number(&order)).len(), 1);
    assert_eq!(ledger.emails_about(number(&order)).len(), 1);
}

#[tokio::test]
async fn case_11_a_callback_while_the_payer_comes_back_is_one_purchase() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    for before_answer in [true, false] {
        let order = world.order_to_pay(&anna, &["solden"], "undo").await;
        let page = order["payment"]["page_url"].as_str().unwrap();
        let payment =
            json!({ "outcome": "billed", "callback": { "before_answer": before_answer } });
        let address = format!("/orders/{}", id(&order));
        let (paid, back) = join(world.pay_with(page, &payment), world.guest.get(&address)).await;
        assert_eq!((paid.status, back.status), (200, 200));
        anna.wait_for(id(&order), &["finished"]).await;
    }
    world.clean_slate().await;
}

#[tokio::test]
async fn case_12_reports_out_of_order_never_downgrade() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let older = world.pay(&order, "declined").await;
    let paid = world.pay(&order, "billed").await;
    anna.wait_for(id(&order), &["finished"]).await;
    let older = callback_of(&world, &order, &older).await;
    let paid = callback_of(&world, &order, &paid).await;
    let price = format!("PRICE={}", total(&order));
    for path in [
        paid.replace("STATUS=BILLED", "STATUS=RESERVED"),
        paid.replace("STATUS=BILLED", "STATUS=SUSPENDED"),
        paid.replace("STATUS=BILLED", "STATUS=ERROR"),
        older.replace(&price, "PRICE=1"),
        older.replace("STATUS=ERROR", "STATUS=RESERVED"),
    ] {
        assert_eq!(report(&world, &path).await, "OK", "{path}");
    }
    world.bought(&world.skier("Bea").await, &["obertauern"]).await;
    let after = anna.order(id(&order)).await;
    assert_eq!(
        (&after["state"], &after["payment"]["state"]),
        (&json!("finished"), &json!("billed"))
    );
    world.clean_slate().await;
}

#[tokio::test]
async fn case_25_a_callback_is_answered_before_its_work_is_done() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    fault(&world, ("mpay24", "TransactionStatus"), "hang", 1).await;
    world.pay(&order, "billed").await;
    let answered = |ledger: &crate::support::Ledger| {
        ledger.payments_of(number(&order)).iter().any(|paid| paid["callbacks"][0]["ok"] == true)
    };
    until(&world, "an answer", answered).await;
    assert_eq!(
        anna.order(id(&order)).await["state"],
        "paying",
        "the provider has not been asked yet"
    );
    world.clear_faults().await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn case_30_payments_are_found_and_an_alarm_is_raised_when_the_provider_calls_from_elsewhere()
{
    let elsewhere = [("STARJACK_PAYMENT__CALLBACK_NETWORKS", "[\"203.0.113.0/24\"]")];
    let world = World::with(Database::Sqlite, &elsewhere).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let page = order["payment"]["page_url"].as_str().unwrap();
    world
        .pay_with(page, &json!({ "outcome": "reserved", "callback": { "times": 12 } }))
        .await
        .expect(200);
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
    let alarms = eventually("an alarm", async || {
        let alarms = world
            .server
            .log()
            .lines()
            .filter(|line| line.contains("has the provider moved?"))
            .count();
        (alarms > 0).then_some(alarms)
    })
    .await;
    assert_eq!(alarms, 1, "one alarm an hour");
}

#[tokio::test]
async fn case_31_a_transaction_costs_three_status_calls_at_most_whatever_is_reported() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    fault(&world, ("mpay24", "TransactionStatus"), "garbage", 2).await;
    let paid = world.pay(&order, "billed").await;
    anna.wait_for(id(&order), &["finished"]).await;
    let path = callback_of(&world, &order, &paid).await;
    for price in 1..6 {
        let other = path.replace(&format!("PRICE={}", total(&order)), &format!("PRICE={price}"));
        assert_eq!(report(&world, &other).await, "OK");
        assert_eq!(report(&world, &path).await, "OK");
    }
    world.bought(&world.skier("Bea").await, &["obertauern"]).await;
    world.clean_slate().await;
    let calls =
        world.ledger().await.payments_of(number(&order))[0]["status_calls"].as_u64().unwrap();
    assert!((1..=3).contains(&calls), "{calls} calls");
}
