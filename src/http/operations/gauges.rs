//! What only the database knows, read for many scrapes at once: the looks cost at most a fiftieth
//! of its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::actors::jobs::{Depth, Jobs};
use crate::actors::order::store::Store;
use crate::actors::order::store::admin_queries::OrderCounts;
use crate::clock;
use crate::io::IoError;

/// Shortest pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// The pause is at least so many times as long as the look before it took.
const PART: u32 = 50;

/// The newest look at the database.
pub(super) struct Gauges {
    store: Store,
    jobs: Jobs,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    look: Option<Arc<Look>>,
    /// Not again before.
    not_before: Option<Instant>,
}

/// What the database said at one moment.
pub(super) struct Look {
    /// When it was asked.
    pub(super) at: Instant,
    /// How many orders there are of which.
    pub(super) orders: OrderCounts,
    /// Jobs that are not done.
    pub(super) jobs: Vec<Depth>,
}

impl Gauges {
    pub(super) fn new(store: Store, jobs: Jobs) -> Self {
        Self { store, jobs, newest: Mutex::default() }
    }

    /// The newest look, a new one when it is time; `None` until the database has answered for the
    /// first time.
    pub(super) async fn look(&self) -> Option<Arc<Look>> {
        let mut newest = self.newest.lock().await;
        let at = clock::instant();
        if newest.not_before.is_none_or(|time| time <= at) {
            match self.ask(at).await {
                Ok(look) => newest.look = Some(Arc::new(look)),
                Err(error) => tracing::warn!(%error, "orders and jobs could not be counted"),
            }
            newest.not_before = Some(clock::instant() + PAUSE.max(clock::since(at) * PART));
        }
        newest.look.clone()
    }

    async fn ask(&self, at: Instant) -> Result<Look, IoError> {
        Ok(Look { at, orders: self.store.counts().await?, jobs: self.jobs.depths().await? })
    }
}
