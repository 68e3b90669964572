//! The model test: every interleaving of one order with suppliers that lose, delay and refuse, with
//! crashes and payers.
//!
//! The rules under test are the ones that run in production ([`advance`]); only the outside is a
//! model. At every state at most one booking of a line is live; at every end the money held is the
//! price of what is on the cards.

mod days;
mod ends;
mod exploring;
mod money_traces;
mod mutants;
mod outside;
mod people;
mod restore_traces;
mod returned;
mod staff_traces;
mod traces;
mod transaction;
mod wider_traces;
mod world;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use self::days::*;
use self::ends::*;
use self::exploring::*;
use self::outside::*;
use self::transaction::*;
use self::world::*;
use crate::advance::{
    Answer, Answered, CaseKind, Effects, NewCase, abandoned, advance, apply_history, cancel,
    take_observed, take_transfer,
};
use crate::after_restore::{Times, after_restore};
use crate::ids::OrderNumber;
use crate::intent::{Intent, Subject, Verb};
use crate::lifecycle::{LineState, OrderState, PaymentState, has_ended};
use crate::limits::Rules;
use crate::line::LineAnswer;
use crate::payment::{ClaimKind, Payment, PaymentAnswer};
use crate::payment_observed::{claim, observe};
use crate::payment_pages::MOST_PAGES;
use crate::port::lift::{Booking, CheckedCard, Found, FoundState};
use crate::port::payment::{Callback, History, Observed, ObservedState, OpenedPage};
use crate::port::{Outcome, Refusal, RefusalKind};
use crate::protection::Protection;
use crate::record::{Line, Moment, OnRefusal, Order, ReturnTerms, Terms, Ticket};
use crate::staff_command::{StaffCommand, grant};

const ONE_FAULT_EACH: Budget = Budget { faults: 1, crashes: 1, cancels: 1, payments: 1, ..NOTHING };

const NOTHING: Budget = Budget {
    faults: 0,
    crashes: 0,
    cancels: 0,
    payments: 0,
    late_pays: 0,
    lost_reports: 0,
    lags: 0,
    declines: 0,
    denials: 0,
    away: 0,
    fails: 0,
    portal: 0,
    closed_cards: 0,
    dead_pages: 0,
    uses: 0,
    charge_backs: 0,
    transfers: 0,
    sent: 0,
    given_back: 0,
    commands: 0,
    returns: 0,
    booked_again: 0,
    backups: 0,
    rivals: 0,
};

/// `make model STATES=…` sees more worlds than the short run of every day.
fn setting(lines: i32, dedups: bool, on_refusal: OnRefusal) -> Setting {
    let most_states = std::env::var("STARJACK_MODEL_STATES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60_000);
    let budget = ONE_FAULT_EACH;
    let ends_in = TimeDelta::days(1);
    Setting { lines, dedups, on_refusal, free: false, ends_in, budget, off: None, most_states }
}

#[test]
fn one_line_under_two_faults_a_crash_and_two_payments_ends_right() {
    for dedups in [false, true] {
        let budget = Budget { faults: 2, crashes: 1, cancels: 1, payments: 2, ..Budget::default() };
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
        let budget = Budget { faults: 3, crashes: 0, cancels: 0, payments: 1, ..Budget::default() };
        explored(Setting { budget, ..setting(1, dedups, OnRefusal::Undo) });
    }
}

#[test]
fn whatever_a_person_wishes_at_whatever_moment_ends_right() {
    let calm = Budget { faults: 2, payments: 1, commands: 1, ..Budget::default() };
    explored(Setting { budget: calm, ..setting(1, false, OnRefusal::Undo) });
    let rough = Budget { faults: 1, crashes: 1, payments: 1, commands: 1, ..Budget::default() };
    explored(Setting { budget: rough, ..setting(2, false, OnRefusal::Keep) });
    explored(Setting {
        budget: Budget { commands: 2, ..rough },
        ..setting(1, true, OnRefusal::Undo)
    });
}

#[test]
fn a_line_that_was_given_up_and_whose_ticket_was_used_ends_right() {
    for dedups in [false, true] {
        let budget = Budget { faults: 2, payments: 1, uses: 1, ..Budget::default() };
        explored(Setting { budget, ..setting(2, dedups, OnRefusal::Keep) });
        let budget = Budget { faults: 2, payments: 1, uses: 2, ..Budget::default() };
        explored(Setting { budget, ..setting(1, dedups, OnRefusal::Keep) });
    }
}

#[test]
fn money_that_a_bank_takes_back_is_not_given_back_once_more() {
    for on_refusal in [OnRefusal::Keep, OnRefusal::Undo] {
        let budget =
            Budget { faults: 1, cancels: 1, payments: 2, charge_backs: 1, ..Budget::default() };
        explored(Setting { budget, ..setting(1, false, on_refusal) });
        let budget =
            Budget { faults: 1, payments: 1, charge_backs: 1, transfers: 1, ..Budget::default() };
        explored(Setting { budget, ..setting(2, false, on_refusal) });
    }
}

#[test]
fn money_that_cannot_be_credited_is_owed() {
    for on_refusal in [OnRefusal::Keep, OnRefusal::Undo] {
        let budget =
            Budget { faults: 1, crashes: 1, payments: 2, transfers: 2, ..Budget::default() };
        explored(Setting { budget, ..setting(1, false, on_refusal) });
    }
}

#[test]
fn what_was_sent_by_bank_transfer_is_not_taken_for_a_credit_of_the_provider() {
    let base = Budget { payments: 1, transfers: 1, sent: 1, given_back: 2, ..Budget::default() };
    for (faults, crashes) in [(1, 0), (0, 1)] {
        let budget = Budget { faults, crashes, ..base };
        explored(Setting { budget, ..setting(2, true, OnRefusal::Keep) });
    }
}

#[test]
fn an_ended_order_gives_back_money_that_comes_late() {
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    let rules = rules(None);
    let (subject, intent) = world.in_flight().remove(0);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    let (subject, intent) = world.in_flight().remove(0);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    assert!(cancel(&mut world.order, world.now, &rules).is_some());
    world.advance(&[], &rules);
    world.money.push(Transaction::of(world.order.payments[0].reference.as_str(), PRICE, true));
    let seen = world.money[0].observed(0, world.now).unwrap();
    assert!(observe(&mut world.order, &seen, world.now, &rules));
    world.advance(&[], &rules);
    let (subject, intent) = world.in_flight().remove(0);
    assert_eq!(intent.verb, Verb::Reverse);
    world = world.answered(subject, &intent, Fate::Answered, &rules);
    assert_eq!(
        (world.order.state, world.order.payments[0].state),
        (OrderState::Rejected, PaymentState::Reversed)
    );
    world.check_end().unwrap();
}
#[test]
fn what_a_draining_replica_does_not_ask_is_due_at_once_for_the_next() {
    let rules = rules(None);
    let draining = Rules { asking: false, ..rules.clone() };
    let world = start(&setting(1, false, OnRefusal::Undo));
    let (subject, check) = world.in_flight().remove(0);
    let drained = world.answered(subject, &check, Fate::Answered, &draining);
    assert_eq!((drained.order.state, drained.in_flight().len()), (OrderState::Paying, 0));
    assert_eq!(drained.order.next_at, Some(drained.now));
}

#[test]
fn a_second_booking_that_is_not_final_yet_is_not_forgotten() {
    let rules = rules(None);
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    world.order.state = OrderState::Authorised;
    world.order.lines[0].state = LineState::Doubtful;
    let booking =
        |handle: &str| Booking { ticket_reference: String::new(), handle: handle.to_owned() };
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
        world.advance(
            &[Answered { subject, answer: found(second), elapsed: TimeDelta::zero() }],
            &rules,
        );
        assert_eq!(world.order.lines[0].state, LineState::Doubtful, "{second:?}");
        assert_eq!(world.order.lines[0].open.as_ref().map(|open| open.verb), verb, "{second:?}");
    }
}

/// An order with one line and its reservation that is being undone, just before its money goes
/// back.
fn giving_back(rules: &Rules) -> World {
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    for _check_and_page in 0..2 {
        let (subject, intent) = world.in_flight().remove(0);
        world = world.answered(subject, &intent, Fate::Answered, rules);
    }
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction::of(&page, PRICE, true));
    let seen = world.money[0].observed(0, world.now).unwrap();
    assert!(observe(&mut world.order, &seen, world.now, rules));
    world.advance(&[], rules);
    world.budget.faults = 1;
    let (subject, intent) = world.in_flight().remove(0);
    world.answered(subject, &intent, Fate::Refused, rules)
}

#[test]
fn money_that_goes_back_after_all_needs_no_person_any_more() {
    let rules = rules(None);
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
        let marked = world.order.needs_staff();
        // only the status tells of a reservation that failed by itself
        while let Some((subject, status)) =
            world.in_flight().into_iter().find(|(_, open)| open.verb == Verb::Status)
        {
            world = world.answered(subject, &status, Fate::Answered, &rules);
        }
        world.now = world.order.next_at.unwrap();
        world.advance(&[], &rules);
        assert_eq!(world.order.needs_staff(), marked, "asking again clears nothing");
    }
    assert!(world.order.needs_staff(), "a second no needs staff");
    let (subject, reverse) = world.in_flight().remove(0);
    world = world.answered(subject, &reverse, Fate::Answered, &rules);
    assert_eq!(world.order.state, OrderState::Undone);
    assert!(!world.order.needs_staff());
}

#[test]
fn billed_money_of_which_no_status_call_comes_back_is_found_in_the_books_and_given_back() {
    let rules = rules(None);
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    for _check_and_page in 0..2 {
        let (subject, intent) = world.in_flight().remove(0);
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction::of(&page, PRICE, false));
    world.order.payments[0].tid = Some("0".to_owned());
    world.order.payments[0].look_for(ClaimKind::Billed, world.now);
    world.budget.faults = 3;
    let mut asked = vec![];
    while world.money[0].credited == 0 {
        world.advance(&[], &rules);
        let Some((subject, intent)) = world.in_flight().into_iter().next() else {
            world.now = world.order.next_at.unwrap();
            continue;
        };
        asked.push(intent.verb);
        let fate = if intent.verb == Verb::Status { Fate::NeverArrived } else { Fate::Answered };
        world = world.answered(subject, &intent, fate, &rules);
    }
    let calls = asked.iter().filter(|verb| **verb == Verb::Status).count();
    assert!(
        calls <= 3 && asked.ends_with(&[Verb::History, Verb::History, Verb::Credit]),
        "{asked:?}"
    );
    assert_eq!(
        (world.order.state, world.order.payments[0].state),
        (OrderState::Paying, PaymentState::Returned)
    );
    assert_eq!(world.money[0].credited, PRICE);
}

#[test]
fn a_page_whose_answer_is_lost_at_once_is_followed_by_another() {
    let rules = rules(None);
    let mut world = start(&setting(1, false, OnRefusal::Undo));
    let (subject, check) = world.in_flight().remove(0);
    world = world.answered(subject, &check, Fate::Answered, &rules);
    let (subject, _open) = world.in_flight().remove(0);
    let answer = unanswered(Verb::Open, || Outcome::Unknown(String::new()));
    world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
    assert_eq!(
        (world.order.state, world.in_flight().len()),
        (OrderState::Paying, 0),
        "it waits before it asks again"
    );
    world.now = world.order.next_at.unwrap();
    world.advance(&[], &rules);
    let (subject, second) = world.in_flight().remove(0);
    assert_eq!((subject, second.verb), (Subject::Payment(2), Verb::Open));
}
