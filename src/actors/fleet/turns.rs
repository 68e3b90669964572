//! The pace of a contract, kept by all replicas together; each at its share while Redis is away.
//!
//! Whoever can write to Redis can say that all turns are taken. Where for seconds there is none, this replica goes at its
//! share for a while, as if Redis were away, and says so in Redis, so that the others do as well: one at its share beside
//! others that share the whole pace would be too much. With one that lies, no operator is kept waiting for longer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::replica::Replica;
use crate::clock;
use crate::integrations::{AHEAD, Agreed, Turns};
use crate::redis::{Away, Redis, Turn};

/// For how long it is believed that there is no turn: shorter than a card check may take, so that its second try is asked.
const BELIEVED: Duration = Duration::from_secs(7);
/// How long replicas then go at their shares before they take turns together again. Nobody asks for so long: it begins anew.
const APART: Duration = Duration::from_secs(30);

/// The turns of one contract.
pub struct FleetTurns {
    redis: Redis,
    replica: Replica,
    key: String,
    trust: Arc<Mutex<Trust>>,
}

/// How far what Redis says of one pace is believed.
#[derive(Debug, Default)]
struct Trust {
    /// Since when there was no turn, and when that was said last.
    none: Option<(Instant, Instant)>,
    /// Until when Redis is not believed, whatever it says.
    judged_until: Option<Instant>,
    /// From when this replica goes at its share, while it does: then the turns that were taken together are over.
    from: Option<Instant>,
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
            // asked while apart too: so the others' next turns together come after the last of these
            let told = redis.turn(&key, every, (earliest, most)).await;
            let (agreed, left) = {
                let mut trust = trust.lock().unwrap_or_else(PoisonError::into_inner);
                let now = clock::instant();
                (trust.agrees(told, now).ok_or_else(|| trust.after(now)), trust.is_to_be_told(told, now))
            };
            if let Some(left) = left {
                tracing::warn!(key, "Redis has had no turn for seconds; each replica keeps its share of the pace");
                // where it is not heard it is told with the next question
                let _lost = redis.part(&key, left).await;
            }
            agreed.unwrap_or_else(|after| Agreed::Apart { replicas: replica.alive(), after })
        }
        .boxed()
    }
}

impl Trust {
    /// What is agreed on by what was told now; nothing where each goes at its share.
    fn agrees(&mut self, told: Result<Turn, Away>, now: Instant) -> Option<Agreed> {
        if self.judged_until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
        let taken = match told {
            // what was taken before, each replica knows of its own
            Err(Away) => return None,
            Ok(Turn::Apart(taken)) => taken,
            Ok(Turn::In(wait)) if self.judged_until.is_none() => {
                *self = Self::default();
                return Some(Agreed::In(wait.min(AHEAD)));
            }
            Ok(Turn::TooLate(_)) if self.believes(now) => {
                self.from = None;
                return Some(Agreed::TooLate);
            }
            Ok(Turn::In(wait) | Turn::TooLate(wait)) => {
                self.judged_until.get_or_insert(now + APART);
                wait
            }
        };
        // nobody has taken any that comes later
        self.from.get_or_insert(now + taken.min(AHEAD));
        None
    }

    /// Whether it is still believed that there is no turn.
    fn believes(&mut self, now: Instant) -> bool {
        let since = self.none.filter(|(_, last)| now < *last + APART).map_or(now, |(since, _)| since);
        self.none = Some((since, now));
        self.judged_until.is_none() && now < since + BELIEVED
    }

    /// How long the turns last from now on that were taken together.
    fn after(&self, now: Instant) -> Duration {
        self.from.map_or(Duration::ZERO, |from| from.saturating_duration_since(now))
    }

    /// For how long the others are to be told that this replica goes at its share, where Redis does not say so.
    fn is_to_be_told(&self, told: Result<Turn, Away>, now: Instant) -> Option<Duration> {
        let says_so = matches!(told, Err(Away) | Ok(Turn::Apart(_)));
        self.judged_until.filter(|_| !says_so).map(|until| until.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Result<Turn, Away> = Ok(Turn::TooLate(Duration::from_secs(100)));
    const FREE: Result<Turn, Away> = Ok(Turn::In(Duration::from_millis(500)));
    const TAKEN: Option<Agreed> = Some(Agreed::In(Duration::from_millis(500)));

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn no_turn_is_believed_for_seconds_and_asked_for_again_after_half_a_minute() {
        let (mut trust, start) = (Trust::default(), clock::instant());
        let mut told = |turn, at| trust.agrees(turn, start + second(at));
        assert_eq!([told(NONE, 0), told(NONE, 6)], [Some(Agreed::TooLate); 2]);
        assert_eq!(told(FREE, 6), TAKEN, "one in between");
        assert_eq!([told(NONE, 7), told(NONE, 13)], [Some(Agreed::TooLate); 2]);
        assert_eq!([told(NONE, 14), told(FREE, 14), told(FREE, 43)], [None; 3]);
        assert_eq!([told(FREE, 44), told(NONE, 45)], [TAKEN, Some(Agreed::TooLate)], "as at first");
        assert_eq!(told(NONE, 75), Some(Agreed::TooLate), "nobody asked for half a minute");
    }

    #[test]
    fn who_says_that_replicas_are_apart_keeps_nobody_from_finding_out_that_there_is_no_turn() {
        let (mut trust, start) = (Trust::default(), clock::instant());
        let mut told = |turn, at| trust.agrees(turn, start + second(at));
        let apart = Ok(Turn::Apart(second(100)));
        assert_eq!(
            [told(NONE, 0), told(apart, 2), told(NONE, 4), told(apart, 6)].map(|one| one.is_some()),
            [true, false, true, false]
        );
        assert_eq!([told(NONE, 8), told(Err(Away), 9)], [None; 2]);
    }

    #[test]
    fn who_goes_at_its_share_begins_when_what_was_taken_together_is_over_and_tells_the_others() {
        let (mut trust, start) = (Trust::default(), clock::instant());
        let after = |trust: &Trust, at| trust.after(start + Duration::from_millis(at));
        let apart = Ok(Turn::Apart(Duration::from_millis(600)));
        trust.agrees(apart, start);
        assert_eq!([0, 400, 600].map(|at| after(&trust, at).as_millis()), [600, 200, 0]);
        trust.agrees(apart, start + second(1));
        assert_eq!(after(&trust, 1000), Duration::ZERO, "told again, no later");
        assert_eq!(trust.is_to_be_told(apart, start), None);

        let mut trust = Trust::default();
        assert!(trust.agrees(NONE, start).is_some() && trust.is_to_be_told(NONE, start).is_none());
        assert!(trust.agrees(NONE, start + BELIEVED).is_none());
        assert_eq!(after(&trust, 7000), AHEAD, "nobody has taken a turn in a hundred seconds");
        let left = |told, at| trust.is_to_be_told(told, start + second(at));
        assert_eq!([left(NONE, 7), left(FREE, 17), left(apart, 17)], [Some(APART), Some(second(20)), None]);
    }
}
