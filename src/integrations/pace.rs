//! The pace that a supplier's contract allows: requests take turns, none is refused for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;

/// Turns at equal distances; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    every: Duration,
    free_at: Arc<Mutex<Instant>>,
}

impl Pace {
    /// At most `per_second` turns in any second; none is kept for later. `None` for 0: no limit.
    pub(super) fn new(per_second: u32) -> Option<Self> {
        let every = Duration::from_secs(1).checked_div(per_second)?;
        Some(Self { every, free_at: Arc::new(Mutex::new(clock::instant())) })
    }

    /// Waits for the next turn. A wait that is given up leaves its turn unused.
    pub(super) async fn turn(&self) {
        let now = clock::instant();
        let wait = self.next(now) - now;
        if !wait.is_zero() {
            clock::sleep(wait).await;
        }
    }

    /// Takes the next turn of somebody who asks at `now`.
    fn next(&self, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*free_at).max(now);
        *free_at = turn + self.every;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_at_their_pace_and_idle_time_is_not_saved_up() {
        let (pace, begun) = (Pace::new(10).unwrap(), clock::instant() + Duration::from_secs(60));
        let turns = |after: u64| pace.clone().next(begun + Duration::from_millis(after)) - begun;
        let milliseconds = [0, 0, 0, 250, 900].map(|after| turns(after).as_millis());
        assert_eq!(milliseconds, [0, 100, 200, 300, 900]);
        assert!(Pace::new(0).is_none());
    }
}
