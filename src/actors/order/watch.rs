//! What a turn notices at its end: money that went back, what is overdue, and when to look again. Pure.

use super::advance::{CaseKind, Letter, NewCase, Turn};
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone};
use super::payments::STATUS_CALLS;
use super::record::{Mark, Moment, Payment};

impl Turn<'_> {
    /// Opens cases and writes letters of what became of money since `before`, when the order was in `state_before`.
    pub(super) fn tell_of_money(&mut self, before: &[Payment], state_before: OrderState) {
        let order = &*self.order;
        for payment in &order.payments {
            let old = before.iter().find(|old| old.no == payment.no);
            let (state, owed) = old.map_or((PaymentState::Opened, 0), |old| (old.state, old.owed));
            let unwanted = order.wanted != Some(payment.no);
            let entered = |one: PaymentState| payment.state == one && state != one;
            let newly_owed = payment.owed > owed;
            if newly_owed {
                let reason = match &order.refusal {
                    _ if unwanted => "not_wanted",
                    Some(refusal) => refusal,
                    None => "not_issued",
                };
                let reason = reason.to_owned();
                let (amount, mark) = (payment.owed - owed, (payment.returned + payment.owed).to_string());
                self.effects.cases.push(NewCase { payment: payment.no, kind: CaseKind::Owed, amount, reason, mark });
            }
            if entered(PaymentState::ChargedBack) {
                let (kind, amount) = (CaseKind::ChargedBack, payment.captured - payment.returned);
                let reason = order.state.word().to_owned();
                self.effects.cases.push(NewCase { payment: payment.no, kind, amount, reason, mark: String::new() });
                if owed > 0 {
                    self.effects.settled.push((payment.no, CaseKind::ChargedBack.word()));
                }
            }
            let went_back = entered(PaymentState::Returned) || entered(PaymentState::Reversed);
            // of a line that was taken out of a finished order
            let given_back = state_before == OrderState::Finished
                && (newly_owed || old.is_some_and(|old| payment.returned > old.returned));
            if (unwanted && (went_back || newly_owed)) || (!unwanted && given_back) {
                self.effects.letters.push(Letter::MoneyReturned(payment.no));
            }
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
            if undo_overdue && !line_is_undone(line.state) {
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
            if payment.pull && payment.open.is_none() && payment.status_calls >= STATUS_CALLS {
                mark(&mut payment.person, "claim_unconfirmed");
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
            OrderState::Paying => times.extend([self.paying_until(), self.next_page_at()]),
            OrderState::Authorised | OrderState::Issued => times.push(order.ends_by),
            OrderState::Undoing => times.push(order.entered_at + self.rules.undo_alarm),
            OrderState::Captured | OrderState::Finished | OrderState::Rejected | OrderState::Undone => {}
        }
        // of an ended order only what is still to go
        let open = order.lines.iter().filter(|line| !has_ended(order.state) || line.is_going());
        times.extend(open.filter_map(|line| line.ask_at));
        let alarms =
            order.lines.iter().map(|line| line.doubt_since).chain(order.payments.iter().map(|row| row.doubt_since));
        times.extend(alarms.flatten().map(|since| since + self.rules.doubt_alarm));
        for payment in &order.payments {
            if matches!(payment.state, PaymentState::Opened | PaymentState::Failed) {
                times.push(payment.page_ends_at);
            }
            if payment.doubt.is_some()
                || payment.pull
                || !self.is_settled(payment)
                || matches!(payment.state, PaymentState::Opened | PaymentState::Suspended | PaymentState::Failed)
            {
                times.extend(payment.ask_at);
            }
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
