//! Money that comes when its page's life is over and nobody expects it any more.

use starjack::actors::order::rules::lifecycle::{OrderState, PaymentState};
use starjack::actors::order::rules::record::OnRefusal;

use super::incarnation::Setting;
use super::story::{Deed, Story};
use super::world::{PATIENCE, World, new_order};

async fn paid_after_the_page_was_closed(reserved: bool) {
    let story = Story::new(OnRefusal::Undo).doing([]);
    let mut world = World::new(Setting::new(false), &story).await;
    world.begin().await;
    let id = world.desk().place(new_order(&story, "key"), |_| String::new()).await.unwrap().id;
    let wrong = world.go_on(id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    let order = world.order(id).await;
    assert_eq!(
        (order.state, order.payments[0].state),
        (OrderState::Rejected, PaymentState::Closed)
    );
    world.add(Deed::Pay { row: OrderState::Rejected, more: 0, reserved });
    let wrong = world.go_on(id, &story, PATIENCE).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.outside.books.open().money.len(), 1);
}

#[actix_rt::test]
async fn money_reserved_on_a_page_whose_life_is_over_goes_back() {
    paid_after_the_page_was_closed(true).await;
}

#[actix_rt::test]
async fn money_billed_on_a_page_whose_life_is_over_goes_back() {
    paid_after_the_page_was_closed(false).await;
}
