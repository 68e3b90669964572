//! What a status call means for the payment that it was spent on; what it observed is taken by the
//! order. Pure.

use chrono::TimeDelta;

use super::ask::PaymentCase;
use super::claim::ClaimKind;
use crate::lifecycle::PaymentState;
use crate::port::Outcome;
use crate::port::payment::Observed;
use crate::protection::Protection;

impl PaymentCase<'_> {
    pub(super) fn status(&mut self, outcome: &Outcome<Option<Observed>>) {
        match outcome {
            Outcome::Done(_) => self.status_told(),
            Outcome::NotSent(_) => self.pause(),
            Outcome::Refused(_) if !self.rules.keeps(Protection::CountDeniedCalls) => self.pause(),
            Outcome::Refused(_) | Outcome::Pending { .. } | Outcome::Unknown(_) => {
                // three calls, ever: a provider that stumbles for a moment must not use them up
                self.wait_for_the_provider();
                if !self.calls_left() && self.payment.tid.is_none() {
                    self.payment.claim = None;
                    self.close_unseen();
                }
            }
        }
    }

    /// What was observed is in the row by now.
    fn status_told(&mut self) {
        self.payment.found(ClaimKind::Look);
        let unknown = self.payment.tid.is_none() && self.payment.url.is_none();
        if self.payment.claim.is_some() && self.is_undecided() {
            if self.payment.amount == 0 {
                self.not_shown();
            }
        } else if unknown && self.payment.state == PaymentState::Opened {
            self.lose_page();
        } else if self.payment.state == PaymentState::Suspended {
            self.wait_for_the_bank();
        }
    }

    /// What was said is not to be seen yet: it is kept, and asked about again when no answer can be
    /// older than the report, then after growing pauses. What the provider does not show for so
    /// long is left to staff, who were told of it.
    pub(super) fn not_shown(&mut self) {
        let Some(claim) = self.payment.claim else { return };
        let kept = self.rules.keeps(Protection::KeepClaims);
        if kept && self.now < claim.since + self.rules.claim_patience {
            self.payment.attempts += 1;
            let pause = self.now + self.rules.pause_after(self.payment.attempts);
            self.payment.ask_at = Some(pause.max(claim.since + self.rules.payment_settle));
            return;
        }
        tracing::error!(event = "payment.claim_not_found", alert = true, reference = %self.payment.reference, "what was reported is not in the provider's history");
        (self.payment.claim, self.payment.ask_at, self.payment.attempts) = (None, None, 0);
    }

    /// The last of three calls is kept until a provider that hung may have come back.
    fn wait_for_the_provider(&mut self) {
        self.wait_long();
        if !self.calls_left() {
            return;
        }
        if !self.payment.may_be_asked_twice() {
            self.payment.ask_at = Some(self.now + self.rules.pause_limit * 10);
        }
    }

    /// What became of the page whose life is over; what was observed of its latest payment is taken
    /// by the order, which closes the page.
    pub(super) fn latest(&mut self, outcome: &Outcome<Option<Observed>>) {
        match outcome {
            Outcome::Done(_) => {}
            Outcome::NotSent(_) => self.pause(),
            Outcome::Refused(_) if !self.rules.keeps(Protection::CountDeniedCalls) => self.pause(),
            Outcome::Refused(_) | Outcome::Pending { .. } | Outcome::Unknown(_) => {
                self.wait_for_the_provider();
                if !self.calls_left() && self.payment.state == PaymentState::Closed {
                    self.close_unseen();
                }
            }
        }
    }

    /// A bank that has not decided is asked about again: after an hour at first, later once a day.
    pub(super) fn wait_for_the_bank(&mut self) {
        let waited = (self.now - self.payment.opened_at) / 2;
        self.payment.ask_at =
            Some(self.now + waited.clamp(TimeDelta::hours(1), TimeDelta::days(1)));
    }
}
