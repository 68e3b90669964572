//! What is asked next about one payment. Pure.

use crate::actors::order::intent::{Intent, Verb};
use crate::actors::order::lifecycle::{OrderState, PaymentState, has_ended};
use crate::actors::order::record::{DoubtCause, Moment, MoneyDoubt, Payment};
use crate::actors::order::rules::Rules;
use crate::money::Cents;

/// What an order wants of one of its payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Leave it alone.
    Rest,
    /// Hold exactly this much of it.
    Take(Cents),
    /// Hold nothing of it.
    GiveBack,
}

/// The most status calls a transaction may cost, ever.
pub const STATUS_CALLS: i32 = 3;

/// A payment with the circumstances that its rules look at.
pub struct PaymentCase<'a> {
    /// The payment.
    pub payment: &'a mut Payment,
    /// Its order's state.
    pub order: OrderState,
    /// What the order wants of it.
    pub goal: Goal,
    /// Whether no later transaction of its page is known.
    pub newest: bool,
    /// The moment of the decision.
    pub now: Moment,
    /// The times and limits.
    pub rules: &'a Rules,
}

impl PaymentCase<'_> {
    /// What the payment asks now, if anything; commits to it as its open intent.
    pub fn ask(&mut self) {
        if self.payment.open.is_some() || self.payment.ask_at.is_some_and(|at| at > self.now) {
            return;
        }
        if self.payment.doubt.is_some() {
            self.intend(Verb::History, 0);
        } else if self.wants_status() {
            // a claim that comes while this is under way wants an answer of its own
            self.payment.pull = false;
            self.payment.status_calls += 1;
            self.intend(Verb::Status, 0);
        } else if self.page_is_over() {
            self.end_page();
        } else if self.wants_books() {
            self.intend(Verb::History, 0);
        } else if self.wants_page() {
            self.intend(Verb::Open, 0);
        } else {
            self.move_money();
        }
    }

    /// Whether what the order wants of it is so.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        if self.payment.doubt.is_some()
            || self.payment.open.as_ref().is_some_and(|open| !matches!(open.verb, Verb::Status | Verb::Latest))
        {
            return false;
        }
        match (self.goal, self.payment.state) {
            (Goal::Rest, _) => true,
            (Goal::Take(sum), PaymentState::Billed) => self.payment.held() <= sum,
            (Goal::GiveBack, PaymentState::Billed) => self.payment.held() <= 0,
            (Goal::Take(_) | Goal::GiveBack, PaymentState::Reserved) => false,
            (
                Goal::Take(sum),
                PaymentState::Returned | PaymentState::Reversed | PaymentState::Lapsed | PaymentState::ChargedBack,
            ) => sum == 0,
            (Goal::Take(_), _) => false,
            (Goal::GiveBack, _) => true,
        }
    }

    fn wants_page(&self) -> bool {
        let never_answered = self.payment.url.is_none() && self.payment.status_calls == 0;
        self.order == OrderState::Paying
            && self.payment.state == PaymentState::Opened
            && never_answered
            && self.now < self.payment.page_ends_at
    }

    fn wants_status(&self) -> bool {
        if self.payment.status_calls >= STATUS_CALLS {
            return false;
        }
        // a page that was closed, and a reservation that lapsed, may have been billed all the same
        let undecided = matches!(
            self.payment.state,
            PaymentState::Opened | PaymentState::Failed | PaymentState::Closed | PaymentState::Lapsed
        );
        (self.payment.pull && (undecided || self.payment.state == PaymentState::Suspended || self.is_reserved()))
            || self.is_forgotten()
    }

    /// Its page cannot be paid any more, and nobody looked yet what became of it.
    fn page_is_over(&self) -> bool {
        self.now >= self.payment.page_ends_at
            && matches!(self.payment.state, PaymentState::Opened | PaymentState::Failed)
    }

    /// One look at the page's latest payment, by the newest row of the page: an attempt after a failed one may have succeeded.
    /// A page closes after a payment that succeeded, so a paid one has no later attempt.
    /// Source: the payment provider's description of its redirect integration.
    fn end_page(&mut self) {
        if self.newest && self.payment.status_calls < STATUS_CALLS {
            self.payment.status_calls += 1;
            self.intend(Verb::Latest, 0);
        } else if !self.payment.pull && self.newest {
            self.close_unseen();
        } else if !self.payment.pull {
            self.payment.enter(PaymentState::Closed);
        } else if self.wants_books() {
            self.intend(Verb::History, 0);
        }
    }

    /// Every call was spent and none was answered: somebody may have paid, and only the provider's own list still knows.
    pub(super) fn close_unseen(&mut self) {
        if self.payment.enter(PaymentState::Closed) {
            self.mark("page_not_answered");
        }
    }

    /// Suspended when its order ended: its bank may still pay it. The last call is left for a claim.
    pub(super) fn is_forgotten(&self) -> bool {
        self.payment.state == PaymentState::Suspended
            && has_ended(self.order)
            && self.payment.status_calls + 1 < STATUS_CALLS
    }

    /// A claim of which no status call came back, or that a bank took back what we hold: the provider's books are read,
    /// as often as it takes.
    pub(super) fn wants_books(&self) -> bool {
        let taken = matches!(self.payment.state, PaymentState::Billed | PaymentState::Returned);
        self.payment.pull && self.payment.tid.is_some() && (taken || self.payment.status_calls >= STATUS_CALLS)
    }

    fn is_reserved(&self) -> bool {
        self.payment.state == PaymentState::Reserved
    }

    fn move_money(&mut self) {
        match (self.goal, self.payment.state) {
            (Goal::Take(sum), PaymentState::Reserved) if sum > 0 => self.intend(Verb::Capture, sum),
            (Goal::Take(_) | Goal::GiveBack, PaymentState::Reserved) => self.release(),
            (Goal::Take(sum), PaymentState::Billed) => self.credit_down_to(sum),
            (Goal::GiveBack, PaymentState::Billed) => self.credit_down_to(0),
            (
                _,
                PaymentState::Opened
                | PaymentState::Suspended
                | PaymentState::Returned
                | PaymentState::Reversed
                | PaymentState::Lapsed
                | PaymentState::Failed
                | PaymentState::Closed
                | PaymentState::ChargedBack,
            )
            | (Goal::Rest, PaymentState::Reserved | PaymentState::Billed) => {}
        }
    }

    fn release(&mut self) {
        let lapsed = self.payment.reserved_at.is_some_and(|at| self.now >= at + self.rules.reservation_life);
        if lapsed {
            self.payment.enter(PaymentState::Lapsed);
            self.clear_doubt();
        } else {
            self.payment.back_since.get_or_insert(self.now);
            self.intend(Verb::Reverse, 0);
        }
    }

    /// The books come first: what went back without us, or was taken back by a bank, is not given back again.
    fn credit_down_to(&mut self, sum: Cents) {
        let excess = self.payment.held() - sum;
        if excess > 0 && self.rules.controls.skip_history {
            self.credit();
        } else if excess > 0 {
            self.payment.back_since.get_or_insert(self.now);
            self.payment.doubt = Some(MoneyDoubt { verb: Verb::Credit, amount: 0, why: DoubtCause::FirstLook });
            self.intend(Verb::History, 0);
        } else if sum == 0 && self.payment.owed == 0 {
            self.payment.enter(PaymentState::Returned);
        }
    }

    /// Pays back what the order does not want of it.
    pub(super) fn credit(&mut self) {
        let excess = match self.goal {
            Goal::Rest => 0,
            Goal::Take(sum) => self.payment.held() - sum,
            Goal::GiveBack => self.payment.held(),
        };
        if self.payment.state == PaymentState::Billed && excess > 0 {
            let whole = excess == self.payment.captured;
            self.intend(Verb::Credit, if whole { 0 } else { excess });
        }
    }

    fn intend(&mut self, verb: Verb, amount: Cents) {
        self.payment.open = Some(Intent { amount, ..Intent::new(verb, self.now) });
    }
}
