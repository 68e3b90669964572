//! The background tasks of a replica: what it does without being asked, on one list that admins
//! see.
//!
//! None of them ends by itself: when one does, or panics, the server ends.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::singleton::{Held, SingletonTasks};
use crate::clock;

/// The background tasks of this replica; cheap to clone.
#[derive(Clone)]
pub struct Tasks {
    list: Arc<Mutex<Vec<Entry>>>,
    /// Told which part of the server ended although nobody ended it.
    ended: watch::Sender<Option<&'static str>>,
}

/// How a task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    /// What it is called.
    pub name: &'static str,
    /// Whether one replica does it for all.
    pub is_singleton: bool,
    /// The pause between two runs; `None` for one that waits for what it is told.
    pub every: Option<Duration>,
    /// How it went last on this replica.
    pub last: Option<LastRun>,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

impl TaskStatus {
    /// When its next run is due; not known before the first, and of one that waits to be told.
    #[must_use]
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        let last = self.last.as_ref()?;
        let pause = TimeDelta::from_std(last.took.checked_add(self.every?)?).ok()?;
        last.at.checked_add_signed(pause)
    }
}

/// Where a task's runs are noted; cheap to clone.
#[derive(Clone)]
pub struct Runs(Entry);

type Entry = Arc<Mutex<TaskStatus>>;

/// A run that has begun.
pub struct Run<'a> {
    runs: &'a Runs,
    at: DateTime<Utc>,
    begun: Instant,
}

impl Run<'_> {
    /// Notes that it ended, and why it failed, if it did.
    pub fn end(self, error: Option<String>) {
        let last = LastRun { at: self.at, took: clock::since(self.begun), error };
        self.runs.0.lock().unwrap_or_else(PoisonError::into_inner).last = Some(last);
    }
}

impl Runs {
    /// Runs that nobody sees.
    #[must_use]
    pub fn unseen() -> Self {
        let task = TaskStatus { name: "", is_singleton: false, every: None, last: None };
        Self(Arc::new(Mutex::new(task)))
    }

    /// Begins a run; one that is dropped was none.
    #[must_use]
    pub fn begin(&self) -> Run<'_> {
        Run { runs: self, at: clock::now(), begun: clock::instant() }
    }

    /// Notes how a run goes, and answers what it answers.
    ///
    /// # Errors
    /// The run's.
    pub async fn watch<T, E: Display>(
        &self,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let begun = self.begin();
        let ended = run.await;
        begun.end(ended.as_ref().err().map(ToString::to_string));
        ended
    }
}

impl Tasks {
    /// None yet; `ended` is told which of them ended.
    #[must_use]
    pub fn new(ended: watch::Sender<Option<&'static str>>) -> Self {
        Self { list: Arc::default(), ended }
    }

    /// Keeps a task on this thread, as every replica does. `every` is the pause between two of the
    /// runs that it notes, for admins to see: the task keeps it itself.
    pub fn keep<W>(
        &self,
        name: &'static str,
        every: Option<Duration>,
        work: impl FnOnce(Runs) -> W + 'static,
    ) where
        W: Future<Output = ()> + 'static,
    {
        let runs = self.enter(TaskStatus { name, is_singleton: false, every, last: None });
        self.watch_over(name, async move { work(runs).await });
    }

    /// Keeps a task that one replica does for all: `work` here while this replica has it,
    /// `otherwise` while another one has. See [`SingletonTasks::keep`].
    pub fn keep_singleton<W, O>(
        &self,
        singletons: SingletonTasks,
        (name, every): (&'static str, Option<Duration>),
        work: impl Fn(Held, Runs) -> W + 'static,
        otherwise: impl Fn() -> O + 'static,
    ) where
        W: Future<Output = ()>,
        O: Future<Output = ()>,
    {
        let runs = self.enter(TaskStatus { name, is_singleton: true, every, last: None });
        self.watch_over(name, async move {
            singletons.keep(name, |held| work(held, runs.clone()), otherwise).await;
        });
    }

    /// How they do, by their names.
    #[must_use]
    pub fn list(&self) -> Vec<TaskStatus> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let status = |entry: &Entry| entry.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut all: Vec<_> = list.iter().map(status).collect();
        all.sort_by_key(|task| task.name);
        all
    }

    /// Ends the server because a part of it ended, or could not begin.
    pub fn note_end(&self, part: &'static str) {
        self.ended.send_replace(Some(part));
    }

    fn enter(&self, task: TaskStatus) -> Runs {
        let entry = Arc::new(Mutex::new(task));
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&entry));
        Runs(entry)
    }

    fn watch_over(&self, name: &'static str, work: impl Future<Output = ()> + 'static) {
        let tasks = self.clone();
        actix_rt::spawn(async move {
            let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
            tracing::debug!(task = name, panicked, "a background task ended");
            tasks.note_end(name);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> (Tasks, watch::Receiver<Option<&'static str>>) {
        let (sender, receiver) = watch::channel(None);
        (Tasks::new(sender), receiver)
    }

    #[actix_rt::test]
    async fn a_run_that_fails_is_seen_until_the_next_one() {
        let (tasks, _ended) = tasks();
        let (next, mut told) = watch::channel(0);
        let every = Some(Duration::from_secs(60));
        tasks.keep("counting", every, move |runs| async move {
            for no in 1.. {
                told.wait_for(|come| *come >= no).await.unwrap();
                let run = async move { if no == 1 { Err("no database") } else { Ok(()) } };
                _ = runs.watch(run).await;
                told.mark_unchanged();
            }
        });
        let last = async |run: i32| {
            next.send_replace(run);
            loop {
                tokio::task::yield_now().await;
                let task = tasks.list().remove(0);
                if task.last.as_ref().is_some_and(|last| last.error.is_some() == (run == 1)) {
                    return task;
                }
            }
        };
        let failed = last(1).await;
        assert_eq!(failed.last.as_ref().unwrap().error.as_deref(), Some("no database"));
        assert!(failed.next_at().unwrap() >= failed.last.unwrap().at + TimeDelta::seconds(60));
        assert_eq!(last(2).await.last.unwrap().error, None);
    }

    #[actix_rt::test]
    async fn a_task_that_ends_or_panics_ends_the_server_by_its_name() {
        for (name, panics) in [("ends", false), ("panics", true)] {
            let (tasks, mut ended) = tasks();
            tasks.keep(name, None, move |_runs| async move { assert!(!panics, "on purpose") });
            assert_eq!(*ended.wait_for(Option::is_some).await.unwrap(), Some(name));
        }
    }
}
