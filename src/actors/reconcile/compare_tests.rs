use proptest::prelude::*;

use super::*;
use crate::integrations::lift::Booking;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn ours(state: LineState) -> OurTicket {
    OurTicket { state, price: 8450, last_day: day("2026-12-20") }
}

fn theirs(states: &[FoundState]) -> Vec<Found> {
    let found = |(no, state): (usize, &FoundState)| {
        let booking = Booking { ticket_reference: format!("T{no}"), handle: format!("h{no}") };
        Found { booking, state: *state }
    };
    states.iter().enumerate().map(found).collect()
}

fn at_rest() -> impl Strategy<Value = LineState> {
    prop_oneof![
        Just(LineState::Wanted),
        Just(LineState::Issued),
        Just(LineState::Refused),
        Just(LineState::Voided)
    ]
}

fn found() -> impl Strategy<Value = Vec<FoundState>> {
    let state = prop_oneof![
        Just(FoundState::Pending),
        Just(FoundState::Live),
        Just(FoundState::Cancelled),
        Just(FoundState::Used)
    ];
    prop::collection::vec(state, 0..5)
}

fn books() -> impl Strategy<Value = (OurMoney, History)> {
    let cents = || prop_oneof![Just(0i64), 0..500i64];
    let states = prop_oneof![
        Just(PaymentState::Billed),
        Just(PaymentState::Returned),
        Just(PaymentState::Reversed),
        Just(PaymentState::Closed),
        Just(PaymentState::ChargedBack)
    ];
    let ours =
        (states, cents(), cents(), cents()).prop_map(|(state, captured, returned, transferred)| {
            OurMoney { state, captured, returned: returned + transferred, transferred }
        });
    let history = (cents(), cents(), prop_oneof![4 => Just(0i64), 1 => 1..500i64]).prop_map(
        |(captured, credited, charged_back)| History {
            captured,
            credited,
            charged_back,
            reversed: false,
        },
    );
    (ours, history)
}

proptest! {
    #[test]
    fn one_standing_ticket_for_a_sold_line_and_none_for_any_other_is_no_difference(state in at_rest(), found in found()) {
        let standing = found.iter().filter(|state| **state != FoundState::Cancelled).count();
        let agrees = standing == usize::from(state == LineState::Issued);
        let said = ticket(Some(&ours(state)), &theirs(&found), day("2026-12-01"));
        prop_assert_eq!(said.is_none(), agrees, "{:?}", said);
    }

    #[test]
    fn the_order_of_their_list_does_not_matter(state in at_rest(), found in found()) {
        let turned: Vec<FoundState> = found.iter().rev().copied().collect();
        let today = day("2026-12-21");
        prop_assert_eq!(ticket(Some(&ours(state)), &theirs(&found), today), ticket(Some(&ours(state)), &theirs(&turned), today));
    }

    #[test]
    fn withdrawing_what_is_too_many_leaves_no_difference_that_could_be_withdrawn(state in at_rest(), found in found(), known in 0..5usize) {
        let mut books = theirs(&found);
        let sold = state == LineState::Issued;
        let said = ticket(Some(&ours(state)), &books, day("2026-12-01"));
        if said.is_some_and(|said| said.action == Some(Action::Withdraw)) {
            let goes: Vec<Booking> =
                too_many(sold, Some(&format!("h{known}")), &books).into_iter().map(|found| found.booking.clone()).collect();
            prop_assert!(!goes.is_empty() || books.iter().any(|found| found.state == FoundState::Used));
            for found in books.iter_mut().filter(|found| goes.contains(&found.booking)) {
                prop_assert_ne!(found.state, FoundState::Used, "a used ticket is never cancelled");
                found.state = FoundState::Cancelled;
            }
            let standing: Vec<_> = books.iter().filter(|found| found.state != FoundState::Cancelled).collect();
            let used = standing.iter().filter(|found| found.state == FoundState::Used).count();
            prop_assert_eq!(standing.len(), used.max(usize::from(sold)), "{:?}", standing);
        }
    }

    #[test]
    fn money_agrees_only_when_every_sum_does((ours, books) in books()) {
        let same = books.captured == ours.captured && books.credited == ours.returned - ours.transferred;
        let said = money(&ours, &books);
        match (books.charged_back > 0, ours.state == PaymentState::ChargedBack) {
            (true, true) => prop_assert!(said.is_none()),
            (true, false) => prop_assert_eq!(said.unwrap().kind, Kind::MoneyTakenBack),
            (false, _) => prop_assert_eq!(said.is_none(), same, "{:?}", said),
        }
    }

    #[test]
    fn writing_down_what_the_provider_gave_back_leaves_no_difference((mut ours, books) in books()) {
        if let Some(said) = money(&ours, &books).filter(|said| said.action == Some(Action::Book)) {
            ours.returned += said.amount;
            prop_assert_eq!(money(&ours, &books), None);
        }
    }
}

#[test]
fn a_ticket_that_was_lost_is_booked_again_while_it_can_be_used_and_one_that_was_cancelled_there_is_not()
 {
    let sold = ours(LineState::Issued);
    let action = |found: &[FoundState], today| {
        ticket(Some(&sold), &theirs(found), day(today)).unwrap().action
    };
    assert_eq!(action(&[], "2026-12-20"), Some(Action::IssueAgain));
    assert_eq!(action(&[], "2026-12-21"), Some(Action::GiveBack));
    assert_eq!(action(&[FoundState::Cancelled], "2026-12-01"), Some(Action::GiveBack));
}

#[test]
fn the_ticket_that_stays_is_the_used_one_else_the_known_one_else_the_oldest() {
    let goes = |known, states: &[FoundState]| {
        let books = theirs(states);
        let goes =
            too_many(true, known, &books).into_iter().map(|found| found.booking.handle.clone());
        goes.collect::<Vec<_>>()
    };
    use FoundState::{Live, Used};
    assert_eq!(goes(Some("h1"), &[Live, Live, Used]), ["h0", "h1"]);
    assert_eq!(goes(Some("h1"), &[Live, Live]), ["h0"]);
    assert_eq!(goes(None, &[Live, Live]), ["h1"]);
}

#[test]
fn a_price_is_compared_for_what_was_sold_alone() {
    assert_eq!(price(&ours(LineState::Issued), 8000).unwrap().amount, -450);
    assert_eq!(price(&ours(LineState::Issued), 8450), None);
    assert_eq!(price(&ours(LineState::Voided), 8000), None);
}

#[test]
fn every_action_is_found_by_its_word() {
    for action in Action::ALL {
        assert_eq!(Action::of(action.word()), Some(action));
    }
    assert_eq!(Action::of("burn"), None);
}
