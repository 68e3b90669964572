//! What a turn notices at its end: money that went back, what is overdue, and when to look again. Pure.

use super::advance::{Letter, Turn};
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone};
use super::payments::STATUS_CALLS;
use super::record::{Mark, Moment};

impl Turn<'_> {
    pub(super) fn tell_of_money(&mut self, before: &[(i32, PaymentState, i64)]) {
        for payment in &self.order.payments {
            let (state, owed) = before
                .iter()
                .find(|(no, ..)| *no == payment.no)
                .map_or((PaymentState::Opened, 0), |(_, state, owed)| (*state, *owed));
            let went_back = matches!(payment.state, PaymentState::Returned | PaymentState::Reversed);
            let newly_owed = payment.owed > owed;
            if newly_owed {
                self.effects.cases.push((payment.no, "owed"));
            }
            if payment.state == PaymentState::ChargedBack && state != PaymentState::ChargedBack {
                self.effects.cases.push((payment.no, "charged_back"));
            }
            if self.order.wanted != Some(payment.no) && ((went_back && state != payment.state) || newly_owed) {
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
            OrderState::Placed => times.push(order.placed_at + self.rules.placed_limit),
            OrderState::Paying => times.extend([self.paying_until(), self.next_page_at()]),
            OrderState::Authorised | OrderState::Issued => times.push(order.ends_by),
            OrderState::Undoing => times.push(order.entered_at + self.rules.undo_alarm),
            OrderState::Captured | OrderState::Finished | OrderState::Rejected | OrderState::Undone => {}
        }
        if !has_ended(order.state) {
            times.extend(order.lines.iter().filter_map(|line| line.ask_at));
        }
        let alarms =
            order.lines.iter().map(|line| line.doubt_since).chain(order.payments.iter().map(|row| row.doubt_since));
        times.extend(alarms.flatten().map(|since| since + self.rules.doubt_alarm));
        for payment in &order.payments {
            if payment.state == PaymentState::Opened {
                times.push(payment.page_ends_at);
            }
            if payment.doubt.is_some()
                || payment.pull
                || !self.is_settled(payment)
                || matches!(payment.state, PaymentState::Opened | PaymentState::Suspended)
            {
                times.extend(payment.ask_at);
            }
        }
        times.into_iter().filter(|at| *at > self.now).min()
    }
}
