//! The thread of jobs: each lane works off its kinds beside the others, so that one whose supplier
//! hangs keeps no other waiting.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::actors::fleet::Tasks;
use crate::actors::jobs::{self, Handler, Jobs};

/// Makes the handlers of one lane, on the thread that runs them.
pub(super) type Lane = Box<dyn FnOnce() -> Vec<Rc<dyn Handler>> + Send>;

/// Starts the thread; it works until `stop`.
pub(super) fn start(
    jobs: Jobs,
    lanes: Vec<Lane>,
    tasks: Tasks,
    stop: CancellationToken,
) -> actix_rt::Arbiter {
    let thread = actix_rt::Arbiter::new();
    let of_thread = tasks.clone();
    let started = thread.spawn_fn(move || {
        let lanes = lanes.into_iter().map(|lane| lane()).collect();
        actix_rt::spawn(async move {
            let work = jobs::work_off_lanes(&jobs, lanes, &stop);
            let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
            if panicked || !stop.is_cancelled() {
                of_thread.note_end("jobs");
            }
        });
    });
    if !started {
        tasks.note_end("jobs");
    }
    thread
}
