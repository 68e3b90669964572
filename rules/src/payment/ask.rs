//! What is asked next about one payment. Pure.

use super::claim::ClaimKind;
use crate::intent::{Intent, Verb};
use crate::lifecycle::{OrderState, PaymentState, has_ended};
use crate::limits::Rules;
use crate::money::Cents;
use crate::protection::Protection;
use crate::record::{DoubtCause, Moment, MoneyDoubt, Payment};

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
/// Why staff is needed: somebody may have paid a page of which the provider never answered what
/// became of it.
pub const PAGE_NOT_ANSWERED: &str = "page_not_answered";
/// Why staff is needed: a payment waits for its bank longer than anybody waits for it.
pub const PAYMENT_UNDECIDED: &str = "payment_undecided";
/// Why staff is needed: the provider refused twice to give money back, or to release it.
pub const MONEY_BACK_REFUSED: &str = "money_back_refused";
/// Why staff is needed: the provider reported what its own history does not show.
pub const CLAIM_UNCONFIRMED: &str = "claim_unconfirmed";

/// What the rules of one payment look at in the others of its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageView {
    /// Whether no later transaction of the page is known.
    pub newest: bool,
    /// How often the status of any of its transactions may have been asked, at most.
    pub calls: i32,
    /// Whether another one of them succeeded, or may still: a page closes after a payment that
    /// succeeded.
    pub decided: bool,
    /// Whether something is being found out about another one.
    pub looking: bool,
}

/// A payment with the circumstances that its rules look at.
pub struct PaymentCase<'a> {
    /// The payment.
    pub payment: &'a mut Payment,
    /// Its order's state.
    pub order: OrderState,
    /// What the order wants of it.
    pub goal: Goal,
    /// What is known of its page.
    pub page: PageView,
    /// The moment of the decision.
    pub now: Moment,
    /// The times and limits.
    pub rules: &'a Rules,
}

impl PaymentCase<'_> {
    /// What the payment asks now, if anything; commits to it as its open intent.
    pub fn ask(&mut self) {
        self.prefer_the_move();
        if self.payment.open.is_some() || self.payment.ask_at.is_some_and(|at| at > self.now) {
            return;
        }
        if self.payment.doubt.is_some() {
            self.intend(Verb::History, 0);
        } else if self.nothing_can_tell() {
            (self.payment.claim, self.payment.ask_at) = (None, None);
        } else if self.wants_status() {
            self.intend(Verb::Status, 0);
        } else if self.wants_history() {
            self.intend(Verb::History, 0);
        } else if self.page_is_over() {
            self.end_page();
        } else if self.looks_again() {
            self.intend(Verb::Latest, 0);
        } else if self.waits_for_a_bank() {
            self.ask_about_the_bank();
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
            || self
                .payment
                .open
                .as_ref()
                .is_some_and(|open| !matches!(open.verb, Verb::Status | Verb::Latest))
        {
            return false;
        }
        match (self.goal, self.payment.state) {
            (Goal::Rest, _) => true,
            (Goal::Take(sum), PaymentState::Billed) => self.payment.held() <= sum,
            (Goal::GiveBack, PaymentState::Billed) => self.payment.held() <= 0,
            (Goal::Take(_) | Goal::GiveBack, PaymentState::Reserved) => false,
            (Goal::Take(_), _) if !self.rules.keeps(Protection::NothingDueIsFinal) => false,
            (Goal::Take(sum), _) => sum == 0 || self.payment.is_gone(),
            (Goal::GiveBack, _) => true,
        }
    }

    /// Whether its state may be asked once more.
    pub(super) fn calls_left(&self) -> bool {
        self.payment.status_calls < STATUS_CALLS
    }

    /// Whether nothing is known of any money of it, or not how much.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(
            self.payment.state,
            PaymentState::Opened
                | PaymentState::Suspended
                | PaymentState::Failed
                | PaymentState::Closed
                // may have been taken all the same
                | PaymentState::Lapsed
        )
    }

    /// A reservation that has to be moved anyway is moved: where it was taken or released already,
    /// the answer says so.
    fn prefer_the_move(&mut self) {
        let moves = self.payment.state == PaymentState::Reserved && self.goal != Goal::Rest;
        if moves
            && self.payment.open.is_none()
            && self.payment.claim.is_some_and(|claim| claim.kind <= ClaimKind::Billed)
        {
            (self.payment.claim, self.payment.ask_at) = (None, None);
        }
    }

    fn wants_page(&self) -> bool {
        let never_answered = self.payment.url.is_none() && !self.payment.sought;
        self.order == OrderState::Paying
            && self.payment.state == PaymentState::Opened
            && never_answered
            && self.now < self.payment.page_ends_at
    }

    /// The status tells state and currency, and costs one of three calls: once for each report,
    /// before the history can be sure.
    fn wants_status(&self) -> bool {
        let Some(claim) = self.payment.claim else { return false };
        // by the page's reference it may be about any transaction of the page
        let calls =
            if self.payment.tid.is_some() { self.payment.status_calls } else { self.page.calls };
        self.is_undecided()
            && claim.kind <= ClaimKind::Billed
            && calls < STATUS_CALLS
            && !self.wants_history()
    }

    /// Of a page that is over, of which no transaction is known and all calls are spent, nothing
    /// more is found out: whatever waits for it goes on, and staff was told where a call was not
    /// answered.
    fn nothing_can_tell(&self) -> bool {
        let spent = self.page.calls >= STATUS_CALLS;
        self.payment.claim.is_some()
            && self.payment.tid.is_none()
            && self.payment.state == PaymentState::Closed
            && spent
    }

    /// The history tells every amount, as often as it takes, but of no currency.
    fn wants_history(&self) -> bool {
        let Some(claim) = self.payment.claim.filter(|_| self.payment.tid.is_some()) else {
            return false;
        };
        // the status said what was taken, and amounts are believed of the history alone
        let status_told = self.payment.amount > 0;
        !self.is_undecided()
            || status_told
            || claim.kind >= ClaimKind::Credited
            || !self.calls_left()
            // the status was asked before
            || (self.payment.attempts > 0 && self.now >= claim.since + self.rules.payment_settle)
    }

    /// Its page cannot be paid any more by our clock, and nobody looked yet what became of it.
    fn page_is_over(&self) -> bool {
        self.now >= self.payment.page_ends_at
            && matches!(self.payment.state, PaymentState::Opened | PaymentState::Failed)
    }

    /// One look at the page's latest payment, by the newest row of the page: an attempt after a
    /// failed one may have succeeded. A page closes after a payment that succeeded, so a paid one
    /// has no later attempt. Source: the payment provider's description of its redirect
    /// integration.
    fn end_page(&mut self) {
        if !self.page.newest || self.page.decided {
            self.payment.enter(PaymentState::Closed);
        } else if self.page.looking {
            // it may be the one
        } else if self.page.calls < STATUS_CALLS {
            self.intend(Verb::Latest, 0);
        } else {
            self.close_unseen();
        }
    }

    /// A payer's clock is not ours, and a payment takes its time: a page is looked for again after
    /// its end.
    pub(super) fn looks_again(&self) -> bool {
        let due = self.payment.state == PaymentState::Closed && self.payment.ask_at.is_some();
        let free = self.page.newest && !self.page.decided && !self.page.looking;
        due && free && self.payment.claim.is_none() && self.page.calls < STATUS_CALLS
    }

    /// Every call was spent and none was answered: somebody may have paid, and only the provider's
    /// portal still knows.
    pub(super) fn close_unseen(&mut self) {
        self.payment.enter(PaymentState::Closed);
        if self.payment.state == PaymentState::Closed {
            self.payment.ask_at = None;
            self.mark(PAGE_NOT_ANSWERED);
        }
    }

    /// Its bank may still pay it, whatever became of its order.
    fn waits_for_a_bank(&self) -> bool {
        let given_up =
            self.payment.attention.as_ref().is_some_and(|mark| mark.reason == PAYMENT_UNDECIDED);
        self.payment.state == PaymentState::Suspended && self.payment.tid.is_some() && !given_up
    }

    fn ask_about_the_bank(&mut self) {
        if self.bank_is_late() && self.calls_left() {
            self.intend(Verb::Status, 0);
        } else {
            self.intend(Verb::History, 0);
        }
    }

    /// Whether nobody waits for the bank's decision any more.
    pub(super) fn bank_is_late(&self) -> bool {
        has_ended(self.order) && self.now >= self.payment.page_ends_at + self.rules.undo_alarm
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
        let lapsed =
            self.payment.reserved_at.is_some_and(|at| self.now >= at + self.rules.reservation_life);
        if lapsed {
            self.payment.enter(PaymentState::Lapsed);
            self.clear_doubt();
        } else {
            self.payment.back_since.get_or_insert(self.now);
            self.intend(Verb::Reverse, 0);
        }
    }

    /// The books come first: what went back without us, or was taken back by a bank, is not given
    /// back again.
    fn credit_down_to(&mut self, sum: Cents) {
        let excess = self.payment.held() - sum;
        if excess > 0 && !self.rules.keeps(Protection::HistoryFirst) {
            self.credit();
        } else if excess > 0 {
            self.payment.back_since.get_or_insert(self.now);
            self.payment.doubt =
                Some(MoneyDoubt { verb: Verb::Credit, amount: 0, why: DoubtCause::FirstLook });
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

    pub(super) fn intend(&mut self, verb: Verb, amount: Cents) {
        self.payment.open = Some(Intent { amount, ..Intent::new(verb, self.now) });
    }
}
