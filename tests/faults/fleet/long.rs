//! Three replicas under load while one after the other is killed, Redis forgets everything or is
//! gone as the dice of a seed fall, and Redis and PostgreSQL are restarted in between.
//! `make fleet SECONDS=300` takes its time; a test run takes half a minute.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use starjack::clock::{self, Deadline};
use tokio::time::Instant;
use uuid::Uuid;

use super::Fleet;
use crate::crowd::{Crowd, TIMES};
use crate::killed::Dice;
use crate::support::{Cluster, Server, eventually};

on_postgres!(three_replicas_of_which_one_is_killed_every_few_seconds_lose_and_double_nothing);

const SECONDS: u64 = 25;
const REPLICAS: usize = 3;
/// Placed every second.
const ORDERS: usize = 4;
/// How long a replica stays dead, and how long after it is back the next one is killed.
const DEAD: Duration = Duration::from_millis(2500);
const PAUSE: Duration = Duration::from_millis(1500);
/// A killed replica's orders go on elsewhere within this time.
const TAKEN_OVER: Duration = Duration::from_secs(10);
/// A job whose worker was killed is anybody's again after a minute, and pages that nobody pays end.
const PATIENCE: Duration = Duration::from_secs(240);

async fn three_replicas_of_which_one_is_killed_every_few_seconds_lose_and_double_nothing() {
    let by_hand = std::env::var("STARJACK_FLEET_SECONDS").ok();
    let seconds = by_hand.as_ref().map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let cluster = Cluster::start();
    let mut fleet = Fleet::start_in(&cluster, REPLICAS, &TIMES).await;
    let crowd = Crowd::gather(&fleet.world, 30).await;
    let end = Deadline::after(Duration::from_secs(seconds));
    let total = AtomicUsize::new(usize::MAX);
    let placing = async {
        let mut waves = FuturesUnordered::new();
        let mut placed = 0;
        while !end.is_over() {
            waves.push(crowd.place(ORDERS));
            placed += ORDERS;
            let next = Deadline::after(Duration::from_secs(1));
            while let Ok(Some(())) = clock::timeout_at(next, waves.next()).await {}
            clock::sleep(next.remaining()).await;
        }
        while waves.next().await.is_some() {}
        total.store(placed, Ordering::Relaxed);
        placed
    };
    let breaking = break_all(&mut fleet, &cluster, end);
    let ((), placed, (killed, slowest)) = tokio::join!(crowd.pay_until(&total), placing, breaking);
    eprintln!(
        "{placed} orders in {seconds} s, {killed} replicas killed; their orders went on within {slowest:?}"
    );
    fleet.world.clean_slate_within(PATIENCE).await;
    crowd.check(&fleet.world).await;
    assert!(by_hand.is_none() || slowest <= TAKEN_OVER, "orders waited {slowest:?} for a replica");
}

/// Kills one replica after the other until the end; gives how many, and the longest that orders of
/// one waited for another.
async fn break_all(fleet: &mut Fleet, cluster: &Cluster, end: Deadline) -> (usize, Duration) {
    let db = Database::connect(fleet.world.database_url()).await.unwrap();
    let third = end.remaining() / 3;
    let mut redis_at = Some(third * 2);
    let mut postgres_at = Some(third);
    let mut watched = Watched::default();
    let mut killed = 0;
    let mut forgot = 0;
    let mut gone = 0;
    let mut dice = Dice::from_surroundings();
    while !end.is_over() {
        let victim = killed % REPLICAS;
        let server =
            if victim == 0 { &mut fleet.world.server } else { &mut fleet.others[victim - 1] };
        let incarnation = incarnation(server).await;
        server.kill_9();
        watched.running.push(taken_over(db.clone(), incarnation, clock::instant()).boxed_local());
        killed += 1;
        let accident = dice.below(5);
        if accident == 0 {
            forgot += 1;
            fleet.redis.empty();
        } else if accident == 1 {
            gone += 1;
            fleet.redis.kill_9();
        }
        watched.during(DEAD).await;
        if redis_at.take_if(|left| end.remaining() <= *left).is_some() && accident != 1 {
            eprintln!("Redis is restarted");
            fleet.redis.kill_9();
            fleet.redis.restart().await;
        }
        if postgres_at.take_if(|left| end.remaining() <= *left).is_some() {
            eprintln!("PostgreSQL is restarted");
            let restart = cluster.restarting();
            tokio::task::spawn_blocking(restart).await.unwrap();
        }
        match victim {
            0 => fleet.world.restart().await,
            other => fleet.others[other - 1] = fleet.world.another_server().await,
        }
        if accident == 1 {
            // only now, so that a replica begins without it
            fleet.redis.restart().await;
        }
        fleet.lead_to_all();
        watched.during(PAUSE).await;
    }
    eprintln!("Redis forgot everything {forgot} times and was gone {gone} times");
    assert!(redis_at.is_none() && postgres_at.is_none(), "the time was too short");
    while let Some(took) = watched.running.next().await {
        watched.slowest = watched.slowest.max(took);
    }
    (killed, watched.slowest)
}

/// Dead replicas whose orders are not all taken over yet, and how long that took at most.
#[derive(Default)]
struct Watched {
    running: FuturesUnordered<LocalBoxFuture<'static, Duration>>,
    slowest: Duration,
}

impl Watched {
    /// Watches for so long.
    async fn during(&mut self, pause: Duration) {
        let end = Deadline::after(pause);
        while let Ok(Some(took)) = clock::timeout_at(end, self.running.next()).await {
            self.slowest = self.slowest.max(took);
        }
        clock::sleep(end.remaining()).await;
    }
}

async fn incarnation(server: &Server) -> Uuid {
    let operations = server.operations();
    let detail =
        eventually("a replica's incarnation", async || operations.try_get("/readyz").await.ok())
            .await
            .json;
    detail["replica"].as_str().unwrap().parse().unwrap()
}

/// Waits until no order that is under way is a dead replica's any more.
async fn taken_over(db: DatabaseConnection, dead: Uuid, killed: Instant) -> Duration {
    let sql = "SELECT count(*) FROM orders WHERE driver = $1 AND next_at IS NOT NULL";
    eventually("a dead replica's orders are taken over", async || {
        let asked = Statement::from_sql_and_values(DbBackend::Postgres, sql, [dead.into()]);
        // not while the database is restarted
        let row = db.query_one_raw(asked).await.ok()??;
        (row.try_get_by_index::<i64>(0).unwrap() == 0).then_some(())
    })
    .await;
    clock::since(killed)
}
