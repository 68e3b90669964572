//! The pace that a supplier's contract allows, for all replicas together: requests take turns, and
//! one whose turn would come after its deadline takes none.
//!
//! Where there are others, turns are taken a short while ahead, and whoever finds none asks again:
//! so when replicas cannot agree any more, what they had agreed on is soon over, and when they can
//! again, so is what each took for itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::clock::{self, Deadline};

/// How far ahead replicas take turns together.
pub const AHEAD: Duration = Duration::from_secs(1);
/// Between two questions for a turn, in milliseconds: so many at least, and by chance up to so many
/// more.
const LEAST_MS: u64 = 100;
const MORE_MS: u64 = 200;

/// Turns at equal distances; clones share them.
#[derive(Clone)]
pub struct RateLimiter {
    every: Duration,
    taken: Arc<Mutex<Taken>>,
    together: Option<Arc<dyn Turns>>,
}

/// When the next turn is free, and until when those last that were taken apart from the other
/// replicas.
struct Taken {
    free_at: Instant,
    apart_until: Instant,
}

/// Turns that replicas take together.
pub trait Turns: Send + Sync {
    /// Takes the next turn of all, `earliest` from now at the earliest, unless it would come later
    /// than after `most`, at most [`AHEAD`]. `every` is their distance.
    fn next(
        &self,
        every: Duration,
        earliest: Duration,
        most: Duration,
    ) -> BoxFuture<'static, Agreed>;
}

/// What replicas have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// The turn comes after this time, and is taken.
    In(Duration),
    /// It is not taken now: it would come too late, or others ask for as many as there are.
    TooLate,
    /// They cannot agree: each of so many goes at its share of the pace.
    Apart {
        /// How many they are.
        replicas: u32,
        /// How long the turns last that were agreed on before.
        after: Duration,
    },
}

impl RateLimiter {
    /// At most `per_second` turns in any second; none is kept for later. `None` for 0: no limit.
    #[must_use]
    pub fn new(per_second: u32) -> Option<Self> {
        let every = Duration::from_secs(1).checked_div(per_second)?;
        let now = clock::instant();
        Some(Self {
            every,
            taken: Arc::new(Mutex::new(Taken { free_at: now, apart_until: now })),
            together: None,
        })
    }

    /// The same pace for all replicas that take these turns.
    #[must_use]
    pub fn together(self, turns: Arc<dyn Turns>) -> Self {
        Self { together: Some(turns), ..self }
    }

    /// Waits for the next turn, beyond the deadline when it would come only then: so whoever comes
    /// too late asks no sooner again than if it had waited in vain. A wait that is given up leaves
    /// its turn unused.
    pub(super) async fn turn(&self, deadline: Deadline) {
        let wait = loop {
            let most = deadline.remaining();
            let agreed = match &self.together {
                // those that were taken apart come first: together with new ones they would be too
                // many
                Some(turns) => {
                    turns.next(self.every, self.apart(clock::instant()), most.min(AHEAD)).await
                }
                None => Agreed::Apart { replicas: 1, after: Duration::ZERO },
            };
            match agreed {
                Agreed::In(wait) => break Some(self.keep_up(clock::instant(), wait)),
                Agreed::Apart { replicas: 0 | 1, after } => {
                    break self.next(clock::instant(), self.every, (after, deadline.remaining()));
                }
                Agreed::Apart { replicas, after } => {
                    let most = deadline.remaining().min(AHEAD);
                    let wait = self.next(clock::instant(), self.every * replicas, (after, most));
                    if wait.is_some() {
                        break wait;
                    }
                }
                Agreed::TooLate => {}
            }
            if deadline.is_over() {
                break None;
            }
            clock::sleep(Duration::from_millis(LEAST_MS + clock::chance() % MORE_MS)).await;
        };
        match wait {
            Some(Duration::ZERO) => {}
            Some(wait) => clock::sleep(wait).await,
            None => std::future::pending().await,
        }
    }

    /// Takes the next turn of somebody who asks at `now`, and says how long it is to come; none
    /// before `earliest`, and none that would come too late.
    fn next(
        &self,
        now: Instant,
        every: Duration,
        (earliest, most): (Duration, Duration),
    ) -> Option<Duration> {
        let mut taken = self.taken();
        let turn = taken.free_at.max(now + earliest);
        if turn - now > most {
            return None;
        }
        taken.free_at = turn + every;
        taken.apart_until = taken.free_at;
        Some(turn - now)
    }

    /// How long the turns last that were taken apart from the others, from `now` on.
    fn apart(&self, now: Instant) -> Duration {
        self.taken().apart_until.saturating_duration_since(now)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Knows of a turn that was agreed on, so that no burst follows when replicas cannot agree any
    /// more.
    fn keep_up(&self, now: Instant, wait: Duration) -> Duration {
        let mut taken = self.taken();
        taken.free_at = taken.free_at.max(now + wait + self.every);
        wait
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("every", &self.every).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn turns_come_at_their_pace_and_idle_time_is_not_saved_up() {
        let pace = RateLimiter::new(10).unwrap();
        let begun = clock::instant() + LONG;
        let turns = |after: u64| {
            let now = begun + Duration::from_millis(after);
            now + pace.clone().next(now, pace.every, (Duration::ZERO, LONG)).unwrap() - begun
        };
        let milliseconds = [0, 0, 0, 250, 900].map(|after| turns(after).as_millis());
        assert_eq!(milliseconds, [0, 100, 200, 300, 900]);
        assert!(RateLimiter::new(0).is_none());
    }

    #[test]
    fn who_would_come_too_late_takes_no_turn_from_those_who_would_not() {
        let pace = RateLimiter::new(2).unwrap();
        let now = clock::instant() + LONG;
        let most = Duration::from_millis(600);
        let waits: Vec<_> =
            (0..5).map(|_| pace.next(now, pace.every, (Duration::ZERO, most))).collect();
        let at_once = Some(Duration::ZERO);
        let then = Some(Duration::from_millis(500));
        assert_eq!(waits, [at_once, then, None, None, None]);
        assert_eq!(
            pace.next(now, pace.every, (Duration::ZERO, LONG)),
            Some(Duration::from_secs(1)),
            "as if the others had not asked"
        );
    }

    #[test]
    fn replicas_that_cannot_agree_share_the_pace() {
        let pace = RateLimiter::new(10).unwrap();
        let now = clock::instant() + LONG;
        pace.keep_up(now, Duration::from_millis(400));
        let share = |after| {
            pace.next(now, pace.every * 3, (Duration::from_millis(after), LONG))
                .unwrap()
                .as_millis()
        };
        assert_eq!(
            [0, 0, 0].map(share),
            [500, 800, 1100],
            "after what was agreed on before, a third of the pace each"
        );
        pace.keep_up(now, Duration::from_millis(2000));
        assert_eq!(pace.apart(now).as_millis(), 1400, "what is agreed on again comes after these");
        assert_eq!(
            [3000, 3000].map(share),
            [3000, 3300],
            "after what the others have agreed on before"
        );
    }
}
