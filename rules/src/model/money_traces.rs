//! Single traces of an order's money; those of its lines stand in `traces`.

use super::traces::{undoing, world};
use super::*;
use crate::payment::{ClaimKind, STATUS_CALLS};
use crate::payment_observed::decided_by_bank;

#[test]
fn a_bill_that_is_reported_after_its_page_was_closed_is_confirmed_and_given_back() {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Paying, &rules).unpaid(&rules);
    let billed = world.billed();
    assert!(claim(&mut world.order, &billed, world.now, &rules));
    world.advance(&[], &rules);
    assert_eq!(world.open_verb(), Some(Verb::Status), "the claim is asked about");
    let seen = seen_as(&world, ObservedState::Billed);
    world.answer_payment(PaymentAnswer::Status(Outcome::Done(Some(seen))), &rules);
    world.credits_what_its_history_shows(&rules);
}

impl World {
    /// The amount comes from the history, and so does whether anything went back before it is
    /// credited.
    fn credits_what_its_history_shows(&mut self, rules: &Rules) {
        let history = History { captured: self.order.total, ..History::default() };
        for _amount_and_first_look in 0..2 {
            assert_eq!(self.open_verb(), Some(Verb::History));
            self.answer_payment(PaymentAnswer::History(Outcome::Done(history)), rules);
        }
        assert_eq!(self.open_verb(), Some(Verb::Credit));
    }
}

#[test]
fn a_bill_that_no_status_call_is_left_for_is_looked_up_in_the_books() {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Paying, &rules).unpaid(&rules);
    world.order.payments[0].status_calls = STATUS_CALLS;
    let billed = world.billed();
    assert!(claim(&mut world.order, &billed, world.now, &rules));
    world.advance(&[], &rules);
    assert_eq!(world.open_verb(), Some(Verb::History));
    assert!(!claim(&mut world.order, &billed, world.now, &rules), "twice changes nothing more");
}

#[test]
fn a_payment_that_stays_suspended_is_looked_after_when_its_order_has_ended() {
    let (mut world, rules) = paying();
    let seen = seen_as(&world, ObservedState::Suspended);
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    let ends_by = world.order.ends_by;
    world.wait(ends_by - world.now, &rules);
    let silent = || PaymentAnswer::History(Outcome::Done(History::default()));
    assert_eq!((world.order.state, world.open_verb()), (OrderState::Rejected, Some(Verb::History)));
    world.answer_payment(silent(), &rules);
    assert_eq!(world.open_verb(), None, "no two questions in a row");
    let next = world.order.next_at.unwrap();
    world.wait(next - world.now, &rules);
    world.credits_what_its_history_shows(&rules);
}

#[test]
fn a_bank_that_never_decides_is_left_to_staff_after_a_week() {
    let (mut world, rules) = paying();
    let seen = seen_as(&world, ObservedState::Suspended);
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    let mut asked = 0;
    while let Some(next) = world.order.next_at {
        match world.open_verb() {
            Some(Verb::Status) => {
                world.answer_payment(
                    PaymentAnswer::Status(Outcome::Done(Some(seen.clone()))),
                    &rules,
                );
            }
            Some(_) => world
                .answer_payment(PaymentAnswer::History(Outcome::Done(History::default())), &rules),
            None => world.wait(next - world.now, &rules),
        }
        asked += 1;
    }
    assert!(world.order.needs_staff() && asked < 60, "{asked} steps");
    assert_eq!(
        (world.order.state, world.order.payments[0].status_calls),
        (OrderState::Rejected, STATUS_CALLS)
    );
}

/// An order whose payment page is open.
fn paying() -> (World, Rules) {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Paying, &rules);
    while let Some((subject, intent)) = world.in_flight().into_iter().next() {
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    (world, rules)
}

/// The first page's payment as the provider shows it.
fn seen_as(world: &World, state: ObservedState) -> Observed {
    Observed {
        tid: "7".into(),
        reference: world.order.payments[0].reference.to_string(),
        state,
        amount: world.order.total,
        currency: "EUR".into(),
    }
}

/// An order whose billed payment is given back, just after the books were read and the credit was
/// asked.
fn crediting() -> (World, Rules) {
    let (mut world, rules) = undoing();
    world.answer_payment(PaymentAnswer::Reverse(Outcome::Unknown(String::new())), &rules);
    world.wait(rules.payment_settle, &rules);
    let billed = History { captured: world.order.total, ..History::default() };
    for verb in [Verb::History, Verb::History] {
        assert_eq!(world.open_verb(), Some(verb));
        world.answer_payment(PaymentAnswer::History(Outcome::Done(billed)), &rules);
    }
    assert_eq!(world.open_verb(), Some(Verb::Credit));
    (world, rules)
}

#[test]
fn what_cannot_be_credited_is_owed_unless_the_payers_bank_took_it_back() {
    let no = || Outcome::Refused(Refusal { kind: RefusalKind::NotCreditable, code: String::new() });
    for (charged_back, owed, state) in
        [(0, PRICE, PaymentState::Billed), (PRICE, 0, PaymentState::ChargedBack)]
    {
        let (mut world, rules) = crediting();
        world.answer_payment(PaymentAnswer::Credit(no()), &rules);
        assert_eq!((world.open_verb(), world.order.payments[0].owed), (Some(Verb::History), 0));
        let history = History { captured: PRICE, charged_back, ..History::default() };
        world.answer_payment(PaymentAnswer::History(Outcome::Done(history)), &rules);
        let row = &world.order.payments[0];
        assert_eq!((row.owed, row.state, world.order.state), (owed, state, OrderState::Undone));
    }
}

#[test]
fn what_was_owed_and_is_credited_by_hand_is_owed_no_more_and_not_booked_beside_a_credit_of_ours() {
    let no = || Outcome::Refused(Refusal { kind: RefusalKind::NotCreditable, code: String::new() });
    for (credited, owed, state) in
        [(PRICE, 0, PaymentState::Returned), (PRICE / 2, PRICE - PRICE / 2, PaymentState::Billed)]
    {
        let (mut world, rules) = crediting();
        assert!(
            apply_history(&mut world.order, 1, credited, world.now, &rules).is_none(),
            "our own credit is under way"
        );
        world.answer_payment(PaymentAnswer::Credit(no()), &rules);
        let history = History { captured: PRICE, ..History::default() };
        world.answer_payment(PaymentAnswer::History(Outcome::Done(history)), &rules);
        assert_eq!(world.order.payments[0].owed, PRICE);
        let effects = apply_history(&mut world.order, 1, credited, world.now, &rules).unwrap();
        let row = &world.order.payments[0];
        assert_eq!((row.returned, row.owed, row.state), (credited, owed, state));
        assert_eq!(effects.settled.len(), 1);
        let still: Vec<_> = effects.cases.iter().map(|case| case.amount).collect();
        assert_eq!(still, if owed > 0 { vec![owed] } else { Vec::new() });
        assert!(
            apply_history(&mut world.order, 1, credited, world.now, &rules).is_none(),
            "twice is once"
        );
    }
}

#[test]
fn what_was_billed_beyond_what_we_took_is_so_and_goes_back_after_an_agreed_look() {
    let (mut world, rules) = paying();
    let billed = seen_as(&world, ObservedState::Billed);
    observe(&mut world.order, &billed, world.now, &rules);
    world.order.state = OrderState::Finished;
    world.order.wanted = Some(1);
    world.order.lines[0].state = LineState::Issued;
    world.advance(&[], &rules);
    let history = History { captured: PRICE, ..History::default() };
    world.answer_payment(PaymentAnswer::History(Outcome::Done(history)), &rules);
    assert_eq!((world.open_verb(), world.order.payments[0].captured), (None, PRICE));
    world.order.payments[0].look_for(ClaimKind::Look, world.now);
    world.advance(&[], &rules);
    assert_eq!(world.open_verb(), Some(Verb::History));
    let books = History { captured: PRICE + 300, ..History::default() };
    world.answer_payment(PaymentAnswer::History(Outcome::Done(books)), &rules);
    assert_eq!(world.order.payments[0].captured, PRICE + 300);
    assert_eq!(world.open_verb(), Some(Verb::History), "the books come before a credit");
    world.answer_payment(PaymentAnswer::History(Outcome::Done(books)), &rules);
    let credit = world.order.payments[0].open.clone().unwrap();
    assert_eq!((credit.verb, credit.amount), (Verb::Credit, 300));
    world.answer_payment(PaymentAnswer::Credit(Outcome::Done(())), &rules);
    let row = &world.order.payments[0];
    assert_eq!((row.held(), row.state, row.claim), (PRICE, PaymentState::Billed, None));
}

/// An order that a backup has as placed, with two pages that may have been opened after it.
fn restored_as_placed() -> (World, Rules) {
    let (mut world, rules) = world(1);
    world.order.lines.iter_mut().for_each(|line| line.open = None);
    for page in 1..=2 {
        let mut further =
            Payment::page(&world.order, (page, page), world.now, world.now + rules.page_life);
        further.sought = true;
        further.look_for(ClaimKind::Look, world.now);
        world.order.payments.push(further);
    }
    world.advance(&[], &rules);
    (world, rules)
}

fn asked_of_page(world: &World, no: i32) -> Option<Verb> {
    world.order.payments.iter().find(|row| row.no == no)?.open.as_ref().map(|open| open.verb)
}

#[test]
fn a_page_that_was_paid_after_the_backup_is_taken_and_none_is_opened_again() {
    let (mut world, rules) = restored_as_placed();
    assert_eq!(
        (asked_of_page(&world, 1), asked_of_page(&world, 2)),
        (Some(Verb::Status), Some(Verb::Status))
    );
    let page = world.order.payments[1].reference.to_string();
    world.money.push(Transaction::of(&page, PRICE, true));
    let (subject, status) =
        world.in_flight().into_iter().find(|(at, _)| *at == Subject::Payment(2)).unwrap();
    world = world.answered(subject, &status, Fate::Answered, &rules);
    let row = &world.order.payments[1];
    assert_eq!(
        (row.state, row.open.is_some()),
        (PaymentState::Reserved, false),
        "kept although its cards are not checked yet"
    );
    let world = world.walk_to(OrderState::Finished, &rules);
    assert_eq!((world.order.wanted, world.order.payments.len()), (Some(2), 2));
    assert_eq!(world.money[0].captured, PRICE);
}

#[test]
fn where_no_page_after_the_backup_is_known_the_next_one_has_a_number_of_its_own() {
    let (mut world, rules) = restored_as_placed();
    while let Some((subject, intent)) =
        world.in_flight().into_iter().find(|(_, intent)| intent.verb != Verb::Open)
    {
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    assert_eq!(world.order.state, OrderState::Paying);
    let answered_at = world.now;
    while asked_of_page(&world, 3).is_none() {
        world.now = world.order.next_at.unwrap();
        world.advance(&[], &rules);
    }
    assert!(world.now <= answered_at + rules.pause_limit);
    assert_eq!(asked_of_page(&world, 3), Some(Verb::Open));
    assert_eq!(world.order.payments[2].reference, world.order.number.page(3));
}

#[test]
fn money_that_is_not_the_orders_and_cannot_be_given_back_for_a_week_calls_a_person() {
    let (mut world, rules) = paying();
    let page = world.order.payments[0].reference.to_string();
    world.money.push(Transaction::of(&page, PRICE + 1, true));
    let seen = world.money[0].observed(0, world.now).unwrap();
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    for day in 0..8 {
        assert_eq!((world.open_verb(), world.order.needs_staff()), (Some(Verb::Reverse), day >= 7));
        world.answer_payment(
            PaymentAnswer::Reverse(Outcome::NotSent("ACCESS_DENIED".into())),
            &rules,
        );
        world.wait(TimeDelta::days(1), &rules);
    }
    assert!(world.order.needs_staff());
    world.answer_payment(PaymentAnswer::Reverse(Outcome::Done(())), &rules);
    assert!(!world.order.needs_staff());
}

#[test]
fn a_page_whose_last_known_attempt_failed_is_looked_after_once_when_its_life_is_over() {
    let (mut world, rules) = paying();
    let mut seen = seen_as(&world, ObservedState::Failed);
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    assert_eq!(
        world.open_verb(),
        None,
        "a failed attempt changes nothing while its page can be paid"
    );
    world.wait(rules.page_life, &rules);
    assert_eq!(world.open_verb(), Some(Verb::Latest));
    (seen.tid, seen.state) = ("8".into(), ObservedState::Billed);
    world.answer_payment(PaymentAnswer::Status(Outcome::Done(Some(seen))), &rules);
    assert_eq!(asked_of_page(&world, 2), Some(Verb::History), "its amount comes from the history");
    let history = History { captured: PRICE, ..History::default() };
    let answer = Answer::Payment(PaymentAnswer::History(Outcome::Done(history)));
    world.advance(
        &[Answered { subject: Subject::Payment(2), answer, elapsed: TimeDelta::zero() }],
        &rules,
    );
    assert_eq!((world.order.state, world.order.wanted), (OrderState::Authorised, Some(2)));
    let calls: Vec<_> =
        world.order.payments.iter().map(|row| (row.state, row.status_calls)).collect();
    assert_eq!(
        calls,
        [(PaymentState::Closed, 1), (PaymentState::Billed, 1)],
        "the call counts for all of its page"
    );
}

#[test]
fn a_page_of_which_the_provider_never_answers_calls_a_person_and_a_late_report_is_believed() {
    let (mut world, rules) = paying();
    world.wait(rules.page_life, &rules);
    for call in 1..=STATUS_CALLS {
        assert_eq!(
            (world.open_verb(), world.order.payments[0].status_calls),
            (Some(Verb::Latest), call)
        );
        world.answer_payment(PaymentAnswer::Status(Outcome::Unknown("it hangs".into())), &rules);
        world.wait(rules.pause_limit * 10, &rules);
    }
    world.wait(rules.page_grace, &rules);
    assert_eq!(
        (world.order.state, world.order.payments[0].state),
        (OrderState::Rejected, PaymentState::Closed)
    );
    assert!(world.order.needs_staff(), "somebody may have paid, and nobody here can know");
    let billed = world.billed();
    assert!(claim(&mut world.order, &billed, world.now, &rules));
    world.advance(&[], &rules);
    let history = History { captured: world.order.total, ..History::default() };
    world.answer_payment(PaymentAnswer::History(Outcome::Done(history)), &rules);
    assert_eq!(
        (world.open_verb(), world.order.needs_staff()),
        (Some(Verb::History), false),
        "it goes back"
    );
}

#[test]
fn a_claim_that_comes_while_its_page_is_looked_after_has_a_call_of_its_own() {
    let (mut world, rules) = paying();
    world.wait(rules.page_life, &rules);
    let billed = world.billed();
    assert!(claim(&mut world.order, &billed, world.now, &rules));
    world.answer_payment(PaymentAnswer::Status(Outcome::Done(None)), &rules);
    assert_eq!(world.open_verb(), Some(Verb::Status));
}

#[test]
fn a_suspended_payment_that_is_not_listed_any_more_costs_one_call() {
    let (mut world, rules) = paying();
    let seen = seen_as(&world, ObservedState::Suspended);
    observe(&mut world.order, &seen, world.now, &rules);
    world.advance(&[], &rules);
    assert!(decided_by_bank(&mut world.order, 1, world.now));
    world.advance(&[], &rules);
    assert_eq!(world.open_verb(), Some(Verb::Status));
    world.answer_payment(PaymentAnswer::Status(Outcome::Done(Some(seen))), &rules);
    assert!(
        !decided_by_bank(&mut world.order, 1, world.now),
        "a list that does not show suspended ones costs no more"
    );
    assert_eq!(world.open_verb(), None);
}
