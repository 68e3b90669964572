//! The model test: every interleaving of one order with suppliers that lose, delay and refuse, with crashes and payers.
//!
//! The rules under test are the ones that run in production ([`advance`]); only the outside is a model. At every state at
//! most one booking of a line is live; at every end the money held is the price of what is on the cards.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use super::advance::{Answer, Answered, abandoned, advance, cancel};
use super::intent::{Intent, Subject, Verb};
use super::lifecycle::{LineState, OrderState, PaymentState, has_ended};
use super::lines::LineAnswer;
use super::observe::observe;
use super::payments::PaymentAnswer;
use super::person::{Wish, grant};
use super::record::{Line, Moment, OnRefusal, Order, Terms, Ticket};
use super::rules::{Controls, Rules};
use crate::ids::OrderNumber;
use crate::integrations::lift::{Booking, CheckedCard, Found, FoundState};
use crate::integrations::payment::{History, Observed, ObservedState, OpenedPage};
use crate::integrations::{Outcome, Refusal, RefusalKind};

const PRICE: i64 = 5000;
/// More steps than any life needs: an order that takes longer goes in circles.
const LONGEST_LIFE: usize = 200;

/// What a run may cost: how often the outside may misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Budget {
    faults: u8,
    crashes: u8,
    cancels: u8,
    payments: u8,
    /// What a person at the desk does.
    wishes: u8,
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    lines: i32,
    dedups: bool,
    on_refusal: OnRefusal,
    budget: Budget,
    controls: Controls,
    most_states: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    order: Order,
    now: Moment,
    /// Bookings of each line: live or not.
    tickets: Vec<Vec<bool>>,
    money: Vec<Transaction>,
    /// Requests that were given up and still run, and until when they may.
    late: Vec<(Subject, Intent, Moment)>,
    /// A driver that was paused, lost its order to another, and still holds its old copy and the answers that it got.
    zombie: Option<(Box<Order>, Vec<Answer>)>,
    budget: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Transaction {
    page: String,
    reserved: bool,
    amount: i64,
    captured: i64,
    credited: i64,
}

/// What the outside does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Refused,
    NotSent,
    DoneAnswerLost,
    NeverArrived,
    Late,
    Pending,
}

fn rules(controls: Controls) -> Rules {
    Rules {
        payment_settle: TimeDelta::seconds(100),
        pause: TimeDelta::seconds(1),
        pause_limit: TimeDelta::seconds(60),
        controls,
        ..Rules::default()
    }
}

fn some_ticket(day: NaiveDate) -> Ticket {
    Ticket {
        operator: String::new(),
        product: String::new(),
        category: String::new(),
        product_code: String::new(),
        category_code: String::new(),
        valid_from: day,
        valid_to: day,
        from_time: None,
        vat_permille: 100,
        card_id: Uuid::nil(),
        card_number: String::new(),
        holder_first_name: String::new(),
        holder_last_name: String::new(),
        holder_birth_date: day,
    }
}

fn start(setting: &Setting) -> World {
    let now = Utc.with_ymd_and_hms(2026, 12, 19, 6, 0, 0).unwrap();
    let number = OrderNumber::stored("A0000000000".into());
    let day = NaiveDate::from_ymd_opt(2026, 12, 20).unwrap();
    let lines = (1..=setting.lines).map(|no| Line {
        no,
        reference: number.ticket(no),
        state: LineState::Wanted,
        checked: false,
        withdrawing: false,
        price: PRICE * i64::from(no),
        terms: Terms { dedups: setting.dedups, settle: TimeDelta::seconds(100), patience: TimeDelta::seconds(10) },
        asked_ms: 0,
        attempts: 0,
        ask_at: None,
        settles_at: None,
        doubt_since: None,
        refusal: None,
        booking: None,
        person: None,
        open: None,
        ticket: some_ticket(day),
    });
    let lines: Vec<_> = lines.collect();
    let order = Order {
        id: Uuid::nil(),
        number,
        account_id: Uuid::nil(),
        state: OrderState::Placed,
        on_refusal: setting.on_refusal,
        total: lines.iter().map(|line| line.price).sum(),
        currency: "EUR".into(),
        wanted: None,
        version: 1,
        driver: Uuid::nil(),
        next_at: None,
        placed_at: now,
        entered_at: now,
        ends_by: now + TimeDelta::days(1),
        refusal: None,
        return_url: None,
        lines,
        payments: vec![],
    };
    let tickets = vec![vec![]; usize::try_from(setting.lines).unwrap()];
    let mut world = World { order, now, tickets, money: vec![], late: vec![], zombie: None, budget: setting.budget };
    world.advance(&[], &rules(setting.controls));
    world
}

impl World {
    fn advance(&mut self, answers: &[Answered], rules: &Rules) {
        advance(&mut self.order, answers, self.now, rules);
        self.commit();
    }

    /// What the driver does before asking: every new intent becomes a row.
    fn commit(&mut self) {
        let lines = self.order.lines.iter_mut().map(|line| &mut line.open);
        let payments = self.order.payments.iter_mut().map(|row| &mut row.open);
        for intent in lines.chain(payments).flatten() {
            intent.id = Uuid::from_u128(1);
        }
    }

    fn in_flight(&self) -> Vec<(Subject, Intent)> {
        let lines = self.order.lines.iter().filter_map(|line| Some((Subject::Line(line.no), line.open.clone()?)));
        let payments = self.order.payments.iter().filter_map(|row| Some((Subject::Payment(row.no), row.open.clone()?)));
        lines.chain(payments).collect()
    }

    /// Every world that may come next.
    fn next(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for (subject, intent) in self.in_flight() {
            for fate in self.fates(subject, &intent) {
                next.push(self.answered(subject, &intent, fate, rules));
            }
        }
        for index in 0..self.late.len() {
            let mut world = self.clone();
            let (subject, intent, _) = world.late.remove(index);
            world.execute(subject, &intent);
            next.push(world);
            let mut lost = self.clone();
            lost.late.remove(index);
            next.push(lost);
        }
        next.extend(self.payer(rules));
        next.extend(self.zombie_wakes(rules));
        next.extend(self.accidents(rules));
        if let Some(at) = self.order.next_at.filter(|at| *at > self.now)
            && self.in_flight().is_empty()
            && self.late.iter().all(|(_, _, until)| *until > at)
        {
            let mut world = self.clone();
            world.now = at;
            world.advance(&[], rules);
            next.push(world);
        }
        next
    }

    fn fates(&self, subject: Subject, intent: &Intent) -> Vec<Fate> {
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
            if !known && matches!(intent.verb, Verb::Issue | Verb::Check | Verb::Capture | Verb::Open | Verb::Credit) {
                fates.push(Fate::Refused);
            }
            if !matches!(intent.verb, Verb::Check | Verb::Find | Verb::History | Verb::Status) {
                fates.push(Fate::DoneAnswerLost);
            }
            if matches!(intent.verb, Verb::Issue | Verb::Capture | Verb::Credit) {
                fates.push(Fate::Late);
            }
            if intent.verb == Verb::Issue {
                fates.push(Fate::Pending);
            }
        }
        fates
    }

    fn answered(&self, subject: Subject, intent: &Intent, fate: Fate, rules: &Rules) -> World {
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
    fn execute(&mut self, subject: Subject, intent: &Intent) -> Answer {
        match subject {
            Subject::Line(no) => Answer::Line(self.execute_line(no, intent)),
            Subject::Payment(no) => Answer::Payment(self.execute_payment(no, intent)),
        }
    }

    fn execute_line(&mut self, no: i32, intent: &Intent) -> LineAnswer {
        let dedups = self.order.lines[0].terms.dedups;
        let tickets = &mut self.tickets[usize::try_from(no - 1).unwrap()];
        let booking = |id: usize| Booking { ticket_reference: String::new(), handle: id.to_string() };
        match intent.verb {
            Verb::Issue if dedups && !tickets.is_empty() => {
                let refusal = Refusal { kind: RefusalKind::ProductUnavailable, code: String::new() };
                if tickets[0] {
                    LineAnswer::Issue(Outcome::Done(booking(0)))
                } else {
                    LineAnswer::Issue(Outcome::Refused(refusal))
                }
            }
            Verb::Issue => {
                tickets.push(true);
                LineAnswer::Issue(Outcome::Done(booking(tickets.len() - 1)))
            }
            Verb::Find => {
                let state = |live: &bool| if *live { FoundState::Live } else { FoundState::Cancelled };
                let all =
                    tickets.iter().enumerate().map(|(id, live)| Found { booking: booking(id), state: state(live) });
                LineAnswer::Find(Outcome::Done(all.collect()))
            }
            Verb::Cancel => {
                let id: usize = intent.booking.as_ref().unwrap().handle.parse().unwrap();
                tickets[id] = false;
                LineAnswer::Cancel(Outcome::Done(()))
            }
            Verb::Check => LineAnswer::Check(Outcome::Done(CheckedCard { free_places: None })),
            Verb::Open | Verb::Capture | Verb::Reverse | Verb::Credit | Verb::History | Verb::Status => unreachable!(),
        }
    }

    fn execute_payment(&mut self, no: i32, intent: &Intent) -> PaymentAnswer {
        let row = self.order.payments.iter().find(|row| row.no == no).unwrap().clone();
        if intent.verb == Verb::Open {
            return PaymentAnswer::Open(Outcome::Done(OpenedPage { url: "http://page".into() }));
        }
        if intent.verb == Verb::Status {
            let index = match &row.tid {
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
                reversed: !money.reserved && money.captured == 0,
            })),
            Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel | Verb::Open | Verb::Status => unreachable!(),
        }
    }

    fn payer(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for row in &self.order.payments {
            let stands = row.url.is_some() || row.is_lost();
            let paid = self.money.iter().any(|money| money.page == row.reference.as_str());
            if self.budget.payments > 0 && stands && !paid && self.now < row.page_ends_at {
                for (reserved, amount) in
                    [(true, self.order.total), (false, self.order.total), (true, self.order.total + 1)]
                {
                    let mut world = self.clone();
                    world.budget.payments -= 1;
                    let captured = if reserved { 0 } else { amount };
                    let page = row.reference.to_string();
                    world.money.push(Transaction { page, reserved, amount, captured, credited: 0 });
                    next.push(world);
                }
            }
        }
        for index in 0..self.money.len() {
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
    fn is_unseen(&self, index: usize) -> bool {
        let tid = index.to_string();
        let mut own = self.order.payments.iter().filter(|row| row.tid.as_deref() == Some(&*tid));
        let unknown = [PaymentState::Opened, PaymentState::Closed, PaymentState::Failed];
        own.all(|row| unknown.contains(&row.state))
    }

    fn accidents(&self, rules: &Rules) -> Vec<World> {
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
        let flying = self.in_flight();
        if self.budget.crashes > 0 && !flying.is_empty() {
            for fate in [Fate::NeverArrived, Fate::DoneAnswerLost, Fate::Late] {
                let mut world = self.clone();
                world.budget.crashes -= 1;
                for (subject, intent) in &flying {
                    let harmless =
                        matches!(intent.verb, Verb::Check | Verb::Find | Verb::Open | Verb::History | Verb::Status);
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

    /// Without the intent's row nobody knows after a crash that anything was asked.
    fn forget_intents(&mut self) {
        self.order.lines.iter_mut().for_each(|line| line.open = None);
        self.order.payments.iter_mut().for_each(|row| row.open = None);
    }

    /// The driver pauses after its questions left; another takes over while the answers wait for the paused one.
    fn taken_over(&self, rules: &Rules) -> World {
        let mut world = self.clone();
        world.budget.crashes -= 1;
        let answers = self.in_flight().iter().map(|(subject, intent)| world.execute(*subject, intent)).collect();
        world.zombie = Some((Box::new(self.order.clone()), answers));
        let died = abandoned(&world.order);
        world.advance(&died, rules);
        world
    }

    /// The paused driver goes on. Its save loses by the version, so nothing of it is kept and it asks nothing.
    fn zombie_wakes(&self, rules: &Rules) -> Option<World> {
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

    /// What must be true at every moment.
    fn check_always(&self) -> Result<(), String> {
        for (index, tickets) in self.tickets.iter().enumerate() {
            let live = tickets.iter().filter(|live| **live).count();
            if live > 1 {
                return Err(format!("line {} has {live} live tickets", index + 1));
            }
        }
        Ok(())
    }

    /// A partial credit whose asker died and that the history does not show is the one end that only a person can make.
    fn waits_for_a_person(&self) -> bool {
        let reasons = self.order.payments.iter().filter_map(|row| row.person.as_ref());
        self.late.is_empty() && reasons.into_iter().any(|mark| mark.reason == "partial_credit_in_doubt")
    }

    /// What must be true once nothing can happen any more.
    fn check_end(&self) -> Result<(), String> {
        if !has_ended(self.order.state) {
            return Err(format!("stuck in {:?}", self.order.state));
        }
        let finished = self.order.state == OrderState::Finished;
        let mut price = 0;
        for (line, tickets) in self.order.lines.iter().zip(&self.tickets) {
            let live = tickets.iter().filter(|live| **live).count();
            let wanted = usize::from(finished && line.state == LineState::Issued);
            if live != wanted {
                return Err(format!(
                    "line {} ({:?}) has {live} live tickets in {:?}",
                    line.no, line.state, self.order.state
                ));
            }
            price += line.price * i64::try_from(live).unwrap();
        }
        let held: i64 = self.money.iter().map(|money| money.captured - money.credited).sum();
        if held != price || self.money.iter().any(|money| money.reserved) {
            return Err(format!("money {:?} held for tickets of {price}", self.money));
        }
        Ok(())
    }
}

impl Transaction {
    fn observed(&self, index: usize) -> Observed {
        let state = match (self.reserved, self.captured) {
            (true, _) => ObservedState::Reserved,
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

fn declined() -> Refusal {
    Refusal { kind: RefusalKind::PaymentDeclined, code: String::new() }
}

fn refused(verb: Verb) -> Answer {
    match verb {
        Verb::Check => Answer::Line(LineAnswer::Check(Outcome::Refused(declined()))),
        Verb::Issue => Answer::Line(LineAnswer::Issue(Outcome::Refused(declined()))),
        Verb::Open => Answer::Payment(PaymentAnswer::Open(Outcome::Refused(declined()))),
        Verb::Capture => Answer::Payment(PaymentAnswer::Capture(Outcome::Refused(declined()))),
        Verb::Credit => Answer::Payment(PaymentAnswer::Credit(Outcome::Refused(declined()))),
        Verb::Find | Verb::Cancel | Verb::Reverse | Verb::History | Verb::Status => unreachable!(),
    }
}

struct Unanswered(Outcome<std::convert::Infallible>);

impl Unanswered {
    fn of<T>(self) -> Outcome<T> {
        self.0.map(|never| match never {})
    }
}

fn unanswered(verb: Verb, outcome: impl Fn() -> Outcome<std::convert::Infallible>) -> Answer {
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
        Verb::Status => Answer::Payment(PaymentAnswer::Status(outcome.of())),
    }
}

/// Walks every reachable world, up to a limit; answers the number of states, or the shortest-known way to a violation.
fn explore(setting: &Setting) -> Result<usize, String> {
    let rules = rules(setting.controls);
    let key = |world: &World| {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    };
    let first = start(setting);
    let mut seen = HashSet::from([key(&first)]);
    let mut open = vec![(first, vec![])];
    while let Some((world, way)) = open.pop() {
        world.check_always().map_err(|why| tell(&why, &way, &world))?;
        if way.len() > LONGEST_LIFE {
            return Err(tell("it never ends", &way[way.len() - 12..], &world));
        }
        if world.waits_for_a_person() {
            continue;
        }
        let next = world.next(&rules);
        if next.is_empty() {
            world.check_end().map_err(|why| tell(&why, &way, &world))?;
        }
        if seen.len() >= setting.most_states {
            return Ok(seen.len());
        }
        for world in next {
            if seen.insert(key(&world)) {
                let mut way = way.clone();
                way.push(step(&world));
                open.push((world, way));
            }
        }
    }
    Ok(seen.len())
}

fn step(world: &World) -> String {
    let lines: Vec<_> = world
        .order
        .lines
        .iter()
        .map(|line| format!("{:?}/{:?}", line.state, line.open.as_ref().map(|o| o.verb)))
        .collect();
    let rows: Vec<_> = world
        .order
        .payments
        .iter()
        .map(|row| format!("{:?}/{:?}/{:?}", row.state, row.open.as_ref().map(|o| o.verb), row.doubt))
        .collect();
    format!(
        "{} {:?} lines {lines:?} {:?} payments {rows:?} money {:?} late {}",
        world.now.time(),
        world.order.state,
        world.tickets,
        world.money,
        world.late.len()
    )
}

fn tell(why: &str, way: &[String], world: &World) -> String {
    format!("{why}\n{}\n{:#?}", way.join("\n"), world.order.payments)
}

fn explored(setting: Setting) {
    match explore(&setting) {
        Ok(states) => assert!(states > 1000, "only {states} states"),
        Err(violation) => panic!("{violation}"),
    }
}

const ONE_FAULT_EACH: Budget = Budget { faults: 1, crashes: 1, cancels: 1, payments: 1, wishes: 0 };

/// `STARJACK_MODEL_STATES` lets a long run by hand see more worlds than the short one of every day.
fn setting(lines: i32, dedups: bool, on_refusal: OnRefusal) -> Setting {
    let most_states = std::env::var("STARJACK_MODEL_STATES").ok().and_then(|text| text.parse().ok()).unwrap_or(150_000);
    Setting { lines, dedups, on_refusal, budget: ONE_FAULT_EACH, controls: Controls::default(), most_states }
}

#[test]
fn one_line_under_two_faults_a_crash_and_two_payments_ends_right() {
    for dedups in [false, true] {
        let budget = Budget { faults: 2, crashes: 1, cancels: 1, payments: 2, wishes: 0 };
        explored(Setting { budget, ..setting(1, dedups, OnRefusal::Undo) });
    }
}

#[test]
fn two_lines_that_are_undone_together_end_right() {
    for dedups in [false, true] {
        explored(setting(2, dedups, OnRefusal::Undo));
    }
}

#[test]
fn two_lines_of_which_the_issued_one_is_kept_end_right() {
    for dedups in [false, true] {
        explored(setting(2, dedups, OnRefusal::Keep));
    }
}

#[test]
fn three_faults_without_a_crash_end_right() {
    for dedups in [false, true] {
        let budget = Budget { faults: 3, crashes: 0, cancels: 0, payments: 1, wishes: 0 };
        explored(Setting { budget, ..setting(1, dedups, OnRefusal::Undo) });
    }
}

#[test]
fn whatever_a_person_wishes_at_whatever_moment_ends_right() {
    let calm = Budget { faults: 2, crashes: 0, cancels: 0, payments: 1, wishes: 1 };
    explored(Setting { budget: calm, ..setting(1, false, OnRefusal::Undo) });
    let rough = Budget { faults: 1, crashes: 1, cancels: 0, payments: 1, wishes: 1 };
    explored(Setting { budget: rough, ..setting(2, false, OnRefusal::Keep) });
    explored(Setting { budget: Budget { wishes: 2, ..rough }, ..setting(1, true, OnRefusal::Undo) });
}

/// Each rule switched off is caught: this proves that the check can fail.
#[test]
fn every_rule_that_is_switched_off_is_caught() {
    let budget = Budget { faults: 2, crashes: 0, cancels: 1, payments: 2, wishes: 0 };
    let base = Setting { budget, ..setting(1, false, OnRefusal::Undo) };
    let two = Setting { lines: 2, on_refusal: OnRefusal::Keep, ..base };
    let crash = Setting { budget: Budget { faults: 1, crashes: 1, cancels: 0, payments: 1, wishes: 0 }, ..base };
    let parts = Setting { budget: Budget { faults: 3, crashes: 0, cancels: 0, payments: 1, wishes: 0 }, ..two };
    let controls = Controls::default();
    let runs = [
        ("find before repeat", Setting { controls: Controls { skip_find: true, ..controls }, ..base }),
        ("settle", Setting { controls: Controls { skip_settle: true, ..controls }, ..base }),
        ("burn the reference", Setting { dedups: true, controls: Controls { skip_burn: true, ..controls }, ..two }),
        ("wanted payment", Setting { controls: Controls { skip_wanted: true, ..controls }, ..base }),
        ("take what was issued", Setting { controls: Controls { take_total: true, ..controls }, ..two }),
        (
            "history before a repeated credit",
            Setting { controls: Controls { skip_history: true, ..controls }, ..parts },
        ),
        ("intent first", Setting { controls: Controls { skip_intent: true, ..controls }, ..crash }),
        ("version check", Setting { controls: Controls { skip_version: true, ..controls }, ..crash }),
    ];
    for (rule, setting) in runs {
        let run = explore(&Setting { most_states: 400_000, ..setting });
        assert!(run.is_err(), "{rule} is off and nothing noticed in {run:?} states");
    }
}

#[test]
fn an_ended_order_gives_back_money_that_comes_late() {
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    let rules = rules(Controls::default());
    let (subject, intent) = world.in_flight().remove(0);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    let (subject, intent) = world.in_flight().remove(0);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    assert!(cancel(&mut world.order, world.now, &rules).is_some());
    world.advance(&[], &rules);
    world.money.push(Transaction {
        page: world.order.payments[0].reference.to_string(),
        reserved: true,
        amount: PRICE,
        captured: 0,
        credited: 0,
    });
    let seen = world.money[0].observed(0);
    assert!(observe(&mut world.order, &seen, world.now));
    world.advance(&[], &rules);
    let (subject, intent) = world.in_flight().remove(0);
    assert_eq!(intent.verb, Verb::Reverse);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    assert_eq!((world.order.state, world.order.payments[0].state), (OrderState::Rejected, PaymentState::Reversed));
    world.check_end().unwrap();
}
#[test]
fn what_a_draining_replica_does_not_ask_is_due_at_once_for_the_next() {
    let rules = rules(Controls::default());
    let draining = Rules { asking: false, ..rules.clone() };
    let world = start(&setting(1, false, OnRefusal::Undo));
    let (subject, check) = world.in_flight().remove(0);
    let drained = world.answered(subject, &check, Fate::Answered, &draining);
    assert_eq!((drained.order.state, drained.in_flight().len()), (OrderState::Paying, 0));
    assert_eq!(drained.order.next_at, Some(drained.now));
}

#[test]
fn a_second_booking_that_is_not_final_yet_is_not_forgotten() {
    let rules = rules(Controls::default());
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    world.order.state = OrderState::Authorised;
    world.order.lines[0].state = LineState::Doubtful;
    let booking = |handle: &str| Booking { ticket_reference: String::new(), handle: handle.to_owned() };
    let found = |second: FoundState| {
        let all = vec![
            Found { booking: booking("first"), state: FoundState::Live },
            Found { booking: booking("second"), state: second },
        ];
        Answer::Line(LineAnswer::Find(Outcome::Done(all)))
    };
    for (second, verb) in [(FoundState::Pending, None), (FoundState::Live, Some(Verb::Cancel))] {
        let mut world = world.clone();
        let find = Intent { id: Uuid::from_u128(1), ..Intent::new(Verb::Find, world.now) };
        world.order.lines[0].open = Some(find);
        let subject = Subject::Line(1);
        world.advance(&[Answered { subject, answer: found(second), elapsed: TimeDelta::zero() }], &rules);
        assert_eq!(world.order.lines[0].state, LineState::Doubtful, "{second:?}");
        assert_eq!(world.order.lines[0].open.as_ref().map(|open| open.verb), verb, "{second:?}");
    }
}

/// An order with one line and its reservation that is being undone, just before its money goes back.
fn giving_back(rules: &Rules) -> World {
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    for _check_and_page in 0..2 {
        let (subject, intent) = world.in_flight().remove(0);
        world = world.answered(subject, &intent, Fate::Answered, rules);
    }
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction { page, reserved: true, amount: PRICE, captured: 0, credited: 0 });
    let seen = world.money[0].observed(0);
    assert!(observe(&mut world.order, &seen, world.now));
    world.advance(&[], rules);
    world.budget.faults = 1;
    let (subject, intent) = world.in_flight().remove(0);
    world.answered(subject, &intent, Fate::Refused, rules)
}

#[test]
fn money_that_goes_back_after_all_needs_no_person_any_more() {
    let rules = rules(Controls::default());
    let mut world = giving_back(&rules);
    for _twice in 0..2 {
        let (subject, _reverse) = world.in_flight().remove(0);
        let answer = Answer::Payment(PaymentAnswer::Reverse(Outcome::Refused(declined())));
        world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
        world.now = world.order.next_at.unwrap();
        world.advance(&[], &rules);
        let (subject, history) = world.in_flight().remove(0);
        assert_eq!(history.verb, Verb::History);
        world = world.answered(subject, &history, Fate::Answered, &rules);
        let marked = world.order.needs_person();
        world.now = world.order.next_at.unwrap();
        world.advance(&[], &rules);
        assert_eq!(world.order.needs_person(), marked, "asking again clears nothing");
    }
    assert!(world.order.needs_person(), "a second no needs a person");
    let (subject, reverse) = world.in_flight().remove(0);
    world = world.answered(subject, &reverse, Fate::Answered, &rules);
    assert_eq!(world.order.state, OrderState::Undone);
    assert!(!world.order.needs_person());
}

#[test]
fn billed_money_of_which_no_status_call_comes_back_is_found_in_the_books_and_given_back() {
    let rules = rules(Controls::default());
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    for _check_and_page in 0..2 {
        let (subject, intent) = world.in_flight().remove(0);
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction { page, reserved: false, amount: PRICE, captured: PRICE, credited: 0 });
    (world.order.payments[0].tid, world.order.payments[0].pull) = (Some("0".to_owned()), true);
    world.budget.faults = 3;
    for _call in 0..3 {
        world.advance(&[], &rules);
        let (subject, status) = world.in_flight().remove(0);
        assert_eq!(status.verb, Verb::Status);
        world = world.answered(subject, &status, Fate::NeverArrived, &rules);
        world.now = world.order.next_at.unwrap();
    }
    for verb in [Verb::History, Verb::Credit] {
        world.advance(&[], &rules);
        let (subject, intent) = world.in_flight().remove(0);
        assert_eq!(intent.verb, verb);
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    assert_eq!((world.order.state, world.order.payments[0].state), (OrderState::Paying, PaymentState::Returned));
    assert_eq!(world.money[0].credited, PRICE);
}

#[test]
fn a_page_whose_answer_is_lost_at_once_is_followed_by_another() {
    let rules = rules(Controls::default());
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    let (subject, check) = world.in_flight().remove(0);
    world = world.answered(subject, &check, Fate::Answered, &rules);
    let (subject, _open) = world.in_flight().remove(0);
    let answer = unanswered(Verb::Open, || Outcome::Unknown(String::new()));
    world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
    assert_eq!((world.order.state, world.in_flight().len()), (OrderState::Paying, 0), "it waits before it asks again");
    world.now = world.order.next_at.unwrap();
    world.advance(&[], &rules);
    let (subject, second) = world.in_flight().remove(0);
    assert_eq!((subject, second.verb), (Subject::Payment(2), Verb::Open));
}

mod traces;
