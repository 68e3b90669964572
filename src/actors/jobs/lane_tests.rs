use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{FutureExt as _, LocalBoxFuture};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::store::{self, Job, NewJob};
use super::tests::database;
use super::{Handler, JobEnd, Jobs, Settings, work_off_lanes};
use crate::clock::{self, Deadline};
use crate::io::{Io, IoError};

/// Whatever its kind is given is never answered.
struct Hanging;

impl Handler for Hanging {
    fn kind(&self) -> &'static str {
        "hanging"
    }

    fn run(&self, _job: Job) -> LocalBoxFuture<'_, JobEnd> {
        std::future::pending().boxed_local()
    }
}

/// Says that it was asked.
#[derive(Default)]
struct Prompt(Notify);

impl Handler for Prompt {
    fn kind(&self) -> &'static str {
        "prompt"
    }

    fn run(&self, _job: Job) -> LocalBoxFuture<'_, JobEnd> {
        self.0.notify_one();
        std::future::ready(JobEnd::Done).boxed_local()
    }
}

async fn enqueue(io: &Io, kind: &'static str, key: String) {
    let job = NewJob { kind, payload: "{}".into(), dedup_key: key, run_at: clock::now() };
    io.write(move |tx| Box::pin(async move { Ok::<_, IoError>(store::enqueue(tx, job).await?) }))
        .await
        .unwrap();
}

#[tokio::test]
async fn however_many_jobs_of_one_lane_hang_the_others_are_worked_off() {
    let (_folder, io) = database().await;
    let settings = Settings {
        run_deadline: Duration::from_secs(3600),
        lease: Duration::from_secs(7200),
        ..Settings::default()
    };
    for no in 0..2 * settings.in_flight {
        enqueue(&io, "hanging", format!("hanging/{no}")).await;
    }
    enqueue(&io, "prompt", "prompt/1".to_owned()).await;
    let jobs = Jobs::new(io, settings);
    let prompt = Rc::new(Prompt::default());
    let lanes: Vec<Vec<Rc<dyn Handler>>> =
        vec![vec![Rc::new(Hanging)], vec![Rc::clone(&prompt) as Rc<dyn Handler>]];
    let stop = CancellationToken::new();
    let work = work_off_lanes(&jobs, lanes, &stop);
    let asked = async {
        tokio::select! {
            () = prompt.0.notified() => true,
            () = work => false,
        }
    };
    assert_eq!(clock::timeout_at(Deadline::after(Duration::from_secs(20)), asked).await, Ok(true));
}
