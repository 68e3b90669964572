//! The one place that starts tasks: counted, bounded, and ended together with the simulator.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

/// Connections, executions and callbacks under way at once, all suppliers together.
const TASKS_MAX: u32 = 8_192;
/// How long `stop` waits for tasks that are between two awaits.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// Starts tasks that end when the simulator ends.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    permits: Arc<Semaphore>,
    stopping: Arc<watch::Sender<bool>>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(TASKS_MAX as usize)),
            stopping: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Starts `work`, or gives nothing back (and drops it) when `TASKS_MAX` are running. The task
    /// outlives a dropped handle.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<Option<T>>> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let stopping = self.stopping.subscribe();
        #[expect(
            clippy::disallowed_methods,
            reason = "the simulator's one place: bounded, and ended by `stop`"
        )]
        let handle = tokio::spawn(until_stopped(permit, stopping, work));
        Some(handle)
    }

    /// Tells every task to end at its next await; harmless when called twice.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Tells every task to end and waits until they have, two seconds at most.
    pub(crate) async fn stop_and_wait(&self) {
        self.stop();
        if tokio::time::timeout(STOP_WAIT, self.permits.acquire_many(TASKS_MAX)).await.is_err() {
            tracing::warn!("simulator tasks still running after stop");
        }
    }
}

async fn until_stopped<T>(
    permit: OwnedSemaphorePermit,
    mut stopping: watch::Receiver<bool>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let done = tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => None,
        done = work => Some(done),
    };
    drop(permit);
    done
}
