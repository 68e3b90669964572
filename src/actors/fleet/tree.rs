//! Every replica's actors, seen from each of them: each shows its own through Redis, for as long as it goes on doing so.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::replica::Replica;
use crate::actors::supervision::{Status, System};
use crate::clock;
use crate::redis::{Link, Redis};

/// How often a replica shows its actors, and how often those of others are looked at, however many ask.
const LOOK: Duration = Duration::from_secs(1);
/// How long they are seen that are not shown again.
const SHOWN: Duration = Duration::from_secs(5);

/// The actors of all replicas; cheap to clone.
#[derive(Clone)]
pub struct Tree {
    redis: Redis,
    replica: Replica,
    system: System,
    others: Arc<Mutex<Others>>,
}

#[derive(Default)]
struct Others {
    seen: Arc<Vec<ReplicaActors>>,
    not_before: Option<Instant>,
}

/// The actors of another replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaActors {
    /// The replica's incarnation.
    pub replica: Uuid,
    /// Its actors, in the order they were started.
    pub actors: Vec<Status>,
}

impl Tree {
    /// The tree of the fleet that this replica belongs to.
    #[must_use]
    pub fn new(redis: Redis, replica: Replica, system: System) -> Self {
        Self { redis, replica, system, others: Arc::default() }
    }

    /// Shows this replica's actors to the others for ever.
    pub async fn show(&self) {
        loop {
            if self.redis.link() == Link::Up {
                let own = ReplicaActors { replica: self.replica.incarnation, actors: self.system.statuses() };
                let shown = serde_json::to_string(&own).unwrap_or_default();
                if self.redis.put(&key(own.replica), shown, SHOWN).await.is_err() {
                    tracing::debug!("the other replicas do not see these actors");
                }
            }
            clock::sleep(LOOK).await;
        }
    }

    /// The actors of the other replicas as they showed them last, at most a second ago; none while Redis is away.
    pub async fn others(&self) -> Arc<Vec<ReplicaActors>> {
        let mut others = self.others.lock().await;
        let now = clock::instant();
        if others.not_before.is_none_or(|time| time <= now) {
            others.seen = Arc::new(self.look().await);
            others.not_before = Some(now + LOOK);
        }
        Arc::clone(&others.seen)
    }

    async fn look(&self) -> Vec<ReplicaActors> {
        if self.redis.link() != Link::Up {
            return Vec::new();
        }
        let alive = self.replica.others().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the other replicas are not known");
            Vec::new()
        });
        let shown = join_all(alive.iter().map(async |replica| self.redis.get(&key(*replica)).await)).await;
        let read = |text: String| serde_json::from_str(&text).ok();
        shown.into_iter().filter_map(|text| text.ok().flatten().and_then(read)).collect()
    }
}

fn key(replica: Uuid) -> String {
    format!("actors:{replica}")
}
