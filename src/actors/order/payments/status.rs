//! What a status call means for the payment that it was spent on; what it observed is taken by the order. Pure.

use super::ask::{PaymentCase, STATUS_CALLS};
use crate::actors::order::lifecycle::PaymentState;
use crate::integrations::Outcome;
use crate::integrations::payment::Observed;

impl PaymentCase<'_> {
    pub(super) fn status(&mut self, outcome: &Outcome<Option<Observed>>) {
        match outcome {
            Outcome::Done(_) => {
                let unknown = self.payment.tid.is_none() && self.payment.url.is_none();
                if unknown && self.payment.state == PaymentState::Opened {
                    self.lose_page();
                } else if self.is_forgotten() {
                    self.payment.ask_at = Some(self.now + self.rules.undo_alarm);
                }
            }
            Outcome::NotSent(_) => {
                self.payment.pull = true;
                self.payment.status_calls -= 1;
                self.pause();
            }
            Outcome::Refused(_) | Outcome::Pending { .. } | Outcome::Unknown(_) => {
                // three calls, ever: a provider that stumbles for a moment must not use them up
                self.payment.pull = true;
                self.wait_for_the_provider();
                if self.payment.status_calls >= STATUS_CALLS && !self.wants_books() {
                    self.payment.pull = false;
                    self.close_unseen();
                }
            }
        }
    }

    /// The last of three calls is kept until a provider that hung may have come back.
    fn wait_for_the_provider(&mut self) {
        self.wait_long();
        if self.payment.status_calls + 1 == STATUS_CALLS {
            self.payment.ask_at = Some(self.now + self.rules.pause_limit * 10);
        }
    }

    /// What became of the page whose life is over; what was observed of its latest payment is taken by the order.
    pub(super) fn latest(&mut self, outcome: &Outcome<Option<Observed>>) {
        match outcome {
            Outcome::Done(_) => {
                if matches!(self.payment.state, PaymentState::Opened | PaymentState::Failed) && !self.payment.pull {
                    self.payment.enter(PaymentState::Closed);
                }
            }
            Outcome::NotSent(_) => {
                self.payment.status_calls -= 1;
                self.pause();
            }
            Outcome::Refused(_) | Outcome::Pending { .. } | Outcome::Unknown(_) => self.wait_for_the_provider(),
        }
    }
}
