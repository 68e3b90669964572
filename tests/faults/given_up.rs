//! Threads that are blocked for good: two are left behind and their actors move, the third ends the
//! process, and the next process goes on with everything that was accepted.

use serde_json::{Value, json};
use starjack::clock;

use crate::support::{Database, Person, World, both_databases, eventually};

/// Longer than all that happens here.
const FOR_GOOD_MS: u64 = 60_000;
const GAVE_UP: i32 = 70;

both_databases!(a_third_lost_thread_ends_the_process_with_70_and_the_next_one_goes_on);

async fn a_third_lost_thread_ends_the_process_with_70_and_the_next_one_goes_on(database: Database) {
    let mut world = World::start(database).await;
    let (anna, ben, clerk) = tokio::join!(world.skier("Anna"), world.skier("Ben"), world.clerk());
    let mut orders = Vec::new();
    for (operator, actor) in [("ischgl", "dta/ischgl"), ("obertauern", "axess/obertauern")] {
        orders.push(a_thread_is_lost(&world, &clerk, &anna, (operator, actor)).await);
        world.bought(&ben, &[operator]).await;
    }
    let third = world.order_to_pay(&anna, &["saalbach"], "undo").await;
    let open = world.order_to_pay(&ben, &["solden"], "undo").await;
    world.break_actor(&clerk, "axess/saalbach", &wedge()).await;
    world.pay(&third, "reserved").await;
    orders.push(third);
    let told = clock::instant();
    assert_eq!(world.server.ended().await, GAVE_UP);
    eprintln!("ended {:?} after the third question was wedged", told.elapsed());
    assert!(world.server.log().contains("too many threads are lost"));

    world.restart().await;
    world.pay(&open, "reserved").await;
    for order in &orders {
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    }
    ben.wait_for(open["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
}

/// Wedges an operator's actor with the ticket of an order that was paid, and waits until the actor
/// lives elsewhere.
async fn a_thread_is_lost(
    world: &World,
    clerk: &Person,
    skier: &Person,
    (operator, actor): (&str, &str),
) -> Value {
    let order = world.order_to_pay(skier, &[operator], "undo").await;
    world.break_actor(clerk, actor, &wedge()).await;
    world.pay(&order, "reserved").await;
    let moved = eventually("the actor has moved", async || {
        Some(world.actor(clerk, actor).await)
            .filter(|actor| actor["state"] == "up" && actor["restarts"] == 1)
    })
    .await;
    assert_eq!(moved["last_failure"]["message"], "its thread was blocked and is left behind");
    order
}

fn wedge() -> Value {
    json!({ "fault": "wedge", "milliseconds": FOR_GOOD_MS })
}
