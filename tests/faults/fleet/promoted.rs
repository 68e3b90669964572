//! The master dies and its sentinel promotes another Redis: orders and singleton tasks go on, and
//! readiness detail tells of it.

use serde_json::Value;

use super::Fleet;
use crate::crowd::{Crowd, TIMES};
use crate::support::{Client, Postgres, Redis, eventually};

on_postgres!(orders_and_duties_go_on_when_a_sentinel_promotes_another_redis);

/// The master's name.
const SHOP: &str = "shop";
const ORDERS: usize = 20;

async fn orders_and_duties_go_on_when_a_sentinel_promotes_another_redis() {
    let master = Redis::start().await;
    let second = Redis::start_replica(&master).await;
    let sentinel = Redis::start_sentinel(&master, SHOP).await;
    eventually("the sentinel knows both", async || {
        sentinel.knows_replica(&second, SHOP).then_some(())
    })
    .await;
    let address = sentinel.url().replace("redis://", "redis-sentinel://");
    let url = format!("{}#{SHOP}", address.trim_end_matches('/'));
    let mut fleet = Fleet::with(Postgres::create().await, (master, &url), 2, &TIMES).await;
    let crowd = Crowd::gather(&fleet.world, 10).await;

    let placed = crowd.place(ORDERS);
    let paid = crowd.pay(ORDERS);
    let replicas: Vec<Client> = fleet.servers().map(crate::support::Server::operations).collect();
    let redis = &mut fleet.redis;
    let failing = async {
        redis.kill_9();
        for replica in &replicas {
            until(replica, "Redis is away", |ready| ready["redis"] == "down").await;
        }
        eventually("another one is promoted", async || sentinel.names(&second, SHOP).then_some(()))
            .await;
        for replica in &replicas {
            until(replica, "Redis answers", |ready| ready["redis"] == "up").await;
        }
    };
    futures_util::future::join3(placed, paid, failing).await;
    for duty in ["sweep", "alarm", "forgetting"] {
        eventually("one replica has the duty", async || {
            let mut holders = 0;
            for replica in &replicas {
                let detail = replica.get("/readyz").await.expect(200);
                holders += usize::from(detail["fleet"]["singleton_tasks"][duty].is_i64());
            }
            (holders == 1).then_some(())
        })
        .await;
    }
    fleet.world.clean_slate_within(std::time::Duration::from_secs(150)).await;
    crowd.check(&fleet.world).await;
}

/// Waits until a replica's readiness detail fits; it is ready all the time.
async fn until(replica: &Client, what: &str, fits: impl Fn(&Value) -> bool) {
    eventually(what, async || fits(&replica.get("/readyz").await.expect(200)).then_some(())).await;
}
