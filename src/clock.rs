//! The only source of time: instants of the wall clock, deadlines and pauses of the monotonic one.

use std::cell::RefCell;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use uuid::Uuid;

/// The time of a simulation, in which a day takes as long as what happens in it.
pub trait Time: Send + Sync {
    /// The moment of its wall clock.
    fn now(&self) -> DateTime<Utc>;
    /// The moment of its monotonic clock.
    fn instant(&self) -> Instant;
    /// Ends at a moment of its monotonic clock.
    fn sleep_until(&self, moment: Instant) -> BoxFuture<'static, ()>;
    /// A number that spreads what would else happen at one moment.
    fn chance(&self) -> u64;
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
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the monotonic clock"
)]
pub fn instant() -> Instant {
    simulated().map_or_else(Instant::now, |time| time.instant())
}

/// How long ago a moment of the monotonic clock was; zero for one that is still to come.
#[must_use]
pub fn since(moment: Instant) -> Duration {
    instant().saturating_duration_since(moment)
}

/// A number that spreads what would else happen at one moment.
#[must_use]
pub fn chance() -> u64 {
    simulated().map_or_else(|| Uuid::new_v4().as_u64_pair().1, |time| time.chance())
}

/// Pauses the calling task for `pause`.
#[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
pub async fn sleep(pause: Duration) {
    match simulated() {
        Some(time) => time.sleep_until(time.instant() + pause).await,
        None => tokio::time::sleep(pause).await,
    }
}

/// Watches the wall clock by the monotonic one; clones share what they saw.
#[derive(Clone, Debug)]
pub struct Steady(Arc<Mutex<Evenly>>);

#[derive(Debug)]
struct Evenly {
    looked: (DateTime<Utc>, Instant),
    since: DateTime<Utc>,
}

/// What lies between two looks may differ by this; a clock that is only slewed differs by less.
const SLEWED: TimeDelta = TimeDelta::milliseconds(500);

impl Steady {
    /// Watches from this moment on.
    #[must_use]
    pub fn begin() -> Self {
        let looked = (now(), instant());
        Self(Arc::new(Mutex::new(Evenly { looked, since: looked.0 })))
    }

    /// The moment of the wall clock, and since when it has gone as evenly as the monotonic one:
    /// what was counted by it from before then may have taken longer or shorter than it says.
    #[must_use]
    pub fn look(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = now();
        let moment = instant();
        let passed = TimeDelta::from_std(moment.saturating_duration_since(seen.looked.1))
            .unwrap_or(TimeDelta::MAX);
        if ((wall - seen.looked.0) - passed).abs() > SLEWED + passed / 100 {
            seen.since = wall;
        }
        seen.looked = (wall, moment);
        (wall, seen.since)
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
pub async fn timeout_at<T>(
    deadline: Deadline,
    work: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let Some(time) = simulated() else {
        return tokio::time::timeout_at(deadline.0, work).await.map_err(|_elapsed| Elapsed);
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = time.sleep_until(deadline.0) => Err(Elapsed),
    }
}

/// A span of time in words: a whole number and `ms`, `s`, `m`, `h` or `d`; `None` for anything
/// else.
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
pub fn deserialize<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("{text} is not a time such as 500ms, 30s, 10m, 14d"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stepped(Mutex<(TimeDelta, Duration)>, DateTime<Utc>, Instant);

    impl Time for Stepped {
        fn now(&self) -> DateTime<Utc> {
            let (step, passed) = *self.0.lock().unwrap();
            self.1 + step + TimeDelta::from_std(passed).unwrap()
        }

        fn instant(&self) -> Instant {
            self.2 + self.0.lock().unwrap().1
        }

        fn chance(&self) -> u64 {
            0
        }

        fn sleep_until(&self, _moment: Instant) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn a_clock_that_was_put_forward_or_back_has_gone_evenly_only_since_then() {
        let began = now();
        let moment = instant();
        let time = Arc::new(Stepped(Mutex::default(), began, moment));
        live_in(Some(Arc::clone(&time) as Arc<dyn Time>));
        let steady = Steady::begin();
        let look = |step: i64, passed: u64| {
            *time.0.lock().unwrap() = (TimeDelta::milliseconds(step), Duration::from_secs(passed));
            let (now, since) = steady.look();
            ((now - began).num_seconds(), (since - began).num_seconds())
        };
        assert_eq!(look(0, 3600), (3600, 0));
        assert_eq!(look(400, 3601), (3601, 0), "a second that was slewed");
        assert_eq!(look(90_400, 3602), (3692, 3692), "put forward");
        assert_eq!(look(90_400, 4000), (4090, 3692));
        assert_eq!(look(-299_600, 4001), (3701, 3701), "put back");
        live_in(None);
    }

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
