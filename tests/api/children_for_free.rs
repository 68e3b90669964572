//! Small children ski for nothing, beside an adult who pays; and nothing is what is charged.

use chrono::Days;
use serde_json::json;

use crate::support::{ADULT, Database, SMALL_CHILD, World, new_key, postgres_alone, ticket};

postgres_alone!(a_free_ticket_needs_a_paid_one_beside_it, a_small_child_skis_along_with_who_pays,);

/// Else anybody loads tickets onto cards whose numbers he has read, for nothing.
async fn a_free_ticket_needs_a_paid_one_beside_it(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let free = world.offer("solden", day, SMALL_CHILD).await;
    assert_eq!(free.cents, 0);
    let child = ticket(&free, &anna.card_dta().await, "Mia", SMALL_CHILD);
    let card = anna.card_dta().await;
    let beside = async |operator, day, born| {
        ticket(&world.offer(operator, day, born).await, &card, "Anna", born)
    };
    let other_child = beside("solden", day, "2013-06-06").await;
    let other_day = beside("solden", day + Days::new(1), ADULT).await;
    let other_area = beside("ischgl", day, ADULT).await;
    for lines in [
        vec![child.clone()],
        vec![child.clone(), other_child],
        vec![other_day, child.clone()],
        vec![child.clone(), other_area],
    ] {
        anna.place(&lines, "undo", &new_key()).await.expect_problem(422, "free-alone");
    }
    let adult = beside("solden", day, ADULT).await;
    anna.place(&[child, adult.clone()], "keep", &new_key())
        .await
        .expect_problem(422, "family-together");
    let mut many = vec![adult];
    for _ in 0..7 {
        many.push(ticket(&free, &anna.card_dta().await, "Mia", SMALL_CHILD));
    }
    anna.place(&many, "undo", &new_key()).await.expect_problem(422, "free-alone");
    assert!(anna.orders().await.unwrap().is_empty());
}

async fn a_small_child_skis_along_with_who_pays(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let adult = world.offer("obertauern", day, ADULT).await;
    let child = world.offer("obertauern", day, SMALL_CHILD).await;
    let lines = [
        ticket(&adult, &anna.card_axess().await, "Anna", ADULT),
        ticket(&child, &anna.card_axess().await, "Mia", SMALL_CHILD),
    ];
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    world.pay(&order, "reserved").await;
    let order = anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    assert_eq!(world.ledger().await.held(order["number"].as_str().unwrap()), adult.cents);
    // nor does it stay on its card once the paid one was given back
    let returns = format!("/api/v1/orders/{}/returns", order["id"].as_str().unwrap());
    anna.client
        .post(&returns, &json!({ "lines": [1], "reason": "alone" }))
        .await
        .expect_problem(422, "family-together");
    world.clean_slate().await;
}
