//! Single traces that the model's payers and suppliers do not walk; those of money stand in
//! `money_traces`.

use super::*;
use crate::conflict::still_meant;
use crate::line::{LineCase, Paid};
use crate::record::Mark;

pub(super) fn world(lines: i32) -> (World, Rules) {
    (start(&setting(lines, false, OnRefusal::Undo)), rules(None))
}

impl World {
    /// Everything that is asked is answered truthfully until `state` is reached.
    pub(super) fn walk_to(mut self, state: OrderState, rules: &Rules) -> Self {
        for _step in 0..50 {
            if self.order.state == state {
                return self;
            }
            if state != OrderState::Paying
                && self.order.state == OrderState::Paying
                && self.money.is_empty()
            {
                self = self.paid(rules);
                continue;
            }
            let Some((subject, intent)) = self.in_flight().into_iter().next() else { continue };
            self = self.answered(subject, &intent, Fate::Answered, rules);
        }
        panic!("it stays {:?}", self.order.state);
    }

    pub(super) fn paid(mut self, rules: &Rules) -> Self {
        while let Some((subject, intent)) = self.in_flight().into_iter().next() {
            self = self.answered(subject, &intent, Fate::Answered, rules);
        }
        let page = self.order.payments[0].reference.to_string();
        let amount = self.order.total;
        self.money.push(Transaction::of(&page, amount, true));
        let seen = self.money[0].observed(0, self.now).unwrap();
        observe(&mut self.order, &seen, self.now, rules);
        self.advance(&[], rules);
        self
    }

    pub(super) fn wait(&mut self, pause: TimeDelta, rules: &Rules) {
        self.now += pause;
        self.advance(&[], rules);
    }

    pub(super) fn answer_payment(&mut self, answer: PaymentAnswer, rules: &Rules) {
        let answered = Answered {
            subject: Subject::Payment(1),
            answer: Answer::Payment(answer),
            elapsed: TimeDelta::zero(),
        };
        self.advance(&[answered], rules);
    }

    pub(super) fn open_verb(&self) -> Option<Verb> {
        self.order.payments[0].open.as_ref().map(|open| open.verb)
    }

    pub(super) fn billed(&self) -> Callback {
        Callback {
            tid: "7".into(),
            reference: self.order.payments[0].reference.to_string(),
            secret: String::new(),
            status: "BILLED".into(),
            state: ObservedState::Billed,
            amount: self.order.total,
            currency: "EUR".into(),
        }
    }

    /// An order that was rejected because its page's life was over, and nothing was known of a
    /// payment.
    pub(super) fn unpaid(mut self, rules: &Rules) -> Self {
        while let Some((subject, intent)) = self.in_flight().into_iter().next() {
            self = self.answered(subject, &intent, Fate::Answered, rules);
        }
        self.wait(rules.page_life, rules);
        assert_eq!(self.open_verb(), Some(Verb::Latest));
        self.answer_payment(PaymentAnswer::Status(Outcome::Done(None)), rules);
        self.wait(rules.page_grace, rules);
        assert_eq!(
            (self.order.state, self.open_verb()),
            (OrderState::Paying, Some(Verb::Latest)),
            "it is looked for again"
        );
        self.answer_payment(PaymentAnswer::Status(Outcome::Done(None)), rules);
        assert_eq!(self.order.state, OrderState::Rejected);
        assert_eq!(self.order.payments[0].state, PaymentState::Closed);
        self
    }
}

#[test]
fn what_a_draining_replica_does_not_ask_is_due_at_once() {
    let (world, rules) = world(2);
    let draining = Rules { asking: false, ..rules.clone() };
    let mut world = world.walk_to(OrderState::Paying, &rules);
    while let Some((subject, intent)) = world.in_flight().into_iter().next() {
        world = world.answered(subject, &intent, Fate::Answered, &rules);
    }
    let paid = world.paid(&draining);
    assert_eq!(paid.order.state, OrderState::Authorised);
    assert!(paid.in_flight().is_empty());
    assert!(
        paid.order.next_at.is_some_and(|at| at <= paid.now),
        "issue waits until {:?}",
        paid.order.next_at
    );

    let (world, _) = self::world(1);
    let mut asked = world.walk_to(OrderState::Authorised, &rules);
    let (subject, intent) = asked.in_flight().remove(0);
    asked = asked.answered(subject, &intent, Fate::Answered, &draining);
    assert_eq!(asked.order.state, OrderState::Issued);
    assert!(
        asked.order.next_at.is_some_and(|at| at <= asked.now),
        "capture waits until {:?}",
        asked.order.next_at
    );
}

/// An order whose ticket was asked for, and nobody knows whether it is booked.
fn doubtful() -> (World, Rules) {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Authorised, &rules);
    world.answer_line(LineAnswer::Issue(Outcome::Unknown(String::new())), &rules);
    (world, rules)
}

impl World {
    fn answer_line(&mut self, answer: LineAnswer, rules: &Rules) {
        let subject = Subject::Line(1);
        let answer = Answer::Line(answer);
        self.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], rules);
    }

    /// Looks once, is answered that there is none, and answers whether the ticket is asked for
    /// again.
    fn asks_again_after_a_look(&mut self, rules: &Rules) -> bool {
        self.advance(&[], rules);
        if self.order.lines[0].open.as_ref().is_some_and(|open| open.verb == Verb::Find) {
            self.answer_line(LineAnswer::Find(Outcome::Done(Vec::new())), rules);
        }
        self.order.lines[0].open.as_ref().is_some_and(|open| open.verb == Verb::Issue)
    }
}

#[test]
fn a_clock_that_is_put_forward_or_back_does_not_let_a_ticket_be_asked_for_too_early() {
    for step in [TimeDelta::minutes(10), TimeDelta::seconds(-10)] {
        let (mut world, mut rules) = doubtful();
        let settle = world.order.lines[0].terms.settle;
        world.now += step;
        rules.steady_since = Some(world.now);
        let stepped = world.now;
        assert!(!world.asks_again_after_a_look(&rules), "after {step}");
        world.now = stepped + settle - TimeDelta::milliseconds(1);
        assert!(!world.asks_again_after_a_look(&rules), "after {step}");
        world.now = stepped + settle;
        assert!(world.asks_again_after_a_look(&rules), "after {step}");
    }
}

#[test]
fn whoever_takes_an_order_over_counts_by_its_own_clock_how_long_ago_a_ticket_was_asked_for() {
    let (mut world, mut rules) = doubtful();
    let settle = world.order.lines[0].terms.settle;
    rules.steady_since = Some(world.now - TimeDelta::hours(1));
    // its clock is late by an hour; taking over leaves nothing that the other has counted
    world.now -= TimeDelta::minutes(60);
    world.order.lines[0].settles_at = Some(world.now + TimeDelta::days(1));
    world.order.lines[0].ask_at = None;
    let taken = world.now;
    assert!(!world.asks_again_after_a_look(&rules));
    world.now = taken + settle;
    assert!(world.asks_again_after_a_look(&rules));
}

#[test]
fn waiting_for_a_turn_is_not_asking() {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Authorised, &rules);
    for _try in 0..30 {
        let (subject, _) = world.in_flight().remove(0);
        let answer =
            Answer::Line(LineAnswer::Issue(Outcome::NotSent("the deadline has passed".into())));
        world.now += TimeDelta::seconds(30);
        world.advance(&[Answered { subject, answer, elapsed: TimeDelta::seconds(30) }], &rules);
        let next = world.order.next_at.unwrap();
        world.wait(next - world.now, &rules);
    }
    assert_eq!(world.order.state, OrderState::Authorised);
}

/// An order that is being undone and whose money is still reserved.
pub(super) fn undoing() -> (World, Rules) {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Authorised, &rules);
    let (subject, _) = world.in_flight().remove(0);
    let answer = Answer::Line(LineAnswer::Issue(Outcome::Refused(declined())));
    world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
    assert_eq!((world.order.state, world.open_verb()), (OrderState::Undoing, Some(Verb::Reverse)));
    (world, rules)
}

#[test]
fn money_that_cannot_be_given_back_for_a_week_calls_a_person() {
    let (mut world, rules) = undoing();
    for _day in 0..8 {
        world.answer_payment(
            PaymentAnswer::Reverse(Outcome::NotSent("ACCESS_DENIED".into())),
            &rules,
        );
        world.wait(TimeDelta::days(1), &rules);
    }
    assert!(world.order.needs_staff());
}

#[test]
fn a_late_success_of_a_move_of_money_clears_the_mark() {
    let (mut world, rules) = undoing();
    let now = world.now;
    world.order.payments[0].attention =
        Some(Mark { since: now, reason: "in_doubt_too_long".into(), accepted: false });
    world.answer_payment(PaymentAnswer::Reverse(Outcome::Done(())), &rules);
    assert_eq!(world.order.state, OrderState::Undone);
    assert!(!world.order.needs_staff());
}

#[test]
fn a_doubt_that_comes_back_after_each_look_into_the_history_alarms_after_its_time() {
    let (mut world, rules) = undoing();
    let begun = world.now;
    while world.now < begun + rules.doubt_alarm + TimeDelta::minutes(5) {
        match world.open_verb() {
            Some(Verb::Reverse) => {
                world.answer_payment(
                    PaymentAnswer::Reverse(Outcome::Unknown(String::new())),
                    &rules,
                );
            }
            Some(Verb::History) => {
                world.answer_payment(
                    PaymentAnswer::History(Outcome::Done(History::default())),
                    &rules,
                );
            }
            Some(Verb::Status) => {
                world.answer_payment(PaymentAnswer::Status(Outcome::Done(None)), &rules)
            }
            other => assert_eq!(other, None),
        }
        world.wait(TimeDelta::seconds(10), &rules);
    }
    assert!(world.order.needs_staff());
}

#[test]
fn a_booking_is_not_kept_while_another_under_its_reference_is_pending() {
    let (world, rules) = world(1);
    let mut world = world.walk_to(OrderState::Authorised, &rules);
    let mut line = world.order.lines.remove(0);
    line.open = None;
    line.enter(LineState::Doubtful);
    let booking = |handle: &str| Booking { ticket_reference: String::new(), handle: handle.into() };
    let found = vec![
        Found { booking: booking("1"), state: FoundState::Live },
        Found { booking: booking("2"), state: FoundState::Pending },
    ];
    let intent = Intent::new(Verb::Find, world.now);
    let mut case = LineCase {
        line: &mut line,
        order: OrderState::Authorised,
        paid: Paid::Yes,
        now: world.now,
        rules: &rules,
    };
    case.answer(&intent, LineAnswer::Find(Outcome::Done(found)), TimeDelta::zero());
    assert_eq!(line.state, LineState::Doubtful, "the second becomes a second ticket");
    assert!(line.ask_at.is_some());
}

#[test]
fn a_booking_that_is_pending_when_its_day_is_over_holds_up_no_money() {
    for dedups in [false, true] {
        let rules = rules(None);
        let mut world = start(&setting(1, dedups, OnRefusal::Undo));
        world = world.walk_to(OrderState::Authorised, &rules);
        let over = world.now + TimeDelta::days(3);
        let mut asked = 0;
        while world.order.state != OrderState::Undone {
            asked += 1;
            assert!(asked < 10_000 && world.now < over, "it waits for ever");
            let Some((subject, intent)) = world.in_flight().into_iter().next() else {
                world.now = world.order.next_at.unwrap().max(world.now + TimeDelta::minutes(10));
                world.advance(&[], &rules);
                continue;
            };
            let pending = Outcome::Pending { ask_after: Duration::from_secs(60) };
            let answer = match intent.verb {
                Verb::Issue => Answer::Line(LineAnswer::Issue(pending)),
                Verb::Find => {
                    let booking = Booking { ticket_reference: String::new(), handle: "0".into() };
                    let found = Found { booking, state: FoundState::Pending };
                    Answer::Line(LineAnswer::Find(Outcome::Done(vec![found])))
                }
                Verb::Check
                | Verb::Cancel
                | Verb::Open
                | Verb::Capture
                | Verb::Reverse
                | Verb::Credit
                | Verb::History
                | Verb::Status
                | Verb::Latest => {
                    world = world.answered(subject, &intent, Fate::Answered, &rules);
                    continue;
                }
            };
            world.advance(&[Answered { subject, answer, elapsed: TimeDelta::zero() }], &rules);
        }
        assert_eq!(
            (world.order.payments[0].state, world.order.needs_staff()),
            (PaymentState::Reversed, false)
        );
    }
}

#[test]
fn an_intent_of_somebody_else_is_a_doubt_and_is_not_asked_as_if_it_were_new() {
    let (world, rules) = world(2);
    let mut world = world.walk_to(OrderState::Authorised, &rules);
    world.order.lines[1].open.as_mut().unwrap().id = Uuid::from_u128(2);
    let in_flight =
        [(Subject::Line(1), Uuid::from_u128(1)), (Subject::Line(2), Uuid::from_u128(1))];
    let no = |no| Answered {
        subject: Subject::Line(no),
        answer: Answer::Line(LineAnswer::Issue(Outcome::Refused(declined()))),
        elapsed: TimeDelta::zero(),
    };
    let meant = still_meant(&world.order, &in_flight, vec![no(1), no(2)]);
    world.advance(&meant, &rules);
    let states: Vec<_> = world.order.lines.iter().map(|line| line.state).collect();
    assert_eq!(states, [LineState::Refused, LineState::Doubtful]);
    assert!(world.in_flight().is_empty());
}
