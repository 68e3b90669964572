//! An offer counts as it was made, for whom it was made, and only when we made it.

use crate::support::{ADULT, Database, SMALL_CHILD, World, new_key, postgres_alone, ticket};

postgres_alone!(
    a_forged_offer_is_refused,
    an_offer_is_for_its_own_person_category,
    an_offer_of_another_shop_is_refused,
);

async fn a_forged_offer_is_refused(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let mut offer = world.offer("solden", world.ski_day(), ADULT).await;
    let card = anna.card_dta().await;
    let right = offer.id.clone();
    let middle = right.len() / 2;
    let other = if &right[middle..=middle] == "A" { "B" } else { "A" };
    for forged in [
        format!("{}{other}{}", &right[..middle], &right[middle + 1..]),
        right[1..].to_owned(),
        String::new(),
    ] {
        offer.id = forged;
        let lines = [ticket(&offer, &card, "Anna", ADULT)];
        anna.place(&lines, "undo", &new_key()).await.expect_problem(422, "offer-not-ours");
    }
    assert!(anna.orders().await.unwrap().is_empty());
}

async fn an_offer_is_for_its_own_person_category(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let for_child = world.offer("solden", world.ski_day(), SMALL_CHILD).await;
    let lines = [ticket(&for_child, &anna.card_dta().await, "Anna", ADULT)];
    anna.place(&lines, "undo", &new_key()).await.expect_problem(422, "other-category");
}

async fn an_offer_of_another_shop_is_refused(database: Database) {
    let (here, elsewhere) = tokio::join!(World::start(database), World::start(Database::Sqlite));
    let anna = here.skier("Anna").await;
    let offer = elsewhere.offer("solden", here.ski_day(), ADULT).await;
    let lines = [ticket(&offer, &anna.card_dta().await, "Anna", ADULT)];
    anna.place(&lines, "undo", &new_key()).await.expect_problem(422, "offer-not-ours");
}
