//! Traces that only staff can end: each ends right on its word, and wrong with its rule switched
//! off.

use super::wider_traces::{one, only_with, page_open, two_kept};
use super::*;

#[test]
fn the_undo_of_a_used_ticket_is_ended_by_staff_and_its_operator_is_asked_seldom() {
    let rules = rules(None);
    let setting = Setting { on_refusal: OnRefusal::Undo, ..two_kept() };
    let mut world = page_open(&setting, &rules);
    world.pay(Transaction::of("", 3 * PRICE, true));
    world.told(&rules);
    let (subject, issue) = world.in_flight().remove(0);
    world = world.answered(subject, &issue, Fate::Answered, &rules);
    world.tickets[0][0] = FoundState::Used;
    let mut world = world.fate_of(Verb::Issue, Fate::Refused, &rules);
    let mut cancels = 0;
    let until = world.now + TimeDelta::days(12);
    while world.now < until {
        match world.in_flight().into_iter().next() {
            Some((subject, intent)) => {
                cancels += u32::from(intent.verb == Verb::Cancel);
                world = world.answered(subject, &intent, Fate::Answered, &rules);
            }
            None => {
                world.now = world.order.next_at.unwrap();
                world.advance(&[], &rules);
            }
        }
    }
    assert!((10..250).contains(&cancels), "{cancels} cancellations in twelve days");
    world.check_staff_can_end_it(&rules, 0).unwrap();
    for (command, state, captured) in [
        (StaffCommand::Accept, OrderState::Finished, PRICE),
        (StaffCommand::Undo, OrderState::Undone, 0),
    ] {
        let mut ended = world.clone();
        assert!(ended.command(command, &rules));
        let ended = ended.run_out(&rules).unwrap();
        ended.check_end().unwrap();
        assert_eq!((ended.order.state, ended.money[0].captured), (state, captured));
    }
    let off = super::rules(Some(Protection::UsedTicketsEnd));
    assert!(world.check_staff_can_end_it(&off, 0).is_err());
}

#[test]
fn staff_ends_the_undo_of_a_reservation_that_failed_by_itself_and_whose_status_is_denied() {
    let world = only_with(Protection::RefusedReleaseEnds, |rules| {
        let mut world = page_open(&one(), rules);
        world.pay(Transaction::of("", PRICE, true));
        world.told(rules);
        world.denies = true;
        world.money[0].reserved = false;
        world.money[0].failed = true;
        let mut world = world.until(Verb::Issue, rules).fate_of(Verb::Issue, Fate::Refused, rules);
        let until = world.now + TimeDelta::days(1);
        while !(world.order.needs_staff() && world.in_flight().is_empty()) {
            assert!(world.now < until, "nobody is called");
            world = match world.in_flight().into_iter().next() {
                Some((_, intent)) if intent.verb == Verb::Reverse => {
                    let declined =
                        Refusal { kind: RefusalKind::PaymentDeclined, code: String::new() };
                    world.answer_payment(PaymentAnswer::Reverse(Outcome::Refused(declined)), rules);
                    world
                }
                Some((subject, intent)) => world.answered(subject, &intent, Fate::Answered, rules),
                None => {
                    world.now = world.order.next_at.unwrap();
                    world.advance(&[], rules);
                    world
                }
            };
        }
        assert_eq!(world.order.state, OrderState::Undoing);
        assert!(world.command(StaffCommand::Accept, rules));
        let world = world.run_out(rules)?;
        if world.now < until {
            Ok(world)
        } else {
            Err("it was waited until the reservation lapsed".to_owned())
        }
    });
    assert_eq!((world.order.state, world.order.needs_staff()), (OrderState::Undone, false));
}
