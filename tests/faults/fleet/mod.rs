//! Replicas of one shop: several processes over one PostgreSQL and one Redis, behind one address.

mod beginning;
mod callbacks;
mod catalogue;
mod duties;
mod leases;
mod long;
mod orders;
mod pace;
mod paused;
mod promoted;
mod redis_breaks;
mod together;

use serde_json::Value;

use crate::support::{
    Balancer, Client, Cluster, Postgres, Redis, Server, World, eventually, new_key,
};

/// A shop of several replicas with a Redis of its own. Customers, and the payment provider's
/// callbacks, come through the balancer.
pub(super) struct Fleet {
    pub(super) world: World,
    /// All but the world's own.
    pub(super) others: Vec<Server>,
    pub(super) balancer: Balancer,
    pub(super) redis: Redis,
    /// What all its keys begin with.
    pub(super) prefix: String,
}

impl Fleet {
    /// So many replicas, with variables over the tests' own short times; the world's own begins
    /// alone.
    pub(super) async fn start(replicas: usize, settings: &[(&str, &str)]) -> Self {
        Self::on(Postgres::create().await, replicas, settings).await
    }

    /// The same on a PostgreSQL server of its own.
    pub(super) async fn start_in(
        cluster: &Cluster,
        replicas: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::on(Postgres::create_in(&cluster.url()).await, replicas, settings).await
    }

    async fn on(database: Postgres, replicas: usize, settings: &[(&str, &str)]) -> Self {
        let redis = Redis::start().await;
        let url = redis.url();
        Self::with(database, (redis, &url), replicas, settings).await
    }

    /// The same with a Redis that is reached by this address.
    pub(super) async fn with(
        database: Postgres,
        (redis, url): (Redis, &str),
        replicas: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        let balancer = Balancer::start();
        let prefix = format!("t-{}", new_key());
        let mut all = vec![
            ("STARJACK_REDIS__URL", url),
            ("STARJACK_REDIS__PREFIX", &prefix),
            ("STARJACK_HTTP__PUBLIC_URL", &balancer.url),
        ];
        all.extend(settings);
        let mut world = World::on(Some(database), &all).await;
        let first = until_it_has(&world.server, "sweep").await;
        assert_eq!(first, 1, "alone it has every duty");
        let mut others = Vec::new();
        for _ in 1..replicas {
            others.push(world.another_server().await);
        }
        world.guest = Client::new(&balancer.url);
        let fleet = Self { world, others, balancer, redis, prefix };
        fleet.lead_to_all();
        for server in fleet.servers() {
            fleet.until(server, "Redis answers", |ready| ready["redis"] == "up").await;
        }
        fleet
    }

    /// All replicas, the world's own first.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.world.server).chain(&self.others)
    }

    /// Connections go to all replicas.
    pub(super) fn lead_to_all(&self) {
        self.balancer.lead_to(self.servers().map(address));
    }

    /// Waits until a replica's readiness detail fits.
    pub(super) async fn until(&self, server: &Server, what: &str, fits: impl Fn(&Value) -> bool) {
        until_ready_says(server, what, |detail| fits(detail).then_some(())).await;
    }
}

/// Where a replica listens, which is not the address that it gives out.
pub(super) fn address(server: &Server) -> &str {
    server.first_line["listens"].as_str().unwrap()
}

/// Waits until the replica has the singleton task, and gives its token.
pub(super) async fn until_it_has(server: &Server, duty: &str) -> i64 {
    until_ready_says(server, &format!("it has {duty}"), |detail| {
        detail["fleet"]["singleton_tasks"][duty].as_i64()
    })
    .await
}

async fn until_ready_says<T>(server: &Server, what: &str, look: impl Fn(&Value) -> Option<T>) -> T {
    let operations = server.operations();
    eventually(what, async || look(&operations.try_get("/readyz").await.ok()?.json)).await
}
