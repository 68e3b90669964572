//! Who runs the sweep: one replica for all, which others ask to do it now.

use std::rc::Rc;

use super::{Desk, Reading, Sweep};
use crate::actors::fleet::{Fence, Held, Runs, SingletonTasks, Tasks};

/// The singleton task of reading the list of open payments.
const SWEEP: &str = "sweep";

/// Reads the list of open payments for ever, on one replica for all, and hands each reading to
/// `apply`, which writes by the fence. What is reported to another replica is asked of whoever has
/// the singleton task; where that cannot be reached, the next reading of whoever has it heals it.
pub fn keep_sweeping<F>(
    tasks: &Tasks,
    singletons: SingletonTasks,
    (sweep, desk): (Sweep, Desk),
    apply: impl Fn(Reading, Fence) -> F + 'static,
) where
    F: Future<Output = ()> + 'static,
{
    let task = (SWEEP, Some(sweep.every()));
    let requested = sweep.clone();
    let asked = singletons.clone();
    let apply = Rc::new(apply);
    let work = move |held: Held, runs: Runs| {
        let sweep = sweep.clone();
        let desk = desk.clone();
        let apply = Rc::clone(&apply);
        async move {
            // what was reported while nobody had the singleton task
            sweep.request();
            let pass_on = async {
                loop {
                    held.requested().await;
                    sweep.request();
                }
            };
            let read = sweep.run(&desk, &runs, |reading| apply(reading, held.fence()));
            futures_util::future::join(read, pass_on).await;
        }
    };
    let otherwise = move || {
        let sweep = requested.clone();
        let singletons = asked.clone();
        async move {
            sweep.requested().await;
            if let Err(error) = singletons.request(SWEEP).await {
                tracing::warn!(%error, "whoever lists open payments could not be told to do it now");
                sweep.request();
            }
        }
    };
    tasks.keep_singleton(singletons, task, work, otherwise);
}
