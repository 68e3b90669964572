//! Tickets of a finished order that are given back, at whatever moment and whatever happens
//! meanwhile.

use super::*;
use crate::returns::{NoReturn, ReturnRequest, Returner};
pub(super) use crate::returns::{ask_return, is_booked_again};

impl World {
    /// An operator loses a ticket of a finished order, and staff has it booked again: whoever asks
    /// for it may die, and its request may arrive late or never.
    pub(super) fn booked_again(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        let finished = self.order.state == OrderState::Finished && self.budget.booked_again > 0;
        for (at, line) in self.order.lines.iter().enumerate().filter(|_| finished) {
            if line.state != LineState::Issued
                || is_booked_again(line)
                || line.is_going()
                || line.open.is_some()
            {
                continue;
            }
            let mut world = self.clone();
            world.budget.booked_again -= 1;
            world.tickets[at].fill(FoundState::Cancelled);
            let intent = Intent { id: Uuid::from_u128(1), ..Intent::new(Verb::Issue, world.now) };
            world.order.lines[at].open = Some(intent.clone());
            world.late.push((Subject::Line(line.no), intent, world.now + TimeDelta::seconds(100)));
            // whatever wakes the driver: it did not ask
            let died = abandoned(&world.order);
            world.advance(&died, rules);
            next.push(world);
        }
        next
    }

    /// Somebody gives one ticket back.
    pub(super) fn returns(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for line in self.order.lines.iter().filter(|_| self.budget.returns > 0) {
            let mut world = self.clone();
            world.budget.returns -= 1;
            if is_booked_again(line) {
                continue;
            }
            if let Ok(Some(_)) = ask_return(&mut world.order, &of_lines([line.no]), world.now) {
                world.advance(&[], rules);
                next.push(world);
            }
        }
        next
    }
}

pub(super) fn of_lines(lines: impl Into<std::collections::BTreeSet<i32>>) -> ReturnRequest {
    ReturnRequest { lines: lines.into(), by: Returner::Staff, reason: None }
}

/// A finished order that was paid so; the budget is of what comes afterwards.
pub(super) fn finished(setting: &Setting, paid: &Transaction) -> World {
    let rules = rules(setting.off);
    let calm = Setting { budget: Budget::default(), ..*setting };
    let mut world = start(&calm);
    while let Some((subject, intent)) = world.in_flight().into_iter().next() {
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    world
        .money
        .push(Transaction { page: world.order.payments[0].reference.to_string(), ..paid.clone() });
    let seen = world.money[0].observed(0, world.now).unwrap();
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    let mut world = world.walk_to(OrderState::Finished, &rules);
    world.budget = setting.budget;
    world
}

fn returned(setting: Setting) {
    let total = (1..=i64::from(setting.lines)).map(|no| no * PRICE).sum();
    let reserved = Transaction::of("", total, true);
    let billed = Transaction::of("", total, false);
    let transfer = Transaction { creditable: false, ..billed.clone() };
    for paid in [reserved, billed, transfer] {
        match explore_from(finished(&setting, &paid), &setting) {
            Ok(states) => assert!((100..setting.most_states).contains(&states), "{states} states"),
            Err(violation) => panic!("{violation}"),
        }
    }
}

#[test]
fn a_ticket_that_is_returned_under_faults_and_a_crash_is_gone_and_paid_back_or_stays() {
    let two = Budget { faults: 2, returns: 1, ..Budget::default() };
    returned(Setting { budget: two, ..setting(1, false, OnRefusal::Undo) });
    let crash = Budget { faults: 1, crashes: 1, returns: 2, ..Budget::default() };
    returned(Setting { budget: crash, ..setting(1, true, OnRefusal::Undo) });
    returned(Setting { budget: crash, ..setting(2, false, OnRefusal::Keep) });
}

#[test]
fn a_returned_ticket_that_is_used_meanwhile_stays_sold_and_paid() {
    let used = Budget { faults: 1, crashes: 1, uses: 1, returns: 2, ..Budget::default() };
    returned(Setting { budget: used, ..setting(1, false, OnRefusal::Undo) });
    returned(Setting {
        budget: Budget { crashes: 0, ..used },
        ..setting(2, true, OnRefusal::Keep)
    });
}

#[test]
fn a_person_who_ends_a_return_leaves_nobody_without_ticket_and_money() {
    let commands = Budget { faults: 2, commands: 2, returns: 2, ..Budget::default() };
    returned(Setting { budget: commands, ..setting(1, false, OnRefusal::Undo) });
    let crash =
        Budget { faults: 1, crashes: 1, uses: 1, commands: 1, returns: 1, ..Budget::default() };
    returned(Setting { budget: crash, ..setting(1, false, OnRefusal::Undo) });
}

#[test]
fn a_bank_that_takes_the_money_back_of_a_returned_ticket_gets_it_once() {
    let bank = Budget { faults: 1, charge_backs: 1, returns: 1, ..Budget::default() };
    returned(Setting { budget: bank, ..setting(2, false, OnRefusal::Keep) });
}

#[test]
fn a_whole_life_with_a_return_at_its_end_ends_right() {
    for dedups in [false, true] {
        let budget = Budget { faults: 1, crashes: 1, payments: 2, returns: 1, ..Budget::default() };
        explored(Setting { budget, ..setting(1, dedups, OnRefusal::Undo) });
    }
}

#[test]
fn a_family_goes_back_whole_and_each_as_it_was_promised() {
    let setting = setting(2, false, OnRefusal::Undo);
    let mut world = finished(&setting, &Transaction::of("", 3 * PRICE, true));
    let ends = world.now + TimeDelta::hours(1);
    let by = Returner::Customer(Uuid::nil());
    let one = ReturnRequest { by, ..of_lines([1]) };
    let ask = |world: &World, request: &ReturnRequest| {
        ask_return(&mut world.order.clone(), request, world.now).map(|_| ())
    };
    assert_eq!(ask(&world, &one), Err(NoReturn::NotPromised(1)));
    for line in &mut world.order.lines {
        line.returns = ReturnTerms { ends: Some(ends), family: Some("family".to_owned()) };
    }
    assert_eq!(ask(&world, &one), Err(NoReturn::Family(1, vec![2])));
    assert_eq!(ask(&world, &of_lines([2])), Err(NoReturn::Family(2, vec![1])));
    assert_eq!(ask(&world, &of_lines([3])), Err(NoReturn::NoLine(3)));
    let both = ReturnRequest { by, ..of_lines([1, 2]) };
    assert_eq!(ask(&world, &both), Ok(()));
    world.order.lines[1].refusal =
        Some(Refusal { kind: RefusalKind::TicketUsed, code: String::new() });
    assert_eq!(ask(&world, &both), Err(NoReturn::Used(2)));
    world.order.lines[1].refusal = None;
    world.now = ends + TimeDelta::seconds(1);
    assert_eq!(ask(&world, &both), Err(NoReturn::Late(1, ends)));
    assert_eq!(ask(&world, &of_lines([1, 2])), Ok(()), "a person may still");
    world.order.state = OrderState::Paying;
    assert_eq!(ask(&world, &both), Err(NoReturn::NotFinished(OrderState::Paying)));
}

#[test]
fn a_return_that_is_not_answered_calls_a_person_and_goes_on() {
    let rules = rules(None);
    let mut world =
        finished(&setting(1, false, OnRefusal::Undo), &Transaction::of("", PRICE, true));
    assert!(ask_return(&mut world.order, &of_lines([1]), world.now).unwrap().is_some());
    assert!(
        ask_return(&mut world.order, &of_lines([1]), world.now).unwrap().is_none(),
        "twice is once"
    );
    let begun = world.now;
    while world.now < begun + rules.doubt_alarm {
        world.advance(&[], &rules);
        assert!(!world.order.needs_staff());
        let (subject, cancel) = world.in_flight().remove(0);
        assert_eq!(cancel.verb, Verb::Cancel);
        let answer = unanswered(Verb::Cancel, || Outcome::NotSent(String::new()));
        world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
        world.now = world.order.next_at.unwrap();
    }
    while world.in_flight().is_empty() {
        world.advance(&[], &rules);
        assert!(world.order.needs_staff());
        world.now = world.order.next_at.unwrap();
    }
    let (subject, cancel) = world.in_flight().remove(0);
    world = world.answered(subject, &cancel, Fate::Answered, &rules);
    assert_eq!((world.order.lines[0].state, world.order.needs_staff()), (LineState::Voided, false));
    let verbs: Vec<_> = world.in_flight().iter().map(|(_, intent)| intent.verb).collect();
    assert_eq!(verbs, [Verb::History], "the money follows in the same commit");
}

#[test]
fn an_ended_return_is_looked_after_by_the_clock_of_whoever_drives_the_order() {
    let mut rules = rules(None);
    let mut world =
        finished(&setting(1, false, OnRefusal::Undo), &Transaction::of("", PRICE, true));
    let now = world.now;
    let line = &mut world.order.lines[0];
    let settle = line.terms.settle;
    let uncounted = Some(now + TimeDelta::hours(2));
    // as whoever takes the order over finds it: what the other has counted counts no more
    (line.doubt_since, line.settles_at, line.ask_at) = (Some(now), uncounted, Some(now));
    rules.steady_since = Some(now - TimeDelta::hours(1));
    for early in [TimeDelta::zero(), settle - TimeDelta::milliseconds(1)] {
        world.now = now + early;
        world.advance(&[], &rules);
        assert_eq!(world.in_flight(), [], "a cancellation may be under way after {early}");
    }
    world.now = now + settle;
    world.advance(&[], &rules);
    let verbs: Vec<_> = world.in_flight().iter().map(|(_, intent)| intent.verb).collect();
    assert_eq!(
        verbs,
        [Verb::Find],
        "no cancellation can be under way any more, and nobody waits for hours"
    );
}
