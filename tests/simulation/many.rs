//! Many orders in one world: what they share, the invoices' numbers above all, survives crashes as
//! well.

use std::time::Duration;

use futures_util::future::join_all;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::record::OnRefusal;
use starjack::clock::{self, Deadline};

use super::faults::{Fault, Strike};
use super::incarnation::Setting;
use super::invariants::violations;
use super::story::Story;
use super::world::{LOOK, PATIENCE, POLICIES, World, new_order};

const ORDERS: usize = 12;

/// Every payer pays its page once.
async fn pay_all(world: &World) {
    for order in world.orders().await {
        let page = order
            .payments
            .iter()
            .find(|row| order.state == OrderState::Paying && row.url.is_some());
        if let Some(page) = page {
            let mut ledger = world.outside.books.open();
            if !ledger.money.iter().any(|money| money.page == page.reference.as_str()) {
                ledger.pay(page.reference.as_str(), order.total, true);
            }
        }
    }
}

#[actix_rt::test]
async fn twelve_orders_and_three_crashes_leave_one_series_of_invoices_without_gaps() {
    let mut story = Story::new(OnRefusal::Undo).doing([]);
    for (row, verb, fault) in [
        (OrderState::Authorised, Verb::Issue, Fault::CrashBeforeSaving),
        (OrderState::Authorised, Verb::Issue, Fault::Refused),
        (OrderState::Issued, Verb::Capture, Fault::CrashBeforeSaving),
        (OrderState::Authorised, Verb::Issue, Fault::DoneUnanswered),
        (OrderState::Issued, Verb::Capture, Fault::CrashBeforeAsking),
        (OrderState::Issued, Verb::Capture, Fault::Refused),
    ] {
        story = story.with(Strike::new(row, verb, fault));
    }
    let setting = Setting { deadline: Duration::from_secs(5), ..Setting::new(false) };
    let mut world = World::new(setting, &story).await;
    world.begin().await;
    let places = (0..ORDERS).map(|no| {
        let order =
            new_order(&Story { on_refusal: POLICIES[no % 2], ..story.clone() }, &no.to_string());
        world.desk().place(order, |_| String::new())
    });
    let placed = join_all(places).await;
    assert!(placed.iter().all(Result::is_ok), "{placed:?}");

    let deadline = Deadline::after(PATIENCE);
    loop {
        world.survive().await;
        pay_all(&world).await;
        let wrong = violations(&world, deadline.is_over()).await;
        if wrong.is_empty() {
            break;
        }
        assert!(!deadline.is_over(), "{wrong:#?}");
        clock::sleep(LOOK).await;
    }
    assert_eq!((world.crashes, world.outside.plan.left().len()), (3, 0));
    let finished =
        world.orders().await.iter().filter(|order| order.state == OrderState::Finished).count();
    assert!(finished >= ORDERS / 2, "only {finished} finished");
}
