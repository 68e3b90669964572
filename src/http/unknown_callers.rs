//! Callbacks from networks that are not the provider's: bots, or the provider with a new network.
//! Many of them are told of.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many within [`WINDOW`] are worth an alarm.
const MANY: u32 = 10;
/// Over which time is counted; at most one alarm in it.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// Counts unknown callers.
#[derive(Debug, Default)]
pub struct UnknownCallers(Mutex<Option<(Instant, u32)>>);

impl UnknownCallers {
    /// Counts one that came now; whether this one makes it worth an alarm.
    pub fn count(&self, now: Instant) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, before) =
            window.filter(|(began, _)| now.duration_since(*began) < WINDOW).unwrap_or((now, 0));
        let count = before.saturating_add(1);
        *window = Some((began, count));
        count == MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn many_within_an_hour_are_one_alarm() {
        let callers = UnknownCallers::default();
        let now = clock::instant();
        let minute = Duration::from_secs(60);
        let alarms =
            |from: u32, to: u32| (from..to).filter(|at| callers.count(now + minute * *at)).count();
        assert_eq!((alarms(0, 9), alarms(9, 10), alarms(10, 60)), (0, 1, 0));
        assert_eq!((alarms(60, 69), alarms(69, 70)), (0, 1), "the next hour has its own");
    }
}
