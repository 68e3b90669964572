//! What a turn notices at its end: money that went back, what is overdue, and when to look again. Pure.

use super::advance::{CaseKind, Letter, NewCase, Turn};
use super::effects::{CREDITED, CREDITED_IN_PART, FOUND};
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone};
use super::payments::{CLAIM_UNCONFIRMED, PAGE_NOT_ANSWERED, PAYMENT_UNDECIDED, STATUS_CALLS};
use super::protection::Protection;
use super::record::{ClaimKind, Mark, Moment, Payment};
use crate::money::Cents;

impl Turn<'_> {
    /// Opens cases and writes e-mails of what became of money since `before`, when the order was in `state_before`.
    pub(super) fn tell_of_money(&mut self, before: &[Payment], state_before: OrderState) {
        let unseen = [PAGE_NOT_ANSWERED, PAYMENT_UNDECIDED, CLAIM_UNCONFIRMED];
        let is_unseen = |row: &Payment| row.person.as_ref().is_some_and(|mark| unseen.contains(&&*mark.reason));
        let order = &*self.order;
        let mut unpaid = vec![];
        for payment in &order.payments {
            let old = before.iter().find(|old| old.no == payment.no);
            let (state, owed) = old.map_or((PaymentState::Opened, 0), |old| (old.state, old.owed));
            let unwanted = order.wanted != Some(payment.no);
            let entered = |one: PaymentState| payment.state == one && state != one;
            let newly_owed = payment.owed > owed;
            let due = |amount: Cents, reason: &str| {
                let all = (payment.returned, payment.owed);
                // of two sums that leave the same rest each is a case of its own
                let keyed = self.rules.keeps(Protection::KeyedCases);
                let mark =
                    if keyed { format!("{}+{}", all.0, all.1) } else { format!("{}/{}", payment.captured, all.1) };
                NewCase { payment: payment.no, kind: CaseKind::Owed, amount, reason: reason.to_owned(), mark }
            };
            if newly_owed {
                let reason = match &order.refusal {
                    _ if unwanted => "not_wanted",
                    Some(refusal) => refusal,
                    None => "not_issued",
                };
                self.effects.cases.push(due(payment.owed - owed, reason));
            }
            if payment.owed < owed && !entered(PaymentState::ChargedBack) {
                self.effects.settled.push((payment.no, CaseKind::Owed, CREDITED));
                if payment.owed > 0 {
                    self.effects.cases.push(due(payment.owed, CREDITED_IN_PART));
                }
            }
            if entered(PaymentState::ChargedBack) {
                let (kind, amount) = (CaseKind::ChargedBack, payment.captured - payment.returned);
                let reason = order.state.word().to_owned();
                self.effects.cases.push(NewCase { payment: payment.no, kind, amount, reason, mark: String::new() });
                if owed > 0 {
                    self.effects.settled.push((payment.no, CaseKind::Owed, CaseKind::ChargedBack.word()));
                }
            }
            if state_before == OrderState::Finished && !unwanted && !entered(PaymentState::ChargedBack) {
                // credited at the provider's portal, while its ticket stands
                let sold = order.issued_total();
                let missed = (sold - old.map_or(0, Payment::covers)).max(0);
                let missing = (sold - payment.covers()).max(0);
                if missing > missed {
                    unpaid.push((missing - missed, missing.to_string()));
                }
            }
            let was_unseen = old.is_some_and(is_unseen);
            if is_unseen(payment) && !was_unseen {
                let (kind, mark) = (CaseKind::Unconfirmed, self.now.timestamp_micros().to_string());
                let reason = payment.person.as_ref().map(|mark| mark.reason.clone()).unwrap_or_default();
                let amount = if payment.amount > 0 { payment.amount } else { order.total };
                self.effects.cases.push(NewCase { payment: payment.no, kind, amount, reason, mark });
            } else if was_unseen && payment.person.is_none() {
                self.effects.settled.push((payment.no, CaseKind::Unconfirmed, FOUND));
            }
            let went_back = entered(PaymentState::Returned) || entered(PaymentState::Reversed);
            // of a line that was taken out of a finished order
            let given_back = state_before == OrderState::Finished
                && (newly_owed || old.is_some_and(|old| payment.returned > old.returned));
            if (unwanted && (went_back || newly_owed)) || (!unwanted && given_back) {
                self.effects.letters.push(Letter::MoneyReturned(payment.no));
            }
        }
        for (amount, mark) in unpaid {
            self.open_unpaid(amount, mark);
        }
    }

    pub(super) fn mark_what_is_overdue(&mut self) {
        let (now, rules) = (self.now, self.rules);
        let undo_overdue = self.order.state == OrderState::Undoing && now >= self.order.entered_at + rules.undo_alarm;
        let take_overdue = self.order.state == OrderState::Issued && now >= self.order.ends_by;
        let wanted = self.order.wanted;
        let keeps_money = undo_overdue && !self.wanted_is_settled();
        let overdue: Vec<i32> = self.unwanted_since().filter(|(_, until)| now >= *until).map(|(no, _)| no).collect();
        let mark = |person: &mut Option<Mark>, reason: &str| Mark::set_overdue(person, reason, now);
        for line in &mut self.order.lines {
            if line.doubt_since.is_some_and(|since| now >= since + rules.doubt_alarm) {
                mark(&mut line.person, "in_doubt_too_long");
            }
            if undo_overdue && !line_is_undone(line.state) && !line.is_kept() {
                mark(&mut line.person, "undo_overdue");
            }
        }
        for payment in &mut self.order.payments {
            if payment.doubt_since.is_some_and(|since| now >= since + rules.doubt_alarm) {
                mark(&mut payment.person, "in_doubt_too_long");
            }
            if take_overdue && wanted == Some(payment.no) {
                mark(&mut payment.person, "take_overdue");
            }
            if keeps_money && wanted == Some(payment.no) {
                mark(&mut payment.person, "undo_overdue");
            }
            if overdue.contains(&payment.no) {
                mark(&mut payment.person, "give_back_overdue");
            }
            let said = payment.claim.filter(|claim| claim.kind != ClaimKind::Look);
            if said.is_some_and(|claim| now >= claim.since + rules.doubt_alarm) {
                mark(&mut payment.person, CLAIM_UNCONFIRMED);
            }
        }
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        let order = &*self.order;
        let open =
            order.lines.iter().any(|line| line.open.is_some()) || order.payments.iter().any(|row| row.open.is_some());
        if open {
            return Some(self.now);
        }
        let mut times = Vec::new();
        match order.state {
            OrderState::Placed => times.push(order.entered_at + self.rules.placed_limit),
            OrderState::Paying => {
                let until = self.paying_until();
                times.extend([until, until + self.rules.page_grace, self.next_page_at()]);
            }
            OrderState::Authorised | OrderState::Issued => times.push(order.ends_by),
            OrderState::Undoing => times.push(order.entered_at + self.rules.undo_alarm),
            OrderState::Captured | OrderState::Finished | OrderState::Rejected | OrderState::Undone => {}
        }
        // of an ended order only what is still to go, or has to be looked up
        let open = order.lines.iter().filter(|line| !has_ended(order.state) || line.is_going() || line.is_sought());
        times.extend(open.filter_map(|line| line.ask_at));
        let alarms =
            order.lines.iter().map(|line| line.doubt_since).chain(order.payments.iter().map(|row| row.doubt_since));
        times.extend(alarms.flatten().map(|since| since + self.rules.doubt_alarm));
        for payment in &order.payments {
            if matches!(payment.state, PaymentState::Opened | PaymentState::Failed) {
                times.push(payment.page_ends_at);
            }
            if payment.doubt.is_some()
                || payment.claim.is_some()
                || !self.is_settled(payment)
                || matches!(payment.state, PaymentState::Opened | PaymentState::Suspended | PaymentState::Failed)
                || (payment.state == PaymentState::Closed && payment.status_calls < STATUS_CALLS)
            {
                times.extend(payment.ask_at);
            }
            let said = payment.claim.filter(|claim| claim.kind != ClaimKind::Look && payment.person.is_none());
            times.extend(said.map(|claim| claim.since + self.rules.doubt_alarm));
        }
        times.extend(self.unwanted_since().map(|(_, until)| until));
        times.into_iter().filter(|at| *at > self.now).min()
    }

    /// Payments that are not the order's and still hold something, and when that needs a person's eyes.
    fn unwanted_since(&self) -> impl Iterator<Item = (i32, Moment)> {
        let unwanted = self.order.payments.iter().filter(|row| self.order.wanted != Some(row.no));
        let open = unwanted.filter(|row| !self.is_settled(row));
        open.filter_map(|row| Some((row.no, row.back_since? + self.rules.undo_alarm)))
    }
}
