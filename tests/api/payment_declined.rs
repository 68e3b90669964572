//! A payment that fails is not the end while its page can still be paid.

use crate::support::{Database, World, both_databases};

both_databases!(
    case_13_declined_attempts_and_then_a_billed_one_on_the_same_page_pay_the_order,
    who_does_not_pay_in_time_gets_and_pays_nothing,
);

async fn case_13_declined_attempts_and_then_a_billed_one_on_the_same_page_pay_the_order(
    database: Database,
) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let id = order["id"].as_str().unwrap();
    for _ in 0..3 {
        world.pay(&order, "declined").await;
    }
    let after = anna.order(id).await;
    assert_eq!(after["state"], "paying");
    assert_eq!(after["payment"]["page_url"], order["payment"]["page_url"]);
    world.pay(&order, "billed").await;
    anna.wait_for(id, &["finished"]).await;
    world.clean_slate().await;
}

async fn who_does_not_pay_in_time_gets_and_pays_nothing(database: Database) {
    let times = [("STARJACK_TIMES__PAGE_LIFE", "1s"), ("STARJACK_TIMES__PAGE_GRACE", "1s")];
    let world = World::with(database, &times).await;
    let anna = world.skier("Anna").await;
    let lines = world.basket(&anna, &["solden"]).await;
    let placed = anna.place(&lines, "undo", &crate::support::new_key()).await.expect(202);
    let order = anna.wait_for(placed["id"].as_str().unwrap(), &["rejected"]).await;
    assert_eq!(order["reason"]["code"], "not_paid", "{order:#}");
    world.clean_slate().await;
}
