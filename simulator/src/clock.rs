//! The simulator's one clock: the machine's time plus what `POST /control/clock` has added.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// As far as suppliers' time can be moved ahead: a hundred years.
const AHEAD_MAX_SECONDS: i64 = 100 * 366 * 86_400;

/// Suppliers' time. It can be moved forward, never back; waits of faults are real time and do not
/// follow it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_seconds: AtomicI64,
}

impl Clock {
    /// Suppliers' present instant.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock module")]
        let machine = Utc::now();
        machine + TimeDelta::seconds(self.ahead_seconds.load(Ordering::SeqCst))
    }

    /// Moves suppliers' time `seconds` forward; twice moves twice, a hundred years in all at most.
    pub(crate) fn advance(&self, seconds: u32) {
        let seconds = i64::from(seconds);
        let room = AHEAD_MAX_SECONDS - self.ahead_seconds.load(Ordering::SeqCst);
        self.ahead_seconds.fetch_add(seconds.min(room.max(0)), Ordering::SeqCst);
    }
}

/// Waits `duration` of real time.
pub(crate) async fn sleep(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock module")]
    tokio::time::sleep(duration).await;
}

/// An instant as the ledger and the suppliers write it: RFC 3339, milliseconds, `Z`.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
