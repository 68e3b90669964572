//! The breaker: too many failures among the last answers and no more questions are let through for a while.
//! Pure: `(breaker, event, now) -> breaker`, no clock and no lock inside.

use std::time::Duration;
use tokio::time::Instant;

/// When a breaker opens and how it closes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many of the last answers are looked at, 1 to 64.
    pub window: u32,
    /// How many must have been seen before it may open, at least 1.
    pub least: u32,
    /// The share of failures that opens it, in percent, 1 to 100; above 100 it never opens.
    pub failed_percent: u32,
    /// How long it stays open before a probe.
    pub open_for: Duration,
    /// How many probes must succeed, one after the other, to close it.
    pub probes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: 20, least: 10, failed_percent: 50, open_for: Duration::from_secs(10), probes: 2 }
    }
}

/// The breaker's state. The bits of `failed` are the last answers, newest lowest, a one is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    /// Everything passes.
    Closed {
        /// The last answers, newest in the lowest bit; a one is a failure.
        failed: u64,
        /// How many of the bits mean something.
        seen: u32,
    },
    /// Nothing passes before `until`.
    Open {
        /// When the first probe may pass.
        until: Instant,
    },
    /// One question at a time passes as a probe.
    HalfOpen {
        /// How many probes have succeeded.
        good: u32,
    },
}

impl Breaker {
    /// A breaker that has seen nothing.
    pub(super) const NEW: Self = Self::Closed { failed: 0, seen: 0 };

    /// The breaker as it is at `now`: an open one whose time is over is half open.
    #[must_use]
    pub(super) fn at(self, now: Instant) -> Self {
        match self {
            Self::Open { until } if until <= now => Self::HalfOpen { good: 0 },
            Self::Open { .. } | Self::Closed { .. } | Self::HalfOpen { .. } => self,
        }
    }

    /// The breaker after an answer. `probe` says whether the question was let through as a probe:
    /// half open, only those count, for late answers to older questions say nothing new.
    #[must_use]
    pub(super) fn after(self, good: bool, probe: bool, now: Instant, settings: &Settings) -> Self {
        match self.at(now) {
            Self::Closed { failed, seen } => {
                let window = settings.window.clamp(1, u64::BITS);
                let failed = (failed << 1 | u64::from(!good)) & (u64::MAX >> (u64::BITS - window));
                let seen = (seen + 1).min(window);
                let over = failed.count_ones() * 100 >= seen * settings.failed_percent.max(1);
                if over && seen >= settings.least.min(window) {
                    open(now, settings)
                } else {
                    Self::Closed { failed, seen }
                }
            }
            Self::HalfOpen { .. } if probe && !good => open(now, settings),
            Self::HalfOpen { good: so_far } if probe => {
                if so_far + 1 >= settings.probes {
                    Self::NEW
                } else {
                    Self::HalfOpen { good: so_far + 1 }
                }
            }
            unchanged @ (Self::HalfOpen { .. } | Self::Open { .. }) => unchanged,
        }
    }
}

fn open(now: Instant, settings: &Settings) -> Breaker {
    Breaker::Open { until: now + settings.open_for }
}
