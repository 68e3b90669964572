use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{LocalBoxFuture, join_all};
use sea_orm::EntityTrait;
use starjack_entity::job;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::purge::purge_some;
use super::store::{self, Claim, Job, NewJob, Verdict};
use super::{Handler, JobEnd, Jobs, Settings, work_off};
use crate::clock::{self, Deadline};
use crate::io::{Io, IoError};

const KIND: &str = "test";
const MINUTE: Duration = Duration::from_secs(60);

/// A fresh embedded database in a folder that goes with the guard.
pub(crate) async fn database() -> (tempfile::TempDir, Io) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let io = Io::start(&url, 4).await.unwrap();
    io.migrate().await.unwrap();
    (folder, io)
}

fn new_job(key: &str) -> NewJob {
    NewJob { kind: KIND, payload: "{}".into(), dedup_key: key.into(), run_at: clock::now() }
}

async fn enqueue(io: &Io, keys: &[&str]) {
    let jobs: Vec<_> = keys.iter().map(|key| new_job(key)).collect();
    io.write(move |tx| {
        Box::pin(async move {
            for job in jobs {
                store::enqueue(tx, job).await?;
            }
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
}

async fn claim_at(io: &Io, limit: u64, now: DateTime<Utc>) -> Vec<Job> {
    let claim = Claim { kinds: vec![KIND], limit, now, lease: MINUTE };
    io.write(move |tx| Box::pin(async move { Ok::<_, IoError>(store::claim(tx, claim).await?) }))
        .await
        .unwrap()
}

async fn acknowledge_at(io: &Io, job: &Job, verdict: Verdict, now: DateTime<Utc>) -> bool {
    let job = job.clone();
    io.write(move |tx| {
        Box::pin(async move { Ok::<_, IoError>(store::acknowledge(tx, &job, verdict, now).await?) })
    })
    .await
    .unwrap()
}

async fn rows(io: &Io) -> Vec<job::Model> {
    io.read(|db| Box::pin(async move { Ok::<_, IoError>(job::Entity::find().all(db).await?) }))
        .await
        .unwrap()
}

async fn row(io: &Io, key: &str) -> job::Model {
    rows(io).await.into_iter().find(|row| row.dedup_key == key).unwrap()
}

#[tokio::test]
async fn a_job_of_a_rolled_back_transaction_was_never_written() {
    let (_folder, io) = database().await;
    let rolled_back = io
        .write(|tx| {
            Box::pin(async move {
                store::enqueue(tx, new_job("a")).await?;
                Err::<(), _>(IoError::Late)
            })
        })
        .await;
    assert!(rolled_back.is_err());
    assert_eq!(rows(&io).await, []);
}

#[tokio::test]
async fn one_key_is_one_job() {
    let (_folder, io) = database().await;
    enqueue(&io, &["a", "a", "b"]).await;
    enqueue(&io, &["a"]).await;
    assert_eq!(rows(&io).await.len(), 2);
}

#[tokio::test]
async fn many_workers_share_the_jobs_without_losing_or_doubling_one() {
    let (_folder, io) = database().await;
    let keys: Vec<_> = (0..200).map(|n| format!("job-{n}")).collect();
    enqueue(&io, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let now = clock::now();
    let claimed = join_all((0..8).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let some = claim_at(&io, 7, now).await;
            if some.is_empty() {
                return mine;
            }
            mine.extend(some.into_iter().map(|job| job.dedup_key));
        }
    }))
    .await;
    let mut claimed: Vec<_> = claimed.into_iter().flatten().collect();
    claimed.sort();
    let mut expected = keys;
    expected.sort();
    assert_eq!(claimed, expected);
}

#[tokio::test]
async fn the_oldest_due_jobs_come_first_and_none_before_its_time_or_of_another_kind() {
    let (_folder, io) = database().await;
    let now = clock::now();
    io.write(move |tx| {
        Box::pin(async move {
            for (key, kind, seconds) in
                [("late", KIND, 5), ("b", KIND, -1), ("a", KIND, -2), ("other", "other", -3)]
            {
                let run_at = now + TimeDelta::seconds(seconds);
                store::enqueue(tx, NewJob { kind, run_at, ..new_job(key) }).await?;
            }
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
    assert_eq!(claim_at(&io, 1, now).await[0].dedup_key, "a");
    assert_eq!(claim_at(&io, 9, now).await[0].dedup_key, "b");
    assert_eq!(claim_at(&io, 9, now).await, []);
    assert_eq!(claim_at(&io, 9, now + TimeDelta::seconds(5)).await[0].dedup_key, "late");
}

#[tokio::test]
async fn an_acknowledgement_under_a_lost_lease_changes_nothing() {
    let (_folder, io) = database().await;
    enqueue(&io, &["a"]).await;
    let start = clock::now();
    let first = claim_at(&io, 1, start).await.remove(0);
    assert_eq!(claim_at(&io, 1, start + TimeDelta::seconds(59)).await, []);
    let over = start + MINUTE;
    assert!(!acknowledge_at(&io, &first, Verdict::Done, over).await, "its lease is over");
    let second = claim_at(&io, 1, over).await.remove(0);
    assert_eq!((first.attempt, second.attempt), (1, 2));
    let before = row(&io, "a").await;
    let dead = Verdict::Dead { why: "late".into() };
    assert!(!acknowledge_at(&io, &first, dead, over).await, "somebody else has it");
    assert_eq!(row(&io, "a").await, before);
    assert!(acknowledge_at(&io, &second, Verdict::Done, over).await);
    assert!(!acknowledge_at(&io, &second, Verdict::Done, over).await, "it is done already");
    assert_eq!(row(&io, "a").await.state, "done");
}

#[tokio::test]
async fn an_outage_costs_no_attempt_and_a_failure_costs_one() {
    let (_folder, io) = database().await;
    enqueue(&io, &["a"]).await;
    let now = clock::now();
    for (counts, attempts) in [(false, 0), (true, 1), (false, 1), (true, 2)] {
        let job = claim_at(&io, 1, now).await.remove(0);
        let verdict = Verdict::Waiting { run_at: now, why: "w".repeat(500), counts };
        assert!(acknowledge_at(&io, &job, verdict, now).await);
        let row = row(&io, "a").await;
        assert_eq!((row.state.as_str(), row.attempts, row.lease), ("waiting", attempts, None));
        assert_eq!(row.last_error.unwrap().len(), 160);
    }
}

#[tokio::test]
async fn a_dead_job_comes_back_with_all_its_attempts_and_no_other_job_does() {
    let (_folder, io) = database().await;
    enqueue(&io, &["a"]).await;
    let jobs = Jobs::new(io.clone(), Settings::default());
    let job = claim_at(&io, 1, clock::now()).await.remove(0);
    assert!(!jobs.redrive(job.id).await.unwrap());
    assert!(acknowledge_at(&io, &job, Verdict::Dead { why: "no".into() }, clock::now()).await);
    assert_eq!(claim_at(&io, 1, clock::now()).await, []);
    assert_eq!(jobs.depths().await.unwrap().iter().map(|depth| depth.jobs).sum::<i64>(), 1);
    assert!(jobs.redrive(job.id).await.unwrap());
    assert_eq!(claim_at(&io, 1, clock::now()).await[0].attempt, 1);
    assert!(!jobs.redrive(Uuid::nil()).await.unwrap());
}

#[tokio::test]
async fn only_done_jobs_are_forgotten_and_only_after_their_time() {
    let (_folder, io) = database().await;
    enqueue(&io, &["old", "older", "new", "waiting", "dead"]).await;
    let now = clock::now();
    for job in claim_at(&io, 9, now).await {
        let verdict = match job.dedup_key.as_str() {
            "waiting" => Verdict::Waiting { run_at: now, why: String::new(), counts: true },
            "dead" => Verdict::Dead { why: String::new() },
            _ => Verdict::Done,
        };
        let at = if job.dedup_key == "new" { now + TimeDelta::seconds(10) } else { now };
        assert!(acknowledge_at(&io, &job, verdict, at).await);
    }
    let before = now + TimeDelta::seconds(5);
    let purge = async || {
        io.write(move |tx| {
            Box::pin(async move { Ok::<_, IoError>(purge_some(tx, before, 1).await?) })
        })
        .await
        .unwrap()
    };
    assert_eq!([purge().await, purge().await, purge().await], [1, 1, 0]);
    let mut left: Vec<_> = rows(&io).await.into_iter().map(|row| row.dedup_key).collect();
    left.sort();
    assert_eq!(left, ["dead", "new", "waiting"]);
}

#[test]
fn pauses_double_up_to_the_longest_and_are_spread_over_their_upper_half() {
    let settings = Settings::default();
    for attempt in 1..40 {
        let exponent = u32::try_from(attempt - 1).unwrap().min(20);
        let full = (settings.first_pause * 2_u32.pow(exponent)).min(settings.longest_pause);
        let pause = settings.pause_after(attempt);
        assert!(pause >= full / 2 && pause <= full, "{attempt}: {pause:?} of {full:?}");
    }
    let spread: std::collections::BTreeSet<_> = (0..20).map(|_| settings.pause_after(9)).collect();
    assert!(spread.len() > 1);
}

#[test]
fn no_attempt_outlives_its_lease() {
    let settings = Settings::default();
    assert!(settings.run_deadline < settings.lease);
}

/// Runs each job as its key says, and remembers what it saw.
#[derive(Default)]
struct Scripted {
    seen: RefCell<Vec<(String, i32)>>,
    running: Cell<u32>,
    most_running: Cell<u32>,
    opened: Notify,
    began: Notify,
}

impl Handler for Scripted {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        self.seen.borrow_mut().push((job.dedup_key.clone(), job.attempt));
        let script = job.dedup_key.split('-').next().unwrap_or_default().to_owned();
        if script == "explodes" {
            panic!("before its first await");
        }
        Box::pin(async move {
            self.running.set(self.running.get() + 1);
            self.most_running.set(self.most_running.get().max(self.running.get()));
            self.began.notify_one();
            let end = match script.as_str() {
                "done" => JobEnd::Done,
                "panics" if job.attempt == 1 => panic!("at the first attempt"),
                "hangs" if job.attempt == 1 => std::future::pending().await,
                "fails" => JobEnd::Again { after: None, why: "as scripted".into() },
                "dies" => JobEnd::Dead { why: "as scripted".into() },
                "waits" => {
                    self.opened.notified().await;
                    JobEnd::Done
                }
                _ => JobEnd::Done,
            };
            self.running.set(self.running.get() - 1);
            end
        })
    }
}

fn quick() -> Settings {
    Settings {
        in_flight: 3,
        run_deadline: Duration::from_millis(300),
        max_attempts: 3,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        poll: Duration::from_millis(5),
        ..Settings::default()
    }
}

/// Lets a worker run until `until` holds for the rows.
async fn work_until(
    jobs: &Jobs,
    io: &Io,
    handler: Rc<Scripted>,
    until: impl Fn(&[job::Model]) -> bool,
) {
    let stop = CancellationToken::new();
    let watch = async {
        while !until(&rows(io).await) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let work = async { tokio::join!(work_off(jobs.clone(), vec![handler], stop.clone()), watch) };
    clock::timeout_at(Deadline::after(Duration::from_secs(20)), work)
        .await
        .expect("the jobs never got there");
}

#[tokio::test]
async fn a_panic_or_a_hang_costs_one_attempt_and_nobody_else_anything() {
    let (_folder, io) = database().await;
    enqueue(&io, &["panics-1", "explodes-1", "hangs-1", "done-1", "done-2", "dies-1", "fails-1"])
        .await;
    let handler = Rc::new(Scripted::default());
    let ended =
        |rows: &[job::Model]| rows.iter().all(|row| row.state == "done" || row.state == "dead");
    work_until(&Jobs::new(io.clone(), quick()), &io, Rc::clone(&handler), ended).await;
    for (key, state, attempts) in [
        ("panics-1", "done", 2),
        ("hangs-1", "done", 2),
        ("done-1", "done", 1),
        ("dies-1", "dead", 1),
        ("fails-1", "dead", 3),
        ("explodes-1", "dead", 3),
    ] {
        let row = row(&io, key).await;
        assert_eq!((row.state.as_str(), row.attempts), (state, attempts), "{key}");
    }
    assert!(row(&io, "explodes-1").await.last_error.unwrap().contains("before its first await"));
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_is_dead_in_the_end_without_running_again() {
    let (_folder, io) = database().await;
    enqueue(&io, &["done-1"]).await;
    let long_ago = clock::now() - TimeDelta::hours(1);
    let overdue = NewJob { run_at: long_ago, ..new_job("done-2") };
    io.write(move |tx| {
        Box::pin(async move { Ok::<_, IoError>(store::enqueue(tx, overdue).await?) })
    })
    .await
    .unwrap();
    for lives in 0..3 {
        assert_eq!(claim_at(&io, 9, long_ago + TimeDelta::minutes(lives)).await.len(), 1);
    }
    let handler = Rc::new(Scripted::default());
    let ended =
        |rows: &[job::Model]| rows.iter().all(|row| row.state == "done" || row.state == "dead");
    work_until(&Jobs::new(io.clone(), quick()), &io, Rc::clone(&handler), ended).await;
    assert_eq!(row(&io, "done-2").await.state, "dead");
    assert_eq!(*handler.seen.borrow(), [("done-1".to_owned(), 1)]);
}

#[tokio::test]
async fn a_bounded_number_runs_at_once_and_a_stop_ends_what_is_under_way_and_claims_nothing_more() {
    let (_folder, io) = database().await;
    enqueue(&io, &["waits-1", "waits-2", "waits-3", "waits-4", "waits-5"]).await;
    let handler = Rc::new(Scripted::default());
    let jobs = Jobs::new(io.clone(), Settings { run_deadline: Duration::from_secs(20), ..quick() });
    let stop = CancellationToken::new();
    let watch = async {
        while handler.running.get() < 3 {
            handler.began.notified().await;
        }
        stop.cancel();
        while rows(&io).await.iter().filter(|row| row.state == "done").count() < 3 {
            handler.opened.notify_waiters();
        }
    };
    let work = async {
        tokio::join!(
            work_off(jobs, vec![Rc::clone(&handler) as Rc<dyn Handler>], stop.clone()),
            watch
        )
    };
    clock::timeout_at(Deadline::after(Duration::from_secs(20)), work)
        .await
        .expect("the worker never stopped");
    assert_eq!(handler.most_running.get(), 3);
    assert_eq!(rows(&io).await.iter().filter(|row| row.state == "waiting").count(), 2);
}

#[tokio::test]
async fn the_bell_wakes_a_worker_that_would_not_look_for_an_hour() {
    let (_folder, io) = database().await;
    let jobs = Jobs::new(io.clone(), Settings { poll: Duration::from_secs(3600), ..quick() });
    let handler = Rc::new(Scripted::default());
    let stop = CancellationToken::new();
    let story = async {
        for key in ["done-1", "done-2"] {
            enqueue(&io, &[key]).await;
            jobs.wake();
            handler.began.notified().await;
        }
        stop.cancel();
    };
    let worker = work_off(jobs.clone(), vec![Rc::clone(&handler) as Rc<dyn Handler>], stop.clone());
    let work = async { tokio::join!(worker, story) };
    clock::timeout_at(Deadline::after(Duration::from_secs(20)), work)
        .await
        .expect("the bell was not heard");
    assert_eq!(handler.seen.borrow().len(), 2);
}
