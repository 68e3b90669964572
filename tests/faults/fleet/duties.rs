//! What one replica does for all is done, by one at a time, whoever dies and whatever Redis knows.

use std::time::Duration;

use serde_json::json;
use starjack::clock;

use super::{Fleet, address, until_it_has};

on_postgres!(
    a_duty_survives_its_holder_and_lost_reports_are_made_up_for,
    a_duty_survives_its_holder_without_redis,
    a_duty_that_redis_forgot_has_one_holder_again,
    a_stopped_holder_loses_its_duty,
);

const OPERATORS: [&str; 1] = ["solden"];
/// Longer than a lease lasts.
const STOPPED: Duration = Duration::from_secs(9);

async fn a_duty_survives_its_holder_and_lost_reports_are_made_up_for() {
    survive(Fleet::start(2, &[]).await).await;
}

async fn a_duty_survives_its_holder_without_redis() {
    let mut fleet = Fleet::start(2, &[]).await;
    fleet.redis.kill_9();
    for server in fleet.servers() {
        fleet.until(server, "Redis is away", |ready| ready["redis"] == "down").await;
    }
    survive(fleet).await;
}

/// The holder dies; then every report is lost, so that only the list of open payments tells of the money.
async fn survive(mut fleet: Fleet) {
    let anna = fleet.world.skier("Anna").await;
    fleet.balancer.lead_to([address(&fleet.others[0])]);
    let order = fleet.world.order_to_pay(&anna, &OPERATORS, "undo").await;
    fleet.world.kill_9();
    let killed = clock::instant();
    fleet.world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
    fleet.world.pay(&order, "reserved").await;
    let token = until_it_has(&fleet.others[0], "sweep").await;
    eprintln!("taken over {:?} after its holder was killed", clock::since(killed));
    assert!(token > 1, "each holder has a token of its own");
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    fleet.world.clean_slate().await;
}

async fn a_duty_that_redis_forgot_has_one_holder_again() {
    let mut fleet = Fleet::start(2, &[]).await;
    for round in 0..4 {
        if round % 2 == 0 {
            fleet.redis.empty();
        } else {
            fleet.redis.kill_9();
            fleet.redis.restart().await;
        }
        for server in fleet.servers() {
            fleet.until(server, "Redis answers", |ready| ready["redis"] == "up").await;
        }
        one_holder(&fleet).await;
    }
    let anna = fleet.world.skier("Anna").await;
    fleet.world.bought(&anna, &OPERATORS).await;
    fleet.world.clean_slate().await;
}

/// Waits until exactly one replica has the sweep.
async fn one_holder(fleet: &Fleet) {
    crate::support::eventually("one replica has the duty", async || {
        let mut holders = 0;
        for server in fleet.servers() {
            let ready = server.operations().get("/readyz").await.json;
            holders += usize::from(ready["fleet"]["duties"]["sweep"].is_i64());
        }
        (holders == 1).then_some(())
    })
    .await;
}

async fn a_stopped_holder_loses_its_duty() {
    let fleet = Fleet::start(2, &[]).await;
    let (first, second) = (&fleet.world.server, &fleet.others[0]);
    first.signal("STOP");
    let token = until_it_has(second, "sweep").await;
    // until its own lease is over too
    clock::sleep(STOPPED).await;
    first.signal("CONT");
    fleet.until(first, "it has lost it", |ready| ready["fleet"]["duties"]["sweep"].is_null()).await;
    assert_eq!(until_it_has(second, "sweep").await, token, "nobody took it back");
    let anna = fleet.world.skier("Anna").await;
    fleet.world.bought(&anna, &OPERATORS).await;
    fleet.world.clean_slate().await;
}
