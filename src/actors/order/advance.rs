//! The order's loop as one pure function: answers in, transitions made, next intents out.

use chrono::TimeDelta;
use uuid::Uuid;

use super::intent::{Subject, Verb};
use super::lifecycle::{LineState, OrderState, PaymentState, has_ended, line_is_undone, row};
use super::lines::{LineAnswer, LineCase};
use super::observe::{acceptable, observe};
use super::payments::{Goal, PaymentAnswer, PaymentCase};
use super::record::{Mark, Moment, OnRefusal, Order, Payment};
use super::rules::Rules;
use crate::integrations::Outcome;

/// What came back for one open intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Whose intent it was.
    pub subject: Subject,
    /// What came back.
    pub answer: Answer,
    /// How long it was asked for.
    pub elapsed: TimeDelta,
}

/// What came back, for a line or for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// For a line.
    Line(LineAnswer),
    /// For a payment.
    Payment(PaymentAnswer),
}

/// What a turn of the loop brings besides the changed order; all of it is saved in the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The transitions, in order.
    pub events: Vec<Event>,
    /// The letters to write.
    pub letters: Vec<Letter>,
    /// The intents that were answered, by their rows.
    pub answered: Vec<(Uuid, Answered)>,
    /// Whether an invoice is due.
    pub invoice: bool,
    /// Lines whose card is free again on their days.
    pub freed: Vec<i32>,
    /// What a person must close: payment number and why.
    pub cases: Vec<(i32, &'static str)>,
}

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The state that was entered.
    pub state: OrderState,
    /// Why, as a slug.
    pub detail: Option<String>,
}

/// A letter that a commit writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Tickets, refused lines, invoice.
    Finished,
    /// Nothing was taken.
    Rejected,
    /// Everything was undone.
    Undone,
    /// Money that was not the order's went back; the payment's number.
    MoneyReturned(i32),
}

/// Takes what came back, makes every transition that follows, and commits to what is asked next.
/// Asking for it again with nothing new changes nothing.
pub fn advance(order: &mut Order, answers: &[Answered], now: Moment, rules: &Rules) -> Effects {
    let mut turn = Turn { order, now, rules, effects: Effects::default(), take_refused: false };
    let before: Vec<_> = turn.order.payments.iter().map(|row| (row.no, row.state, row.owed)).collect();
    for answered in answers {
        turn.take(answered);
    }
    // each pass moves at least one row forward, and rows cannot move often
    for _pass in 0..64 {
        let snapshot = turn.order.clone();
        turn.transition();
        if rules.asking {
            turn.ask();
        }
        if *turn.order == snapshot {
            break;
        }
    }
    turn.tell_of_money(&before);
    turn.mark_what_is_overdue();
    // whoever asks nothing leaves everything due to whoever drives the order next
    turn.order.next_at = if rules.asking { turn.wake_at() } else { Some(now) };
    turn.effects
}

/// Ends the order at the customer's wish, where its state allows that; `None` where it does not.
/// It asks nothing: what is to be given back is its driver's next turn.
pub fn cancel(order: &mut Order, now: Moment, rules: &Rules) -> Option<Effects> {
    if !row(order.state).cancel {
        return None;
    }
    let mut turn = Turn { order, now, rules, effects: Effects::default(), take_refused: false };
    turn.end_without_ticket(OrderState::Rejected, Some("cancelled".to_owned()));
    turn.order.next_at = Some(now);
    Some(turn.effects)
}

/// What is to be answered for the intents of an order that was just loaded: whoever asked them is gone.
#[must_use]
pub fn abandoned(order: &Order) -> Vec<Answered> {
    let lines = order.lines.iter().filter(|line| line.open.is_some()).map(|line| Subject::Line(line.no));
    let payments = order.payments.iter().filter(|row| row.open.is_some()).map(|row| Subject::Payment(row.no));
    lines
        .chain(payments)
        .map(|subject| {
            let answer = match subject {
                Subject::Line(_) => Answer::Line(LineAnswer::AskerDied),
                Subject::Payment(_) => Answer::Payment(PaymentAnswer::AskerDied),
            };
            Answered { subject, answer, elapsed: TimeDelta::zero() }
        })
        .collect()
}

struct Turn<'a> {
    order: &'a mut Order,
    now: Moment,
    rules: &'a Rules,
    effects: Effects,
    take_refused: bool,
}

impl Turn<'_> {
    fn take(&mut self, answered: &Answered) {
        let Some(intent) = self.order.open_mut(answered.subject).and_then(Option::take) else {
            return;
        };
        self.effects.answered.push((intent.id, answered.clone()));
        match (&answered.answer, answered.subject) {
            (Answer::Line(answer), Subject::Line(no)) => {
                if let Some(mut case) = self.line_case(no) {
                    case.answer(&intent, answer.clone(), answered.elapsed);
                }
            }
            (Answer::Payment(answer), Subject::Payment(no)) => {
                if let PaymentAnswer::Status(Outcome::Done(Some(seen))) = answer {
                    observe(self.order, seen, self.now);
                }
                self.take_refused |= matches!(answer, PaymentAnswer::Capture(Outcome::Refused(_)));
                if let Some(mut case) = self.payment_case(no) {
                    case.answer(&intent, answer.clone());
                }
            }
            (Answer::Line(_), Subject::Payment(_)) | (Answer::Payment(_), Subject::Line(_)) => {}
        }
    }

    fn ask(&mut self) {
        for no in self.order.lines.iter().map(|line| line.no).collect::<Vec<_>>() {
            if let Some(mut case) = self.line_case(no) {
                case.ask();
            }
        }
        for no in self.order.payments.iter().map(|payment| payment.no).collect::<Vec<_>>() {
            if let Some(mut case) = self.payment_case(no) {
                case.ask();
            }
        }
    }

    fn transition(&mut self) {
        match self.order.state {
            OrderState::Placed => self.leave_placed(),
            OrderState::Paying => self.leave_paying(),
            OrderState::Authorised => self.leave_authorised(),
            OrderState::Issued => self.leave_issued(),
            OrderState::Captured => self.finish(),
            OrderState::Undoing => self.leave_undoing(),
            OrderState::Finished | OrderState::Rejected | OrderState::Undone => {}
        }
    }

    fn leave_placed(&mut self) {
        let refused = self.order.lines.iter().find(|line| line.state == LineState::Refused);
        let asked_ms = self.order.lines.iter().map(|line| line.asked_ms).max().unwrap_or(0);
        if let Some(line) = refused {
            let reason = line.refusal.as_ref().map(|refusal| refusal.kind.slug().to_owned());
            self.end_without_ticket(OrderState::Rejected, reason);
        } else if self.order.lines.iter().all(|line| line.checked) {
            self.order.lines.iter_mut().for_each(|line| line.asked_ms = 0);
            if self.order.total == 0 {
                self.authorise();
            } else {
                self.enter(OrderState::Paying, None);
                self.add_page();
            }
        } else if TimeDelta::milliseconds(asked_ms) >= self.rules.check_patience
            || self.now >= self.order.placed_at + self.rules.placed_limit
        {
            self.end_without_ticket(OrderState::Rejected, Some("card_check_unavailable".to_owned()));
        }
    }

    fn leave_paying(&mut self) {
        if let Some(wanted) = acceptable(self.order, self.rules) {
            let latest = wanted.reserved_at.map(|at| at + self.rules.reservation_life - TimeDelta::days(1));
            self.order.wanted = Some(wanted.no);
            self.order.ends_by = latest.map_or(self.order.ends_by, |latest| latest.min(self.order.ends_by));
            self.authorise();
        } else if self.now >= self.paying_until() {
            self.end_without_ticket(OrderState::Rejected, Some("not_paid".to_owned()));
        } else if self.order.payments.iter().all(Payment::is_lost) && self.now >= self.next_page_at() {
            self.add_page();
        } else if self.order.payments.iter().all(|row| row.is_lost() || row.state == PaymentState::Closed)
            && self.order.payments.iter().all(|row| row.url.is_none())
        {
            self.end_without_ticket(OrderState::Rejected, Some("payment_page_refused".to_owned()));
        }
    }

    fn leave_authorised(&mut self) {
        let late = self.now >= self.order.ends_by;
        let tired = late || self.any_line(|case| case.is_out_of_patience());
        let open = self.order.lines.iter().any(|line| matches!(line.state, LineState::Asked | LineState::Doubtful));
        if tired && open {
            match self.order.on_refusal {
                OnRefusal::Undo => return self.undo("patience_over"),
                OnRefusal::Keep => self.give_up(late),
            }
        }
        if open {
            return;
        }
        let issued =
            self.order.lines.iter().filter(|line| line.state == LineState::Issued && !line.withdrawing).count();
        let all = issued == self.order.lines.len();
        if issued == 0 || (!all && self.order.on_refusal == OnRefusal::Undo) {
            let reason =
                self.order.lines.iter().find_map(|line| line.refusal.as_ref()).map(|refusal| refusal.kind.slug());
            self.undo(reason.unwrap_or("not_issued"));
        } else if self.order.lines.iter().all(|line| line.state != LineState::Issued || !line.withdrawing) {
            self.enter(OrderState::Issued, None);
        }
    }

    fn leave_issued(&mut self) {
        let gone = self.wanted().is_some_and(|row| {
            let dead = [PaymentState::Failed, PaymentState::Lapsed, PaymentState::Reversed, PaymentState::Closed];
            dead.contains(&row.state) && self.order.issued_total() > 0
        });
        if self.take_refused || gone {
            self.take_refused = false;
            self.undo("payment_declined");
        } else if self.wanted_is_settled() {
            self.enter(OrderState::Captured, None);
        }
    }

    fn finish(&mut self) {
        self.effects.invoice = self.order.issued_total() > 0;
        self.effects.letters.push(Letter::Finished);
        let without = self.order.lines.iter().filter(|line| line.state != LineState::Issued).map(|line| line.no);
        self.effects.freed.extend(without);
        self.enter(OrderState::Finished, None);
    }

    fn leave_undoing(&mut self) {
        if self.order.lines.iter().all(|line| line_is_undone(line.state)) && self.wanted_is_settled() {
            self.end_without_ticket(OrderState::Undone, self.order.refusal.clone());
        }
    }

    fn authorise(&mut self) {
        self.enter(OrderState::Authorised, None);
        for line in &mut self.order.lines {
            line.enter(LineState::Asked);
        }
    }

    fn undo(&mut self, reason: &str) {
        self.order.refusal.get_or_insert_with(|| reason.to_owned());
        self.enter(OrderState::Undoing, Some(reason.to_owned()));
        let now = self.now;
        self.order.lines.iter_mut().for_each(|line| withdraw(line, now));
    }

    /// Keeps what is issued: only what is still open is withdrawn.
    fn give_up(&mut self, late: bool) {
        let now = self.now;
        for line in &mut self.order.lines {
            let tired = late || TimeDelta::milliseconds(line.asked_ms) >= line.terms.patience;
            if tired && !line.withdrawing && matches!(line.state, LineState::Asked | LineState::Doubtful) {
                withdraw(line, now);
            }
        }
    }

    fn end_without_ticket(&mut self, state: OrderState, reason: Option<String>) {
        self.order.refusal = reason.clone();
        self.effects.letters.push(if state == OrderState::Rejected { Letter::Rejected } else { Letter::Undone });
        self.effects.freed.extend(self.order.lines.iter().map(|line| line.no));
        self.enter(state, reason);
    }

    fn enter(&mut self, state: OrderState, detail: Option<String>) {
        let from = row(self.order.state);
        debug_assert!(from.done == Some(state) || from.refused == Some(state) || self.order.total == 0);
        self.order.state = state;
        self.order.entered_at = self.now;
        self.effects.events.push(Event { state, detail });
    }

    fn add_page(&mut self) {
        let page_no = self.order.payments.iter().map(|row| row.page_no).max().unwrap_or(0) + 1;
        let no = self.order.payments.iter().map(|row| row.no).max().unwrap_or(0) + 1;
        let page = Payment::page(self.order, (no, page_no), self.now, self.now + self.rules.page_life);
        self.order.payments.push(page);
    }

    /// A page whose address was lost is followed by another, after a pause that grows with each.
    fn next_page_at(&self) -> Moment {
        let last = self.order.payments.iter().max_by_key(|row| row.page_no);
        last.map_or(self.now, |row| row.opened_at + self.rules.pause_after(row.page_no))
    }

    fn paying_until(&self) -> Moment {
        if self.order.payments.iter().any(|row| row.state == PaymentState::Suspended) {
            return self.order.ends_by;
        }
        let last_page = self.order.payments.iter().filter(|row| row.url.is_some()).map(|row| row.page_ends_at).max();
        let page_ends = last_page.unwrap_or(self.order.entered_at + self.rules.page_life);
        (page_ends + self.rules.page_grace).min(self.order.ends_by)
    }

    fn tell_of_money(&mut self, before: &[(i32, PaymentState, i64)]) {
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

    fn mark_what_is_overdue(&mut self) {
        let (now, rules) = (self.now, self.rules);
        let undo_overdue = self.order.state == OrderState::Undoing && now >= self.order.entered_at + rules.undo_alarm;
        let take_overdue = self.order.state == OrderState::Issued && now >= self.order.ends_by;
        let wanted = self.order.wanted;
        let mark = |person: &mut Option<Mark>, reason: &str| {
            person.get_or_insert_with(|| Mark { since: now, reason: reason.to_owned() });
        };
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
        }
    }

    fn wake_at(&self) -> Option<Moment> {
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
                || payment.state == PaymentState::Opened
            {
                times.extend(payment.ask_at);
            }
        }
        times.into_iter().filter(|at| *at > self.now).min()
    }

    fn goal(&self, payment: &Payment) -> Goal {
        let order = &*self.order;
        if order.wanted != Some(payment.no) {
            let keep = order.state == OrderState::Paying
                && acceptable(order, self.rules).is_some_and(|row| row.no == payment.no);
            return if keep || self.rules.controls.skip_wanted { Goal::Rest } else { Goal::GiveBack };
        }
        match order.state {
            OrderState::Issued if self.rules.controls.take_total => Goal::Take(order.total),
            OrderState::Issued => Goal::Take(order.issued_total()),
            OrderState::Undoing if order.lines.iter().any(|line| !line_is_undone(line.state)) => Goal::Rest,
            OrderState::Undoing | OrderState::Undone | OrderState::Rejected => Goal::GiveBack,
            OrderState::Placed
            | OrderState::Paying
            | OrderState::Authorised
            | OrderState::Captured
            | OrderState::Finished => Goal::Rest,
        }
    }

    fn wanted(&self) -> Option<&Payment> {
        self.order.payments.iter().find(|payment| Some(payment.no) == self.order.wanted)
    }

    fn wanted_is_settled(&self) -> bool {
        self.wanted().is_none_or(|payment| self.is_settled(payment))
    }

    fn is_settled(&self, payment: &Payment) -> bool {
        let goal = self.goal(payment);
        let mut payment = payment.clone();
        PaymentCase { payment: &mut payment, order: self.order.state, goal, now: self.now, rules: self.rules }
            .is_settled()
    }

    fn any_line(&mut self, test: impl Fn(&LineCase<'_>) -> bool) -> bool {
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.lines.iter_mut().any(|line| test(&LineCase { line, order, now, rules }))
    }

    fn line_case(&mut self, no: i32) -> Option<LineCase<'_>> {
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.line_mut(no).map(|line| LineCase { line, order, now, rules })
    }

    fn payment_case(&mut self, no: i32) -> Option<PaymentCase<'_>> {
        let goal = self.order.payments.iter().find(|row| row.no == no).map(|row| self.goal(row))?;
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.payment_mut(no).map(|payment| PaymentCase { payment, order, goal, now, rules })
    }
}

/// Whatever was booked for the line must go, and only what is seen from now on counts.
fn withdraw(line: &mut super::record::Line, now: Moment) {
    if !line_is_undone(line.state) {
        line.withdrawing = true;
        line.settles_at = line.settles_at.map(|at| at.max(now));
        if line.state != LineState::Doubtful {
            line.ask_at = None;
        }
    }
}

/// Whether an intent's verb is one of the two that are dangerous to repeat.
#[must_use]
pub fn is_dangerous(verb: Verb) -> bool {
    matches!(verb, Verb::Issue | Verb::Credit)
}
