//! What the provider's books say of one payment, where no answer said it. Pure.

use super::ask::PaymentCase;
use crate::actors::order::intent::{Intent, Verb};
use crate::actors::order::lifecycle::PaymentState;
use crate::actors::order::record::{DoubtCause, MoneyDoubt};
use crate::integrations::Outcome;
use crate::integrations::payment::History;

/// ISO 4217's code for none.
const NO_CURRENCY: &str = "XXX";

impl PaymentCase<'_> {
    /// The provider's books decide what became of a move of money in doubt.
    pub(super) fn history(&mut self, intent: &Intent, outcome: Outcome<History>) {
        let Some(doubt) = self.payment.doubt else { return self.claimed_by_history(outcome) };
        match outcome {
            Outcome::Done(history) if doubt.verb == Verb::Credit => self.credit_by_history(intent, doubt, history),
            Outcome::Done(history) => self.reservation_by_history(intent, doubt, history),
            Outcome::Pending { .. } | Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// The books say how much was taken but not of which currency, so it is nobody's payment and goes back.
    fn claimed_by_history(&mut self, outcome: Outcome<History>) {
        let Outcome::Done(history) = outcome else { return self.pause() };
        if self.taken_back(history) {
            return;
        }
        if self.billed_without_us(history) {
            return;
        }
        if matches!(self.payment.state, PaymentState::Billed | PaymentState::Returned) {
            return self.look_again_for_a_charge_back();
        }
        self.payment.pull = false;
        if history.captured > 0 {
            self.bill(history.captured);
            self.payment.currency = NO_CURRENCY.to_owned();
            self.payment.take_credited(history.credited);
            self.end_if_returned();
        } else {
            self.clear_doubt();
            self.payment.enter(PaymentState::Closed);
        }
    }

    /// What the payer's bank took back is nobody's to take or to give back any more.
    fn taken_back(&mut self, history: History) -> bool {
        if history.charged_back <= 0 {
            return false;
        }
        if !matches!(self.payment.state, PaymentState::Billed | PaymentState::Returned) {
            self.bill(history.captured);
        }
        self.payment.take_credited(history.credited);
        self.payment.charge_back();
        true
    }

    /// More was taken than we asked for, at the provider's own desk: it is so, and what the order does not want of it goes back.
    fn billed_without_us(&mut self, history: History) -> bool {
        let more = self.payment.state == PaymentState::Billed && history.captured > self.payment.captured;
        if more {
            self.payment.captured = history.captured;
            self.payment.amount = self.payment.amount.max(history.captured);
            (self.payment.pull, self.payment.settles_at) = (false, None);
        }
        more
    }

    /// A report may be faster than the provider's books; what they do not show once all has settled is not so.
    fn look_again_for_a_charge_back(&mut self) {
        let settles_at = *self.payment.settles_at.get_or_insert(self.now + self.rules.payment_settle);
        if self.now < settles_at {
            return self.wait_long();
        }
        tracing::error!(alert = true, reference = %self.payment.reference, "a charge-back was reported that is not in the books");
        (self.payment.pull, self.payment.settles_at) = (false, None);
    }

    fn reservation_by_history(&mut self, intent: &Intent, doubt: MoneyDoubt, history: History) {
        if self.taken_back(history) {
            return;
        }
        if history.captured > 0 {
            self.bill(history.captured);
            self.payment.take_credited(history.credited);
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
        if self.payment.take_credited(history.credited) {
            self.clear_doubt();
            self.end_if_returned();
        } else if doubt.why == DoubtCause::NotCreditable {
            self.payment.owed += if doubt.amount == 0 { self.payment.held() } else { doubt.amount };
            self.clear_doubt();
        } else if doubt.why == DoubtCause::FirstLook {
            self.end_doubt_of_no_answer();
            self.credit();
        } else if doubt.amount != 0 && doubt.why == DoubtCause::AskerDied {
            self.mark("partial_credit_in_doubt");
            self.wait_long();
        } else {
            self.ask_again_after_silence(intent, doubt);
        }
    }

    fn ask_again_after_silence(&mut self, intent: &Intent, doubt: MoneyDoubt) {
        // the books as they were when they were asked: an answer that took long says nothing of later
        let settled = doubt.verb == Verb::Capture || self.payment.settles_at.is_none_or(|at| intent.asked_at >= at);
        if !settled {
            self.payment.ask_at = self.payment.settles_at;
            return;
        }
        self.end_doubt_of_no_answer();
        if doubt.why == DoubtCause::Refused {
            self.payment.refusals += 1;
            if self.payment.refusals >= 2 {
                self.mark("money_back_refused");
                self.wait_long();
                return;
            }
        }
        self.pause();
    }
}
