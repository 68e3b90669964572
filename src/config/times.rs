//! How long is waited for what.

use std::time::Duration;

use serde::Deserialize;

use super::{Environment, Section};
use crate::actors::order;
use crate::clock;

/// How long is waited for what; each as `500ms`, `30s`, `10m`, `14d`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// Longest life of one request at a lift supplier.
    #[serde(deserialize_with = "clock::deserialize")]
    pub settle: Duration,
    /// Longest life of one request at the payment provider.
    #[serde(deserialize_with = "clock::deserialize")]
    pub payment_settle: Duration,
    /// Deadline of one card check.
    #[serde(deserialize_with = "clock::deserialize")]
    pub check_deadline: Duration,
    /// Deadline of one issue, find or cancel.
    #[serde(deserialize_with = "clock::deserialize")]
    pub issue_deadline: Duration,
    /// Deadline of one question to the payment provider.
    #[serde(deserialize_with = "clock::deserialize")]
    pub payment_deadline: Duration,
    /// How long a line is asked for in all.
    #[serde(deserialize_with = "clock::deserialize")]
    pub issue_patience: Duration,
    /// How long checks are asked for in all.
    #[serde(deserialize_with = "clock::deserialize")]
    pub check_patience: Duration,
    /// How long an order may stand in placed.
    #[serde(deserialize_with = "clock::deserialize")]
    pub placed_limit: Duration,
    /// How long a payment page can be paid.
    #[serde(deserialize_with = "clock::deserialize")]
    pub page_life: Duration,
    /// How long after that a payment may still be reported.
    #[serde(deserialize_with = "clock::deserialize")]
    pub page_grace: Duration,
    /// First pause before asking again.
    #[serde(deserialize_with = "clock::deserialize")]
    pub pause: Duration,
    /// Longest pause before asking again.
    #[serde(deserialize_with = "clock::deserialize")]
    pub pause_limit: Duration,
    /// How often open payments are listed without a callback.
    #[serde(deserialize_with = "clock::deserialize")]
    pub sweep_every: Duration,
    /// Shortest pause between two lists.
    #[serde(deserialize_with = "clock::deserialize")]
    pub sweep_pause: Duration,
    /// The pause after a job's first failed attempt.
    #[serde(deserialize_with = "clock::deserialize")]
    pub job_pause: Duration,
    /// After how long a job whose worker was never heard of again is anybody's; an attempt has
    /// three quarters of it.
    #[serde(deserialize_with = "clock::deserialize")]
    pub job_lease: Duration,
    /// After how long without an event a stream says that somebody is there.
    #[serde(deserialize_with = "clock::deserialize")]
    pub heartbeat: Duration,
    /// How long a failing actor's breaker stays open, and how long a crashing actor stays down.
    #[serde(deserialize_with = "clock::deserialize")]
    pub breaker_pause: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            settle: seconds(120),
            payment_settle: seconds(120),
            check_deadline: seconds(8),
            issue_deadline: seconds(30),
            payment_deadline: seconds(60),
            issue_patience: seconds(600),
            check_patience: seconds(20),
            placed_limit: seconds(120),
            page_life: seconds(1800),
            page_grace: seconds(900),
            pause: Duration::from_millis(500),
            pause_limit: seconds(30),
            sweep_every: seconds(60),
            sweep_pause: seconds(1),
            job_pause: seconds(5),
            job_lease: seconds(60),
            heartbeat: seconds(15),
            breaker_pause: seconds(5),
        }
    }
}

impl Section for Times {
    fn check(&self, _environment: Environment) -> anyhow::Result<()> {
        for (name, shorter, longer) in [
            ("issue_deadline must not be longer than settle", self.issue_deadline, self.settle),
            (
                "payment_deadline must not be longer than payment_settle",
                self.payment_deadline,
                self.payment_settle,
            ),
            (
                "check_deadline must not be longer than check_patience",
                self.check_deadline,
                self.check_patience,
            ),
            ("pause must not be longer than pause_limit", self.pause, self.pause_limit),
            (
                "check_patience must not be longer than placed_limit",
                self.check_patience,
                self.placed_limit,
            ),
        ] {
            anyhow::ensure!(shorter <= longer, "times: {name} ({shorter:?} > {longer:?})");
        }
        Ok(())
    }
}

impl Section for order::AccountLimits {
    fn check(&self, _environment: Environment) -> anyhow::Result<()> {
        for (name, number) in
            [("most_rejected", self.most_rejected), ("most_unpaid", self.most_unpaid)]
        {
            anyhow::ensure!(number > 0, "orders.{name} must be at least 1, or nothing is sold");
        }
        Ok(())
    }
}
