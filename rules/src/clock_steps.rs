//! How long ago a question of unknown fate was asked, where the wall clock may have been put
//! forward or back since. Pure.
//!
//! Ends and pauses may come too early or too late by such a step; that nothing can be under way any
//! more must never be believed too early, for then a ticket is booked, or money paid back, twice.

use super::intent::Intent;
use super::lifecycle::LineState;
use super::limits::Rules;
use super::record::{Moment, Order};

/// Counts anew what was counted across a step of the clock, or by the clock of whoever drove the
/// order before.
pub(crate) fn settle_evenly(order: &mut Order, now: Moment, rules: &Rules) {
    let evenly = |settles_at: &mut Option<Moment>,
                  ask_at: &mut Option<Moment>,
                  open: &mut Option<Intent>,
                  settle| {
        if let Some(at) = settles_at
            && let Some(began) = counts_anew(*at - settle, now, rules)
        {
            *at = began + settle;
            *ask_at = ask_at.map(|ask| ask.min(*at));
            // what is being asked was asked before anything settled
            open.iter_mut().for_each(|open| open.asked_at = open.asked_at.min(began));
        }
    };
    // of a sold ticket it is the cancellation of a return that was ended
    for line in order.lines.iter_mut().filter(|line| {
        matches!(line.state, LineState::Wanted | LineState::Doubtful | LineState::Issued)
    }) {
        evenly(&mut line.settles_at, &mut line.ask_at, &mut line.open, line.terms.settle);
    }
    for row in &mut order.payments {
        evenly(&mut row.settles_at, &mut row.ask_at, &mut row.open, rules.payment_settle);
    }
}

fn counts_anew(began: Moment, now: Moment, rules: &Rules) -> Option<Moment> {
    match rules.steady_since {
        None => None,
        Some(_) if began > now => Some(now),
        Some(since) => (began < since).then_some(since),
    }
}
