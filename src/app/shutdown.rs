//! Running until told to end, and draining in order.

use std::time::Duration;

use crate::clock::{self, Deadline};

use super::App;

/// How long a drain may take before the process ends anyway.
const DRAIN: Duration = Duration::from_secs(30);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All that was accepted was answered.
    Clean,
    /// Something could not be kept up; a supervisor outside starts the process again.
    GaveUp,
    /// Not everything ended in time.
    DrainTimedOut,
}

impl End {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::GaveUp => 70,
            Self::DrainTimedOut => 75,
        }
    }
}

impl App {
    /// Runs until `signal` comes or something cannot be kept up, then drains in order: not ready,
    /// event streams told to come back elsewhere, the drain delay, no new requests, answers saved,
    /// actors ended.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> End {
        let broke = tokio::select! {
            () = signal => None,
            why = self.system.gave_up() => Some(why),
            part = self.broken.wait_for(Option::is_some) => Some(part.ok().and_then(|part| *part).unwrap_or("?").to_owned()),
        };
        if let Some(part) = &broke {
            tracing::error!(
                event = "server.broken",
                alert = true,
                part,
                "the server cannot be kept up"
            );
        }
        let in_time = self.drain().await;
        match (broke, in_time) {
            (Some(_), _) => End::GaveUp,
            (None, true) => End::Clean,
            (None, false) => End::DrainTimedOut,
        }
    }

    async fn drain(&self) -> bool {
        tracing::info!(delay_ms = self.drain_delay.as_millis(), "draining");
        self.readiness.leave();
        self.streams.close();
        // time for a proxy to notice; everything but the socket's end goes on
        clock::sleep(self.drain_delay).await;
        let deadline = Deadline::after(DRAIN);
        let served = clock::timeout_at(deadline, self.server.stop(true)).await.is_ok();
        self.draining.cancel();
        self.jobs_stop.cancel();
        let in_time = !self.system.shutdown(deadline).await;
        // nothing is written any more: others need not wait for the lease to end
        self.replica.resign().await;
        // to the end one can see how it drains
        self.operations_server.stop(false).await;
        self.jobs_thread.stop();
        tracing::info!(in_time, served, "ended");
        in_time && served
    }
}
