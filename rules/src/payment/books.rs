//! What the provider's transaction history says of one payment, where no answer said it. Pure.

use super::ask::{MONEY_BACK_REFUSED, PAYMENT_UNDECIDED, PaymentCase};
use super::claim::{Claim, ClaimKind};
use crate::intent::{Intent, Verb};
use crate::lifecycle::{OrderState, PaymentState};
use crate::money::Cents;
use crate::port::Outcome;
use crate::port::payment::History;
use crate::protection::Protection;
use crate::record::{DoubtCause, MoneyDoubt};

/// ISO 4217's code for none.
const NO_CURRENCY: &str = "XXX";

impl PaymentCase<'_> {
    /// The provider's transaction history decides what became of a move of money in doubt.
    pub(super) fn history(&mut self, intent: &Intent, outcome: Outcome<History>) {
        let Some(doubt) = self.payment.doubt else { return self.said_by_history(outcome) };
        match outcome {
            Outcome::Done(history) if doubt.verb == Verb::Credit => {
                self.credit_by_history(intent, doubt, history)
            }
            Outcome::Done(history) => self.reservation_by_history(intent, doubt, history),
            Outcome::Pending { .. }
            | Outcome::Refused(_)
            | Outcome::NotSent(_)
            | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// What was said of the payment is so once the history shows it, with the amounts that the
    /// history shows.
    fn said_by_history(&mut self, outcome: Outcome<History>) {
        let Outcome::Done(history) = outcome else { return self.pause() };
        if self.taken_back(history) {
            return;
        }
        let undecided = self.is_undecided();
        let status_told = self.payment.amount > 0;
        let says_more = self.payment.claim.is_some_and(|claim| claim.kind > ClaimKind::Billed);
        let may_be_accepted = self.order == OrderState::Paying && !says_more && self.calls_left();
        if undecided && history.captured > 0 && !status_told && may_be_accepted {
            // an order may accept it, and only the status tells the currency
            self.payment.claim = Some(Claim { kind: ClaimKind::Billed, since: self.now });
            self.payment.ask_at = None;
            return;
        }
        if history.captured > 0 && (undecided || self.payment.state == PaymentState::Reserved) {
            // a bank pays late, and a status says so late: without it the currency is nobody's, and
            // the money goes back
            let currency = if undecided && !status_told {
                NO_CURRENCY.to_owned()
            } else {
                self.payment.currency.clone()
            };
            self.bill(history.captured);
            self.payment.currency = currency;
        } else if history.captured > self.payment.captured
            && self.payment.state == PaymentState::Billed
        {
            // taken at the provider's portal: it is so, and what the order does not want of it goes
            // back
            self.payment.captured = history.captured;
            self.payment.amount = self.payment.amount.max(history.captured);
        } else if history.reversed && self.payment.state == PaymentState::Reserved {
            self.payment.enter(PaymentState::Reversed);
            self.clear_doubt();
        }
        self.payment.take_credited(history.credited, self.ours(0));
        self.end_if_returned();
        self.end_claim(history);
    }

    /// Whether the history shows what was said.
    fn end_claim(&mut self, history: History) {
        let kind = self.payment.claim.map(|claim| claim.kind);
        let shown = match kind {
            None => {
                return if self.payment.state == PaymentState::Suspended {
                    self.bank_is_silent()
                };
            }
            Some(ClaimKind::Look) => true,
            Some(ClaimKind::Billed) => history.captured > 0,
            Some(ClaimKind::Credited) => history.credited > 0 || history.reversed,
            Some(ClaimKind::ChargedBack) => false,
        };
        if shown {
            (self.payment.claim, self.payment.ask_at, self.payment.attempts) = (None, None, 0);
        } else {
            self.not_shown();
        }
    }

    /// Nobody waits for ever for a bank that does not decide: staff looks at the provider's portal.
    fn bank_is_silent(&mut self) {
        self.wait_for_the_bank();
        if self.bank_is_late() && !self.calls_left() {
            self.payment.ask_at = None;
            self.mark(PAYMENT_UNDECIDED);
        }
    }

    /// How much of what was credited is ours, beside what was credited at the provider's portal.
    fn ours(&self, asked: Cents) -> Cents {
        if self.rules.keeps(Protection::PortalCreditsCount) { asked } else { Cents::MAX }
    }

    /// What the payer's bank took back is nobody's to take or to give back any more.
    fn taken_back(&mut self, history: History) -> bool {
        if history.charged_back <= 0 {
            return false;
        }
        if !matches!(self.payment.state, PaymentState::Billed | PaymentState::Returned) {
            self.bill(history.captured);
        }
        self.payment.take_credited(history.credited, Cents::MAX);
        self.payment.charge_back();
        true
    }

    fn reservation_by_history(&mut self, intent: &Intent, doubt: MoneyDoubt, history: History) {
        if self.taken_back(history) {
            return;
        }
        if history.captured > 0 {
            self.bill(history.captured);
            self.payment.take_credited(history.credited, 0);
            self.end_if_returned();
        } else if history.reversed {
            self.payment.enter(PaymentState::Reversed);
            self.clear_doubt();
        } else {
            self.ask_again_after_silence(intent, doubt);
        }
    }

    fn credit_by_history(&mut self, intent: &Intent, doubt: MoneyDoubt, history: History) {
        if self.taken_back(history) {
            return;
        }
        let is_part = doubt.amount != 0;
        let asked = if doubt.why == DoubtCause::FirstLook {
            0
        } else if is_part {
            doubt.amount
        } else {
            self.payment.held()
        };
        if self.payment.take_credited(history.credited, self.ours(asked)) {
            self.payment.refusals = 0;
            self.clear_doubt();
            self.end_if_returned();
        } else if doubt.why == DoubtCause::NotCreditable {
            self.owe(doubt.amount);
        } else if doubt.why == DoubtCause::FirstLook {
            self.end_doubt_of_no_answer();
            self.credit();
        } else if is_part && doubt.why == DoubtCause::AskerDied {
            self.part_is_silent(intent, doubt);
        } else {
            self.ask_again_after_silence(intent, doubt);
        }
    }

    /// A part whose asker died: a supplier that keeps no references would credit it twice, so it is
    /// never asked for again.
    fn part_is_silent(&mut self, intent: &Intent, doubt: MoneyDoubt) {
        if !self.rules.keeps(Protection::PartsByHand) {
            self.mark("partial_credit_in_doubt");
            self.wait_long();
        } else if self.payment.settles_at.is_none_or(|at| intent.asked_at >= at) {
            self.owe(doubt.amount);
        } else {
            self.payment.ask_at = self.payment.settles_at;
        }
    }

    /// A manual refund is due: `amount`, or all that is held for 0. It is never credited any more.
    fn owe(&mut self, amount: Cents) {
        self.payment.owed += if amount == 0 { self.payment.held() } else { amount };
        self.payment.refusals = 0;
        self.clear_doubt();
    }

    fn ask_again_after_silence(&mut self, intent: &Intent, doubt: MoneyDoubt) {
        // the history as it was when it was asked: an answer that took long says nothing of later
        let settled = doubt.verb == Verb::Capture
            || self.payment.settles_at.is_none_or(|at| intent.asked_at >= at);
        if !settled {
            self.payment.ask_at = self.payment.settles_at;
            return;
        }
        if doubt.why == DoubtCause::Refused {
            self.payment.refusals += 1;
            if self.payment.refusals >= 2
                && doubt.verb == Verb::Credit
                && self.rules.keeps(Protection::RefusedByHand)
            {
                return self.owe(doubt.amount);
            }
        }
        self.end_doubt_of_no_answer();
        if self.payment.refusals >= 2 {
            self.mark(MONEY_BACK_REFUSED);
        }
        if doubt.verb == Verb::Reverse && self.payment.attempts > 0 && self.calls_left() {
            // a reservation that failed by itself is not released, and only the status says so
            self.intend(Verb::Status, 0);
        }
        self.pause();
    }
}
