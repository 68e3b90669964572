//! The pace of a contract, kept by all replicas together; each at its share while Redis is away.
//!
//! Whoever can write to Redis can say that all turns are taken. Where nothing but long waits is told for seconds, this
//! replica goes at its share for a while, as if Redis were away: with an honest one and more to do than the pace allows,
//! shares are no faster than turns; with one that lies, no operator is kept waiting for longer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::replica::Replica;
use crate::clock;
use crate::integrations::{Agreed, Turns};
use crate::redis::{Redis, Turn};

/// How long nothing but long waits is believed: shorter than a card check may take, so that its second try is asked.
const BELIEVED: Duration = Duration::from_secs(7);
/// How long this replica then goes at its share before Redis is asked again.
const APART: Duration = Duration::from_secs(30);

/// The turns of one contract.
pub struct FleetTurns {
    redis: Redis,
    replica: Replica,
    key: String,
    trust: Arc<Mutex<Trust>>,
}

/// How far what Redis says of one pace is believed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trust {
    /// Since when nothing but long waits was told.
    long_since: Option<Instant>,
    /// Until when Redis is not asked.
    apart_until: Option<Instant>,
}

impl FleetTurns {
    /// The turns of the actor of that name.
    #[must_use]
    pub fn new(redis: Redis, replica: Replica, actor: &str) -> Self {
        Self { redis, replica, key: format!("pace:{actor}"), trust: Arc::default() }
    }
}

impl Turns for FleetTurns {
    fn next(&self, every: Duration, earliest: Duration, most: Duration) -> BoxFuture<'static, Agreed> {
        let (redis, replica, key) = (self.redis.clone(), self.replica.clone(), self.key.clone());
        let trust = Arc::clone(&self.trust);
        async move {
            let trust = || trust.lock().unwrap_or_else(PoisonError::into_inner);
            if trust().is_apart(clock::instant()) {
                return Agreed::Apart(replica.alive());
            }
            let Ok(turn) = redis.turn(&key, every, (earliest, most)).await else {
                return Agreed::Apart(replica.alive());
            };
            let (agreed, is_long) = match turn {
                Turn::In(wait) => (Agreed::In(wait.min(most)), wait > most / 2),
                Turn::TooLate => (Agreed::TooLate, true),
            };
            if trust().believes(is_long, clock::instant()) {
                return agreed;
            }
            tracing::warn!(key, "Redis tells of nothing but long waits; this replica keeps its share of the pace");
            Agreed::Apart(replica.alive())
        }
        .boxed()
    }
}

impl Trust {
    fn is_apart(&mut self, now: Instant) -> bool {
        if self.apart_until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
        self.apart_until.is_some()
    }

    /// Whether a wait is believed that was told now.
    fn believes(&mut self, is_long: bool, now: Instant) -> bool {
        if !is_long {
            self.long_since = None;
            return true;
        }
        let since = *self.long_since.get_or_insert(now);
        let believed = now.saturating_duration_since(since) < BELIEVED;
        if !believed {
            self.apart_until = Some(now + APART);
        }
        believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_long_waits_is_believed_for_seconds_and_asked_again_after_half_a_minute() {
        let (mut trust, start) = (Trust::default(), clock::instant());
        let at = |second| start + Duration::from_secs(second);
        assert!(trust.believes(true, at(0)) && trust.believes(true, at(6)));
        assert!(trust.believes(false, at(6)), "a short one in between");
        assert!(trust.believes(true, at(7)) && trust.believes(true, at(13)));
        assert!(!trust.is_apart(at(13)));
        assert!(!trust.believes(true, at(14)));
        assert!(trust.is_apart(at(14)) && trust.is_apart(at(43)));
        assert!(!trust.is_apart(at(44)));
        assert!(trust.believes(true, at(44)), "as at first");
    }
}
