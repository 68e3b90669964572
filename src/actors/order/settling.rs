//! How long ago a question of unknown fate was asked, where the wall clock may have been put forward or back since. Pure.
//!
//! Ends and pauses may come too early or too late by such a step; that nothing can be under way any more must never be believed
//! too early, for then a ticket is booked, or money paid back, twice.

use chrono::TimeDelta;

use super::lifecycle::LineState;
use super::record::{Moment, Order};
use super::rules::Rules;

/// Counts anew what was counted across a step of the clock, or by the clock of whoever drove the order before.
pub(super) fn settle_evenly(order: &mut Order, now: Moment, rules: &Rules) {
    let evenly = |settles_at: &mut Option<Moment>, ask_at: &mut Option<Moment>, settle: TimeDelta| {
        if let Some(at) = settles_at
            && let Some(began) = counts_anew(*at - settle, now, rules)
        {
            *at = began + settle;
            *ask_at = ask_at.map(|ask| ask.min(*at));
        }
    };
    for line in order.lines.iter_mut().filter(|line| line.state == LineState::Doubtful) {
        evenly(&mut line.settles_at, &mut line.ask_at, line.terms.settle);
    }
    for row in order.payments.iter_mut().filter(|row| row.doubt.is_some()) {
        evenly(&mut row.settles_at, &mut row.ask_at, rules.payment_settle);
    }
}

fn counts_anew(began: Moment, now: Moment, rules: &Rules) -> Option<Moment> {
    match rules.steady_since {
        None => None,
        Some(_) if began > now => Some(now),
        Some(since) => (began < since).then_some(since),
    }
}
