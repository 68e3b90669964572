//! The order's loop as one pure function: answers in, transitions made, next intents out.

use chrono::TimeDelta;

use super::clock_steps::settle_evenly;
pub use super::effects::{CaseKind, Effects, Event, NewCase, OrderEmail};
use super::intent::{Subject, Verb};
use super::lifecycle::{OrderState, PaymentState, has_ended, line_is_undone, row};
use super::limits::Rules;
use super::line::{LineAnswer, LineCase};
use super::payment::{Goal, PaymentAnswer, PaymentCase};
use super::payment_observed::{acceptable, observe};
use super::protection::Protection;
use super::record::{Line, Moment, Order, Payment};
use crate::money::Cents;
use crate::port::Outcome;
use crate::port::payment::Observed;

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
    let mut turn = Turn::new(order, now, rules);
    let before = turn.order.clone();
    for answered in answers {
        turn.take(answered);
    }
    turn.began_to_look(&before);
    // each pass moves at least one row forward, and rows cannot move often
    for _pass in 0..64 {
        let snapshot = turn.order.clone();
        turn.decide();
        if rules.asking {
            turn.ask();
        }
        if *turn.order == snapshot {
            break;
        }
    }
    turn.tell_of_returns(&before);
    turn.mark_what_is_overdue();
    turn.tell_of_money(&before.payments, before.state);
    // whoever asks nothing leaves everything due to whoever drives the order next
    turn.order.next_at = if rules.asking { turn.wake_at() } else { Some(now) };
    turn.effects
}

/// Takes what the provider itself says about one transaction; `None` when that changes nothing.
pub fn take_observed(
    order: &mut Order,
    seen: &Observed,
    now: Moment,
    rules: &Rules,
) -> Option<Effects> {
    let before = order.payments.clone();
    let state = order.state;
    if !observe(order, seen, now, rules) {
        return None;
    }
    order.next_at = Some(now);
    let mut turn = Turn::new(order, now, rules);
    turn.tell_of_money(&before, state);
    Some(turn.effects)
}

/// Money that was owed went back by bank transfer; `None` when not so much is owed of that payment.
pub fn take_transfer(order: &mut Order, no: i32, amount: Cents) -> Option<Effects> {
    let row =
        order.payments.iter_mut().find(|row| row.no == no && row.owed >= amount && amount > 0)?;
    row.owed -= amount;
    row.returned += amount;
    row.transferred += amount;
    if row.held() <= 0 && row.owed == 0 {
        row.enter(PaymentState::Returned);
    }
    Some(Effects { emails: vec![OrderEmail::MoneyReturned(no)], ..Effects::default() })
}

/// Money was credited at the provider's portal: in all it is `credited`, and what is due by hand is
/// less by as much. `None` when we know of it, or while we are crediting ourselves: then the
/// history may show our own.
pub fn apply_history(
    order: &mut Order,
    no: i32,
    credited: Cents,
    now: Moment,
    rules: &Rules,
) -> Option<Effects> {
    let before = order.payments.clone();
    let state = order.state;
    let row = order.payments.iter_mut().find(|row| row.no == no)?;
    if row.open.is_some() || row.doubt.is_some() || !row.take_credited(credited, 0) {
        return None;
    }
    if row.held() <= 0 && row.owed == 0 {
        row.enter(PaymentState::Returned);
    }
    let mut turn = Turn::new(order, now, rules);
    turn.tell_of_money(&before, state);
    let told = turn.effects.emails.contains(&OrderEmail::MoneyReturned(no));
    if has_ended(state) && !told {
        turn.effects.emails.push(OrderEmail::MoneyReturned(no));
    }
    Some(turn.effects)
}

/// Ends the order at the customer's request, where its state allows that; `None` where it does not.
/// It asks nothing: what is to be given back is its driver's next turn.
pub fn cancel(order: &mut Order, now: Moment, rules: &Rules) -> Option<Effects> {
    if !row(order.state).cancel {
        return None;
    }
    let mut turn = Turn::new(order, now, rules);
    turn.end_without_ticket(OrderState::Rejected, Some("cancelled".to_owned()));
    turn.order.next_at = Some(now);
    Some(turn.effects)
}

/// What is to be answered for the intents of an order that was just loaded: whoever asked them is
/// gone.
#[must_use]
pub fn abandoned(order: &Order) -> Vec<Answered> {
    let lines =
        order.lines.iter().filter(|line| line.open.is_some()).map(|line| Subject::Line(line.no));
    let payments =
        order.payments.iter().filter(|row| row.open.is_some()).map(|row| Subject::Payment(row.no));
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
pub(crate) struct Turn<'a> {
    pub(crate) order: &'a mut Order,
    pub(crate) now: Moment,
    pub(crate) rules: &'a Rules,
    pub(crate) effects: Effects,
    /// The provider refused to capture: the order is to be undone.
    pub(crate) take_refused: bool,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(order: &'a mut Order, now: Moment, rules: &'a Rules) -> Self {
        Self { order, now, rules, effects: Effects::default(), take_refused: false }
    }
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
                if let PaymentAnswer::Status(outcome) = answer {
                    self.status(no, &intent, outcome);
                }
                self.take_refused |= matches!(answer, PaymentAnswer::Capture(Outcome::Refused(_)));
                if let Some(mut case) = self.payment_case(no) {
                    case.answer(&intent, answer.clone());
                }
                self.count_new_call(no, false);
                if intent.verb == Verb::Latest
                    && matches!(answer, PaymentAnswer::Status(Outcome::Done(_)))
                {
                    self.close_page(no);
                }
            }
            (Answer::Line(_), Subject::Payment(_)) | (Answer::Payment(_), Subject::Line(_)) => {}
        }
    }

    /// Every transition that follows, before anything is asked: what is to be voided must not be
    /// booked first.
    fn decide(&mut self) {
        for _pass in 0..16 {
            let state = self.order.state;
            self.transition();
            if self.order.state == state || !self.rules.keeps(Protection::DecideFirst) {
                break;
            }
        }
    }

    fn ask(&mut self) {
        for no in self.order.lines.iter().map(|line| line.no).collect::<Vec<_>>() {
            if let Some(mut case) = self.line_case(no) {
                case.ask();
            }
        }
        for no in self.order.payments.iter().map(|payment| payment.no).collect::<Vec<_>>() {
            let was_open = self.order.payments.iter().any(|row| row.no == no && row.open.is_some());
            if let Some(mut case) = self.payment_case(no) {
                case.ask();
            }
            self.count_new_call(no, was_open);
        }
    }

    pub(crate) fn goal(&self, payment: &Payment) -> Goal {
        let order = &*self.order;
        if self.tickets_come_first(payment) {
            return Goal::Rest;
        }
        if order.wanted != Some(payment.no) {
            let keep = matches!(order.state, OrderState::Placed | OrderState::Paying)
                && acceptable(order, self.rules).is_some_and(|row| row.no == payment.no);
            return if keep || !self.rules.keeps(Protection::OnePayment) {
                Goal::Rest
            } else {
                Goal::GiveBack
            };
        }
        match order.state {
            OrderState::Issued | OrderState::Finished
                if !self.rules.keeps(Protection::CaptureIssuedOnly) =>
            {
                Goal::Take(order.total)
            }
            // a line that was taken out of a finished order is given back
            OrderState::Issued | OrderState::Finished => Goal::Take(order.issued_total()),
            // what cannot be voided was used, and staff said that it is kept and paid; where it
            // cannot be taken it is let go
            OrderState::Undoing if order.issued_total() > 0 && payment.refusals == 0 => {
                Goal::Take(order.issued_total())
            }
            OrderState::Undoing | OrderState::Undone | OrderState::Rejected => Goal::GiveBack,
            OrderState::Placed
            | OrderState::Paying
            | OrderState::Authorised
            | OrderState::Captured => Goal::Rest,
        }
    }

    /// Whether a ticket that may stand has to be decided before this payment moves.
    fn tickets_come_first(&self, payment: &Payment) -> bool {
        let order = &*self.order;
        let restored = self.rules.keeps(Protection::RestoredTicketsFirst);
        // nobody knows yet which payment has paid for it
        let open =
            |line: &Line| line.is_sought() || (!line_is_undone(line.state) && !line.is_kept());
        let stands = |line: &Line| line.is_sought() || !line_is_undone(line.state);
        let unknown = order.wanted.is_none() && restored && order.lines.iter().any(stands);
        let sought = restored && order.lines.iter().any(Line::is_sought);
        let undoing = order.state == OrderState::Undoing
            && order.wanted == Some(payment.no)
            && self.rules.keeps(Protection::TicketsFirst)
            && order.lines.iter().any(open);
        unknown || sought || undoing
    }

    pub(crate) fn wanted(&self) -> Option<&Payment> {
        self.order.payments.iter().find(|payment| Some(payment.no) == self.order.wanted)
    }

    pub(crate) fn wanted_is_settled(&self) -> bool {
        self.wanted().is_none_or(|payment| self.is_settled(payment))
    }

    pub(crate) fn is_settled(&self, payment: &Payment) -> bool {
        let goal = self.goal(payment);
        let page = self.page_view(payment);
        let mut payment = payment.clone();
        PaymentCase {
            payment: &mut payment,
            order: self.order.state,
            goal,
            page,
            now: self.now,
            rules: self.rules,
        }
        .is_settled()
    }

    pub(crate) fn any_line(&mut self, test: impl Fn(&LineCase<'_>) -> bool) -> bool {
        let paid = self.paid();
        let order = self.order.state;
        let now = self.now;
        let rules = self.rules;
        self.order.lines.iter_mut().any(|line| test(&LineCase { line, order, paid, now, rules }))
    }

    fn line_case(&mut self, no: i32) -> Option<LineCase<'_>> {
        let paid = self.paid();
        let order = self.order.state;
        let now = self.now;
        let rules = self.rules;
        self.order.line_mut(no).map(|line| LineCase { line, order, paid, now, rules })
    }

    fn payment_case(&mut self, no: i32) -> Option<PaymentCase<'_>> {
        let row = self.order.payments.iter().find(|row| row.no == no)?;
        let goal = self.goal(row);
        let page = self.page_view(row);
        let order = self.order.state;
        let now = self.now;
        let rules = self.rules;
        self.order.payment_mut(no).map(|payment| PaymentCase {
            payment,
            order,
            goal,
            page,
            now,
            rules,
        })
    }
}
