//! An order goes on wherever its driver, its customer and its payment's report are.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use starjack::clock;

use super::{Fleet, address};
use crate::crowd::{Crowd, TIMES};

on_postgres!(
    what_is_reported_to_another_replica_goes_on_at_once,
    twenty_reports_at_once_on_two_replicas_are_one,
    a_killed_replicas_orders_go_on_elsewhere,
    a_replica_that_was_stopped_for_longer_than_its_lease_does_nothing_twice,
);

const OPERATORS: [&str; 2] = ["solden", "obertauern"];
/// Nobody finds a payment by looking now and then.
const NO_SWEEP: (&str, &str) = ("STARJACK_TIMES__SWEEP_EVERY", "1d");
/// Longer than a lease lasts.
const STOPPED: Duration = Duration::from_secs(9);
/// A job whose worker was killed is anybody's again after a minute.
const PATIENCE: Duration = Duration::from_secs(150);

async fn what_is_reported_to_another_replica_goes_on_at_once() {
    let fleet = Fleet::start(2, &[NO_SWEEP]).await;
    let world = &fleet.world;
    let anna = world.skier("Anna").await;
    for outcome in ["reserved", "billed"] {
        // placed on the first replica, which reads the list of open payments too; reported to the
        // second
        fleet.balancer.lead_to([address(&world.server)]);
        let order = world.order_to_pay(&anna, &OPERATORS, "undo").await;
        fleet.balancer.lead_to([address(&fleet.others[0])]);
        let paid = clock::instant();
        world.pay(&order, outcome).await;
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
        eprintln!("{outcome}: finished {:?} after it was paid", clock::since(paid));
    }
    world.clean_slate().await;
}

async fn twenty_reports_at_once_on_two_replicas_are_one() {
    let fleet = Fleet::start(2, &[NO_SWEEP]).await;
    let world = &fleet.world;
    let anna = world.skier("Anna").await;
    let buy = async |outcome: &'static str| {
        let order = world.order_to_pay(&anna, &OPERATORS, "undo").await;
        let payment = json!({ "outcome": outcome, "callback": { "times": 20 } });
        world.pay_with(order["payment"]["page_url"].as_str().unwrap(), &payment).await.expect(200);
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
        let ledger = world.ledger().await;
        let payments = ledger.payments_of(order["number"].as_str().unwrap());
        assert!(payments[0]["status_calls"].as_u64().unwrap() <= 1, "{payments:#?}");
    };
    join_all(["reserved", "billed", "reserved", "billed"].map(buy)).await;
    world.clean_slate().await;
}

async fn a_killed_replicas_orders_go_on_elsewhere() {
    let mut fleet = Fleet::start(2, &[]).await;
    let anna = fleet.world.skier("Anna").await;
    fleet.balancer.lead_to([address(&fleet.world.server)]);
    let order = fleet.world.order_to_pay(&anna, &OPERATORS, "undo").await;
    // killed while it issues
    fleet
        .world
        .fault(
            json!({ "supplier": "dta", "operation": "CreateOrder", "fault": "hang", "times": 1 }),
        )
        .await;
    fleet.world.pay(&order, "reserved").await;
    let id = order["id"].as_str().unwrap();
    anna.wait_for(id, &["authorised"]).await;
    fleet.balancer.lead_to([address(&fleet.others[0])]);
    fleet.world.kill_9();
    let killed = clock::instant();
    let moved = |order: &serde_json::Value| order["state"] != "authorised";
    anna.wait_until(id, "its next state", moved).await;
    eprintln!("it moved {:?} after its replica was killed", clock::since(killed));
    anna.wait_for(id, &["finished"]).await;
    fleet.world.clean_slate_within(PATIENCE).await;
}

/// Stopped with forty orders in all states, taken over, and let go on.
async fn a_replica_that_was_stopped_for_longer_than_its_lease_does_nothing_twice() {
    let fleet = Fleet::start(2, &TIMES).await;
    let world = &fleet.world;
    let crowd = Crowd::gather(world, 10).await;
    let stopping = async {
        for _ in 0..2 {
            clock::sleep(Duration::from_millis(1500)).await;
            fleet.balancer.lead_to([address(&fleet.others[0])]);
            world.server.signal("STOP");
            // not to wait for something: so long everybody takes it for dead
            clock::sleep(STOPPED).await;
            world.server.signal("CONT");
            fleet.lead_to_all();
        }
    };
    futures_util::future::join3(crowd.place(40), crowd.pay(40), stopping).await;
    fleet
        .until(&world.server, "it knows that its lease was over", |ready| {
            ready["fleet"]["lapses"].as_u64() >= Some(1)
        })
        .await;
    world.clean_slate_within(PATIENCE).await;
    crowd.check(world).await;
}
