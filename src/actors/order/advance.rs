//! The order's loop as one pure function: answers in, transitions made, next intents out.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::effects::{CREDITED, CREDITED_IN_PART};
pub use super::effects::{CaseKind, Effects, Event, Letter, NewCase};
use super::intent::Subject;
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone, row};
use super::lines::{LineAnswer, LineCase};
use super::observe::{acceptable, observe};
use super::payments::{Goal, PaymentAnswer, PaymentCase};
use super::record::{Moment, Order, Payment};
use super::rules::Rules;
use super::settling::settle_evenly;
use crate::integrations::Outcome;
use crate::integrations::payment::Observed;
use crate::money::Cents;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// For a line.
    Line(LineAnswer),
    /// For a payment.
    Payment(PaymentAnswer),
}

/// Takes what came back, makes every transition that follows, and commits to what is asked next.
/// Asking for it again with nothing new changes nothing.
pub fn advance(order: &mut Order, answers: &[Answered], now: Moment, rules: &Rules) -> Effects {
    settle_evenly(order, now, rules);
    let mut turn = Turn { order, now, rules, effects: Effects::default(), take_refused: false };
    let before = turn.order.clone();
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
    turn.tell_of_returns(&before);
    turn.tell_of_money(&before.payments, before.state);
    turn.mark_what_is_overdue();
    // whoever asks nothing leaves everything due to whoever drives the order next
    turn.order.next_at = if rules.asking { turn.wake_at() } else { Some(now) };
    turn.effects
}

/// Takes what the provider itself says about one transaction; `None` when that changes nothing.
pub fn take_observed(order: &mut Order, seen: &Observed, now: Moment, rules: &Rules) -> Option<Effects> {
    let (before, state) = (order.payments.clone(), order.state);
    if !observe(order, seen, now) {
        return None;
    }
    order.next_at = Some(now);
    let mut turn = Turn { order, now, rules, effects: Effects::default(), take_refused: false };
    turn.tell_of_money(&before, state);
    Some(turn.effects)
}

/// Money that was owed went back by bank transfer; `None` when not so much is owed of that payment.
pub fn take_transfer(order: &mut Order, no: i32, amount: Cents) -> Option<Effects> {
    let row = order.payments.iter_mut().find(|row| row.no == no && row.owed >= amount && amount > 0)?;
    row.owed -= amount;
    row.returned += amount;
    row.transferred += amount;
    if row.held() <= 0 && row.owed == 0 {
        row.enter(PaymentState::Returned);
    }
    Some(Effects { letters: vec![Letter::MoneyReturned(no)], ..Effects::default() })
}

/// The provider gave money back without us: in all it is `credited`, and what was owed is owed no more. `None` when we know of
/// it, or while we are giving money back ourselves: then the books may show our own.
pub fn take_books(order: &mut Order, no: i32, credited: Cents) -> Option<Effects> {
    let (state, row) = (order.state, order.payments.iter_mut().find(|row| row.no == no)?);
    let returned = credited + row.transferred;
    if returned <= row.returned || row.open.is_some() || row.doubt.is_some() {
        return None;
    }
    let mut effects = Effects::default();
    let still_owed = row.owed - row.owed.min(returned - row.returned);
    if still_owed < row.owed {
        effects.settled.push((no, CREDITED));
    }
    (row.returned, row.owed) = (returned, still_owed);
    if still_owed > 0 && !effects.settled.is_empty() {
        let (reason, mark) = (CREDITED_IN_PART.to_owned(), format!("{}/{still_owed}", row.captured));
        effects.cases.push(NewCase { payment: no, kind: CaseKind::Owed, amount: still_owed, reason, mark });
    }
    if row.held() <= 0 && row.owed == 0 {
        row.enter(PaymentState::Returned);
    }
    if has_ended(state) {
        effects.letters.push(Letter::MoneyReturned(no));
    }
    Some(effects)
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

/// Opens a further payment page where the newest one failed, is over or may have lost its session; `None` where it can be
/// paid. Money that comes twice goes back by itself.
///
/// # Errors
/// `TooLate` once the order does not wait for its payment any more, `TooMany` after [`MOST_PAGES`] pages.
pub fn wish_page(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, NoPage> {
    if order.state != OrderState::Paying {
        return Err(NoPage::TooLate);
    }
    let stood: BTreeSet<i32> = order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no).collect();
    let newest = stood.last().copied().unwrap_or(0);
    let rows = || order.payments.iter().filter(|row| row.page_no == newest);
    // a page that nobody touches loses its session at the provider after half its life
    let fresh = |row: &Payment| row.url.is_none() && !row.is_lost() || now < row.opened_at + rules.page_life / 2;
    if rows().all(|row| row.state == PaymentState::Opened && fresh(row)) && newest > 0 {
        return Ok(None);
    }
    if stood.len() >= MOST_PAGES {
        return Err(NoPage::TooMany);
    }
    let mut turn = Turn { order, now, rules, effects: Effects::default(), take_refused: false };
    turn.add_page();
    order.next_at = Some(now);
    Ok(Some(Effects::default()))
}

/// Most payment pages of an order that waits for its payment, besides those that never stood.
pub const MOST_PAGES: usize = 8;

/// Why no further payment page is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPage {
    /// The order does not wait for its payment any more.
    TooLate,
    /// It had too many already.
    TooMany,
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

/// One turn of the loop.
pub(super) struct Turn<'a> {
    pub(super) order: &'a mut Order,
    pub(super) now: Moment,
    pub(super) rules: &'a Rules,
    pub(super) effects: Effects,
    /// The provider refused to capture: the order is to be undone.
    pub(super) take_refused: bool,
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
                    self.count_call_of(no, seen);
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

    /// A call about a page counts for the transaction that it was answered with.
    fn count_call_of(&mut self, asked: i32, seen: &Observed) {
        let answered = self.order.payments.iter().find(|row| row.tid.as_ref() == Some(&seen.tid)).map(|row| row.no);
        let Some(answered) = answered.filter(|no| *no != asked) else { return };
        for (no, calls) in [(asked, -1), (answered, 1)] {
            if let Some(row) = self.order.payment_mut(no) {
                row.status_calls += calls;
            }
        }
    }

    pub(super) fn goal(&self, payment: &Payment) -> Goal {
        let order = &*self.order;
        if order.wanted != Some(payment.no) {
            let keep = matches!(order.state, OrderState::Placed | OrderState::Paying)
                && acceptable(order, self.rules).is_some_and(|row| row.no == payment.no);
            return if keep || self.rules.controls.skip_wanted { Goal::Rest } else { Goal::GiveBack };
        }
        match order.state {
            OrderState::Issued | OrderState::Finished if self.rules.controls.take_total => Goal::Take(order.total),
            // a line that was taken out of a finished order is given back
            OrderState::Issued | OrderState::Finished => Goal::Take(order.issued_total()),
            OrderState::Undoing
                if order.lines.iter().any(|line| !line_is_undone(line.state)) && !self.rules.controls.money_first =>
            {
                Goal::Rest
            }
            OrderState::Undoing | OrderState::Undone | OrderState::Rejected => Goal::GiveBack,
            OrderState::Placed | OrderState::Paying | OrderState::Authorised | OrderState::Captured => Goal::Rest,
        }
    }

    pub(super) fn wanted(&self) -> Option<&Payment> {
        self.order.payments.iter().find(|payment| Some(payment.no) == self.order.wanted)
    }

    pub(super) fn wanted_is_settled(&self) -> bool {
        self.wanted().is_none_or(|payment| self.is_settled(payment))
    }

    pub(super) fn is_settled(&self, payment: &Payment) -> bool {
        let goal = self.goal(payment);
        let (mut payment, newest) = (payment.clone(), true);
        PaymentCase { payment: &mut payment, order: self.order.state, goal, newest, now: self.now, rules: self.rules }
            .is_settled()
    }

    pub(super) fn any_line(&mut self, test: impl Fn(&LineCase<'_>) -> bool) -> bool {
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.lines.iter_mut().any(|line| test(&LineCase { line, order, now, rules }))
    }

    fn line_case(&mut self, no: i32) -> Option<LineCase<'_>> {
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.line_mut(no).map(|line| LineCase { line, order, now, rules })
    }

    fn payment_case(&mut self, no: i32) -> Option<PaymentCase<'_>> {
        let row = self.order.payments.iter().find(|row| row.no == no)?;
        let (goal, page_no) = (self.goal(row), row.page_no);
        let newest = !self.order.payments.iter().any(|row| row.page_no == page_no && row.no > no);
        let (order, now, rules) = (self.order.state, self.now, self.rules);
        self.order.payment_mut(no).map(|payment| PaymentCase { payment, order, goal, newest, now, rules })
    }
}
