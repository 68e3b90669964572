//! The queue as its users hold it: the database behind it, its settings, and the bell that wakes
//! its workers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::store::admin_list::{JobState, Listed};
use super::store::{self, Claim, Depth, Job, Verdict};
use crate::clock;
use crate::io::{Io, IoError};

/// The jobs of this database; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Jobs {
    pub(super) io: Io,
    bell: Arc<watch::Sender<()>>,
    pub(super) settings: Settings,
}

/// How jobs are worked off.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// At most so many are run at once by one worker, so by one lane.
    pub in_flight: u32,
    /// An attempt that lasts longer has failed; shorter than `lease`, so that no job runs twice at
    /// once.
    pub run_deadline: Duration,
    /// After this time without an acknowledgement somebody else gets the job.
    pub lease: Duration,
    /// After so many failed attempts a job is dead.
    pub max_attempts: i32,
    /// The pause after the first failed attempt; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How often the table is looked at when no bell rings.
    pub poll: Duration,
    /// Done jobs are kept, and their dedup keys known, for so long.
    pub keep_done: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            in_flight: 8,
            run_deadline: Duration::from_secs(45),
            lease: Duration::from_secs(60),
            max_attempts: 12,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(3600),
            poll: Duration::from_secs(1),
            keep_done: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl Settings {
    /// Somewhere between half and all of a pause, so that jobs that failed together do not return
    /// together.
    #[must_use]
    pub fn spread(pause: Duration) -> Duration {
        let parts = 500 + u32::try_from(clock::chance() % 501).unwrap_or_default();
        pause.saturating_mul(parts) / 1000
    }

    /// The pause after failed attempt `attempt` (from 1): doubled each time, up to the longest, and
    /// spread.
    #[must_use]
    pub fn pause_after(&self, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or_default().min(20);
        Self::spread(self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause))
    }
}

impl Jobs {
    /// The jobs of the database behind `io`.
    #[must_use]
    pub fn new(io: Io, settings: Settings) -> Self {
        Self { io, bell: Arc::default(), settings }
    }

    /// Wakes every worker; to be called after the commit that wrote a job. One that is busy hears
    /// it when it is not.
    pub fn wake(&self) {
        self.bell.send_replace(());
    }

    /// How jobs are worked off.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Brings a dead job back with all its attempts; answers whether it was dead.
    ///
    /// # Errors
    /// The database's.
    pub async fn redrive(&self, id: Uuid) -> Result<bool, IoError> {
        let revived = self
            .io
            .write(move |tx| {
                Box::pin(
                    async move { Ok::<_, IoError>(store::redrive(tx, id, clock::now()).await?) },
                )
            })
            .await?;
        self.wake();
        Ok(revived)
    }

    /// The jobs in a state, newest first, older than `before`, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_state(
        &self,
        state: JobState,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Listed>, IoError> {
        self.io
            .read(move |db| {
                Box::pin(async move {
                    Ok::<_, IoError>(store::in_state(db, state, before, limit).await?)
                })
            })
            .await
    }

    /// One job; `None` when there is none of this id, or none any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn one(&self, id: Uuid) -> Result<Option<Listed>, IoError> {
        self.io
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(store::one(db, id).await?) }))
            .await
    }

    /// What is not done yet, by kind and state.
    ///
    /// # Errors
    /// The database's.
    pub async fn depths(&self) -> Result<Vec<Depth>, IoError> {
        self.io.read(|db| Box::pin(async move { Ok::<_, IoError>(store::depths(db).await?) })).await
    }

    /// Changes whenever the bell rings.
    pub(super) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    pub(super) async fn claim(
        &self,
        kinds: Vec<&'static str>,
        limit: u64,
    ) -> Result<Vec<Job>, IoError> {
        let claim = Claim { kinds, limit, now: clock::now(), lease: self.settings.lease };
        self.io
            .write(move |tx| {
                Box::pin(async move { Ok::<_, IoError>(store::claim(tx, claim).await?) })
            })
            .await
    }

    pub(super) async fn acknowledge(&self, job: Job, verdict: Verdict) -> Result<bool, IoError> {
        self.io
            .write(move |tx| {
                Box::pin(async move {
                    Ok::<_, IoError>(store::acknowledge(tx, &job, verdict, clock::now()).await?)
                })
            })
            .await
    }
}
