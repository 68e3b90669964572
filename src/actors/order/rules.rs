//! The times and limits of an order's rules, configurable so that tests and operators can shorten them.

use chrono::TimeDelta;

use super::record::Moment;

/// How long an order waits for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// How long checks are asked for in all.
    pub check_patience: TimeDelta,
    /// How long an order may stand in Placed by the wall clock.
    pub placed_limit: TimeDelta,
    /// How long a payment page can be paid.
    pub page_life: TimeDelta,
    /// How long after its page's life a payment may still be reported before the order is rejected.
    pub page_grace: TimeDelta,
    /// Longest life of one request at the payment provider.
    pub payment_settle: TimeDelta,
    /// How long a reservation can be taken.
    pub reservation_life: TimeDelta,
    /// A doubt older than this needs a person's eyes.
    pub doubt_alarm: TimeDelta,
    /// An undo older than this needs a person's eyes.
    pub undo_alarm: TimeDelta,
    /// First pause before asking again; doubled with each attempt.
    pub pause: TimeDelta,
    /// Longest pause before asking again.
    pub pause_limit: TimeDelta,
    /// Since when the wall clock has gone evenly, where that is known: what settles is counted from there.
    pub steady_since: Option<Moment>,
    /// Whether anything new is asked; false while draining, when only answers are saved.
    pub asking: bool,
    /// Which protections are switched off; nothing but a control run of the tests switches one off.
    pub controls: Controls,
}

/// The rules that a control run switches off, one at a time, to prove that the check would notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Controls {
    /// Issue again in doubt, without asking `find` first.
    pub skip_find: bool,
    /// Believe a `find` at once, without waiting until every request has settled.
    pub skip_settle: bool,
    /// In an undo, do not ask a deduplicating supplier again: leave the reference unburnt.
    pub skip_burn: bool,
    /// Accept any payment as the order's, and give nothing back.
    pub skip_wanted: bool,
    /// Take the order's total whatever was issued.
    pub take_total: bool,
    /// Repeat a credit without reading the history.
    pub skip_history: bool,
    /// Ask before the intent is committed, so that a crash forgets the question.
    pub skip_intent: bool,
    /// In an undo, give the money back without waiting until the tickets are gone.
    pub money_first: bool,
    /// Count by the wall clock alone how long ago something was asked.
    pub skip_steps: bool,
    /// Save without looking at the version, so that a driver that lost its order still writes it.
    pub skip_version: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            check_patience: TimeDelta::seconds(20),
            placed_limit: TimeDelta::minutes(2),
            page_life: TimeDelta::minutes(30),
            page_grace: TimeDelta::minutes(15),
            payment_settle: TimeDelta::seconds(120),
            reservation_life: TimeDelta::days(14),
            doubt_alarm: TimeDelta::minutes(15),
            undo_alarm: TimeDelta::days(7),
            pause: TimeDelta::milliseconds(500),
            pause_limit: TimeDelta::seconds(30),
            steady_since: None,
            asking: true,
            controls: Controls::default(),
        }
    }
}

impl Rules {
    /// The pause before attempt number `attempts` (from 1), doubled each time up to the limit.
    #[must_use]
    pub fn pause_after(&self, attempts: i32) -> TimeDelta {
        let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
        self.pause.checked_mul(1 << doublings).map_or(self.pause_limit, |pause| pause.min(self.pause_limit))
    }
}
