//! An operator that is down for longer than an order may wait.

use chrono::TimeDelta;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::record::OnRefusal;
use starjack::clock;

use super::faults::{Fault, Strike};
use super::incarnation::Setting;
use super::story::Story;
use super::world::{PATIENCE, POLICIES, World, new_order};

/// Far less than the patience of asking: questions that never left cost none of it.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::seconds(2);

#[actix_rt::test]
async fn what_cannot_be_loaded_until_its_time_is_undone_paid_back_and_told() {
    for on_refusal in POLICIES {
        let down = Strike {
            times: u32::MAX,
            ..Strike::new(OrderState::Authorised, Verb::Issue, Fault::NotSent)
        };
        let story = Story::new(on_refusal).with(down);
        let mut world = World::new(Setting::new(false), &story).await;
        world.begin().await;
        let mut order = new_order(&story, "first");
        let given_up_at = clock::now() + GIVEN_UP_AFTER;
        order.lines.iter_mut().for_each(|line| line.loading_ends = given_up_at);
        let placed = world.desk().place(order, |_| String::new()).await.unwrap();
        let wrong = world.go_on(placed.id, &story, PATIENCE).await;
        assert!(wrong.is_empty(), "{on_refusal:?}: {wrong:?}");
        let order = world.order(placed.id).await;
        let why = if on_refusal == OnRefusal::Undo { "patience_over" } else { "not_issued" };
        assert_eq!(
            (order.state, order.refusal.as_deref()),
            (OrderState::Undone, Some(why)),
            "{on_refusal:?}"
        );
        assert!(order.entered_at >= given_up_at, "{on_refusal:?}: it waited until then");
    }
}
