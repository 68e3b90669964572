//! The door of a mailbox: the gate that the restart policy sets, the breaker, and the one probe
//! that may be under way.

use super::breaker::{self, Breaker};
use super::message::Why;
use super::policy::Gate;
use super::status::BreakerPosition;
use crate::clock::Deadline;
use std::time::Duration;
use tokio::time::Instant;

/// For how long an answer that was good contradicts whoever says that there are none.
const GOOD_LATELY: Duration = Duration::from_secs(5);

/// Marks the question that was let in alone, to see how the actor fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProbeId(u64);

#[derive(Debug)]
pub(super) struct Door {
    gate: Gate,
    breaker: Breaker,
    settings: breaker::Settings,
    /// The probe under way, and when at the latest it is over, so that one that is never heard of
    /// again blocks nothing.
    probe: Option<(ProbeId, Instant)>,
    probes: u64,
    /// When a question ended well last.
    good_at: Option<Instant>,
}

/// How a question that was let in ended, in the breaker's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Good,
    Bad,
    /// It never began, or says nothing about the outside.
    Unused,
}

impl Door {
    pub(super) fn new(settings: breaker::Settings) -> Self {
        Self {
            gate: Gate::Open,
            breaker: Breaker::NEW,
            settings,
            probe: None,
            probes: 0,
            good_at: None,
        }
    }

    /// Lets a question in, as a probe where only one may pass.
    pub(super) fn admit(
        &mut self,
        deadline: Deadline,
        room: bool,
        now: Instant,
    ) -> Result<Option<ProbeId>, Why> {
        if let Some(why) = self.shut(now) {
            return Err(why);
        }
        self.breaker = self.breaker.at(now);
        if let Breaker::Open { until } = self.breaker {
            return Err(Why::BreakerOpen { retry_after: until.saturating_duration_since(now) });
        }
        let alone = self.gate == Gate::OneAtATime;
        if !alone && !matches!(self.breaker, Breaker::HalfOpen { .. }) {
            return if room { Ok(None) } else { Err(Why::MailboxFull) };
        }
        if let Some((_, until)) = self.probe
            && until > now
        {
            let retry_after = until.saturating_duration_since(now);
            return Err(if alone {
                Why::Down { retry_after }
            } else {
                Why::BreakerOpen { retry_after }
            });
        }
        if !room {
            return Err(Why::MailboxFull);
        }
        self.probes += 1;
        let id = ProbeId(self.probes);
        self.probe = Some((id, deadline.moment()));
        Ok(Some(id))
    }

    /// Why a question that was let in earlier may not begin now.
    pub(super) fn refuses_begin(&mut self, probe: Option<ProbeId>, now: Instant) -> Option<Why> {
        self.breaker = self.breaker.at(now);
        match self.breaker {
            Breaker::Closed { .. } => None,
            Breaker::HalfOpen { .. } if self.is_current(probe) => None,
            Breaker::HalfOpen { .. } => Some(Why::BreakerOpen { retry_after: Duration::ZERO }),
            Breaker::Open { until } => {
                Some(Why::BreakerOpen { retry_after: until.saturating_duration_since(now) })
            }
        }
    }

    /// Takes note of a question's end; true when it was the probe under way and the actor survived
    /// it.
    pub(super) fn settle(&mut self, probe: Option<ProbeId>, ending: Ending, now: Instant) -> bool {
        let current = self.is_current(probe);
        if ending == Ending::Good {
            self.good_at = Some(now);
        }
        match ending {
            Ending::Good | Ending::Bad => {
                self.breaker =
                    self.breaker.after(ending == Ending::Good, current, now, &self.settings);
            }
            Ending::Unused => {}
        }
        if current {
            self.probe = None;
        }
        current && ending != Ending::Unused && self.gate == Gate::OneAtATime
    }

    /// Forgets the probe of an incarnation that is gone.
    pub(super) fn forget_probe(&mut self) {
        self.probe = None;
    }

    /// Closes the breaker, as after a start: a person said so.
    pub(super) fn reset_breaker(&mut self) {
        self.breaker = Breaker::NEW;
    }

    /// Opens the breaker until `until` because another replica's is said to have opened, and
    /// answers whether it did: one that is open for longer stays so, one that probes goes on
    /// probing, and where answers are good what is said is not believed.
    pub(super) fn open_breaker(&mut self, until: Instant, now: Instant) -> bool {
        let contradicted = self
            .good_at
            .is_some_and(|good_at| now.saturating_duration_since(good_at) < GOOD_LATELY);
        let opens = !contradicted && matches!(self.breaker.at(now), Breaker::Closed { .. });
        if opens {
            self.breaker = Breaker::Open { until };
        }
        opens
    }

    pub(super) fn set_gate(&mut self, gate: Gate) {
        self.gate = gate;
    }

    /// Whether what waits has to wait on.
    pub(super) fn holds_back(&self) -> bool {
        self.gate == Gate::Paused
    }

    /// Why the gate lets nobody in.
    pub(super) fn shut(&self, now: Instant) -> Option<Why> {
        match self.gate {
            Gate::Open | Gate::OneAtATime => None,
            Gate::Down { until } => {
                Some(Why::Down { retry_after: until.saturating_duration_since(now) })
            }
            Gate::Paused => Some(Why::Paused),
            Gate::Draining => Some(Why::Draining),
            Gate::Stopped => Some(Why::Stopped),
        }
    }

    pub(super) fn position(&self, now: Instant) -> BreakerPosition {
        match self.breaker.at(now) {
            Breaker::Closed { .. } => BreakerPosition::Closed,
            Breaker::Open { .. } => BreakerPosition::Open,
            Breaker::HalfOpen { .. } => BreakerPosition::HalfOpen,
        }
    }

    fn is_current(&self, probe: Option<ProbeId>) -> bool {
        probe.is_some() && self.probe.map(|(id, _)| id) == probe
    }
}
