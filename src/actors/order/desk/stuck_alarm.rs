//! Stuck means seen: an order that is in doubt, needs staff or is driven by nobody for too long
//! opens one case, which is the alarm, and which closes by itself once the order has gone on.
//! Looked for beside the loop, which may be what is stuck.

use std::time::Duration;

use super::Desk;
use crate::actors::fleet::{Fence, Runs};
use crate::clock;

/// Longest and shortest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

impl Desk {
    /// The pause between two looks for stuck orders.
    #[must_use]
    pub fn alarm_pause(&self) -> Duration {
        let after = self.driver.rules.doubt_alarm;
        (after / 15).to_std().unwrap_or(PAUSES.1).clamp(PAUSES.0, PAUSES.1)
    }

    /// Looks for orders that are stuck for longer than the rules' doubt alarm, for as long as
    /// nobody else does.
    pub async fn keep_alarming(self, fence: Fence, runs: &Runs) {
        let after = self.driver.rules.doubt_alarm;
        while !fence.is_lost() {
            if let Err(error) = runs.watch(self.store().alarm(after, fence.clone())).await {
                tracing::warn!(%error, "stuck orders could not be looked for");
            }
            clock::sleep(self.alarm_pause()).await;
        }
    }
}
