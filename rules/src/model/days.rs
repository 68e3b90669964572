//! Whose the days of the order's cards are in the model: a rival is another order for the same card
//! and day.

use super::wider_traces::{page_open, two_kept};
use super::*;

/// Whose a card's days are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Day {
    #[default]
    Free,
    Ours,
    Rivals,
}

impl World {
    /// What the commit of a turn does about days; `Err` names the line whose day a rival has: then
    /// nothing is committed.
    pub(super) fn hold(&mut self, effects: &Effects) -> Result<(), i32> {
        let at = |no: &i32| usize::try_from(*no - 1).unwrap();
        if let Some(no) = effects.held.iter().find(|no| self.days[at(no)] == Day::Rivals) {
            return Err(*no);
        }
        effects.held.iter().for_each(|no| self.days[at(no)] = Day::Ours);
        Ok(())
    }

    pub(super) fn free(&mut self, these: &[i32]) {
        for (day, no) in self.days.iter_mut().zip(1..) {
            if *day == Day::Ours && these.contains(&no) {
                *day = Day::Free;
            }
        }
    }

    /// Somebody else is paid first for a card and day that the order does not hold.
    pub(super) fn rivals(&self) -> Vec<World> {
        let free =
            (0..self.days.len()).filter(|at| self.budget.rivals > 0 && self.days[*at] == Day::Free);
        let taken = free.map(|at| {
            let mut world = self.clone();
            world.budget.rivals -= 1;
            world.days[at] = Day::Rivals;
            world
        });
        taken.collect()
    }

    /// A ticket stands only on a day that its order holds; of one that was used, staff may say that
    /// it is paid back all the same.
    pub(super) fn check_days(&self) -> Result<(), String> {
        let stands = |at: usize| self.tickets[at].contains(&FoundState::Live);
        let wrong = (0..self.days.len()).find(|at| stands(*at) && self.days[*at] != Day::Ours);
        wrong.map_or(Ok(()), |at| {
            Err(format!("line {} has a ticket on a day that is not its order's", at + 1))
        })
    }

    /// At the end a day is held only where there is a ticket.
    pub(super) fn check_no_day_is_left(&self) -> Result<(), String> {
        let lines = self.days.iter().zip(&self.order.lines).filter(|(day, _)| **day == Day::Ours);
        let left = lines.map(|(_, line)| line).find(|line| line.state != LineState::Issued);
        left.map_or(Ok(()), |line| Err(format!("line {} has no ticket and holds its day", line.no)))
    }

    /// After a restore, what may have been booked since keeps its days, as far as they are free.
    pub(super) fn hold_what_is_sought(&mut self) {
        for (day, line) in self.days.iter_mut().zip(&self.order.lines) {
            if line.is_sought() && *day == Day::Free {
                *day = Day::Ours;
            }
        }
    }
}

#[test]
fn of_two_orders_for_one_card_and_day_the_one_that_is_paid_second_gets_its_money_back() {
    let budget = Budget { rivals: 1, faults: 1, cancels: 1, payments: 1, ..NOTHING };
    for on_refusal in [OnRefusal::Undo, OnRefusal::Keep] {
        explored(Setting { budget, ..setting(2, false, on_refusal) });
    }
    let restored = Budget { rivals: 1, backups: 1, payments: 1, ..NOTHING };
    explored(Setting { budget: restored, ..setting(2, false, OnRefusal::Keep) });
    let rough = Budget { rivals: 1, faults: 1, crashes: 1, payments: 1, ..NOTHING };
    for dedups in [false, true] {
        explored(Setting { budget: rough, ..setting(1, dedups, OnRefusal::Undo) });
    }
}

/// An order of two lines that was paid after others had taken some of its days, at its end.
fn paid_second(days: [Day; 2], on_refusal: OnRefusal, ends: OrderState) -> World {
    let rules = rules(None);
    let mut world = start(&setting(2, false, on_refusal));
    world.days = days.to_vec();
    while world.order.state != OrderState::Paying || !world.in_flight().is_empty() {
        let (subject, intent) = world.in_flight().remove(0);
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction::of(&page, world.order.total, true));
    let seen = world.money[0].observed(0, world.now).unwrap();
    assert!(observe(&mut world.order, &seen, world.now, &rules));
    world.advance(&[], &rules);
    world.walk_to(ends, &rules)
}

#[test]
fn an_order_that_is_undone_tells_of_one_taken_day_alone() {
    let world = paid_second([Day::Rivals, Day::Rivals], OnRefusal::Undo, OrderState::Undone);
    let refused: Vec<_> = world.order.lines.iter().map(|line| line.refusal.is_some()).collect();
    assert_eq!(
        refused,
        [true, false],
        "whoever has a taken day of his own would learn of all others' for nothing"
    );
    let kept = paid_second([Day::Rivals, Day::Rivals], OnRefusal::Keep, OrderState::Undone);
    assert!(kept.order.lines.iter().all(|line| line.refusal.is_some()));
}

#[test]
fn what_is_taken_is_known_before_anything_is_booked_that_would_be_voided_again() {
    for (on_refusal, ends, booked) in
        [(OnRefusal::Undo, OrderState::Undone, 0), (OnRefusal::Keep, OrderState::Finished, 1)]
    {
        let world = paid_second([Day::Rivals, Day::Free], on_refusal, ends);
        assert_eq!(
            world.tickets.iter().flatten().count(),
            booked,
            "{on_refusal:?}: {:?}",
            world.tickets
        );
        let refusal = world.order.lines[0].refusal.as_ref().map(|refusal| refusal.kind);
        assert_eq!(
            (world.order.lines[0].state, refusal),
            (LineState::Refused, Some(RefusalKind::CardTaken))
        );
        assert_eq!(world.money[0].captured, if booked > 0 { 2 * PRICE } else { 0 });
        world.check_always().unwrap();
        world.check_end().unwrap();
    }
}

#[test]
fn a_line_that_is_given_up_and_refused_after_its_order_is_finished_leaves_its_day_free() {
    let rules = rules(None);
    let setting = Setting { ends_in: TimeDelta::days(30), ..two_kept() };
    let mut world = page_open(&setting, &rules);
    world.pay(Transaction::of("", 3 * PRICE, true));
    world.told(&rules);
    let (subject, issue) = world.in_flight().remove(0);
    world = world.answered(subject, &issue, Fate::Answered, &rules);
    // the reservation is about to end, and the second ticket is still being booked
    world.now = world.order.ends_by;
    world.advance(&[], &rules);
    let (subject, capture) =
        world.in_flight().into_iter().find(|(_, open)| open.verb == Verb::Capture).unwrap();
    world = world.answered(subject, &capture, Fate::Answered, &rules);
    assert_eq!((world.order.state, world.days[1]), (OrderState::Finished, Day::Ours));
    world.budget.faults = 1;
    let (subject, issue) =
        world.in_flight().into_iter().find(|(_, open)| open.verb == Verb::Issue).unwrap();
    let world = world.answered(subject, &issue, Fate::Refused, &rules);
    assert_eq!(
        (world.order.lines[1].state, world.days.as_slice()),
        (LineState::Refused, [Day::Ours, Day::Free].as_slice())
    );
}
