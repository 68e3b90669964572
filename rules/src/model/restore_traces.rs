//! Traces that begin with a database that was restored from a backup: what was sold, paid or
//! returned after it is found again before anything is moved. Each ends right, and wrong with its
//! rule switched off.

use super::returned::{ask_return, of_lines};
use super::wider_traces::{one, only_with, page_open, two_kept};
use super::*;

#[test]
fn after_a_restore_a_cancelled_order_is_refunded_only_once_its_ticket_is_void() {
    for part in [false, true] {
        let world = only_with(Protection::RestoredTicketsFirst, |rules| {
            let setting = if part { two_kept() } else { one() };
            let mut world = page_open(&setting, rules);
            world.backup = Some(Box::new((world.order.clone(), vec![], world.days.clone())));
            world.pay(Transaction::of("", world.order.total, true));
            world.told(rules);
            if part {
                world = world.until(Verb::Issue, rules).fate_of(Verb::Issue, Fate::Refused, rules);
            }
            world = world.run_out(rules)?;
            assert_eq!(world.order.state, OrderState::Finished);
            // it skis on the ticket while the customer of the backup cancels
            world.tickets.iter_mut().flatten().for_each(|ticket| *ticket = FoundState::Used);
            world.restore(rules);
            let effects = cancel(&mut world.order, world.now, rules).unwrap();
            world.apply(&effects);
            world.advance(&[], rules);
            let mut waits = world.clone();
            for _step in 0..200 {
                if waits.order.needs_staff() || has_ended(waits.order.state) {
                    break;
                }
                let Some((subject, intent)) = waits.in_flight().into_iter().next() else {
                    waits.now = waits.order.next_at.unwrap();
                    waits.advance(&[], rules);
                    continue;
                };
                waits = waits.answered(subject, &intent, Fate::Answered, rules);
            }
            if waits.money[0].credited > 0 {
                return Err("money went back while its ticket was used".to_owned());
            }
            waits.command(StaffCommand::Accept, rules);
            waits.run_out(rules)
        });
        assert_eq!((world.order.state, world.money[0].credited), (OrderState::Finished, 0));
    }
}

#[test]
fn after_a_restore_a_ticket_that_was_returned_is_not_booked_once_more() {
    // whether its operator still knows what was voided, or has forgotten it
    for knows in [true, false] {
        let restored = |rules: &Rules| {
            let mut world = page_open(&one(), rules);
            world.pay(Transaction::of("", PRICE, true));
            world.told(rules);
            world.backup = Some(Box::new((world.order.clone(), vec![], world.days.clone())));
            world = world.run_out(rules)?;
            assert!(ask_return(&mut world.order, &of_lines([1]), world.now).unwrap().is_some());
            world.advance(&[], rules);
            world = world.run_out(rules)?;
            world.tickets[0].retain(|_| knows);
            world.restore(rules);
            // the provider cannot be asked until its operator has answered
            while !knows
                && world.now < world.order.placed_at + TimeDelta::minutes(10)
                && !has_ended(world.order.state)
            {
                world = match world.in_flight().into_iter().next() {
                    Some((_, intent)) if intent.verb == Verb::History => {
                        world.fate_of(Verb::History, Fate::NotSent, rules)
                    }
                    Some((subject, intent)) => {
                        world.answered(subject, &intent, Fate::Answered, rules)
                    }
                    None => {
                        world.now = world.order.next_at.unwrap();
                        world.advance(&[], rules);
                        world
                    }
                };
            }
            world.run_out(rules)
        };
        let world = if knows {
            restored(&rules(None)).unwrap()
        } else {
            only_with(Protection::RestoredMoneyFirst, restored)
        };
        world.check_end().unwrap();
        assert_eq!(
            (world.order.state, live(&world.tickets[0]), world.tickets[0].len()),
            (OrderState::Undone, 0, usize::from(knows))
        );
    }
}

#[test]
fn after_a_restore_pages_of_which_no_call_is_answered_do_not_hold_an_order_for_ever() {
    let rules = rules(None);
    let mut world = page_open(&one(), &rules);
    world.backup = Some(Box::new((world.order.clone(), vec![], world.days.clone())));
    world.pay(Transaction::of("", PRICE, true));
    world.told(&rules);
    world = world.run_out(&rules).unwrap();
    assert!(ask_return(&mut world.order, &of_lines([1]), world.now).unwrap().is_some());
    world.advance(&[], &rules);
    let mut world = world.run_out(&rules).unwrap();
    world.denies = true;
    world.restore(&rules);
    let world = world.run_out(&rules).unwrap();
    world.check_end().unwrap();
    assert_eq!((world.order.state, live(&world.tickets[0])), (OrderState::Undone, 0));
}
