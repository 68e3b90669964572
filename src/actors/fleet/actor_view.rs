//! Every replica's actors, seen from each of them: each shows its own through Redis, for as long as
//! it goes on doing so.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::replica::Replica;
use crate::actors::supervision::{LastFailure, Status, System};
use crate::clock;
use crate::redis::{Link, Redis};

/// How often a replica shows its actors, and how often those of others are looked at, however many
/// ask.
const LOOK: Duration = Duration::from_secs(1);
/// How long they are seen that are not shown again.
const SHOWN: Duration = Duration::from_secs(5);
/// The longest text of another replica that is read, in bytes: a thousand actors fit.
const LONGEST: usize = 512 * 1024;
/// The longest name of an actor, in bytes.
const LONGEST_NAME: usize = 120;
/// What of a failure is shown elsewhere, in characters.
const LONGEST_MESSAGE: usize = 300;

/// The actors of all replicas; cheap to clone.
#[derive(Clone)]
pub struct ActorView {
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

impl ActorView {
    /// The tree of the fleet that this replica belongs to.
    #[must_use]
    pub fn new(redis: Redis, replica: Replica, system: System) -> Self {
        Self { redis, replica, system, others: Arc::default() }
    }

    /// Shows this replica's actors to the others for ever.
    pub async fn show(&self) {
        loop {
            if self.redis.link() == Link::Up {
                let own = ReplicaActors {
                    replica: self.replica.incarnation,
                    actors: self.system.statuses(),
                };
                let shown = serde_json::to_string(&own).unwrap_or_default();
                if self.redis.put(&key(own.replica), shown, SHOWN).await.is_err() {
                    tracing::debug!("the other replicas do not see these actors");
                }
            }
            clock::sleep(LOOK).await;
        }
    }

    /// The actors of the other replicas as they showed them last, at most a second ago; none while
    /// Redis is away.
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
        let shown = join_all(alive.into_iter().map(async |replica| {
            let text = self.redis.get(&key(replica), LONGEST).await.ok().flatten()?;
            read_actors(&text, replica)
        }));
        shown.await.into_iter().flatten().collect()
    }
}

/// What another replica shows, as far as it can be its.
fn read_actors(text: &str, replica: Uuid) -> Option<ReplicaActors> {
    let shown: ReplicaActors = serde_json::from_str(text).ok()?;
    let actors = shown.actors.into_iter().map(clean).collect::<Option<_>>()?;
    (shown.replica == replica).then_some(ReplicaActors { replica, actors })
}

/// The actor that a text of another replica shows; `None` for what is none, for whoever can write
/// to Redis writes anything.
#[must_use]
pub fn read_status(text: &str) -> Option<Status> {
    serde_json::from_str(text).ok().and_then(clean)
}

/// A status with a name that an actor may have, and of its last failure what can be shown anywhere.
fn clean(status: Status) -> Option<Status> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    if !(1..=LONGEST_NAME).contains(&status.name.len()) || !status.name.chars().all(is_of_names) {
        return None;
    }
    let plain = |c: char| if c.is_control() || "<>&\"'".contains(c) { '?' } else { c };
    let last_failure = status.last_failure.map(|failure| LastFailure {
        message: failure.message.chars().take(LONGEST_MESSAGE).map(plain).collect(),
        ..failure
    });
    Some(Status { last_failure, ..status })
}

fn key(replica: Uuid) -> String {
    format!("actors:{replica}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, message: &str, replica: Uuid) -> String {
        let status = serde_json::json!({
            "name": name, "state": "up", "breaker": "closed", "mailbox": { "depth": 0, "capacity": 8 }, "in_flight": 0,
            "restarts": 0, "last_failure": { "at": "2026-12-19T08:00:00Z", "message": message }, "processed": 0,
            "p50_us": 0, "p99_us": 0,
        });
        serde_json::json!({ "replica": replica, "actors": [status] }).to_string()
    }

    #[test]
    fn of_what_another_replica_shows_only_what_can_be_its_is_shown() {
        let replica = Uuid::new_v4();
        let read = |name: &str| read_actors(&shown(name, "a panic", replica), replica);
        assert_eq!(read("dta/solden").unwrap().actors[0].name, "dta/solden");
        for name in
            ["", "<script>alert(1)</script>", "dta solden", "dta/s\u{202e}olden", &"x".repeat(121)]
        {
            assert!(read(name).is_none(), "{name}");
        }
        assert!(
            read_actors(&shown("dta/solden", "", Uuid::new_v4()), replica).is_none(),
            "another's"
        );
        let long = format!("<b>\n{}", "x".repeat(10_000));
        let failure = read_actors(&shown("dta/solden", &long, replica), replica)
            .unwrap()
            .actors
            .remove(0)
            .last_failure;
        let message = failure.unwrap().message;
        assert!(message.starts_with("?b??x") && message.len() == LONGEST_MESSAGE, "{message}");
    }
}
