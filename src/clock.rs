//! The only source of time: instants of the wall clock, deadlines and pauses of the monotonic one.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// The time of a simulation, in which a day takes as long as what happens in it.
pub trait Time: Send + Sync {
    /// The moment of its wall clock.
    fn now(&self) -> DateTime<Utc>;
    /// The moment of its monotonic clock.
    fn instant(&self) -> Instant;
    /// Ends at a moment of its monotonic clock.
    fn sleep_until(&self, moment: Instant) -> BoxFuture<'static, ()>;
}

thread_local! {
    static SIMULATED: RefCell<Option<Arc<dyn Time>>> = const { RefCell::new(None) };
}

/// Lets the calling thread live in another time, or in the real one again. For simulations.
pub fn live_in(time: Option<Arc<dyn Time>>) {
    SIMULATED.with(|simulated| *simulated.borrow_mut() = time);
}

fn simulated() -> Option<Arc<dyn Time>> {
    SIMULATED.with(|simulated| simulated.borrow().clone())
}

/// The moment of the wall clock in UTC, cut to microseconds because PostgreSQL keeps no more.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> DateTime<Utc> {
    simulated().map_or_else(Utc::now, |time| time.now()).trunc_subsecs(6)
}

/// The moment of the monotonic clock, for measuring how long something took.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn instant() -> Instant {
    simulated().map_or_else(Instant::now, |time| time.instant())
}

/// How long ago a moment of the monotonic clock was; zero for one that is still to come.
#[must_use]
pub fn since(moment: Instant) -> Duration {
    instant().saturating_duration_since(moment)
}

/// Pauses the calling task for `pause`.
#[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
pub async fn sleep(pause: Duration) {
    match simulated() {
        Some(time) => time.sleep_until(time.instant() + pause).await,
        None => tokio::time::sleep(pause).await,
    }
}

/// The moment of the monotonic clock after which nobody waits for an answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is over once `budget` has passed.
    #[must_use]
    pub fn after(budget: Duration) -> Self {
        Self(instant() + budget)
    }

    /// The deadline at a given moment of the monotonic clock.
    #[must_use]
    pub fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// The moment itself.
    #[must_use]
    pub fn moment(self) -> Instant {
        self.0
    }

    /// What is left; zero once it is over.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(instant())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }
}

/// A wait that ended because its deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Elapsed;

/// Waits for `work` until `deadline`.
///
/// # Errors
/// `Elapsed` once the deadline has passed; `work` is dropped then.
pub async fn timeout_at<T>(deadline: Deadline, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    let Some(time) = simulated() else {
        return tokio::time::timeout_at(deadline.0, work).await.map_err(|_elapsed| Elapsed);
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = time.sleep_until(deadline.0) => Err(Elapsed),
    }
}

/// A span of time in words: a whole number and `ms`, `s`, `m`, `h` or `d`; `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        "d" => Some(Duration::from_secs(number.checked_mul(86_400)?)),
        _ => None,
    }
}

/// Reads such a span from a configuration.
///
/// # Errors
/// Names the text that is none.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text} is not a time such as 500ms, 30s, 10m, 14d")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        for (text, time) in [
            ("500ms", Some(Duration::from_millis(500))),
            ("30s", Some(Duration::from_secs(30))),
            ("14d", Some(Duration::from_secs(14 * 86_400))),
            ("30", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
        ] {
            assert_eq!(parse(text), time, "{text}");
        }
    }
}
