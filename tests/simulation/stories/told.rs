//! Stories that need no process and no socket, told in the world of the real loop with suppliers in
//! memory.

use chrono::TimeDelta;
use starjack::actors::order::ChangeError;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::{LineState, OrderState};
use starjack::actors::order::rules::limits::Rules;
use starjack::actors::order::rules::record::{OnRefusal, Order};
use starjack::clock::{self, Deadline};
use uuid::Uuid;

use crate::faults::{Fault, Strike};
use crate::incarnation::Setting;
use crate::story::Story;
use crate::world::{LOOK, PATIENCE, POLICIES, World, call_back, new_order};

/// Lives the story at an operator that dedups and at one that does not; each time it must end so,
/// with a clean slate.
async fn ends(story: Story, end: OrderState) {
    for dedups in [false, true] {
        let mut world = World::new(Setting::new(dedups), &story).await;
        let wrong = world.live(&story, PATIENCE).await;
        assert!(wrong.is_empty(), "dedups {dedups}: {wrong:#?}");
        let states: Vec<_> = world.orders().await.iter().map(|order| order.state).collect();
        assert_eq!(states, [end], "dedups {dedups}");
        assert_eq!(world.outside.plan.left().len(), 0, "something never happened");
    }
}

fn undo() -> Story {
    Story::new(OnRefusal::Undo)
}

fn strike(row: OrderState, verb: Verb, fault: Fault) -> Strike {
    Strike::new(row, verb, fault)
}

fn issue(fault: Fault) -> Strike {
    strike(OrderState::Authorised, Verb::Issue, fault).of_line(1)
}

#[actix_rt::test]
async fn story_01_a_page_whose_answer_is_lost_is_followed_by_another() {
    ends(
        undo().with(strike(OrderState::Paying, Verb::Open, Fault::DoneUnanswered)),
        OrderState::Finished,
    )
    .await;
}

/// The story's order, placed in its first life.
async fn placed(world: &mut World, story: &Story) -> Uuid {
    world.begin().await;
    world.desk().place(new_order(story, "key"), |_| String::new()).await.unwrap().id
}

/// The order once it is as wished; its people act meanwhile.
async fn until(world: &mut World, id: Uuid, is_so: impl Fn(&Order) -> bool) -> Order {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let order = world.order(id).await;
        let desk = world.desk().clone();
        if is_so(&order) {
            return order;
        }
        assert!(!deadline.is_over(), "it never comes to that: {order:#?}");
        world.act(&order, &desk).await;
        clock::sleep(LOOK).await;
    }
}

/// Which of the two is taken first.
#[derive(Clone, Copy, Debug)]
enum First {
    Cancel,
    Money,
    Neither,
}

/// The customer cancels at the moment at which the payment is told of: an end with ticket and
/// money, or with neither.
async fn cancelled_while_paid(first: First, reserved: bool) -> OrderState {
    let story = undo().doing([]);
    let setting = Setting::new(false);
    let rules = Rules { page_life: TimeDelta::minutes(1), ..setting.rules.clone() };
    let mut world = World::new(Setting { rules, ..setting }, &story).await;
    let id = placed(&mut world, &story).await;
    let order =
        until(&mut world, id, |order| order.payments.iter().any(|row| row.url.is_some())).await;
    let desk = world.desk().clone();
    let page = order.payments[0].reference.to_string();
    let tell = async {
        let (tid, listed) = {
            let mut books = world.outside.books.open();
            (books.pay(&page, order.total, reserved), books.open_payments())
        };
        if reserved {
            desk.listed(listed).await;
        } else {
            call_back(&desk, &page, tid, order.total).await;
        }
    };
    let cancel = desk.cancel(order.account_id, id);
    let cancelled = match first {
        First::Cancel => {
            let cancelled = cancel.await;
            tell.await;
            cancelled
        }
        First::Money => {
            tell.await;
            cancel.await
        }
        First::Neither => futures_util::join!(cancel, tell).0,
    };
    let end = match cancelled {
        Ok(_) => OrderState::Rejected,
        Err(ChangeError::TooLate(_)) => OrderState::Finished,
        Err(error) => panic!("{error}"),
    };
    let wrong = world.go_on(id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{first:?}, reserved {reserved}: {wrong:#?}");
    assert_eq!(world.order(id).await.state, end, "{first:?}, reserved {reserved}: {cancelled:?}");
    end
}

#[actix_rt::test]
async fn story_12_cancelled_while_the_payment_is_told_of_it_ends_with_ticket_and_money_or_with_neither()
 {
    for reserved in [true, false] {
        assert_eq!(cancelled_while_paid(First::Cancel, reserved).await, OrderState::Rejected);
        for _time in 0..6 {
            cancelled_while_paid(First::Money, reserved).await;
            cancelled_while_paid(First::Neither, reserved).await;
        }
    }
}

/// The first line is accepted, and stays pending when patience is over; whoever is needed is called
/// after a moment.
async fn pending_for_ever(
    on_refusal: OnRefusal,
    dedups: bool,
    reservation_life: TimeDelta,
) -> (World, Story, Uuid) {
    let story = Story::new(on_refusal).tired(Fault::Pending);
    let setting = Setting::new(dedups);
    let rules = Rules {
        doubt_alarm: TimeDelta::milliseconds(400),
        reservation_life,
        ..setting.rules.clone()
    };
    let mut world = World::new(Setting { rules, ..setting }, &story).await;
    world.outside.books.open().endless = true;
    let id = placed(&mut world, &story).await;
    (world, story, id)
}

/// What the provider took.
fn taken(world: &World) -> i64 {
    world.outside.books.open().money.iter().map(|money| money.captured).sum()
}

#[actix_rt::test]
async fn story_23_a_booking_that_stays_pending_calls_a_person_and_ends_once_it_is_decided() {
    for (on_refusal, dedups, booked) in POLICIES.into_iter().flat_map(|policy| {
        [(false, true), (false, false), (true, true), (true, false)]
            .map(|(dedups, booked)| (policy, dedups, booked))
    }) {
        let told = format!("{on_refusal:?}, dedups {dedups}, booked {booked}");
        let (mut world, story, id) =
            pending_for_ever(on_refusal, dedups, TimeDelta::days(14)).await;
        let waiting = until(&mut world, id, Order::needs_staff).await;
        let keeps = on_refusal == OnRefusal::Keep;
        let state = if keeps { OrderState::Authorised } else { OrderState::Undoing };
        assert_eq!((waiting.state, waiting.lines[0].state), (state, LineState::Doubtful), "{told}");
        assert_eq!(taken(&world), 0, "{told}");
        world.outside.books.open().decide(booked);
        let wrong = world.go_on(id, &story, PATIENCE).await;
        assert!(wrong.is_empty(), "{told}: {wrong:#?}");
        let end = world.order(id).await;
        assert_eq!(
            end.state,
            if keeps { OrderState::Finished } else { OrderState::Undone },
            "{told}"
        );
        assert!(!end.needs_staff(), "{told}");
        assert_eq!(taken(&world), if keeps { 3000 } else { 0 }, "{told}");
    }
}

#[actix_rt::test]
async fn a_reservation_that_is_about_to_end_is_taken_for_what_was_issued_while_another_booking_is_pending()
 {
    for (dedups, booked) in [(false, true), (false, false), (true, true), (true, false)] {
        let told = format!("dedups {dedups}, booked {booked}");
        let life = TimeDelta::days(1) + TimeDelta::milliseconds(900);
        let (mut world, story, id) = pending_for_ever(OnRefusal::Keep, dedups, life).await;
        let finished = until(&mut world, id, |order| order.state == OrderState::Finished).await;
        assert_eq!((finished.lines[0].state, taken(&world)), (LineState::Doubtful, 3000), "{told}");
        world.outside.books.open().decide(booked);
        let wrong = world.go_on(id, &story, PATIENCE).await;
        assert!(wrong.is_empty(), "{told}: {wrong:#?}");
        assert_eq!(world.order(id).await.lines[0].state, LineState::Voided, "{told}");
        assert_eq!(taken(&world), 3000, "{told}");
    }
}

#[actix_rt::test]
async fn story_13_an_order_whose_tickets_are_being_issued_is_not_cancelled() {
    let story = undo().with(issue(Fault::Gated));
    let setting = Setting { deadline: PATIENCE, ..Setting::new(false) };
    let mut world = World::new(setting, &story).await;
    world.begin().await;
    let id = world.desk().place(new_order(&story, "key"), |_| String::new()).await.unwrap().id;
    let deadline = Deadline::after(PATIENCE);
    while *world.outside.at_gate.borrow() == 0 {
        assert!(!deadline.is_over(), "nobody came to the gate");
        let order = world.order(id).await;
        let desk = world.desk().clone();
        world.act(&order, &desk).await;
        clock::sleep(LOOK).await;
    }
    let account = world.order(id).await.account_id;
    let cancelled = world.desk().cancel(account, id).await;
    assert!(matches!(cancelled, Err(ChangeError::TooLate("authorised"))), "{cancelled:?}");
    world.outside.gate.send_replace(true);
    let wrong = world.go_on(id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.order(id).await.state, OrderState::Finished);
}

#[actix_rt::test]
async fn story_15_billed_at_once_and_refused_at_the_gate_goes_back() {
    ends(undo().billed().refusing(1).refusing(2), OrderState::Undone).await;
}

#[actix_rt::test]
async fn story_16_of_three_tickets_two_wait_until_their_operator_is_back() {
    let down = |no| Strike {
        times: 8,
        ..strike(OrderState::Authorised, Verb::Issue, Fault::NotSent).of_line(no)
    };
    let story = Story { prices: vec![5000, 3000, 2500], ..undo() }.with(down(2)).with(down(3));
    ends(story, OrderState::Finished).await;
}

#[actix_rt::test]
async fn story_19_only_the_free_childs_ticket_is_kept_and_nothing_is_taken() {
    ends(
        Story { prices: vec![5000, 0], ..Story::new(OnRefusal::Keep) }.refusing(1),
        OrderState::Finished,
    )
    .await;
}

#[actix_rt::test]
async fn story_20_a_ticket_whose_answer_is_lost_is_found_and_not_issued_again() {
    ends(undo().with(issue(Fault::DoneUnanswered)), OrderState::Finished).await;
}

#[actix_rt::test]
async fn story_21_a_ticket_that_was_not_issued_and_of_which_nobody_knows_is_issued() {
    ends(undo().with(issue(Fault::NotDone)), OrderState::Finished).await;
}

#[actix_rt::test]
async fn story_22_a_ticket_that_is_issued_after_all_once_we_undo_is_taken_back() {
    ends(undo().tired(Fault::Late), OrderState::Undone).await;
}

#[actix_rt::test]
async fn story_32_a_capture_of_which_nobody_knows_takes_the_money_once() {
    for fault in [Fault::DoneUnanswered, Fault::NotDone, Fault::Late] {
        ends(undo().with(strike(OrderState::Issued, Verb::Capture, fault)), OrderState::Finished)
            .await;
    }
}

#[actix_rt::test]
async fn story_33_money_is_taken_once_the_payment_provider_is_back() {
    let down = Strike { times: 12, ..strike(OrderState::Issued, Verb::Capture, Fault::NotSent) };
    ends(undo().with(down), OrderState::Finished).await;
}

#[actix_rt::test]
async fn story_35_an_order_of_which_nothing_is_due_ends_with_its_ticket_and_without_a_payment() {
    ends(Story { prices: vec![0], ..undo() }, OrderState::Finished).await;
}
