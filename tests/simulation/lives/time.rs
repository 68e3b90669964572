//! A time that passes only when nobody has anything left to do, and whose wall clock can be put
//! forward and back.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures_util::future::BoxFuture;
use starjack::clock;
use tokio::time::Instant;

/// Clones are the same time.
#[derive(Clone)]
pub(crate) struct Time(Arc<Mutex<Inner>>);

struct Inner {
    began: Instant,
    passed: Duration,
    /// What the wall clock shows once nothing has passed.
    wall: DateTime<Utc>,
    put_back: bool,
    /// Who sleeps until when; the number keeps those of one moment in the order in which they lay
    /// down.
    sleepers: BTreeMap<(Instant, u64), Waker>,
    next: u64,
}

impl Time {
    /// A time that begins at six in the morning of a day in winter.
    pub(crate) fn new(began: Instant) -> Self {
        let wall = Utc.with_ymd_and_hms(2027, 1, 16, 5, 0, 0).unwrap();
        let passed = Duration::ZERO;
        let sleepers = BTreeMap::new();
        Self(Arc::new(Mutex::new(Inner {
            began,
            passed,
            wall,
            put_back: false,
            sleepers,
            next: 0,
        })))
    }

    /// How much of it has passed.
    pub(crate) fn passed(&self) -> Duration {
        self.inner().passed
    }

    /// Puts the wall clock forward, or back.
    pub(crate) fn step(&self, by: TimeDelta) {
        let mut inner = self.inner();
        inner.wall += by;
        inner.put_back |= by < TimeDelta::zero();
    }

    /// Whether the wall clock was ever put back.
    pub(crate) fn was_put_back(&self) -> bool {
        self.inner().put_back
    }

    /// Goes on to the next moment for which somebody waits, at most to `limit`; true when somebody
    /// was woken.
    pub(crate) fn go_on(&self, limit: Duration) -> bool {
        let woken = {
            let mut inner = self.inner();
            let until = inner.began + limit;
            match inner
                .sleepers
                .first_key_value()
                .map(|(key, _)| *key)
                .filter(|(moment, _)| *moment <= until)
            {
                Some(key) => {
                    inner.passed = inner.passed.max(key.0.saturating_duration_since(inner.began));
                    inner.sleepers.remove(&key)
                }
                None => {
                    inner.passed = inner.passed.max(limit);
                    None
                }
            }
        };
        woken.map(Waker::wake).is_some()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Inner {
    fn instant(&self) -> Instant {
        self.began + self.passed
    }
}

impl clock::Time for Time {
    fn now(&self) -> DateTime<Utc> {
        let inner = self.inner();
        inner.wall + TimeDelta::from_std(inner.passed).unwrap()
    }

    fn instant(&self) -> Instant {
        self.inner().instant()
    }

    fn chance(&self) -> u64 {
        let mut inner = self.inner();
        inner.next += 1;
        inner.next.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }

    fn sleep_until(&self, moment: Instant) -> BoxFuture<'static, ()> {
        Box::pin(Sleep { time: self.clone(), moment, key: None })
    }
}

struct Sleep {
    time: Time,
    moment: Instant,
    key: Option<(Instant, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let time = self.time.clone();
        let mut inner = time.inner();
        if let Some(key) = self.key.take() {
            inner.sleepers.remove(&key);
        }
        if inner.instant() >= self.moment {
            return Poll::Ready(());
        }
        inner.next += 1;
        let key = (self.moment, inner.next);
        inner.sleepers.insert(key, context.waker().clone());
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.time.inner().sleepers.remove(&key);
        }
    }
}
