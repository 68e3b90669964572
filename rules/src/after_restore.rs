//! What a restored backup makes of an order: whatever was done after the backup was done, but
//! nothing in here knows of it. Pure.

use chrono::TimeDelta;

use super::lifecycle::{LineState, OrderState, PaymentState, has_ended};
use super::payment::{ClaimKind, Payment, STATUS_CALLS};
use super::record::{Line, Moment, Order, Terms};

/// When a backup was restored, the longest life of one request at a supplier, and how long a
/// payment page can be paid.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The moment.
    pub now: Moment,
    /// Whoever asked before is silent after it.
    pub settle: TimeDelta,
    /// The time that every open page has again.
    pub page_life: TimeDelta,
}

impl Times {
    /// Terms for an order that is only written again.
    pub fn terms(&self) -> Terms {
        Terms { dedups: false, settle: self.settle, patience: TimeDelta::zero() }
    }
}

/// Has everything of an order that has not ended looked up: each ticket by its reference, each
/// payment in the provider's history, each page that is known, and `pages` more, which may have
/// been opened since. What had ended is reconciliation's. Answers how many tickets are looked for.
pub fn after_restore(order: &mut Order, times: &Times, pages: usize) -> u64 {
    if has_ended(order.state) {
        return 0;
    }
    let now = times.now;
    let mut looked_for = 0;
    for line in &mut order.lines {
        looked_for += u64::from(look_for_ticket(line, times));
    }
    for row in &mut order.payments {
        // nobody knows how often its status was asked since: one more call is ventured, and for a
        // page of which no transaction is known two, for what does not exist costs none
        let ventured = if row.tid.is_some() { 1 } else { 2 };
        row.status_calls = row.status_calls.max(STATUS_CALLS - ventured);
        match row.state {
            PaymentState::Opened
            | PaymentState::Suspended
            | PaymentState::Failed
            | PaymentState::Closed => {
                row.page_ends_at = now + times.page_life;
                row.look_for(ClaimKind::Look, now);
                row.ask_at = None;
            }
            // captured, released or credited since
            PaymentState::Reserved | PaymentState::Billed | PaymentState::Lapsed => {
                row.look_for(ClaimKind::Look, now);
            }
            PaymentState::Returned | PaymentState::Reversed | PaymentState::ChargedBack => {}
        }
    }
    if matches!(order.state, OrderState::Placed | OrderState::Paying) {
        // what waited for its customer was not waiting while nobody answered
        order.entered_at = now;
        if order.total > 0 {
            look_for_further_pages(order, times, pages);
        }
    }
    order.next_at = Some(now);
    looked_for
}

fn look_for_ticket(line: &mut Line, times: &Times) -> bool {
    match line.state {
        LineState::Asked => {
            line.enter(LineState::Doubtful);
            line.doubt_since = Some(times.now);
        }
        // whoever waits for its return waits still, and it is looked up before anything is voided
        LineState::Wanted | LineState::Issued => line.doubt_since = None,
        LineState::Doubtful => {}
        LineState::Refused | LineState::Voided => return false,
    }
    (line.settles_at, line.ask_at) = (Some(times.now + times.settle), None);
    true
}

/// The references of pages that may have been opened are not used again, and each is looked for at
/// the provider.
fn look_for_further_pages(order: &mut Order, times: &Times, pages: usize) {
    let newest = |number: fn(&Payment) -> i32| order.payments.iter().map(number).max().unwrap_or(0);
    let no = newest(|row| row.no);
    let page_no = newest(|row| row.page_no);
    for next in (1..).take(pages) {
        let ends_at = times.now + times.page_life;
        let mut page = Payment::page(order, (no + next, page_no + next), times.now, ends_at);
        page.sought = true;
        page.status_calls = STATUS_CALLS - 2;
        page.look_for(ClaimKind::Look, times.now);
        order.payments.push(page);
    }
}
