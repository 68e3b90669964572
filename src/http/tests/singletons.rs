//! What a replica writes for all after somebody else has taken that singleton task is not kept.

use chrono::TimeDelta;
use sea_orm::{EntityTrait, PaginatorTrait};
use starjack_entity::case_file;

use super::World;
use crate::actors::fleet::tests::fence;
use crate::io::IoError;

/// Counted from the end: what is due now is due for long enough.
const AT_ONCE: TimeDelta = TimeDelta::seconds(-5);

#[actix_rt::test]
async fn a_stuck_order_is_told_by_whoever_has_the_duty_now() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    world.order(&skier, "key-1").await;
    let cases = async || {
        let read = world.io.read(|db| {
            Box::pin(async move { Ok::<_, IoError>(case_file::Entity::find().count(db).await?) })
        });
        read.await.unwrap()
    };
    let former = fence(&world.io).await;
    let holder = fence(&world.io).await;
    let store = world.state.orders.store();
    assert!(matches!(store.alarm(AT_ONCE, former.clone()).await, Err(IoError::Fenced)));
    assert!(former.is_lost() && cases().await == 0);
    store.alarm(AT_ONCE, holder).await.unwrap();
    assert_eq!(cases().await, 1);
}
