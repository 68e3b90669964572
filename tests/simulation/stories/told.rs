//! Stories that need no process and no socket, told in the world of the real loop with suppliers in memory.

use starjack::actors::order::ChangeError;
use starjack::actors::order::intent::Verb;
use starjack::actors::order::lifecycle::OrderState;
use starjack::actors::order::record::OnRefusal;
use starjack::clock::{self, Deadline};

use crate::faults::{Fault, Strike};
use crate::incarnation::Setting;
use crate::story::Story;
use crate::world::{LOOK, PATIENCE, World, new_order};

/// Lives the story at an operator that dedups and at one that does not; each time it must end so, with a clean slate.
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
    ends(undo().with(strike(OrderState::Paying, Verb::Open, Fault::DoneUnanswered)), OrderState::Finished).await;
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
        let (order, desk) = (world.order(id).await, world.desk().clone());
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
    let down = |no| Strike { times: 8, ..strike(OrderState::Authorised, Verb::Issue, Fault::NotSent).of_line(no) };
    let story = Story { prices: vec![5000, 3000, 2500], ..undo() }.with(down(2)).with(down(3));
    ends(story, OrderState::Finished).await;
}

#[actix_rt::test]
async fn story_19_only_the_free_childs_ticket_is_kept_and_nothing_is_taken() {
    ends(Story { prices: vec![5000, 0], ..Story::new(OnRefusal::Keep) }.refusing(1), OrderState::Finished).await;
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
        ends(undo().with(strike(OrderState::Issued, Verb::Capture, fault)), OrderState::Finished).await;
    }
}

#[actix_rt::test]
async fn story_33_money_is_taken_once_the_payment_provider_is_back() {
    let down = Strike { times: 12, ..strike(OrderState::Issued, Verb::Capture, Fault::NotSent) };
    ends(undo().with(down), OrderState::Finished).await;
}
