//! The worker: claims what is due, runs a bounded number of handlers, and writes what became of
//! each.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use super::queue::{Jobs, Settings};
use super::store::{Job, Verdict};
use crate::clock::{self, Deadline};
use crate::failpoints;

/// Works off the jobs of one kind. A job may come twice: running it again must be harmless.
pub trait Handler {
    /// The kind of job it works off; one handler a kind.
    fn kind(&self) -> &'static str;

    /// Works off one job. It is dropped when its deadline passes; a panic costs this attempt and
    /// nothing else.
    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd>;
}

/// How an attempt ended. No text carries personal data: it is stored and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// Worked off.
    Done,
    /// The attempt failed; again `after` a pause, or after the queue's own growing one.
    Again {
        /// The pause, if the other side named one.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// Nothing was tried (the other side is down or busy): again `after` a pause (or half of it),
    /// and the attempt does not count, or an outage of two hours would kill every job.
    Later {
        /// The pause.
        after: Duration,
        /// Why.
        why: String,
    },
    /// It will never succeed by itself; a person is told.
    Dead {
        /// Why.
        why: String,
    },
}

/// Works off the jobs of several lanes, each a worker with its own handlers and its own places:
/// what hangs in one lane takes no place of another. Returns as [`work_off`] does.
pub async fn work_off_lanes(
    jobs: &Jobs,
    lanes: Vec<Vec<Rc<dyn Handler>>>,
    stop: &CancellationToken,
) {
    join_all(lanes.into_iter().map(|handlers| work_off(jobs.clone(), handlers, stop.clone())))
        .await;
}

/// Works off jobs until `stop` is cancelled, then ends what is under way, claims nothing more, and
/// returns. It drives its handlers by itself on the caller's thread; whoever runs it there watches
/// it.
pub async fn work_off(jobs: Jobs, handlers: Vec<Rc<dyn Handler>>, stop: CancellationToken) {
    let handlers: BTreeMap<_, _> =
        handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
    let mut bell = jobs.bell();
    let mut flying = FuturesUnordered::new();
    let mut due = true;
    while !(stop.is_cancelled() && flying.is_empty()) {
        let room = jobs
            .settings()
            .in_flight
            .saturating_sub(u32::try_from(flying.len()).unwrap_or(u32::MAX));
        // one claim brings several jobs, instead of one claim for each that ends
        if due
            && !stop.is_cancelled()
            && room > 0
            && (flying.is_empty() || room * 2 >= jobs.settings().in_flight)
        {
            let claimed = claim(&jobs, &handlers, room).await;
            due = claimed.len() >= usize::try_from(room).unwrap_or(usize::MAX);
            flying.extend(claimed.into_iter().map(|(handler, job)| attempt(&jobs, handler, job)));
            continue;
        }
        tokio::select! {
            Some(()) = flying.next() => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
            Ok(()) = bell.changed(), if !stop.is_cancelled() => due = true,
            () = clock::sleep(jobs.settings().poll), if !stop.is_cancelled() => due = true,
        }
    }
}

async fn claim(
    jobs: &Jobs,
    handlers: &BTreeMap<&'static str, Rc<dyn Handler>>,
    room: u32,
) -> Vec<(Rc<dyn Handler>, Job)> {
    match jobs.claim(handlers.keys().copied().collect(), u64::from(room)).await {
        Ok(claimed) => claimed
            .into_iter()
            .filter_map(|job| {
                handlers.get(job.kind.as_str()).map(|handler| (Rc::clone(handler), job))
            })
            .collect(),
        Err(error) => {
            tracing::warn!(error = %error, "jobs cannot be claimed");
            Vec::new()
        }
    }
}

/// One attempt from its claim to its acknowledgement.
async fn attempt(jobs: &Jobs, handler: Rc<dyn Handler>, job: Job) {
    let settings = jobs.settings();
    failpoints::here(|| format!("job {}: claimed", job.kind));
    let end = if job.attempt > settings.max_attempts {
        JobEnd::Dead { why: "its last attempt was never heard of again".into() }
    } else {
        run(handler.as_ref(), job.clone(), settings.run_deadline).await
    };
    let verdict = judge(settings, &job, end);
    tell(&job, &verdict);
    let kind = job.kind.clone();
    failpoints::here(|| format!("job {kind}: done, not acknowledged"));
    acknowledge(jobs, job, verdict).await;
    failpoints::here(|| format!("job {kind}: acknowledged"));
}

fn tell(job: &Job, verdict: &Verdict) {
    let id = job.id;
    let kind = job.kind.as_str();
    let attempt = job.attempt;
    match verdict {
        Verdict::Done => {}
        Verdict::Waiting { why, .. } => {
            tracing::warn!(job.id = %id, job.kind = kind, job.attempt = attempt, why, "job is tried again");
        }
        Verdict::Dead { why } => {
            tracing::error!(event = "job.dead", job.id = %id, job.kind = kind, job.attempt = attempt, why, "job is dead");
        }
    }
}

async fn acknowledge(jobs: &Jobs, job: Job, verdict: Verdict) {
    let id = job.id;
    let kind = job.kind.clone();
    match jobs.acknowledge(job, verdict).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(job.id = %id, job.kind = kind, "job was acknowledged under a lost lease")
        }
        Err(error) => {
            tracing::warn!(job.id = %id, job.kind = kind, error = %error, "job cannot be acknowledged")
        }
    }
}

async fn run(handler: &dyn Handler, job: Job, budget: Duration) -> JobEnd {
    let work = AssertUnwindSafe(async { handler.run(job).await }).catch_unwind();
    match clock::timeout_at(Deadline::after(budget), work).await {
        Ok(Ok(end)) => end,
        Ok(Err(panic)) => {
            JobEnd::Again { after: None, why: format!("the handler panicked: {}", words(&*panic)) }
        }
        Err(_elapsed) => {
            JobEnd::Again { after: None, why: "the deadline of the attempt has passed".into() }
        }
    }
}

fn judge(settings: &Settings, job: &Job, end: JobEnd) -> Verdict {
    match end {
        JobEnd::Done => Verdict::Done,
        JobEnd::Again { why, .. } if job.attempt >= settings.max_attempts => Verdict::Dead { why },
        JobEnd::Again { after, why } => {
            let pause = after.unwrap_or_else(|| settings.pause_after(job.attempt));
            Verdict::Waiting { run_at: clock::now() + pause, why, counts: true }
        }
        JobEnd::Later { after, why } => {
            Verdict::Waiting { run_at: clock::now() + Settings::spread(after), why, counts: false }
        }
        JobEnd::Dead { why } => Verdict::Dead { why },
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}
