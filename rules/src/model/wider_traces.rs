//! The shortest traces in which the promise did not hold while payers, providers, portals, banks,
//! gates, backups and staff could do less in the model. Each ends right, and wrong with its rule
//! switched off.

use super::returned::{ask_return, finished, is_booked_again, of_lines};
use super::*;

/// What a trace ends with, and that it does not with the rule off.
pub(super) fn only_with(
    protection: Protection,
    trace: impl Fn(&Rules) -> Result<World, String>,
) -> World {
    let off = trace(&rules(Some(protection))).and_then(|world| world.check_end().map(|()| world));
    if let Ok(world) = off {
        panic!(
            "{protection:?} is off, and nothing is wrong: {:?} {:?}",
            world.order.state, world.money
        );
    }
    let world = trace(&rules(None)).unwrap();
    world.check_end().unwrap();
    world
}

/// An order whose payment page can be paid.
pub(super) fn page_open(setting: &Setting, rules: &Rules) -> World {
    let mut world = start(&Setting { budget: NOTHING, ..*setting });
    while let Some((subject, intent)) = world.in_flight().into_iter().next() {
        world = world.answered(subject, &intent, Fate::Answered, rules);
    }
    world
}

impl World {
    pub(super) fn pay(&mut self, paid: Transaction) {
        self.money.push(Transaction { page: self.order.payments[0].reference.to_string(), ..paid });
    }

    /// What is paid is told, by the list or by a report.
    pub(super) fn told(&mut self, rules: &Rules) {
        let at = self.money.len() - 1;
        if self.money[at].reserved {
            let seen = self.money[at].observed(at, self.now).unwrap();
            return self.see(&seen, rules);
        }
        self.money[at].told_billed = true;
        self.claimed(at, ObservedState::Billed, rules);
    }

    pub(super) fn claimed(&mut self, at: usize, state: ObservedState, rules: &Rules) -> bool {
        let callback = self.money[at].reported(at, state);
        let asks = claim(&mut self.order, &callback, self.now, rules);
        self.advance(&[], rules);
        asks
    }

    /// Answers whatever is asked with `verb`, otherwise than truthfully.
    pub(super) fn fate_of(mut self, verb: Verb, fate: Fate, rules: &Rules) -> Self {
        let (subject, intent) =
            self.in_flight().into_iter().find(|(_, intent)| intent.verb == verb).unwrap();
        self.budget.faults = 1;
        self.answered(subject, &intent, fate, rules)
    }

    /// Everything is answered truthfully until one of this verb is asked.
    pub(super) fn until(mut self, verb: Verb, rules: &Rules) -> Self {
        for _step in 0..100 {
            match self.in_flight().into_iter().next() {
                Some((_, intent)) if intent.verb == verb => return self,
                Some((subject, intent)) => {
                    self = self.answered(subject, &intent, Fate::Answered, rules)
                }
                None => {
                    self.now = self.order.next_at.unwrap();
                    self.advance(&[], rules);
                }
            }
        }
        panic!("{verb:?} is never asked: {:#?}", self.order);
    }

    fn open_case(&self, kind: CaseKind) -> Option<i64> {
        self.cases.iter().find(|case| case.open && case.kind == kind).map(|case| case.amount)
    }
}

pub(super) fn one() -> Setting {
    setting(1, false, OnRefusal::Undo)
}

pub(super) fn two_kept() -> Setting {
    setting(2, false, OnRefusal::Keep)
}

pub(super) fn billed(amount: i64) -> Transaction {
    Transaction::of("", amount, false)
}

/// An order of two lines that was billed at once and whose first line is refused and given up.
pub(super) fn one_refused(paid: Transaction, rules: &Rules) -> World {
    let mut world = page_open(&two_kept(), rules);
    world.pay(paid);
    world.told(rules);
    world.until(Verb::Issue, rules).fate_of(Verb::Issue, Fate::Refused, rules)
}

#[test]
fn a_page_that_is_paid_at_its_very_end_and_whose_report_is_lost_is_found_before_its_order_is_given_up()
 {
    let world = only_with(Protection::LookAgainAtPages, |rules| {
        let mut world = page_open(&one(), rules);
        world.wait(rules.page_life, rules);
        world.answer_payment(PaymentAnswer::Status(Outcome::Done(None)), rules);
        world.now += TimeDelta::seconds(40);
        world.pay(Transaction { told_billed: true, ..billed(PRICE) });
        world.run_out(rules)
    });
    assert_eq!(world.order.state, OrderState::Finished);
}

#[test]
fn a_provider_that_denies_its_status_is_asked_three_times_and_staff_is_told() {
    let world = only_with(Protection::CountDeniedCalls, |rules| {
        let mut world = page_open(&one(), rules);
        world.pay(Transaction { told_billed: true, ..billed(PRICE) });
        world.denies = true;
        world.run_out(rules)
    });
    assert_eq!((world.money[0].calls, world.order.needs_staff()), (3, true));
    assert_eq!(world.open_case(CaseKind::Unconfirmed), Some(PRICE));
}

#[test]
fn a_bill_after_a_declined_attempt_is_found_although_a_look_goes_unanswered() {
    let world = only_with(Protection::CountForThePage, |rules| {
        let mut world = page_open(&one(), rules);
        world.pay(Transaction::failed("", PRICE));
        let seen = world.money[0].observed(0, world.now).unwrap();
        world.see(&seen, rules);
        world.pay(Transaction::suspended("", PRICE));
        let mut world =
            world.until(Verb::Latest, rules).fate_of(Verb::Latest, Fate::DoneAnswerLost, rules);
        let bank = world.now + TimeDelta::days(9);
        while world.now < bank && world.slip.is_none() {
            let Some((subject, intent)) = world.in_flight().into_iter().next() else {
                world.now = world.order.next_at.unwrap_or(bank);
                world.advance(&[], rules);
                continue;
            };
            world = world.answered(subject, &intent, Fate::Answered, rules);
        }
        world.check_always()?;
        assert!(world.order.needs_staff(), "the bank is late");
        (world.money[1].suspended, world.money[1].captured) = (false, PRICE);
        world.claimed(1, ObservedState::Billed, rules);
        world.run_out(rules)
    });
    assert_eq!((world.money[1].credited, world.order.state), (PRICE, OrderState::Rejected));
}

#[test]
fn a_bill_that_is_reported_before_the_providers_own_status_knows_it_is_kept_until_it_does() {
    let world = only_with(Protection::KeepClaims, |rules| {
        // nobody looks at the page itself any more
        let mut world = page_open(&one(), rules).run_out(rules)?;
        world.pay(Transaction { shown_at: world.now + LAG, ..billed(PRICE) });
        world.told(rules);
        world.run_out(rules)
    });
    assert_eq!((world.order.state, world.money[0].credited), (OrderState::Rejected, PRICE));
    let mut world = page_open(&one(), &rules(None));
    world.pay(Transaction { shown_at: world.now + TimeDelta::seconds(1), ..billed(PRICE) });
    world.told(&rules(None));
    assert_eq!(world.run_out(&rules(None)).unwrap().order.state, OrderState::Finished);
}

#[test]
fn a_charge_back_that_the_history_shows_minutes_later_is_a_case_and_a_repeated_report_is_asked_about()
 {
    let charged_back = |lag: TimeDelta| {
        move |rules: &Rules| {
            let mut world = finished(&one(), &billed(PRICE));
            (world.money[0].charged_back, world.money[0].shown_at) = (PRICE, world.now + lag);
            world.money[0].told_charge_back = true;
            assert!(world.claimed(0, ObservedState::ChargedBack, rules));
            assert!(
                !world.claimed(0, ObservedState::ChargedBack, rules),
                "it is asked about already"
            );
            world.run_out(rules)
        }
    };
    let world = only_with(Protection::KeepClaims, charged_back(LAG));
    assert_eq!(world.open_case(CaseKind::ChargedBack), Some(PRICE));
    let mut world = charged_back(TimeDelta::days(3))(&rules(None)).unwrap();
    assert!(world.order.needs_staff(), "nothing is shown for a day: staff is told");
    world.now += TimeDelta::days(3);
    assert!(
        world.claimed(0, ObservedState::ChargedBack, &rules(None)),
        "a report of what is not yet true"
    );
    let world = world.run_out(&rules(None)).unwrap();
    assert_eq!(
        (world.order.payments[0].state, world.order.needs_staff()),
        (PaymentState::ChargedBack, false)
    );
}

#[test]
fn a_payment_that_is_shown_as_credited_is_credited_for_what_its_history_still_holds() {
    let world = only_with(Protection::CreditedIsLookedUp, |rules| {
        let mut world = page_open(&one(), rules);
        world.pay(Transaction {
            told_billed: true,
            credited: 2000,
            at_portal: 2000,
            ..billed(PRICE)
        });
        world.run_out(rules)
    });
    let row = &world.order.payments[0];
    assert_eq!(
        (world.order.state, row.captured, row.returned),
        (OrderState::Rejected, PRICE, PRICE)
    );
}

#[test]
fn an_order_of_a_free_ticket_ends_when_the_reservation_fails_that_was_to_be_released() {
    let world = page_open(&Setting { free: true, ..two_kept() }, &rules(None));
    let mut world = world;
    world.pay(Transaction::of("", world.order.total, true));
    world.told(&rules(None));
    let (subject, issue) = world.in_flight().remove(0);
    world = world.answered(subject, &issue, Fate::Answered, &rules(None)).fate_of(
        Verb::Issue,
        Fate::Refused,
        &rules(None),
    );
    assert_eq!((world.order.state, world.open_verb()), (OrderState::Issued, Some(Verb::Reverse)));
    (world.money[0].reserved, world.money[0].failed) = (false, true);
    let off = world.clone().run_out(&rules(Some(Protection::NothingDueIsFinal))).unwrap();
    assert!(off.check_end().is_err());
    let world = world.run_out(&rules(None)).unwrap();
    world.check_end().unwrap();
    assert_eq!((world.order.state, world.order.needs_staff()), (OrderState::Finished, false));
}

#[test]
fn a_ticket_whose_money_was_credited_at_the_portal_is_a_case_and_its_order_ends() {
    let world = only_with(Protection::UnpaidIsACase, |rules| {
        let mut world = one_refused(billed(3 * PRICE), rules);
        (world.money[0].credited, world.money[0].at_portal) = (3 * PRICE, 3 * PRICE);
        world.run_out(rules)
    });
    assert_eq!(
        (world.order.state, world.open_case(CaseKind::Unpaid)),
        (OrderState::Finished, Some(2 * PRICE))
    );
    let mut world = world;
    assert!(
        ask_return(&mut world.order, &of_lines([2]), world.now).unwrap().is_some(),
        "staff takes it back"
    );
    world.advance(&[], &rules(None));
    world.run_out(&rules(None)).unwrap().check_end().unwrap();
}

#[test]
fn a_part_that_cannot_be_credited_is_due_by_hand_whoever_died_over_it() {
    let world = only_with(Protection::PartsByHand, |rules| {
        let paid = Transaction { creditable: false, ..billed(3 * PRICE) };
        let mut world = one_refused(paid, rules).until(Verb::Credit, rules);
        let died = abandoned(&world.order);
        world.advance(&died, rules);
        world.run_out(rules)
    });
    assert_eq!(
        (world.order.state, world.open_case(CaseKind::Owed)),
        (OrderState::Finished, Some(PRICE))
    );
}

#[test]
fn what_a_closed_card_refuses_twice_is_sent_by_hand_and_never_credited_once_more() {
    let world = only_with(Protection::RefusedByHand, |rules| {
        let mut world = page_open(&one(), rules);
        world.pay(Transaction { closed_card: true, ..billed(PRICE) });
        world.told(rules);
        let world = world.until(Verb::Issue, rules).fate_of(Verb::Issue, Fate::Refused, rules);
        let mut world = world.run_out(rules)?;
        let Some(at) = world.cases.iter().position(|case| case.open && case.kind == CaseKind::Owed)
        else {
            return Err("a transfer cannot be booked".to_owned());
        };
        world.send(at, rules);
        world.money[0].closed_card = false;
        world.run_out(rules)
    });
    assert_eq!((world.money[0].credited, world.money[0].transferred), (0, PRICE));
}

#[test]
fn two_sums_that_leave_the_same_rest_are_two_cases() {
    let world = only_with(Protection::KeyedCases, |rules| {
        let paid = Transaction { creditable: false, ..billed(3 * PRICE) };
        let mut world = finished(&two_kept(), &paid);
        // of 50.00 and then of 100.00, 25.00 are left
        for (line, part) in [(1, PRICE / 2), (2, 2 * PRICE - PRICE / 2)] {
            assert!(ask_return(&mut world.order, &of_lines([line]), world.now).unwrap().is_some());
            world.advance(&[], rules);
            world = world.run_out(rules)?;
            world.money[0].credited += part;
            world.money[0].at_portal += part;
            world.reconcile(rules);
            world.check_end()?;
            if line == 1 {
                let due = |case: &Case| case.open && case.kind == CaseKind::Owed;
                let at = world.cases.iter().position(due).unwrap();
                world.send(at, rules);
                world.money[0].creditable = false;
            }
        }
        Ok(world)
    });
    assert_eq!(
        (world.order.payments[0].owed, world.open_case(CaseKind::Owed)),
        (PRICE / 2, Some(PRICE / 2))
    );
}

#[test]
fn nothing_is_booked_in_the_turn_that_voids_it() {
    only_with(Protection::DecideFirst, |rules| {
        let mut world = page_open(&Setting { ends_in: TimeDelta::minutes(10), ..one() }, rules);
        world.pay(Transaction::of("", PRICE, true));
        let seen = world.money[0].observed(0, world.now).unwrap();
        take_observed(&mut world.order, &seen, world.now, rules).unwrap();
        world.now = world.order.ends_by + TimeDelta::seconds(1);
        world.advance(&[], rules);
        world.run_out(rules)
    });
}

#[test]
fn a_ticket_that_is_being_booked_again_is_settled_before_it_can_be_returned() {
    let world = only_with(Protection::SettleEveryIntent, |rules| {
        let mut world = finished(&one(), &billed(PRICE));
        world.tickets[0].fill(FoundState::Cancelled);
        let intent = Intent { id: Uuid::from_u128(1), ..Intent::new(Verb::Issue, world.now) };
        world.order.lines[0].open = Some(intent.clone());
        let died = abandoned(&world.order);
        world.advance(&died, rules);
        // its operator books it all the same, and then somebody gives the ticket back
        world.execute(Subject::Line(1), &intent);
        if !is_booked_again(&world.order.lines[0]) {
            ask_return(&mut world.order, &of_lines([1]), world.now).unwrap();
            world.advance(&[], rules);
        }
        world.run_out(rules)
    });
    assert_eq!((world.order.lines[0].state, live(&world.tickets[0])), (LineState::Issued, 1));
}

#[test]
fn no_more_pages_are_opened_than_a_restore_looks_for_and_they_outlast_twenty_minutes() {
    let rules = rules(None);
    let mut world = start(&one());
    world.loses_pages = true;
    let began = world.now;
    while world.now < began + TimeDelta::minutes(20) {
        world.check_always().unwrap();
        match world.in_flight().into_iter().next() {
            Some((subject, open)) if open.verb == Verb::Open => {
                world = world.answered(subject, &open, Fate::Lost, &rules);
            }
            Some((subject, intent)) => {
                world = world.answered(subject, &intent, Fate::Answered, &rules)
            }
            None => {
                world.now = world.order.next_at.unwrap();
                world.advance(&[], &rules);
            }
        }
    }
    world.loses_pages = false;
    let mut world = world.until(Verb::Open, &rules);
    let (subject, open) = world.in_flight().remove(0);
    world = world.answered(subject, &open, Fate::Answered, &rules);
    assert!(
        world.order.payments.iter().any(|row| row.can_be_paid(world.now)),
        "the provider is back"
    );
    assert!(world.order.payments.len() <= MOST_PAGES);
}

#[test]
fn a_ticket_in_doubt_that_was_voided_under_its_reference_is_not_booked_again() {
    let rules = rules(None);
    let mut world = page_open(&one(), &rules);
    world.pay(Transaction::of("", PRICE, true));
    world.told(&rules);
    let mut world =
        world.until(Verb::Issue, &rules).fate_of(Verb::Issue, Fate::DoneAnswerLost, &rules);
    world.tickets[0].fill(FoundState::Cancelled);
    let world = world.run_out(&rules).unwrap();
    world.check_end().unwrap();
    assert_eq!((world.order.state, world.tickets[0].len()), (OrderState::Undone, 1));
}
