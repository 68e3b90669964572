//! What the provider's own answers about payments change, and which payment an order accepts. Pure.

use chrono::TimeDelta;

use super::intent::Verb;
use super::lifecycle::PaymentState;
use super::limits::Rules;
use super::payment::ClaimKind;
use super::protection::Protection;
use super::record::{Moment, Order, Payment};
use crate::port::payment::{Callback, Observed, ObservedState};

/// How long a bank is left alone after it was seen to decide.
const BANK: TimeDelta = TimeDelta::hours(1);

/// The payment that an order in Paying takes as its own: reserved or billed, of the right amount
/// and currency.
#[must_use]
pub fn acceptable<'a>(order: &'a Order, rules: &Rules) -> Option<&'a Payment> {
    order.payments.iter().find(|row| {
        matches!(row.state, PaymentState::Reserved | PaymentState::Billed)
            && row.returned == 0
            && row
                .open
                .as_ref()
                .is_none_or(|open| matches!(open.verb, Verb::Status | Verb::Latest | Verb::Open))
            && row.doubt.is_none()
            && row.claim.is_none_or(|claim| claim.kind <= ClaimKind::Billed)
            && ((row.amount == order.total && row.currency == order.currency)
                || !rules.keeps(Protection::OnePayment))
    })
}

/// Takes what the provider itself says about one transaction. Twice, or out of order, changes
/// nothing more. Returns whether a row changed.
pub fn observe(order: &mut Order, seen: &Observed, now: Moment, rules: &Rules) -> bool {
    let Some(no) = row_of(order, seen, rules) else { return false };
    let Some(row) = order.payment_mut(no) else { return false };
    let before = row.clone();
    row.tid = Some(seen.tid.clone());
    match seen.state {
        ObservedState::Failed => {
            if row.enter(PaymentState::Failed) {
                // a reservation that failed by itself is in no doubt any more
                (row.doubt, row.doubt_since, row.settles_at, row.attention) =
                    (None, None, None, None);
            }
        }
        ObservedState::Suspended => {
            if row.enter(PaymentState::Suspended) {
                row.ask_at = Some(now + BANK);
            }
        }
        ObservedState::Reserved => {
            if row.enter(PaymentState::Reserved) {
                (row.amount, row.currency) = (seen.amount, seen.currency.clone());
                row.reserved_at = Some(now);
                row.found(ClaimKind::Billed);
            }
        }
        ObservedState::Billed => billed(row, seen, now),
        // a word says nothing of amounts, and a credit of a part is called like one of the whole
        ObservedState::Reversed | ObservedState::Credited
            if !rules.keeps(Protection::CreditedIsLookedUp) =>
        {
            row.claim = None;
        }
        ObservedState::Reversed | ObservedState::Credited => went_back(row, seen, now),
        ObservedState::ChargedBack => {
            if !matches!(row.state, PaymentState::Reversed | PaymentState::ChargedBack) {
                row.look_for(ClaimKind::ChargedBack, now);
            }
        }
        ObservedState::Other => {
            tracing::error!(event = "payment.state_unknown", alert = true, reference = %row.reference, "the payment provider names a state that we do not know");
        }
    }
    *row != before
}

/// Takes a callback's claim: believes nothing, and only notes that it is worth its price to ask.
/// What is so already, and what is asked about already, changes nothing. Returns whether something
/// is to be asked now.
pub fn claim(order: &mut Order, callback: &Callback, now: Moment, rules: &Rules) -> bool {
    let seen = Observed {
        tid: callback.tid.clone(),
        reference: callback.reference.clone(),
        state: callback.state,
        amount: callback.amount,
        currency: callback.currency.clone(),
    };
    let kind = match callback.state {
        ObservedState::ChargedBack => ClaimKind::ChargedBack,
        ObservedState::Billed => ClaimKind::Billed,
        ObservedState::Failed
        | ObservedState::Suspended
        | ObservedState::Reserved
        | ObservedState::Reversed
        | ObservedState::Credited
        | ObservedState::Other => return false,
    };
    let Some(no) = row_of(order, &seen, rules) else { return false };
    let Some(row) = order.payment_mut(no) else { return false };
    let moving =
        row.doubt.is_some() || row.open.as_ref().is_some_and(|open| open.verb == Verb::Capture);
    // money that moves is decided by the history, which shows a charge-back as well
    let decided = if kind == ClaimKind::ChargedBack {
        matches!(row.state, PaymentState::Reversed | PaymentState::ChargedBack)
    } else {
        let known = [
            PaymentState::Billed,
            PaymentState::Returned,
            PaymentState::Reversed,
            PaymentState::ChargedBack,
        ];
        moving || known.contains(&row.state)
    };
    if decided || !row.look_for(kind, now) {
        return false;
    }
    row.tid.get_or_insert(seen.tid);
    true
}

/// Notes that a suspended payment is worth a status call; once, so that a list that does not show
/// suspended ones costs no more. Returns whether something is to be asked now.
pub fn decided_by_bank(order: &mut Order, no: i32, now: Moment) -> bool {
    let Some(row) = order.payment_mut(no) else { return false };
    let first = row.state == PaymentState::Suspended && row.status_calls == 0 && row.open.is_none();
    first && row.claim.is_none() && row.look_for(ClaimKind::Look, now)
}

/// The provider says that money was taken. How much, only its history says.
fn billed(row: &mut Payment, seen: &Observed, now: Moment) {
    let decided = [
        PaymentState::Billed,
        PaymentState::Returned,
        PaymentState::Reversed,
        PaymentState::ChargedBack,
    ];
    if decided.contains(&row.state) || row.doubt.is_some() {
        return;
    }
    if row.state != PaymentState::Reserved {
        (row.amount, row.currency) = (seen.amount, seen.currency.clone());
    }
    row.ask_at = None;
    row.look_for(ClaimKind::Billed, now);
}

/// The provider says that money went back or was released, and not how much of it.
fn went_back(row: &mut Payment, seen: &Observed, now: Moment) {
    let known = [PaymentState::Returned, PaymentState::Reversed, PaymentState::ChargedBack];
    if known.contains(&row.state) || row.doubt.is_some() {
        return;
    }
    let undecided = !matches!(row.state, PaymentState::Reserved | PaymentState::Billed);
    // nothing was ever held, and nothing is
    if seen.state == ObservedState::Reversed && undecided {
        return row.found(ClaimKind::Billed);
    }
    if undecided {
        (row.amount, row.currency) = (seen.amount, seen.currency.clone());
    }
    row.look_for(ClaimKind::Credited, now);
}

/// The row of a transaction: its own, else the page's empty one, else a new one of that page.
fn row_of(order: &mut Order, seen: &Observed, rules: &Rules) -> Option<i32> {
    if let Some(own) = order.payments.iter().find(|row| row.tid.as_deref() == Some(&*seen.tid)) {
        return Some(own.no);
    }
    let page = order.payments.iter().find(|row| row.reference.as_str() == seen.reference)?;
    let empty = order
        .payments
        .iter()
        .find(|row| row.reference.as_str() == seen.reference && row.tid.is_none());
    if let Some(empty) = empty {
        return Some(empty.no);
    }
    let no = order.payments.iter().map(|row| row.no).max().unwrap_or(0) + 1;
    // calls by the page's reference may have been about this very transaction
    let of_page = order
        .payments
        .iter()
        .filter(|row| row.page_no == page.page_no)
        .map(|row| row.status_calls)
        .min();
    let status_calls = of_page.filter(|_| rules.keeps(Protection::CountForThePage)).unwrap_or(0);
    let further = Payment { no, tid: Some(seen.tid.clone()), status_calls, ..page.further() };
    order.payments.push(further);
    Some(no)
}
