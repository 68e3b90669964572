//! The thread of jobs: each lane works off its kinds beside the others, so that one whose supplier
//! hangs keeps no other waiting.

use std::rc::Rc;

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
        of_thread.keep("jobs", None, |_runs| async move {
            jobs::work_off_lanes(&jobs, lanes, &stop).await;
            // told to end: the server ends by itself
            if stop.is_cancelled() {
                std::future::pending().await
            }
        });
    });
    if !started {
        tasks.note_end("jobs");
    }
    thread
}
