//! The breaker: too many failures among the last answers and no more questions are let through for
//! a while. Pure: `(breaker, event, now) -> breaker`, no clock and no lock inside.

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
        Self {
            window: 20,
            least: 10,
            failed_percent: 50,
            open_for: Duration::from_secs(10),
            probes: 2,
        }
    }
}

/// The breaker's state. The bits of `failed` are the last answers, newest lowest, a one is a
/// failure.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use proptest::prelude::*;

    fn settings() -> Settings {
        Settings {
            window: 4,
            least: 3,
            failed_percent: 50,
            open_for: Duration::from_secs(10),
            probes: 2,
        }
    }

    fn after_all(answers: &[bool], now: Instant) -> Breaker {
        answers
            .iter()
            .fold(Breaker::NEW, |breaker, good| breaker.after(*good, false, now, &settings()))
    }

    #[test]
    fn it_opens_at_its_share_of_failures_but_not_on_too_few_answers() {
        let now = clock::instant();
        let is_open = |answers: &[bool]| matches!(after_all(answers, now), Breaker::Open { .. });
        assert!(!is_open(&[false, false]), "too few");
        assert!(is_open(&[false, false, false]));
        assert!(is_open(&[true, true, false, false]));
        assert!(!is_open(&[false, true, true, true, false]), "the oldest has left the window");
    }

    #[test]
    fn open_becomes_half_open_and_only_its_own_probes_close_it() {
        let now = clock::instant();
        let open = after_all(&[false; 3], now);
        let early = now + Duration::from_secs(9);
        let later = now + Duration::from_secs(10);
        assert_eq!(open.at(early), open);
        assert_eq!(open.after(true, false, early, &settings()), open);
        assert_eq!(open.at(later), Breaker::HalfOpen { good: 0 });
        let once = open.after(true, true, later, &settings());
        assert_eq!(once, Breaker::HalfOpen { good: 1 });
        assert_eq!(
            once.after(false, false, later, &settings()),
            once,
            "a late answer to an old question"
        );
        assert_eq!(once.after(true, true, later, &settings()), Breaker::NEW);
        assert!(matches!(once.after(false, true, later, &settings()), Breaker::Open { .. }));
    }

    proptest! {
        #[test]
        fn good_answers_alone_never_open_it(probes in prop::collection::vec(any::<bool>(), 0..200)) {
            let now = clock::instant();
            let breaker = probes.iter().fold(Breaker::NEW, |breaker, probe| breaker.after(true, *probe, now, &settings()));
            let is_closed = matches!(breaker, Breaker::Closed { failed: 0, .. });
            prop_assert!(is_closed);
        }

        #[test]
        fn a_share_above_a_hundred_never_opens_it(answers in prop::collection::vec(any::<bool>(), 0..200)) {
            let never = Settings { failed_percent: 101, window: 64, ..settings() };
            let now = clock::instant();
            let breaker = answers.iter().fold(Breaker::NEW, |breaker, good| breaker.after(*good, false, now, &never));
            let is_closed = matches!(breaker, Breaker::Closed { .. });
            prop_assert!(is_closed);
        }
    }
}
