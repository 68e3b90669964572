//! Redis is never the truth: emptied, slow, killed and restarted in the middle of orders, it costs
//! no ticket and no cent.

use std::time::Duration;

use starjack::clock;

use super::Fleet;
use crate::crowd::{Crowd, TIMES};
use crate::support::Server;

on_postgres!(orders_go_on_whatever_happens_to_redis);

/// A job whose worker was killed is anybody's again after a minute.
const PATIENCE: Duration = Duration::from_secs(150);

async fn orders_go_on_whatever_happens_to_redis() {
    let mut fleet = Fleet::start(2, &TIMES).await;
    let crowd = Crowd::gather(&fleet.world, 10).await;
    let placed = crowd.place(60);
    let paid = crowd.pay(60);
    let breaking = async {
        for _ in 0..2 {
            fleet.redis.empty();
            // not to wait for something: orders go on meanwhile
            clock::sleep(Duration::from_millis(500)).await;
            // longer than a command may take
            fleet.redis.slow(900);
            clock::sleep(Duration::from_millis(500)).await;
            fleet.redis.kill_9();
            for server in [&fleet.world.server, &fleet.others[0]] {
                is_told(server, "down", "starjack_redis_up 0").await;
            }
            fleet.redis.restart().await;
            for server in [&fleet.world.server, &fleet.others[0]] {
                is_told(server, "up", "starjack_redis_up 1").await;
            }
        }
    };
    futures_util::future::join3(placed, paid, breaking).await;
    fleet.world.clean_slate_within(PATIENCE).await;
    crowd.check(&fleet.world).await;
    let metrics = String::from_utf8(fleet.world.operations().get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains("starjack_redis_commands_total{outcome=\"away\"}"), "{metrics}");
}

/// Waits until readiness detail and metrics say how Redis is; the replica is ready all the time.
async fn is_told(server: &Server, state: &str, metric: &str) {
    let operations = server.operations();
    crate::support::eventually(&format!("Redis is {state}"), async || {
        let ready = operations.get("/readyz").await.expect(200);
        let metrics = String::from_utf8(operations.get("/metrics").await.bytes).unwrap();
        (ready["redis"] == state && metrics.contains(metric)).then_some(())
    })
    .await;
}
