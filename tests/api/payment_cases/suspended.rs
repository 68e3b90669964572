//! Payments that wait for a bank, for days: nothing is issued before it decides.

use serde_json::{Value, json};

use super::{happens, id, number, until};
use crate::support::{Database, Person, World};

/// An order whose payment waits for a bank.
async fn suspended(world: &World, anna: &Person) -> (Value, Value) {
    let order = world.order_to_pay(anna, &["solden"], "undo").await;
    let paid = world.pay(&order, "suspended").await;
    let order = anna
        .wait_until(id(&order), "a suspended payment", |now| now["payment"]["state"] == "suspended")
        .await;
    assert_eq!(order["state"], "paying");
    assert!(world.ledger().await.bookings_of(number(&order)).is_empty());
    (order, paid)
}

#[tokio::test]
async fn case_20_a_suspended_payment_that_the_bank_decides_pays_the_order_told_or_not() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    for told in [true, false] {
        let (order, paid) = suspended(&world, &anna).await;
        if !told {
            world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
        }
        happens(&world, &paid, "bill").await;
        anna.wait_for(id(&order), &["finished"]).await;
        let calls = world.ledger().await.payments_of(number(&order))[0]["status_calls"].clone();
        assert_eq!(calls, 1, "told: {told}");
    }
    world.clear_faults().await;
    world.clean_slate().await;
}

#[tokio::test]
async fn case_20_a_suspended_payment_that_the_bank_refuses_ends_the_order_when_its_page_is_over() {
    let times = [("STARJACK_TIMES__PAGE_LIFE", "3s"), ("STARJACK_TIMES__PAGE_GRACE", "1s")];
    let world = World::with(Database::Sqlite, &times).await;
    let anna = world.skier("Anna").await;
    let (order, paid) = suspended(&world, &anna).await;
    // long after page and grace it still waits
    world.skier("Bea").await;
    starjack::clock::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(anna.order(id(&order)).await["state"], "paying");
    happens(&world, &paid, "fail").await;
    let ended = anna.wait_for(id(&order), &["rejected"]).await;
    assert_eq!(ended["reason"]["code"], "not_paid");
    world.clean_slate().await;
    assert!(world.ledger().await.bookings().is_empty());
}

#[tokio::test]
async fn case_20_a_suspended_payment_that_is_billed_after_the_orders_end_goes_back() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    for told in [true, false] {
        let (order, paid) = suspended(&world, &anna).await;
        anna.cancel(id(&order)).await.expect(202);
        if !told {
            world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
        }
        // told by its bank, or because it is not listed any more
        happens(&world, &paid, "bill").await;
        until(&world, "the money back", |ledger| {
            ledger.payments_of(number(&order))[0]["state"] == "CREDITED"
        })
        .await;
        let calls = world.ledger().await.payments_of(number(&order))[0]["status_calls"].clone();
        assert_eq!(calls, 1, "told: {told}");
    }
    world.clear_faults().await;
}
