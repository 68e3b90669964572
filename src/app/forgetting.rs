//! What is too old to count is forgotten, hour after hour, by one replica for all.

use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, TryFutureExt};

use crate::actors::fleet::{Fence, Held, Runs, SingletonTasks, Tasks};
use crate::clock;

const HOUR: Duration = Duration::from_secs(3600);

/// One kind of rows that are forgotten once they are old.
pub(super) struct Forgetting {
    what: &'static str,
    run: Box<dyn Fn(Fence) -> LocalBoxFuture<'static, Result<u64, String>>>,
}

impl Forgetting {
    /// `run` removes what is old by now and answers how many rows it was; it writes by the fence.
    pub(super) fn new<F, E>(what: &'static str, run: impl Fn(Fence) -> F + 'static) -> Self
    where
        F: Future<Output = Result<u64, E>> + 'static,
        E: Display,
    {
        let run =
            move |fence: Fence| run(fence).map_err(|error: E| error.to_string()).boxed_local();
        Self { what, run: Box::new(run) }
    }
}

/// Keeps forgetting. What cannot be forgotten now does not keep the rest.
pub(super) fn keep(tasks: &Tasks, singletons: SingletonTasks, all: Vec<Forgetting>) {
    let all = Rc::new(all);
    let work = move |held: Held, runs: Runs| {
        let all = Rc::clone(&all);
        async move {
            loop {
                // each is logged by itself
                _ = runs.watch(forget(&all, &held)).await;
                clock::sleep(HOUR).await;
            }
        }
    };
    tasks.keep_singleton(singletons, ("forgetting", Some(HOUR)), work, std::future::pending);
}

async fn forget(all: &[Forgetting], held: &Held) -> Result<(), String> {
    let mut failed = Vec::new();
    for Forgetting { what, run } in all {
        match run(held.fence()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, what, "old rows were forgotten"),
            Err(error) => {
                tracing::warn!(error, what, "old rows could not be forgotten");
                failed.push(format!("{what}: {error}"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}
