//! An actor as the system sees it, whatever it serves.

#[cfg(feature = "demonstration")]
use super::faults::Fault;
use super::handle::{Cell, Service};
use super::latency::Answers;
use super::status::{BreakerPosition, Phase, Status};
use std::time::Duration;
use tokio::sync::watch;

/// What the system needs of an actor, whatever it serves.
pub(super) trait Managed: Send + Sync {
    fn name(&self) -> &str;
    fn status(&self) -> Status;
    fn phase(&self) -> watch::Receiver<Phase>;
    fn answers(&self) -> Vec<Answers>;
    fn breaker(&self) -> BreakerPosition;
    fn open_breaker(&self, pause: Duration) -> bool;
    #[cfg(feature = "demonstration")]
    fn inject(&self, fault: Fault, times: u32);
    #[cfg(feature = "demonstration")]
    fn clear_faults(&self) -> u32;
    fn forsake(&self);
}

impl<S: Service> Managed for Cell<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn status(&self) -> Status {
        Cell::status(self)
    }

    fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    fn answers(&self) -> Vec<Answers> {
        self.record.answers()
    }

    fn breaker(&self) -> BreakerPosition {
        self.mailbox.breaker()
    }

    fn open_breaker(&self, pause: Duration) -> bool {
        self.mailbox.open_breaker(pause)
    }

    #[cfg(feature = "demonstration")]
    fn inject(&self, fault: Fault, times: u32) {
        self.faults.add(fault, times);
    }

    #[cfg(feature = "demonstration")]
    fn clear_faults(&self) -> u32 {
        self.faults.clear()
    }

    fn forsake(&self) {
        self.forsaken.cancel();
    }
}
