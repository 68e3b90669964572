//! Small children ski for nothing, and nothing is what is charged.

use serde_json::json;

use crate::support::{ADULT, Database, SMALL_CHILD, World, both_databases, new_key, ticket};

both_databases!(a_small_child_alone_gets_its_ticket_without_a_payment, a_small_child_skis_along_with_who_pays,);

async fn a_small_child_alone_gets_its_ticket_without_a_payment(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let offer = world.offer("solden", world.ski_day(), SMALL_CHILD).await;
    assert_eq!(offer.cents, 0);
    let lines = [ticket(&offer, &anna.card_dta().await, "Mia", SMALL_CHILD)];
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for(placed["id"].as_str().unwrap(), &["finished"]).await;
    assert_eq!(order["lines"][0]["state"], "issued");
    assert_eq!(order["payment"], json!({ "state": null, "page_url": null }));
    assert_eq!(order["invoices"], json!([]));
    assert!(world.ledger().await.of("mpay24").is_empty());
    world.clean_slate().await;
}

async fn a_small_child_skis_along_with_who_pays(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let (adult, child) =
        (world.offer("obertauern", day, ADULT).await, world.offer("obertauern", day, SMALL_CHILD).await);
    let lines = [
        ticket(&adult, &anna.card_axess().await, "Anna", ADULT),
        ticket(&child, &anna.card_axess().await, "Mia", SMALL_CHILD),
    ];
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    world.pay(&order, "reserved").await;
    let order = anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    assert_eq!(world.ledger().await.held(order["number"].as_str().unwrap()), adult.cents);
    world.clean_slate().await;
}
