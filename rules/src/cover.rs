//! Whether the money for an order's tickets is there: after a restore, and after somebody acted at
//! the provider's portal, it may not be. Pure.

use super::advance::Turn;
use super::effects::{CaseKind, NewCase};
use super::lifecycle::{LineState, OrderState, PaymentState};
use super::line::Paid;
use super::payment_observed::acceptable;
use super::protection::Protection;
use super::record::{ClaimKind, Line, Order, Payment};
use crate::money::Cents;

impl Turn<'_> {
    /// Whether a further ticket may be booked.
    pub(crate) fn paid(&self) -> Paid {
        let order = &*self.order;
        if order.total == 0 || !self.rules.keeps(Protection::RestoredMoneyFirst) {
            return Paid::Yes;
        }
        let Some(wanted) = self.wanted() else { return Paid::No };
        if wanted.claim.is_some_and(|claim| claim.kind != ClaimKind::Billed) {
            return Paid::NotKnown;
        }
        let counts = |line: &&Line| {
            matches!(line.state, LineState::Asked | LineState::Doubtful | LineState::Issued)
                && !line.voiding
        };
        let due: Cents = order.lines.iter().filter(counts).map(|line| line.price).sum();
        if due <= wanted.covers() { Paid::Yes } else { Paid::No }
    }

    /// After a restore: tickets may stand, and pages may be paid, of which the backup knows
    /// nothing. Until both were looked up nothing is decided; an order that has tickets is the one
    /// that it was. Answers whether nothing else is to be decided.
    pub(crate) fn restored_decides(&mut self) -> bool {
        if !self.rules.keeps(Protection::RestoredTicketsFirst) {
            return false;
        }
        if self.order.lines.iter().any(Line::is_sought) {
            return true;
        }
        let booked = self.order.lines.iter().any(|line| line.state == LineState::Issued);
        let voided = self.order.lines.iter().any(|line| line.state == LineState::Voided);
        let doubtful = self.order.lines.iter().any(|line| line.state == LineState::Doubtful);
        if !(booked || voided || doubtful) {
            return false;
        }
        let looking = self.order.payments.iter().any(|row| row.claim.is_some());
        if doubtful || looking {
            return true;
        }
        let payer =
            acceptable(self.order, self.rules).or_else(|| payer(self.order)).map(|row| row.no);
        if !booked || (payer.is_none() && self.order.total > 0) {
            self.undo("not_paid");
            return true;
        }
        if self.order.state == OrderState::Placed && self.order.total > 0 {
            self.enter(OrderState::Paying, None);
        }
        self.order.wanted = payer;
        self.authorise();
        if voided && self.order.state == OrderState::Authorised {
            // one of its tickets was given back since: the others stay what they are
            for line in self.order.lines.iter_mut().filter(|line| line.state == LineState::Asked) {
                line.enter(LineState::Refused);
            }
            self.enter(OrderState::Issued, None);
        }
        true
    }

    /// What was waited for is known by now: its order's time begins again, for nobody could go on
    /// meanwhile.
    pub(crate) fn began_to_look(&mut self, before: &Order) {
        let ended = before.lines.iter().any(Line::is_sought)
            && !self.order.lines.iter().any(Line::is_sought);
        if ended && matches!(self.order.state, OrderState::Placed | OrderState::Paying) {
            self.order.entered_at = self.now;
        }
    }

    /// A ticket that stands and is not paid, because its money went back at the provider's portal
    /// or could not be captured, is a case: staff takes the ticket back, or closes the case.
    pub(crate) fn tell_of_unpaid(&mut self) {
        let missing = self.order.issued_total() - self.wanted().map_or(0, Payment::covers);
        let charged_back = self.wanted().is_some_and(|row| row.state == PaymentState::ChargedBack);
        if missing > 0 && !charged_back {
            self.open_unpaid(missing, missing.to_string());
        }
    }

    /// Opens the case of `amount`; `mark` tells it from an earlier one of the same payment.
    pub(crate) fn open_unpaid(&mut self, amount: Cents, mark: String) {
        if !self.rules.keeps(Protection::UnpaidIsACase) {
            return;
        }
        let payment = self.order.wanted.unwrap_or(0);
        let reason = "not_paid".to_owned();
        self.effects.cases.push(NewCase { payment, kind: CaseKind::Unpaid, amount, reason, mark });
    }
}

/// The payment that holds most.
pub(crate) fn payer(order: &Order) -> Option<&Payment> {
    order.payments.iter().filter(|row| row.covers() > 0).max_by_key(|row| row.covers())
}
