//! What the outside of the model does: suppliers that answer, refuse, lose and delay, payers,
//! crashes, paused drivers.

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
    /// As it is with every question of its kind.
    Lost,
    Away,
}

impl World {
    pub(super) fn fates(&self, subject: Subject, intent: &Intent) -> Vec<Fate> {
        if intent.verb == Verb::Open && self.loses_pages {
            return vec![Fate::Lost];
        }
        if self.is_away && matches!(subject, Subject::Payment(_)) {
            return vec![Fate::Away];
        }
        let mut fates = vec![Fate::Answered];
        if self.budget.faults > 0 {
            fates.extend([Fate::NotSent, Fate::NeverArrived]);
            // a supplier that dedups answers a known reference with its first answer
            let known = match subject {
                Subject::Line(no) => {
                    self.order.lines[0].terms.dedups
                        && !self.tickets[usize::try_from(no - 1).unwrap()].is_empty()
                }
                Subject::Payment(_) => false,
            };
            // whoever cancels in an undo is refused for a used ticket only
            let returned = intent.verb == Verb::Cancel && self.order.state == OrderState::Finished;
            if returned
                || !known
                    && matches!(
                        intent.verb,
                        Verb::Issue | Verb::Check | Verb::Capture | Verb::Open | Verb::Credit
                    )
            {
                fates.push(Fate::Refused);
            }
            if !matches!(intent.verb, Verb::Check | Verb::Find | Verb::History) {
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

    pub(super) fn answered(
        &self,
        subject: Subject,
        intent: &Intent,
        fate: Fate,
        rules: &Rules,
    ) -> World {
        let mut world = self.clone();
        if !matches!(fate, Fate::Answered | Fate::Lost | Fate::Away) {
            world.budget.faults -= 1;
        }
        let elapsed =
            TimeDelta::seconds(if matches!(fate, Fate::Answered | Fate::Away) { 0 } else { 5 });
        world.now += elapsed;
        let answer = match fate {
            Fate::Answered => world.execute(subject, intent),
            Fate::Refused => refused(intent.verb),
            Fate::NotSent | Fate::Away => {
                unanswered(intent.verb, || Outcome::NotSent(String::new()))
            }
            Fate::NeverArrived | Fate::Lost => {
                unanswered(intent.verb, || Outcome::Unknown(String::new()))
            }
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
                Answer::Line(LineAnswer::Issue(Outcome::Pending {
                    ask_after: Duration::from_secs(1),
                }))
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
        let booking =
            |id: usize| Booking { ticket_reference: String::new(), handle: id.to_string() };
        match intent.verb {
            Verb::Issue if dedups && !tickets.is_empty() => {
                let refusal =
                    Refusal { kind: RefusalKind::ProductUnavailable, code: String::new() };
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
                let all = tickets
                    .iter()
                    .enumerate()
                    .map(|(id, state)| Found { booking: booking(id), state: *state });
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
            Verb::Open
            | Verb::Capture
            | Verb::Reverse
            | Verb::Credit
            | Verb::History
            | Verb::Status
            | Verb::Latest => {
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
            return PaymentAnswer::Status(self.status(&row, intent));
        }
        let now = self.now;
        let money = &mut self.money[row.tid.unwrap().parse::<usize>().unwrap()];
        let already = || Outcome::Unknown("already done".to_owned());
        match intent.verb {
            Verb::Capture if money.reserved => {
                (money.reserved, money.captured) = (false, intent.amount);
                PaymentAnswer::Capture(Outcome::Done(()))
            }
            Verb::Capture if money.failed => PaymentAnswer::Capture(Outcome::Refused(declined())),
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
                if amount == 0 || money.closed_card || money.credited + amount > money.captured {
                    return PaymentAnswer::Credit(Outcome::Refused(declined()));
                }
                money.credited += amount;
                PaymentAnswer::Credit(Outcome::Done(()))
            }
            Verb::History => PaymentAnswer::History(Outcome::Done(money.history(now))),
            Verb::Check
            | Verb::Issue
            | Verb::Find
            | Verb::Cancel
            | Verb::Open
            | Verb::Status
            | Verb::Latest => {
                unreachable!()
            }
        }
    }

    /// The provider counts a call for the transaction that it answers with; a fourth one is denied,
    /// and must never be asked.
    fn status(&mut self, row: &Payment, intent: &Intent) -> Outcome<Option<Observed>> {
        let index = match row.tid.as_ref().filter(|_| intent.verb == Verb::Status) {
            Some(tid) => tid.parse().ok(),
            None => self.money.iter().rposition(|money| money.page == row.reference.as_str()),
        };
        let denied =
            || Refusal { kind: RefusalKind::PaymentDeclined, code: "ACCESS_DENIED".to_owned() };
        let Some(index) = index.filter(|index: &usize| *index < self.money.len()) else {
            return if self.denies { Outcome::Refused(denied()) } else { Outcome::Done(None) };
        };
        self.money[index].calls += 1;
        // after a restore nobody knows how many were asked, and two more are ventured at most
        if self.money[index].calls > 3 + 2 * self.restores {
            self.slip = Some("a status was asked a fourth time");
        }
        if self.denies {
            Outcome::Refused(denied())
        } else {
            Outcome::Done(self.money[index].observed(index, self.now))
        }
    }

    pub(super) fn crashes(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        let flying = self.in_flight();
        if self.budget.crashes == 0 || flying.is_empty() {
            return next;
        }
        for fate in [Fate::NeverArrived, Fate::DoneAnswerLost, Fate::Late] {
            let mut world = self.clone();
            world.budget.crashes -= 1;
            for (subject, intent) in &flying {
                let harmless =
                    matches!(intent.verb, Verb::Check | Verb::Find | Verb::Open | Verb::History);
                let is_status = matches!(intent.verb, Verb::Status | Verb::Latest);
                if fate == Fate::DoneAnswerLost && !harmless {
                    world.execute(*subject, intent);
                } else if fate == Fate::Late && !harmless && !is_status {
                    world.late.push((
                        *subject,
                        intent.clone(),
                        intent.asked_at + TimeDelta::seconds(100),
                    ));
                }
            }
            if rules.keeps(Protection::IntentFirst) {
                let died = abandoned(&world.order);
                world.advance(&died, rules);
            } else {
                world.forget_intents();
                world.advance(&[], rules);
            }
            next.push(world);
        }
        next.push(self.taken_over(rules));
        next
    }

    /// Without the intent's row nobody knows after a crash that anything was asked.
    pub(super) fn forget_intents(&mut self) {
        self.order.lines.iter_mut().for_each(|line| line.open = None);
        self.order.payments.iter_mut().for_each(|row| row.open = None);
    }

    /// The driver pauses after its questions left; another takes over while the answers wait for
    /// the paused one.
    pub(super) fn taken_over(&self, rules: &Rules) -> World {
        let mut world = self.clone();
        world.budget.crashes -= 1;
        let answers = self
            .in_flight()
            .iter()
            .map(|(subject, intent)| world.execute(*subject, intent))
            .collect();
        world.zombie = Some((Box::new(self.order.clone()), answers));
        let died = abandoned(&world.order);
        world.advance(&died, rules);
        world
    }

    /// The paused driver goes on. Its save loses by the version, so nothing of it is kept and it
    /// asks nothing.
    pub(super) fn zombie_wakes(&self, rules: &Rules) -> Option<World> {
        let (order, answers) = self.zombie.clone()?;
        let mut world = World { zombie: None, ..self.clone() };
        if !rules.keeps(Protection::VersionCheck) {
            let subjects = World { order: (*order).clone(), ..self.clone() }
                .in_flight()
                .into_iter()
                .map(|(subject, _)| subject);
            let answers = subjects.zip(answers);
            let answers: Vec<_> = answers
                .map(|(subject, answer)| Answered { subject, answer, elapsed: TimeDelta::zero() })
                .collect();
            world.order = *order;
            world.advance(&answers, rules);
        }
        Some(world)
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

pub(super) fn unanswered(
    verb: Verb,
    outcome: impl Fn() -> Outcome<std::convert::Infallible>,
) -> Answer {
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
