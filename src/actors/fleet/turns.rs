//! The pace of a contract, kept by all replicas together; each at its share while Redis is away.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::replica::Replica;
use crate::integrations::{Agreed, Turns};
use crate::redis::{Away, Redis, Turn};

/// The turns of one contract.
pub struct FleetTurns {
    redis: Redis,
    replica: Replica,
    key: String,
}

impl FleetTurns {
    /// The turns of the actor of that name.
    #[must_use]
    pub fn new(redis: Redis, replica: Replica, actor: &str) -> Self {
        Self { redis, replica, key: format!("pace:{actor}") }
    }
}

impl Turns for FleetTurns {
    fn next(&self, every: Duration, earliest: Duration, most: Duration) -> BoxFuture<'static, Agreed> {
        let (redis, replica, key) = (self.redis.clone(), self.replica.clone(), self.key.clone());
        async move {
            match redis.turn(&key, every, (earliest, most)).await {
                Ok(Turn::In(wait)) => Agreed::In(wait),
                Ok(Turn::TooLate) => Agreed::TooLate,
                Err(Away) => Agreed::Apart(replica.alive()),
            }
        }
        .boxed()
    }
}
