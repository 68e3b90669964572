//! What a turn notices at its end: money that went back, what is overdue, and when to look again.
//! Pure.

use super::advance::{CaseKind, NewCase, OrderEmail, Turn};
use super::effects::{CREDITED, CREDITED_IN_PART, FOUND};
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone};
use super::payment::{CLAIM_UNCONFIRMED, PAGE_NOT_ANSWERED, PAYMENT_UNDECIDED, STATUS_CALLS};
use super::protection::Protection;
use super::record::{ClaimKind, Mark, Moment, Payment};
use crate::money::Cents;

/// A payment and what it was before this turn.
struct Change<'a> {
    now: &'a Payment,
    old: Option<&'a Payment>,
    /// Its order does not want it.
    unwanted: bool,
}

impl Change<'_> {
    fn entered(&self, state: PaymentState) -> bool {
        self.now.state == state && self.old.map_or(PaymentState::Opened, |old| old.state) != state
    }

    fn owed_before(&self) -> Cents {
        self.old.map_or(0, |old| old.owed)
    }

    fn is_newly_owed(&self) -> bool {
        self.now.owed > self.owed_before()
    }
}

/// Whether staff was called because nobody could see what became of it.
fn is_unseen(row: &Payment) -> bool {
    let unseen = [PAGE_NOT_ANSWERED, PAYMENT_UNDECIDED, CLAIM_UNCONFIRMED];
    row.attention.as_ref().is_some_and(|mark| unseen.contains(&&*mark.reason))
}

impl Turn<'_> {
    /// Opens cases and writes e-mails of what became of money since `before`, when the order was in
    /// `state_before`.
    pub(crate) fn tell_of_money(&mut self, before: &[Payment], state_before: OrderState) {
        let payments = self.order.payments.clone();
        let mut unpaid = vec![];
        for payment in &payments {
            let old = before.iter().find(|old| old.no == payment.no);
            let change =
                Change { now: payment, old, unwanted: self.order.wanted != Some(payment.no) };
            self.tell_of_owed(&change);
            self.tell_of_charge_back(&change);
            unpaid.extend(self.missing(&change, state_before));
            self.tell_of_unseen(&change);
            self.tell_of_returned(&change, state_before);
        }
        for (amount, mark) in unpaid {
            self.open_unpaid(amount, mark);
        }
    }

    fn tell_of_owed(&mut self, change: &Change<'_>) {
        let Change { now: payment, unwanted, .. } = *change;
        let owed = change.owed_before();
        if change.is_newly_owed() {
            let reason = match &self.order.refusal {
                _ if unwanted => "not_wanted",
                Some(refusal) => refusal,
                None => "not_issued",
            };
            let case = self.due(payment, payment.owed - owed, reason);
            self.effects.cases.push(case);
        }
        if payment.owed < owed && !change.entered(PaymentState::ChargedBack) {
            self.effects.settled.push((payment.no, CaseKind::Owed, CREDITED));
            if payment.owed > 0 {
                let case = self.due(payment, payment.owed, CREDITED_IN_PART);
                self.effects.cases.push(case);
            }
        }
    }

    /// The case of a refund by hand.
    fn due(&self, payment: &Payment, amount: Cents, reason: &str) -> NewCase {
        let Payment { returned, owed, captured, .. } = payment;
        // of two sums that leave the same rest each is a case of its own
        let keyed = self.rules.keeps(Protection::KeyedCases);
        let mark = if keyed { format!("{returned}+{owed}") } else { format!("{captured}/{owed}") };
        NewCase {
            payment: payment.no,
            kind: CaseKind::Owed,
            amount,
            reason: reason.to_owned(),
            mark,
        }
    }

    fn tell_of_charge_back(&mut self, change: &Change<'_>) {
        if !change.entered(PaymentState::ChargedBack) {
            return;
        }
        let payment = change.now;
        self.effects.cases.push(NewCase {
            payment: payment.no,
            kind: CaseKind::ChargedBack,
            amount: payment.captured - payment.returned,
            reason: self.order.state.word().to_owned(),
            mark: String::new(),
        });
        if change.owed_before() > 0 {
            self.effects.settled.push((payment.no, CaseKind::Owed, CaseKind::ChargedBack.word()));
        }
    }

    /// What was credited at the provider's portal while its ticket stands, and what tells it from
    /// an earlier such sum.
    fn missing(&self, change: &Change<'_>, state_before: OrderState) -> Option<(Cents, String)> {
        let stands = state_before == OrderState::Finished && !change.unwanted;
        if !stands || change.entered(PaymentState::ChargedBack) {
            return None;
        }
        let sold = self.order.issued_total();
        let missed = (sold - change.old.map_or(0, Payment::covers)).max(0);
        let missing = (sold - change.now.covers()).max(0);
        (missing > missed).then(|| (missing - missed, missing.to_string()))
    }

    fn tell_of_unseen(&mut self, change: &Change<'_>) {
        let payment = change.now;
        let was_unseen = change.old.is_some_and(is_unseen);
        if is_unseen(payment) && !was_unseen {
            self.effects.cases.push(NewCase {
                payment: payment.no,
                kind: CaseKind::Unconfirmed,
                amount: if payment.amount > 0 { payment.amount } else { self.order.total },
                reason: payment
                    .attention
                    .as_ref()
                    .map(|mark| mark.reason.clone())
                    .unwrap_or_default(),
                mark: self.now.timestamp_micros().to_string(),
            });
        } else if was_unseen && payment.attention.is_none() {
            self.effects.settled.push((payment.no, CaseKind::Unconfirmed, FOUND));
        }
    }

    fn tell_of_returned(&mut self, change: &Change<'_>, state_before: OrderState) {
        let went_back =
            change.entered(PaymentState::Returned) || change.entered(PaymentState::Reversed);
        let newly_owed = change.is_newly_owed();
        // of a line that was taken out of a finished order
        let more_returned = change.old.is_some_and(|old| change.now.returned > old.returned);
        let given_back = state_before == OrderState::Finished && (newly_owed || more_returned);
        if (change.unwanted && (went_back || newly_owed)) || (!change.unwanted && given_back) {
            self.effects.emails.push(OrderEmail::MoneyReturned(change.now.no));
        }
    }
}

impl Turn<'_> {
    pub(crate) fn mark_what_is_overdue(&mut self) {
        let now = self.now;
        let rules = self.rules;
        let undo_overdue = self.order.state == OrderState::Undoing
            && now >= self.order.entered_at + rules.undo_alarm;
        let take_overdue = self.order.state == OrderState::Issued && now >= self.order.ends_by;
        let wanted = self.order.wanted;
        let keeps_money = undo_overdue && !self.wanted_is_settled();
        let overdue: Vec<i32> =
            self.unwanted_since().filter(|(_, until)| now >= *until).map(|(no, _)| no).collect();
        let mark = |row: &mut Option<Mark>, reason: &str| Mark::set_overdue(row, reason, now);
        for line in &mut self.order.lines {
            if line.doubt_since.is_some_and(|since| now >= since + rules.doubt_alarm) {
                mark(&mut line.attention, "in_doubt_too_long");
            }
            if undo_overdue && !line_is_undone(line.state) && !line.is_kept() {
                mark(&mut line.attention, "undo_overdue");
            }
        }
        for payment in &mut self.order.payments {
            if payment.doubt_since.is_some_and(|since| now >= since + rules.doubt_alarm) {
                mark(&mut payment.attention, "in_doubt_too_long");
            }
            if take_overdue && wanted == Some(payment.no) {
                mark(&mut payment.attention, "take_overdue");
            }
            if keeps_money && wanted == Some(payment.no) {
                mark(&mut payment.attention, "undo_overdue");
            }
            if overdue.contains(&payment.no) {
                mark(&mut payment.attention, "give_back_overdue");
            }
            let said = payment.claim.filter(|claim| claim.kind != ClaimKind::Look);
            if said.is_some_and(|claim| now >= claim.since + rules.doubt_alarm) {
                mark(&mut payment.attention, CLAIM_UNCONFIRMED);
            }
        }
    }

    pub(crate) fn wake_at(&self) -> Option<Moment> {
        let order = &*self.order;
        let open = order.lines.iter().any(|line| line.open.is_some())
            || order.payments.iter().any(|row| row.open.is_some());
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
            OrderState::Captured
            | OrderState::Finished
            | OrderState::Rejected
            | OrderState::Undone => {}
        }
        // of an ended order only what is still to go, or has to be looked up
        let open = order
            .lines
            .iter()
            .filter(|line| !has_ended(order.state) || line.is_going() || line.is_sought());
        times.extend(open.filter_map(|line| line.ask_at));
        let alarms = order
            .lines
            .iter()
            .map(|line| line.doubt_since)
            .chain(order.payments.iter().map(|row| row.doubt_since));
        times.extend(alarms.flatten().map(|since| since + self.rules.doubt_alarm));
        for payment in &order.payments {
            if matches!(payment.state, PaymentState::Opened | PaymentState::Failed) {
                times.push(payment.page_ends_at);
            }
            if payment.doubt.is_some()
                || payment.claim.is_some()
                || !self.is_settled(payment)
                || matches!(
                    payment.state,
                    PaymentState::Opened | PaymentState::Suspended | PaymentState::Failed
                )
                || (payment.state == PaymentState::Closed && payment.status_calls < STATUS_CALLS)
            {
                times.extend(payment.ask_at);
            }
            let said = payment
                .claim
                .filter(|claim| claim.kind != ClaimKind::Look && payment.attention.is_none());
            times.extend(said.map(|claim| claim.since + self.rules.doubt_alarm));
        }
        times.extend(self.unwanted_since().map(|(_, until)| until));
        times.into_iter().filter(|at| *at > self.now).min()
    }

    /// Payments that are not the order's and still hold something, and when that needs staff's
    /// eyes.
    fn unwanted_since(&self) -> impl Iterator<Item = (i32, Moment)> {
        let unwanted = self.order.payments.iter().filter(|row| self.order.wanted != Some(row.no));
        let open = unwanted.filter(|row| !self.is_settled(row));
        open.filter_map(|row| Some((row.no, row.back_since? + self.rules.undo_alarm)))
    }
}
