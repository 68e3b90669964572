//! What belongs to another customer is as good as not there.

use crate::support::{ADULT, Database, World, new_key, postgres_alone, ticket};

postgres_alone!(
    another_customers_order_is_not_there,
    another_customers_card_cannot_be_ordered_for,
    who_is_not_logged_in_sees_nothing,
);

async fn another_customers_order_is_not_there(database: Database) {
    let world = World::start(database).await;
    let (anna, eve) = tokio::join!(world.skier("Anna"), world.skier("Eve"));
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let id = order["id"].as_str().unwrap();
    world.pay(&order, "reserved").await;
    let order = anna.wait_for(id, &["finished"]).await;
    let invoice = order["invoices"][0]["url"].as_str().unwrap();
    let unknown = eve.client.get("/api/v1/orders/018f0000-0000-7000-8000-000000000000").await;
    let mut foreign = eve.client.get(&format!("/api/v1/orders/{id}")).await;
    foreign.json["instance"] = unknown.json["instance"].clone();
    assert_eq!(foreign.json, unknown.json, "the answers tell that the order exists");
    foreign.expect_problem(404, "not-found");
    eve.client.get(invoice).await.expect_problem(404, "not-found");
    eve.cancel(id).await.expect_problem(404, "not-found");
    assert!(eve.orders().await.unwrap().is_empty());
    let clerk = world.clerk().await;
    clerk.client.get(&format!("/api/v1/orders/{id}")).await.expect(200);
}

async fn another_customers_card_cannot_be_ordered_for(database: Database) {
    let world = World::start(database).await;
    let (anna, eve) = tokio::join!(world.skier("Anna"), world.skier("Eve"));
    let offer = world.offer("solden", world.ski_day(), ADULT).await;
    let lines = [ticket(&offer, &anna.card_dta().await, "Eve", ADULT)];
    eve.place(&lines, "undo", &new_key()).await.expect_problem(422, "unknown-card");
    let cards = eve.client.get("/api/v1/cards").await.expect(200);
    assert_eq!(cards["items"], serde_json::json!([]));
}

async fn who_is_not_logged_in_sees_nothing(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let placed =
        anna.place(&world.basket(&anna, &["solden"]).await, "undo", &new_key()).await.expect(202);
    let order = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    for path in [
        order.as_str(),
        "/api/v1/orders",
        "/api/v1/cards",
        "/api/v1/admin/actors",
        "/api/v1/admin/orders?state=stuck",
    ] {
        let answer = world.guest.get(path).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.expect_problem(401, "unauthenticated");
    }
    for path in ["/api/v1/admin/actors", "/api/v1/admin/orders?state=stuck"] {
        anna.client.get(path).await.expect_problem(403, "forbidden");
    }
}
