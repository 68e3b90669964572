//! The pace of a contract, kept by all replicas together; each at its share while Redis is away.
//!
//! Whoever can write to Redis can say that all turns are taken. Where for seconds there are fewer
//! than half of its share, this replica goes at its share for a while, as if Redis were away, and
//! says so in Redis, so that the others do as well: one at its share beside others that share the
//! whole pace would be too much. With one that lies, no operator is kept waiting for longer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::replica::Replica;
use crate::clock;
use crate::integrations::{AHEAD, Agreed, Turns};
use crate::redis::{Away, Redis, Turn};

/// For how long it is believed that there are so few turns: shorter than a card check may take, so
/// that its second try is asked.
const BELIEVED: Duration = Duration::from_secs(7);
/// Who waits asks again within this time; between questions that are further apart nobody waited.
const WAITING: Duration = Duration::from_secs(1);
/// How long replicas then go at their shares before they take turns together again. Where nobody
/// asks for so long, it begins anew.
const APART: Duration = Duration::from_secs(30);

/// The turns of one contract.
pub struct FleetRateLimit {
    redis: Redis,
    replica: Replica,
    key: String,
    trust: Arc<Mutex<Trust>>,
}

/// How far what Redis says of one pace is believed.
#[derive(Debug, Default)]
struct Trust {
    /// What is known of a time with too few turns.
    few: Option<Few>,
    /// Until when Redis is not believed, whatever it says.
    judged_until: Option<Instant>,
    /// From when this replica goes at its share, while it does: then the turns that were taken
    /// together are over.
    from: Option<Instant>,
}

/// A time in which there was not always a turn.
#[derive(Clone, Copy, Debug)]
struct Few {
    /// When there was none last.
    last: Instant,
    /// For how long somebody has waited for one.
    waited: Duration,
    /// How many there were all the same.
    taken: u32,
}

impl FleetRateLimit {
    /// The turns of the actor of that name.
    #[must_use]
    pub fn new(redis: Redis, replica: Replica, actor: &str) -> Self {
        Self { redis, replica, key: format!("pace:{actor}"), trust: Arc::default() }
    }
}

impl Turns for FleetRateLimit {
    fn next(
        &self,
        every: Duration,
        earliest: Duration,
        most: Duration,
    ) -> BoxFuture<'static, Agreed> {
        let redis = self.redis.clone();
        let replica = self.replica.clone();
        let key = self.key.clone();
        let trust = Arc::clone(&self.trust);
        async move {
            // asked while apart too: so the others' next turns together come after the last of
            // these
            let told = redis.turn(&key, every, (earliest, most)).await;
            let (agreed, left) = {
                let mut trust = trust.lock().unwrap_or_else(PoisonError::into_inner);
                let now = clock::instant();
                let share = every * replica.alive().max(1);
                (trust.agrees(told, share, now).ok_or_else(|| trust.after(now)), trust.is_to_be_told(told, now))
            };
            if let Some(left) = left {
                // said once; where Redis does not hear it, it is told with the next question
                if left == APART {
                    tracing::warn!(
                        key,
                        "Redis has had hardly a turn for seconds; each replica keeps its share of the pace"
                    );
                }
                let _lost = redis.part(&key, left).await;
            }
            agreed.unwrap_or_else(|after| Agreed::Apart { replicas: replica.alive(), after })
        }
        .boxed()
    }
}

impl Trust {
    /// What is agreed on by what was told now; nothing where each goes at its `share`, the distance
    /// of its own turns.
    fn agrees(
        &mut self,
        told: Result<Turn, Away>,
        share: Duration,
        now: Instant,
    ) -> Option<Agreed> {
        if self.judged_until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
        let taken = match told {
            // what was taken before, each replica knows of its own
            Err(Away) => return None,
            Ok(Turn::Apart(taken)) => taken,
            Ok(Turn::In(wait)) if self.judged_until.is_none() => {
                if let Some(few) = &mut self.few {
                    few.taken = few.taken.saturating_add(1);
                }
                self.from = None;
                return Some(Agreed::In(wait.min(AHEAD)));
            }
            Ok(Turn::TooLate(_)) if self.believes(share, now) => {
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
    fn believes(&mut self, share: Duration, now: Instant) -> bool {
        let anew = Few { last: now, waited: Duration::ZERO, taken: 0 };
        let mut few = self.few.filter(|few| now < few.last + APART).unwrap_or(anew);
        let gap = now.saturating_duration_since(few.last);
        if gap <= WAITING {
            few.waited += gap;
        }
        few.last = now;
        let is_long = few.waited >= BELIEVED;
        let is_enough = share * few.taken * 2 >= few.waited;
        self.few = Some(if is_long && is_enough { anew } else { few });
        self.judged_until.is_none() && (!is_long || is_enough)
    }

    /// How long the turns last from now on that were taken together.
    fn after(&self, now: Instant) -> Duration {
        self.from.map_or(Duration::ZERO, |from| from.saturating_duration_since(now))
    }

    /// For how long the others are to be told that this replica goes at its share, where Redis does
    /// not say so.
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
    const SHARE: Duration = Duration::from_secs(1);

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn no_turn_is_believed_for_seconds_and_asked_for_again_after_half_a_minute() {
        let mut trust = Trust::default();
        let start = clock::instant();
        let mut told = |turn, at| trust.agrees(turn, SHARE, start + second(at));
        assert!((0..7).all(|at| told(NONE, at) == Some(Agreed::TooLate)));
        assert_eq!([told(NONE, 7), told(FREE, 7), told(FREE, 36)], [None; 3]);
        assert_eq!([told(FREE, 37), told(NONE, 38)], [TAKEN, Some(Agreed::TooLate)], "as at first");
        assert!((0..100).all(|no| told(NONE, 40 + 2 * no).is_some()), "nobody waits between these");
    }

    #[test]
    fn more_than_half_of_its_share_of_turns_is_enough_and_less_is_not() {
        let start = clock::instant();
        let told = |trust: &mut Trust, half, turn| {
            trust.agrees(turn, SHARE, start + half * Duration::from_millis(500))
        };
        let mut trust = Trust::default();
        for half in 0..40 {
            assert!(told(&mut trust, half, NONE).is_some(), "{half}");
            assert!(half % 3 != 0 || told(&mut trust, half, FREE).is_some());
        }
        let mut trust = Trust::default();
        for half in 0..14 {
            assert!(told(&mut trust, half, NONE).is_some(), "{half}");
            assert!(half % 6 != 0 || told(&mut trust, half, FREE).is_some());
        }
        assert_eq!(told(&mut trust, 14, NONE), None, "three in seven seconds, of seven");
    }

    #[test]
    fn who_says_that_replicas_are_apart_keeps_nobody_from_finding_out_that_there_is_no_turn() {
        let mut trust = Trust::default();
        let start = clock::instant();
        let mut told = |turn, at| trust.agrees(turn, SHARE, start + second(at));
        let apart = Ok(Turn::Apart(second(100)));
        for at in 0..7 {
            assert_eq!([told(NONE, at), told(apart, at)], [Some(Agreed::TooLate), None], "{at}");
        }
        assert_eq!([told(NONE, 7), told(Err(Away), 8)], [None; 2]);
    }

    #[test]
    fn who_goes_at_its_share_begins_when_what_was_taken_together_is_over_and_tells_the_others() {
        let mut trust = Trust::default();
        let start = clock::instant();
        let after = |trust: &Trust, at| trust.after(start + Duration::from_millis(at));
        let apart = Ok(Turn::Apart(Duration::from_millis(600)));
        trust.agrees(apart, SHARE, start);
        assert_eq!([0, 400, 600].map(|at| after(&trust, at).as_millis()), [600, 200, 0]);
        trust.agrees(apart, SHARE, start + second(1));
        assert_eq!(after(&trust, 1000), Duration::ZERO, "told again, no later");
        assert_eq!(trust.is_to_be_told(apart, start), None);

        let mut trust = Trust::default();
        assert!((0..7).all(|at| trust.agrees(NONE, SHARE, start + second(at)).is_some()));
        assert_eq!(trust.is_to_be_told(NONE, start + second(6)), None);
        assert_eq!(trust.agrees(NONE, SHARE, start + BELIEVED), None);
        assert_eq!(after(&trust, 7000), AHEAD, "nobody has taken a turn in a hundred seconds");
        let left = |told, at| trust.is_to_be_told(told, start + second(at));
        assert_eq!(
            [left(NONE, 7), left(FREE, 17), left(apart, 17)],
            [Some(APART), Some(second(20)), None]
        );
    }
}
