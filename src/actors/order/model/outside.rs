//! What the outside of the model does: suppliers that answer, refuse, lose and delay, payers, crashes, paused drivers.

use super::*;

/// What the outside does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    Refused,
    NotSent,
    DoneAnswerLost,
    NeverArrived,
    Late,
    Pending,
}

impl World {
    pub(super) fn fates(&self, subject: Subject, intent: &Intent) -> Vec<Fate> {
        let mut fates = vec![Fate::Answered];
        if self.budget.faults > 0 {
            fates.extend([Fate::NotSent, Fate::NeverArrived]);
            // a supplier that dedups answers a known reference with its first answer
            let known = match subject {
                Subject::Line(no) => {
                    self.order.lines[0].terms.dedups && !self.tickets[usize::try_from(no - 1).unwrap()].is_empty()
                }
                Subject::Payment(_) => false,
            };
            // whoever cancels in an undo is refused for a used ticket only
            let returned = intent.verb == Verb::Cancel && self.order.state == OrderState::Finished;
            if returned
                || !known
                    && matches!(intent.verb, Verb::Issue | Verb::Check | Verb::Capture | Verb::Open | Verb::Credit)
            {
                fates.push(Fate::Refused);
            }
            if !matches!(intent.verb, Verb::Check | Verb::Find | Verb::History | Verb::Status | Verb::Latest) {
                fates.push(Fate::DoneAnswerLost);
            }
            if returned || matches!(intent.verb, Verb::Issue | Verb::Capture | Verb::Credit) {
                fates.push(Fate::Late);
            }
            if intent.verb == Verb::Issue {
                fates.push(Fate::Pending);
            }
        }
        fates
    }

    pub(super) fn answered(&self, subject: Subject, intent: &Intent, fate: Fate, rules: &Rules) -> World {
        let mut world = self.clone();
        if fate != Fate::Answered {
            world.budget.faults -= 1;
        }
        let elapsed = TimeDelta::seconds(if fate == Fate::Answered { 0 } else { 5 });
        world.now += elapsed;
        let answer = match fate {
            Fate::Answered => world.execute(subject, intent),
            Fate::Refused => refused(intent.verb),
            Fate::NotSent => unanswered(intent.verb, || Outcome::NotSent(String::new())),
            Fate::NeverArrived => unanswered(intent.verb, || Outcome::Unknown(String::new())),
            Fate::DoneAnswerLost => {
                world.execute(subject, intent);
                unanswered(intent.verb, || Outcome::Unknown(String::new()))
            }
            Fate::Late => {
                let until = intent.asked_at + TimeDelta::seconds(100);
                world.late.push((subject, intent.clone(), until));
                unanswered(intent.verb, || Outcome::Unknown(String::new()))
            }
            Fate::Pending => {
                world.execute(subject, intent);
                Answer::Line(LineAnswer::Issue(Outcome::Pending { ask_after: Duration::from_secs(1) }))
            }
        };
        world.advance(&[Answered { subject, answer, elapsed }], rules);
        world
    }

    /// The supplier acts and answers truthfully.
    pub(super) fn execute(&mut self, subject: Subject, intent: &Intent) -> Answer {
        match subject {
            Subject::Line(no) => Answer::Line(self.execute_line(no, intent)),
            Subject::Payment(no) => Answer::Payment(self.execute_payment(no, intent)),
        }
    }

    pub(super) fn execute_line(&mut self, no: i32, intent: &Intent) -> LineAnswer {
        let dedups = self.order.lines[0].terms.dedups;
        let tickets = &mut self.tickets[usize::try_from(no - 1).unwrap()];
        let booking = |id: usize| Booking { ticket_reference: String::new(), handle: id.to_string() };
        match intent.verb {
            Verb::Issue if dedups && !tickets.is_empty() => {
                let refusal = Refusal { kind: RefusalKind::ProductUnavailable, code: String::new() };
                if tickets[0] != FoundState::Cancelled {
                    LineAnswer::Issue(Outcome::Done(booking(0)))
                } else {
                    LineAnswer::Issue(Outcome::Refused(refusal))
                }
            }
            Verb::Issue => {
                tickets.push(FoundState::Live);
                LineAnswer::Issue(Outcome::Done(booking(tickets.len() - 1)))
            }
            Verb::Find => {
                let all = tickets.iter().enumerate().map(|(id, state)| Found { booking: booking(id), state: *state });
                LineAnswer::Find(Outcome::Done(all.collect()))
            }
            Verb::Cancel => {
                let id: usize = intent.booking.as_ref().unwrap().handle.parse().unwrap();
                if tickets[id] == FoundState::Used {
                    let refusal = Refusal { kind: RefusalKind::TicketUsed, code: String::new() };
                    return LineAnswer::Cancel(Outcome::Refused(refusal));
                }
                tickets[id] = FoundState::Cancelled;
                LineAnswer::Cancel(Outcome::Done(()))
            }
            Verb::Check => LineAnswer::Check(Outcome::Done(CheckedCard { free_places: None })),
            Verb::Open | Verb::Capture | Verb::Reverse | Verb::Credit | Verb::History | Verb::Status | Verb::Latest => {
                unreachable!()
            }
        }
    }

    pub(super) fn execute_payment(&mut self, no: i32, intent: &Intent) -> PaymentAnswer {
        let row = self.order.payments.iter().find(|row| row.no == no).unwrap().clone();
        if intent.verb == Verb::Open {
            return PaymentAnswer::Open(Outcome::Done(OpenedPage { url: "http://page".into() }));
        }
        if matches!(intent.verb, Verb::Status | Verb::Latest) {
            let index = match row.tid.as_ref().filter(|_| intent.verb == Verb::Status) {
                Some(tid) => tid.parse().ok(),
                None => self.money.iter().rposition(|money| money.page == row.reference.as_str()),
            };
            let seen = index.map(|index: usize| self.money[index].observed(index));
            return PaymentAnswer::Status(Outcome::Done(seen));
        }
        let money = &mut self.money[row.tid.unwrap().parse::<usize>().unwrap()];
        let already = || Outcome::Unknown("already done".to_owned());
        match intent.verb {
            Verb::Capture if money.reserved => {
                (money.reserved, money.captured) = (false, intent.amount);
                PaymentAnswer::Capture(Outcome::Done(()))
            }
            Verb::Capture => PaymentAnswer::Capture(already()),
            Verb::Reverse if money.reserved => {
                money.reserved = false;
                PaymentAnswer::Reverse(Outcome::Done(()))
            }
            Verb::Reverse => PaymentAnswer::Reverse(already()),
            Verb::Credit => {
                if !money.creditable || money.charged_back > 0 {
                    let refusal = Refusal { kind: RefusalKind::NotCreditable, code: String::new() };
                    return PaymentAnswer::Credit(Outcome::Refused(refusal));
                }
                let amount = if intent.amount == 0 { money.captured } else { intent.amount };
                if amount == 0 || money.credited + amount > money.captured {
                    return PaymentAnswer::Credit(Outcome::Refused(declined()));
                }
                money.credited += amount;
                PaymentAnswer::Credit(Outcome::Done(()))
            }
            Verb::History => PaymentAnswer::History(Outcome::Done(History {
                captured: money.captured,
                credited: money.credited,
                charged_back: money.charged_back,
                reversed: !money.reserved && money.captured == 0,
            })),
            Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel | Verb::Open | Verb::Status | Verb::Latest => {
                unreachable!()
            }
        }
    }

    pub(super) fn payer(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for row in &self.order.payments {
            let stands = row.url.is_some() || row.is_lost();
            let paid = self.money.iter().any(|money| money.page == row.reference.as_str());
            if self.budget.payments > 0 && stands && !paid && self.now < row.page_ends_at {
                let (total, page) = (self.order.total, row.reference.to_string());
                let paid = [
                    Transaction::of(&page, total, true),
                    Transaction::of(&page, total, false),
                    Transaction::of(&page, total + 1, true),
                ];
                let transfer = Transaction { creditable: false, ..Transaction::of(&page, total, false) };
                for money in paid.into_iter().chain((self.budget.transfers > 0).then_some(transfer)) {
                    let mut world = self.clone();
                    world.budget.payments -= 1;
                    world.budget.transfers -= u8::from(!money.creditable);
                    world.money.push(money);
                    next.push(world);
                }
            }
        }
        for index in 0..self.money.len() {
            if self.money[index].charged_back > 0 && !self.money[index].told {
                let mut world = self.clone();
                world.money[index].told = true;
                let callback = world.money[index].reported(index);
                claim(&mut world.order, &callback);
                world.advance(&[], rules);
                next.push(world);
            }
            if self.is_unseen(index) {
                let mut world = self.clone();
                let seen = world.money[index].observed(index);
                observe(&mut world.order, &seen, world.now);
                world.advance(&[], rules);
                next.push(world);
            }
        }
        next
    }

    /// Whether the order has not yet taken what the provider would tell of a transaction.
    pub(super) fn is_unseen(&self, index: usize) -> bool {
        let tid = index.to_string();
        let mut own = self.order.payments.iter().filter(|row| row.tid.as_deref() == Some(&*tid));
        let unknown = [PaymentState::Opened, PaymentState::Closed, PaymentState::Failed];
        own.all(|row| unknown.contains(&row.state))
    }

    pub(super) fn accidents(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        if self.budget.cancels > 0 {
            let mut world = self.clone();
            world.budget.cancels -= 1;
            if cancel(&mut world.order, world.now, rules).is_some() {
                world.advance(&[], rules);
                next.push(world);
            }
        }
        if self.budget.wishes > 0 {
            for wish in [Wish::Undo, Wish::Retry, Wish::Accept] {
                let mut world = self.clone();
                world.budget.wishes -= 1;
                if let Ok(Some(_)) = grant(&mut world.order, wish, world.now, rules) {
                    world.advance(&[], rules);
                    next.push(world);
                }
            }
        }
        next.extend(self.returns(rules));
        next.extend(self.uses());
        next.extend(self.sent(rules));
        next.extend(self.given_back(rules));
        next.extend(self.charge_backs());
        let flying = self.in_flight();
        if self.budget.crashes > 0 && !flying.is_empty() {
            for fate in [Fate::NeverArrived, Fate::DoneAnswerLost, Fate::Late] {
                let mut world = self.clone();
                world.budget.crashes -= 1;
                for (subject, intent) in &flying {
                    let harmless = matches!(
                        intent.verb,
                        Verb::Check | Verb::Find | Verb::Open | Verb::History | Verb::Status | Verb::Latest
                    );
                    if fate == Fate::DoneAnswerLost && !harmless {
                        world.execute(*subject, intent);
                    } else if fate == Fate::Late && !harmless {
                        world.late.push((*subject, intent.clone(), intent.asked_at + TimeDelta::seconds(100)));
                    }
                }
                if rules.controls.skip_intent {
                    world.forget_intents();
                    world.advance(&[], rules);
                } else {
                    let died = abandoned(&world.order);
                    world.advance(&died, rules);
                }
                next.push(world);
            }
            next.push(self.taken_over(rules));
        }
        next
    }

    /// A ticket that opens gates is used at one.
    fn uses(&self) -> Vec<World> {
        let mut next = vec![];
        for (line, tickets) in self.tickets.iter().enumerate().filter(|_| self.budget.uses > 0) {
            for (id, _) in tickets.iter().enumerate().filter(|(_, state)| **state == FoundState::Live) {
                let mut world = self.clone();
                world.budget.uses -= 1;
                world.tickets[line][id] = FoundState::Used;
                next.push(world);
            }
        }
        next
    }

    /// A person sends what is owed by bank transfer; what is given back later can be credited.
    fn sent(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for row in self.order.payments.iter().filter(|row| row.owed > 0 && self.budget.sent > 0) {
            let mut world = self.clone();
            world.budget.sent -= 1;
            take_transfer(&mut world.order, row.no, row.owed).unwrap();
            let money = &mut world.money[row.tid.as_ref().unwrap().parse::<usize>().unwrap()];
            (money.transferred, money.creditable) = (money.transferred + row.owed, true);
            world.advance(&[], rules);
            next.push(world);
        }
        next
    }

    /// A ticket is cancelled at its operator's desk, and its line is taken out of the finished order.
    fn given_back(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        let finished = self.order.state == OrderState::Finished && self.budget.given_back > 0;
        for (at, line) in self.order.lines.iter().enumerate().filter(|_| finished) {
            if line.state == LineState::Issued && !self.tickets[at].contains(&FoundState::Used) {
                let mut world = self.clone();
                world.budget.given_back -= 1;
                world.tickets[at].fill(FoundState::Cancelled);
                world.order.lines[at].enter(LineState::Withdrawn);
                world.advance(&[], rules);
                next.push(world);
            }
        }
        next
    }

    /// A payer's bank takes back what we hold; who is told, and when, is another matter.
    fn charge_backs(&self) -> Vec<World> {
        let mut next = vec![];
        for (index, money) in self.money.iter().enumerate().filter(|_| self.budget.charge_backs > 0) {
            let left = money.captured - money.credited;
            if left > 0 && money.charged_back == 0 {
                let mut world = self.clone();
                world.budget.charge_backs -= 1;
                world.money[index].charged_back = left;
                next.push(world);
            }
        }
        next
    }

    /// Without the intent's row nobody knows after a crash that anything was asked.
    pub(super) fn forget_intents(&mut self) {
        self.order.lines.iter_mut().for_each(|line| line.open = None);
        self.order.payments.iter_mut().for_each(|row| row.open = None);
    }

    /// The driver pauses after its questions left; another takes over while the answers wait for the paused one.
    pub(super) fn taken_over(&self, rules: &Rules) -> World {
        let mut world = self.clone();
        world.budget.crashes -= 1;
        let answers = self.in_flight().iter().map(|(subject, intent)| world.execute(*subject, intent)).collect();
        world.zombie = Some((Box::new(self.order.clone()), answers));
        let died = abandoned(&world.order);
        world.advance(&died, rules);
        world
    }

    /// The paused driver goes on. Its save loses by the version, so nothing of it is kept and it asks nothing.
    pub(super) fn zombie_wakes(&self, rules: &Rules) -> Option<World> {
        let (order, answers) = self.zombie.clone()?;
        let mut world = World { zombie: None, ..self.clone() };
        if rules.controls.skip_version {
            let subjects =
                World { order: (*order).clone(), ..self.clone() }.in_flight().into_iter().map(|(subject, _)| subject);
            let answers = subjects.zip(answers);
            let answers: Vec<_> =
                answers.map(|(subject, answer)| Answered { subject, answer, elapsed: TimeDelta::zero() }).collect();
            world.order = *order;
            world.advance(&answers, rules);
        }
        Some(world)
    }
}

impl Transaction {
    pub(super) fn of(page: &str, amount: i64, reserved: bool) -> Self {
        let captured = if reserved { 0 } else { amount };
        let (page, credited, transferred, charged_back) = (page.to_owned(), 0, 0, 0);
        Self { page, reserved, amount, captured, credited, creditable: true, transferred, charged_back, told: false }
    }

    /// What a callback says of a charge-back.
    fn reported(&self, index: usize) -> Callback {
        let Observed { tid, reference, amount, currency, .. } = self.observed(index);
        let (secret, status, state) = (String::new(), "BILLED_REVERSAL".into(), ObservedState::ChargedBack);
        Callback { tid, reference, secret, status, state, amount, currency }
    }

    pub(super) fn observed(&self, index: usize) -> Observed {
        let state = match (self.reserved, self.captured) {
            (true, _) => ObservedState::Reserved,
            _ if self.charged_back > 0 => ObservedState::ChargedBack,
            (false, 0) => ObservedState::Reversed,
            (false, _) => ObservedState::Billed,
        };
        Observed {
            tid: index.to_string(),
            reference: self.page.clone(),
            state,
            amount: self.amount,
            currency: "EUR".into(),
        }
    }
}

pub(super) fn declined() -> Refusal {
    Refusal { kind: RefusalKind::PaymentDeclined, code: String::new() }
}

pub(super) fn refused(verb: Verb) -> Answer {
    match verb {
        Verb::Check => Answer::Line(LineAnswer::Check(Outcome::Refused(declined()))),
        Verb::Issue => Answer::Line(LineAnswer::Issue(Outcome::Refused(declined()))),
        Verb::Open => Answer::Payment(PaymentAnswer::Open(Outcome::Refused(declined()))),
        Verb::Capture => Answer::Payment(PaymentAnswer::Capture(Outcome::Refused(declined()))),
        Verb::Credit => Answer::Payment(PaymentAnswer::Credit(Outcome::Refused(declined()))),
        Verb::Cancel => Answer::Line(LineAnswer::Cancel(Outcome::Refused(declined()))),
        Verb::Find | Verb::Reverse | Verb::History | Verb::Status | Verb::Latest => unreachable!(),
    }
}

pub(super) struct Unanswered(Outcome<std::convert::Infallible>);

impl Unanswered {
    pub(super) fn of<T>(self) -> Outcome<T> {
        self.0.map(|never| match never {})
    }
}

pub(super) fn unanswered(verb: Verb, outcome: impl Fn() -> Outcome<std::convert::Infallible>) -> Answer {
    let outcome = Unanswered(outcome());
    match verb {
        Verb::Check => Answer::Line(LineAnswer::Check(outcome.of())),
        Verb::Issue => Answer::Line(LineAnswer::Issue(outcome.of())),
        Verb::Find => Answer::Line(LineAnswer::Find(outcome.of())),
        Verb::Cancel => Answer::Line(LineAnswer::Cancel(outcome.of())),
        Verb::Open => Answer::Payment(PaymentAnswer::Open(outcome.of())),
        Verb::Capture => Answer::Payment(PaymentAnswer::Capture(outcome.of())),
        Verb::Reverse => Answer::Payment(PaymentAnswer::Reverse(outcome.of())),
        Verb::Credit => Answer::Payment(PaymentAnswer::Credit(outcome.of())),
        Verb::History => Answer::Payment(PaymentAnswer::History(outcome.of())),
        Verb::Status | Verb::Latest => Answer::Payment(PaymentAnswer::Status(outcome.of())),
    }
}
