//! What the provider's own answers about payments change, and which payment an order accepts. Pure.

use super::intent::Verb;
use super::lifecycle::PaymentState;
use super::record::{Moment, Order, Payment};
use super::rules::Rules;
use crate::integrations::payment::{Callback, Observed, ObservedState};

/// The payment that an order in Paying takes as its own: reserved or billed, of the right amount and currency.
#[must_use]
pub fn acceptable<'a>(order: &'a Order, rules: &Rules) -> Option<&'a Payment> {
    order.payments.iter().find(|row| {
        matches!(row.state, PaymentState::Reserved | PaymentState::Billed)
            && row.returned == 0
            && row.open.as_ref().is_none_or(|open| matches!(open.verb, Verb::Status | Verb::Latest | Verb::Open))
            && row.doubt.is_none()
            && ((row.amount == order.total && row.currency == order.currency) || rules.controls.skip_wanted)
    })
}

/// Takes what the provider itself says about one transaction. Twice, or out of order, changes nothing more.
/// Returns whether a row changed.
pub fn observe(order: &mut Order, seen: &Observed, now: Moment) -> bool {
    let Some(no) = row_of(order, seen) else { return false };
    let Some(row) = order.payment_mut(no) else { return false };
    let before = row.clone();
    row.tid = Some(seen.tid.clone());
    match seen.state {
        ObservedState::Failed => {
            row.enter(PaymentState::Failed);
        }
        ObservedState::Suspended => {
            row.enter(PaymentState::Suspended);
        }
        ObservedState::Reserved => {
            if row.enter(PaymentState::Reserved) {
                (row.amount, row.currency) = (seen.amount, seen.currency.clone());
                row.reserved_at = Some(now);
                row.pull = false;
            }
        }
        ObservedState::Billed => bill(row, seen),
        // our own moves of money write these; what others did is seen by history and reconciliation
        ObservedState::Reversed | ObservedState::Credited => row.pull = false,
        ObservedState::ChargedBack => {
            bill(row, seen);
            row.charge_back();
        }
        ObservedState::Other => {
            tracing::error!(alert = true, reference = %row.reference, "the payment provider names a state that we do not know");
        }
    }
    *row != before
}

/// Takes a callback's claim: believes nothing, and only notes that a status call or a look into the books is worth its price.
/// Returns whether something is to be asked now.
pub fn claim(order: &mut Order, callback: &Callback) -> bool {
    let seen = Observed {
        tid: callback.tid.clone(),
        reference: callback.reference.clone(),
        state: callback.state,
        amount: callback.amount,
        currency: callback.currency.clone(),
    };
    let charged_back = callback.state == ObservedState::ChargedBack;
    if !charged_back && callback.state != ObservedState::Billed {
        return false;
    }
    let Some(no) = row_of(order, &seen) else { return false };
    let Some(row) = order.payment_mut(no) else { return false };
    let moving = row.doubt.is_some() || row.open.as_ref().is_some_and(|open| open.verb == Verb::Capture);
    // money that moves is decided by the books, which show a charge-back as well
    let decided = if charged_back {
        matches!(row.state, PaymentState::Reversed | PaymentState::ChargedBack)
    } else {
        let known = [PaymentState::Billed, PaymentState::Returned, PaymentState::Reversed, PaymentState::ChargedBack];
        moving || known.contains(&row.state)
    };
    if decided || row.pull {
        return false;
    }
    row.tid.get_or_insert(seen.tid);
    row.pull = true;
    row.ask_at = None;
    true
}

/// Notes that a suspended payment is worth a status call; once, so that a list that does not show suspended ones costs no more.
/// Returns whether something is to be asked now.
pub fn decided_by_bank(order: &mut Order, no: i32) -> bool {
    let Some(row) = order.payment_mut(no) else { return false };
    let first = row.state == PaymentState::Suspended && row.status_calls == 0 && row.open.is_none() && !row.pull;
    if first {
        (row.pull, row.ask_at) = (true, None);
    }
    first
}

fn bill(row: &mut Payment, seen: &Observed) {
    if row.enter(PaymentState::Billed) {
        (row.amount, row.currency) = (seen.amount, seen.currency.clone());
        row.captured = seen.amount;
        row.pull = false;
        if row.doubt.is_none_or(|doubt| doubt.verb != Verb::Credit) {
            (row.doubt, row.doubt_since, row.settles_at, row.person) = (None, None, None, None);
        }
    }
}

/// The row of a transaction: its own, else the page's empty one, else a new one of that page.
fn row_of(order: &mut Order, seen: &Observed) -> Option<i32> {
    if let Some(own) = order.payments.iter().find(|row| row.tid.as_deref() == Some(&*seen.tid)) {
        return Some(own.no);
    }
    let page = order.payments.iter().find(|row| row.reference.as_str() == seen.reference)?;
    let empty = order.payments.iter().find(|row| row.reference.as_str() == seen.reference && row.tid.is_none());
    if let Some(empty) = empty {
        return Some(empty.no);
    }
    let no = order.payments.iter().map(|row| row.no).max().unwrap_or(0) + 1;
    let further = Payment { no, tid: Some(seen.tid.clone()), ..page.further() };
    order.payments.push(further);
    Some(no)
}
