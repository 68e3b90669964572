//! What an admin sees of an actor, readable without passing through any mailbox.

use super::latency::{Answers, Tally};
use crate::clock;
use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One actor as `GET /api/v1/admin/actors` shows it; the caller adds the replica.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = ActorStatus)]
pub struct Status {
    /// The actor's path, such as `dta/solden`.
    pub name: String,
    /// Whether it answers, and if not, why.
    pub state: Phase,
    /// Whether failures keep questions away from it.
    pub breaker: BreakerPosition,
    /// The questions that wait.
    pub mailbox: MailboxStatus,
    /// The questions that have begun and are not yet answered.
    pub in_flight: usize,
    /// Incarnations after the first.
    pub restarts: u64,
    /// The last crash, panic or cut; answers that say no are no failures.
    pub last_failure: Option<LastFailure>,
    /// Questions that began and ended, well or not.
    pub processed: u64,
    /// Median of the last 256 times from question to answer, in microseconds; 0 before the first.
    pub p50_us: u64,
    /// The same, 99th percentile.
    pub p99_us: u64,
}

/// The state of an actor.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActorState)]
pub enum Phase {
    /// It answers.
    Up,
    /// It starts, waits out a pause after a crash, or is being probed.
    Restarting,
    /// It crashed too often and refuses everything for a while.
    Down,
    /// It answers what it has accepted and takes nothing new.
    Draining,
    /// It begins nothing and takes nothing new until resumed.
    Paused,
    /// It has ended.
    Stopped,
}

/// The position of a breaker.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BreakerPosition {
    /// Questions pass.
    Closed,
    /// Questions are refused.
    Open,
    /// One question at a time passes as a probe.
    HalfOpen,
}

/// How full a mailbox is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct MailboxStatus {
    /// Questions that wait.
    pub depth: usize,
    /// Questions that may wait.
    pub capacity: usize,
}

/// A failure and its time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LastFailure {
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// What happened, in the words of the panic or of the shell.
    pub message: String,
}

/// How many times are remembered for the percentiles.
const REMEMBERED: usize = 256;

/// The counters behind a status.
#[derive(Debug)]
pub(super) struct Record {
    launches: AtomicU64,
    processed: AtomicU64,
    last_failure: Mutex<Option<LastFailure>>,
    latencies_us: Box<[AtomicU32]>,
    measured: AtomicUsize,
    answers: Tally,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            launches: AtomicU64::new(0),
            processed: AtomicU64::new(0),
            last_failure: Mutex::new(None),
            latencies_us: std::iter::repeat_with(AtomicU32::default).take(REMEMBERED).collect(),
            measured: AtomicUsize::new(0),
            answers: Tally::default(),
        }
    }
}

impl Record {
    pub(super) fn launched(&self) {
        self.launches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn processed(&self, took: Duration) {
        self.processed.fetch_add(1, Ordering::Relaxed);
        let slot = self.measured.fetch_add(1, Ordering::Relaxed) % REMEMBERED;
        if let Some(latency) = self.latencies_us.get(slot) {
            latency.store(u32::try_from(took.as_micros()).unwrap_or(u32::MAX), Ordering::Relaxed);
        }
    }

    /// Counts the end of a question that `took` so long from its turn on.
    pub(super) fn answered(&self, verb: &'static str, took: Duration, failed: bool) {
        self.answers.count(verb, took, failed);
    }

    pub(super) fn answers(&self) -> Vec<Answers> {
        self.answers.read()
    }

    pub(super) fn failed(&self, message: &str) {
        let failure = LastFailure { at: clock::now(), message: message.to_owned() };
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    pub(super) fn restarts(&self) -> u64 {
        self.launches.load(Ordering::Relaxed).saturating_sub(1)
    }

    pub(super) fn processed_count(&self) -> u64 {
        self.processed.load(Ordering::Relaxed)
    }

    pub(super) fn last_failure(&self) -> Option<LastFailure> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The median and the 99th percentile of the remembered times, in microseconds.
    pub(super) fn percentiles_us(&self) -> (u64, u64) {
        let count = self.measured.load(Ordering::Relaxed).min(REMEMBERED);
        let mut times: Vec<u32> = self
            .latencies_us
            .iter()
            .take(count)
            .map(|latency| latency.load(Ordering::Relaxed))
            .collect();
        times.sort_unstable();
        let rank = |percent: usize| {
            times.get((count * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
        };
        (u64::from(rank(50)), u64::from(rank(99)))
    }
}
