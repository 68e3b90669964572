//! Status calls and the pages that they are about: three a transaction, ever, and a page is looked
//! for until they are spent. Pure.

use super::advance::Turn;
use super::intent::{Intent, Verb};
use super::lifecycle::PaymentState;
use super::payment::{PageView, Payment, STATUS_CALLS};
use super::payment_observed::observe;
use super::protection::Protection;
use crate::port::Outcome;
use crate::port::payment::Observed;

impl Turn<'_> {
    /// Takes what a status call saw, and takes its count back where nothing had left us.
    pub(crate) fn status(&mut self, no: i32, intent: &Intent, outcome: &Outcome<Option<Observed>>) {
        match outcome {
            Outcome::Done(Some(seen)) => {
                observe(self.order, seen, self.now, self.rules);
            }
            Outcome::NotSent(_) => self.count_call(no, intent.verb, -1),
            Outcome::Refused(_) if !self.rules.keeps(Protection::CountDeniedCalls) => {
                self.count_call(no, intent.verb, -1);
            }
            Outcome::Done(None)
            | Outcome::Refused(_)
            | Outcome::Pending { .. }
            | Outcome::Unknown(_) => {}
        }
    }

    /// Counts the call that is asked next, if it is one and was not before.
    pub(crate) fn count_new_call(&mut self, no: i32, was_open: bool) {
        let verb = self
            .order
            .payments
            .iter()
            .find(|row| row.no == no)
            .and_then(|row| Some(row.open.as_ref()?.verb));
        if !was_open && let Some(verb @ (Verb::Status | Verb::Latest)) = verb {
            self.count_call(no, verb, 1);
        }
    }

    /// What is known of a payment's page.
    pub(crate) fn page_view(&self, row: &Payment) -> PageView {
        let of_page = |other: &&Payment| other.page_no == row.page_no;
        let all = || self.order.payments.iter().filter(of_page);
        let others = || all().filter(|other| other.no != row.no);
        let empty = |state| {
            matches!(state, PaymentState::Opened | PaymentState::Failed | PaymentState::Closed)
        };
        let asks = |other: &Payment| {
            other.open.as_ref().is_some_and(|open| {
                matches!(open.verb, Verb::Status | Verb::Latest | Verb::History)
            })
        };
        PageView {
            newest: !others().any(|other| other.no > row.no),
            calls: all().map(|other| other.status_calls).max().unwrap_or(0),
            decided: others().any(|other| !empty(other.state)),
            looking: others()
                .any(|other| other.claim.is_some() || (empty(other.state) && asks(other))),
        }
    }

    /// The provider counts a call for the transaction that it answers with: one by a page's
    /// reference may be any of the page, also one that we do not know yet.
    pub(crate) fn count_call(&mut self, no: i32, verb: Verb, by: i32) {
        let Some(asked) = self.order.payments.iter().find(|row| row.no == no) else { return };
        let page_no = asked.page_no;
        let of_page = verb == Verb::Latest || asked.tid.is_none();
        let of_page = of_page && self.rules.keeps(Protection::CountForThePage);
        for row in self
            .order
            .payments
            .iter_mut()
            .filter(|row| row.no == no || (of_page && row.page_no == page_no))
        {
            row.status_calls = (row.status_calls + by).max(0);
        }
    }

    /// What became of a page is known for now: its attempts are closed, and it is looked for again
    /// before its order is given up, and once more a day later.
    pub(crate) fn close_page(&mut self, no: i32) {
        let Some(page_no) =
            self.order.payments.iter().find(|row| row.no == no).map(|row| row.page_no)
        else {
            return;
        };
        let again = self.now + self.rules.undo_alarm / 7;
        let grace = self.rules.page_grace;
        let rows = || self.order.payments.iter().filter(|row| row.page_no == page_no);
        // a page closes after a payment that succeeded
        let empty = rows().all(|row| {
            matches!(row.state, PaymentState::Opened | PaymentState::Failed | PaymentState::Closed)
                && row.claim.is_none()
        });
        let newest = rows().map(|row| row.no).max();
        let stood = rows().any(|row| !row.never_stood());
        let looks = empty && stood && self.rules.keeps(Protection::LookAgainAtPages);
        for row in self
            .order
            .payments
            .iter_mut()
            .filter(|row| row.page_no == page_no && row.claim.is_none())
        {
            if matches!(row.state, PaymentState::Opened | PaymentState::Failed) {
                row.enter(PaymentState::Closed);
            }
            if row.state == PaymentState::Closed {
                let before_the_end = row.page_ends_at + grace;
                let next = if self.now < before_the_end { before_the_end } else { again };
                let due = looks && Some(row.no) == newest && row.status_calls < STATUS_CALLS;
                row.ask_at = due.then_some(next);
            }
        }
    }
}
