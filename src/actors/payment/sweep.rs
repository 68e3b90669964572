//! The sweep: what the provider lists as reserved and not taken heals every lost callback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::Desk;
use super::reading::{Cut, Reading};
use crate::actors::fleet::Runs;
use crate::clock::{self, Deadline};

/// Wakes the sweep; cheap to clone.
#[derive(Clone)]
pub struct Sweep {
    requests: Arc<Notify>,
    unreadable: Arc<AtomicU64>,
    settings: SweepSettings,
}

/// How often the list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSettings {
    /// Without a request; default once a minute.
    pub every: Duration,
    /// Shortest pause between two calls; default a second, which is the provider's limit.
    pub pause: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self { every: Duration::from_secs(60), pause: Duration::from_secs(1) }
    }
}

impl Sweep {
    /// A sweep that nobody runs yet.
    #[must_use]
    pub fn new(settings: SweepSettings) -> Self {
        Self { requests: Arc::new(Notify::new()), unreadable: Arc::default(), settings }
    }

    /// Asks for a call of the list as soon as may be; one answer serves all who ask before it
    /// begins.
    pub fn request(&self) {
        self.requests.notify_one();
    }

    /// Waits for a request; one that came before counts, several are one.
    pub async fn requested(&self) {
        self.requests.notified().await;
    }

    /// How many entries of the list could not be read so far, in all readings.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The longest pause between two readings.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.settings.every
    }

    /// Reads the list for ever and hands each reading to `apply`. One that is cut short is handed
    /// over as far as it goes, and read again at once unless it has no end.
    pub async fn run<F>(&self, desk: &Desk, runs: &Runs, apply: impl Fn(Reading) -> F)
    where
        F: Future<Output = ()>,
    {
        loop {
            let _woken =
                clock::timeout_at(Deadline::after(self.settings.every), self.requested()).await;
            let run = runs.begin();
            let reading = desk.read_open(self.settings.pause).await;
            run.end(reading.cut.as_ref().map(ToString::to_string));
            self.unreadable.fetch_add(
                u64::try_from(reading.unreadable.len()).unwrap_or(u64::MAX),
                Ordering::Relaxed,
            );
            if let Some(cut @ (Cut::Unanswered(_) | Cut::Moved)) = &reading.cut {
                tracing::warn!(%cut, "the list of open payments could not be read whole; it is read again");
                self.requests.notify_one();
            }
            if reading.cut.is_none() || !reading.payments.is_empty() {
                apply(reading).await;
            }
            clock::sleep(self.settings.pause).await;
        }
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
