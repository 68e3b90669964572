//! The sweep: what the provider lists as reserved and not taken heals every lost callback.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Desk;
use crate::clock::{self, Deadline};
use crate::integrations::Outcome;
use crate::integrations::payment::Observed;

/// Wakes the sweep; cheap to clone.
#[derive(Clone)]
pub struct Sweep {
    wish: Arc<Notify>,
    settings: SweepSettings,
}

/// How often the list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSettings {
    /// Without a wish; default once a minute.
    pub every: Duration,
    /// Shortest pause between two calls; default a second, which is the provider's limit.
    pub pause: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self { every: Duration::from_secs(60), pause: Duration::from_secs(1) }
    }
}

/// The most payments that one call lists.
const PAGE: u32 = 500;

impl Sweep {
    /// A sweep that nobody runs yet.
    #[must_use]
    pub fn new(settings: SweepSettings) -> Self {
        Self { wish: Arc::new(Notify::new()), settings }
    }

    /// Asks for a call of the list as soon as may be; one answer serves all who ask before it begins.
    pub fn wish(&self) {
        self.wish.notify_one();
    }

    /// Waits for a wish; one that came before counts, several are one.
    pub async fn wished(&self) {
        self.wish.notified().await;
    }

    /// Reads the list for ever and hands each whole reading to `take`.
    pub async fn run<F>(&self, desk: &Desk, take: impl Fn(Vec<Observed>) -> F)
    where
        F: Future<Output = ()>,
    {
        loop {
            let _woken = clock::timeout_at(Deadline::after(self.settings.every), self.wished()).await;
            if let Some(listed) = self.read(desk).await {
                take(listed).await;
            }
            clock::sleep(self.settings.pause).await;
        }
    }

    async fn read(&self, desk: &Desk) -> Option<Vec<Observed>> {
        let mut listed = Vec::new();
        loop {
            let begin = u32::try_from(listed.len()).unwrap_or(u32::MAX);
            match desk.list_open(begin, PAGE).await {
                Outcome::Done(page) => {
                    let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
                    listed.extend(page);
                    if last {
                        return Some(listed);
                    }
                }
                Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Pending { .. } | Outcome::Unknown(_) => {
                    tracing::warn!("the list of open payments could not be read; it is read again");
                    self.wish.notify_one();
                    return None;
                }
            }
            clock::sleep(self.settings.pause).await;
        }
    }
}
