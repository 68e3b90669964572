//! Everything twice: placed, cancelled, and driven by two incarnations at once.

use std::sync::Arc;

use futures_util::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use starjack::actors::order::engine::driver::Drove;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::record::OnRefusal;
use starjack::actors::order::{ChangeError, Desk, NewOrder, PlaceError};
use starjack::actors::supervision::Policy;
use starjack::clock::{self, Deadline};
use starjack::io::IoError;
use starjack::money::Cents;
use starjack_entity::ticket_day;
use uuid::Uuid;

use super::faults::{Fault, Strike};
use super::incarnation::{Parts, Setting};
use super::invariants::violations;
use super::ports::Life;
use super::story::Story;
use super::world::{CUSTOMER, LOOK, NEIGHBOUR, PATIENCE, World, call_back, new_order};

/// A story without faults.
fn plain() -> Story {
    Story::new(OnRefusal::Undo)
}

/// No question of these stories hits its deadline, however long the gate is shut.
fn patient(dedups: bool) -> Setting {
    Setting { deadline: PATIENCE, ..Setting::new(dedups) }
}

#[actix_rt::test]
async fn an_order_placed_eight_times_at_once_under_one_key_is_one_order() {
    let mut world = World::new(Setting::new(false), &plain()).await;
    world.begin().await;
    let order = new_order(&plain(), "key");
    let placed = join_all(
        (0..8).map(|_| world.desk().place(order.clone(), |order| order.number.to_string())),
    )
    .await;
    let first = placed[0].as_ref().unwrap().clone();
    assert!(placed.iter().all(|again| again.as_ref().unwrap() == &first), "{placed:?}");
    assert_eq!(world.orders().await.len(), 1);
    let wrong = world.go_on(first.id, &plain(), PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.outside.books.open().tickets.len(), 2);
}

#[actix_rt::test]
async fn of_two_orders_at_once_for_one_card_and_day_one_is_placed() {
    let mut world = World::new(Setting::new(false), &plain()).await;
    world.begin().await;
    let order = new_order(&plain(), "key");
    let orders = ["one", "another"].map(|key| NewOrder { key: key.to_owned(), ..order.clone() });
    let placed = join_all(orders.map(|order| world.desk().place(order, |_| String::new()))).await;
    let (won, lost): (Vec<_>, Vec<_>) = placed.into_iter().partition(Result::is_ok);
    let number = world.orders().await[0].number.to_string();
    let taken =
        matches!(&lost[0], Err(PlaceError::CardTaken { line: 1, order, .. }) if *order == number);
    assert!(taken, "{lost:?}");
    let wrong = world.go_on(won[0].as_ref().unwrap().id, &plain(), PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[actix_rt::test]
async fn of_two_accounts_that_pay_for_one_card_and_day_one_has_the_ticket_and_the_other_its_money()
{
    for reserved in [true, false] {
        let story = plain().doing([]);
        let mut world = World::new(Setting::new(false), &story).await;
        world.begin().await;
        let order = new_order(&story, "key");
        let orders =
            [CUSTOMER, NEIGHBOUR].map(|account_id| NewOrder { account_id, ..order.clone() });
        let placed =
            join_all(orders.map(|order| world.desk().place(order, |_| String::new()))).await;
        let ids: Vec<Uuid> = placed.iter().map(|placed| placed.as_ref().unwrap().id).collect();
        let mut pages = Vec::new();
        for id in &ids {
            pages.push(page(&world, *id).await);
        }
        assert_eq!(days_held(&world).await, 0, "nobody has paid");
        for (reference, total) in pages {
            let tid = world.outside.books.open().pay(&reference, total, reserved);
            if !reserved {
                call_back(world.desk(), &reference, tid, total).await;
            }
        }
        for id in ids {
            let wrong = world.go_on(id, &story, PATIENCE).await;
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
        let orders = world.orders().await;
        let (won, lost): (Vec<_>, Vec<_>) =
            orders.iter().partition(|order| order.state == OrderState::Finished);
        assert_eq!((won.len(), lost.len(), lost[0].state), (1, 1, OrderState::Undone));
        assert_eq!(lost[0].refusal.as_deref(), Some("card_taken"));
        let ledger = world.outside.books.open();
        assert_eq!(ledger.tickets.len(), 2, "no ticket was booked that had to be voided again");
    }
}

/// The page of an order and what is to be paid there, once it is open.
async fn page(world: &World, id: Uuid) -> (String, Cents) {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let order = world.order(id).await;
        if let Some(row) = order.payments.iter().find(|row| row.url.is_some()) {
            return (row.reference.to_string(), order.total);
        }
        assert!(!deadline.is_over(), "no page is opened: {order:#?}");
        clock::sleep(LOOK).await;
    }
}

async fn days_held(world: &World) -> u64 {
    let read = world.outside.io.read(|db| {
        Box::pin(async move { Ok::<_, IoError>(ticket_day::Entity::find().count(db).await?) })
    });
    read.await.unwrap()
}

#[actix_rt::test]
async fn an_order_cancelled_twice_at_once_ends_once() {
    let story = plain().doing([]);
    let mut world = World::new(Setting::new(false), &story).await;
    world.begin().await;
    let placed = world.desk().place(new_order(&story, "key"), |_| String::new()).await.unwrap();
    let account = world.order(placed.id).await.account_id;
    let cancelled = join_all((0..2).map(|_| world.desk().cancel(account, placed.id))).await;
    let (done, late): (Vec<_>, Vec<_>) = cancelled.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), late.len()), (1, 1));
    assert!(matches!(late[0], Err(ChangeError::TooLate("rejected"))), "{late:?}");
    let wrong = world.go_on(placed.id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// While the first driver waits for an answer, the second takes the order over and drives it to its
/// end. Then the first one's answer comes: its save loses by the version, and it asks nothing more.
async fn driven_by_two(dedups: bool, story: Story, end: OrderState) {
    let mut world = World::new(patient(dedups), &story).await;
    let first = Parts::start(&world.setting, &world.outside, &Arc::new(Life::default())).await;
    // nobody runs its schedule: it drives when this test says so
    let (desk, _schedule) =
        Desk::start(&first.system, first.driver.clone(), Policy::default()).await.unwrap();
    let id = desk.place(new_order(&story, "key"), |_| String::new()).await.unwrap().id;
    let driver = first.driver.clone();
    let driven = actix_rt::spawn(async move {
        while driver.resume(id).await.unwrap() != Drove::NotOurs {
            clock::sleep(LOOK).await;
        }
    });
    until_somebody_waits_at_the_gate(&mut world, id, &desk).await;

    world.begin().await;
    let wrong = world.go_on(id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    let before = world.order(id).await;
    assert_eq!(before.state, end);
    assert!(!driven.is_finished(), "nobody waited at the gate");
    world.outside.gate.send_replace(true);
    driven.await.unwrap();
    assert_eq!(world.order(id).await, before, "the first driver wrote something");
    let wrong = violations(&world, true).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!first.system.shutdown(Deadline::after(PATIENCE)).await);
}

async fn until_somebody_waits_at_the_gate(world: &mut World, id: Uuid, desk: &Desk) {
    let deadline = Deadline::after(PATIENCE);
    while *world.outside.at_gate.borrow() == 0 {
        let order = world.order(id).await;
        assert!(!deadline.is_over(), "nobody came to the gate: {order:#?}");
        world.act(&order, desk).await;
        let listed = world.outside.books.open().open_payments();
        desk.listed(listed).await;
        clock::sleep(LOOK).await;
    }
}

fn gated(row: OrderState, verb: Verb) -> Strike {
    Strike::new(row, verb, Fault::Gated)
}

#[actix_rt::test]
async fn an_order_driven_twice_while_issuing_is_issued_once() {
    for dedups in [false, true] {
        let story = plain().with(gated(OrderState::Authorised, Verb::Issue).of_line(1));
        driven_by_two(dedups, story, OrderState::Finished).await;
    }
}

#[actix_rt::test]
async fn an_order_driven_twice_while_its_money_is_taken_is_paid_once() {
    driven_by_two(
        false,
        plain().with(gated(OrderState::Issued, Verb::Capture)),
        OrderState::Finished,
    )
    .await;
}

#[actix_rt::test]
async fn an_order_driven_twice_while_a_part_of_the_money_goes_back_gets_it_once() {
    let story = Story::new(OnRefusal::Keep)
        .billed()
        .refusing(2)
        .with(gated(OrderState::Issued, Verb::Credit));
    driven_by_two(false, story, OrderState::Finished).await;
}

#[actix_rt::test]
async fn an_order_undone_twice_is_undone_once() {
    for verb in [Verb::Cancel, Verb::Reverse] {
        let declined = Strike::new(OrderState::Issued, Verb::Capture, Fault::Refused);
        driven_by_two(
            false,
            plain().with(declined).with(gated(OrderState::Undoing, verb)),
            OrderState::Undone,
        )
        .await;
    }
    let billed =
        plain().billed().refusing(1).refusing(2).with(gated(OrderState::Undoing, Verb::Credit));
    driven_by_two(false, billed, OrderState::Undone).await;
}
