//! A card has one ticket an operator and day, whatever kind of ticket it is and whoever pays at the
//! same moment.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::support::{
    ADULT, Answer, Database, Offer, Person, World, both_databases, new_key, sample, ticket,
};

both_databases!(
    of_many_orders_for_one_card_at_once_exactly_one_is_placed,
    two_orders_with_the_same_cards_the_other_way_round_do_not_lock_each_other,
    every_kind_of_ticket_holds_all_its_days_and_no_other,
    an_order_that_is_undone_leaves_all_its_days_free,
    a_card_of_two_accounts_is_whose_order_is_paid_first_and_nobody_is_told_of_the_others,
);

/// A ticket of Sölden on a card.
async fn line_for(world: &World, card: &str, product: &str, day: NaiveDate) -> Value {
    let offer = world.product("solden", product, day, ADULT).await;
    ticket(&Offer::of(&offer), card, "Anna", ADULT)
}

async fn place(skier: &Person, line: &Value) -> Answer {
    skier.place(std::slice::from_ref(line), "undo", &new_key()).await
}

/// What was placed and what was refused because a card was taken; anything else is a fault.
fn placed_and_taken(answers: Vec<Answer>) -> (Vec<Value>, usize) {
    let (placed, taken): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 202);
    let clashes = taken.len();
    for answer in taken {
        answer.expect_problem(409, "card-taken");
    }
    (placed.into_iter().map(|answer| answer.json).collect(), clashes)
}

async fn of_many_orders_for_one_card_at_once_exactly_one_is_placed(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let card = anna.card_dta().await;
    // all of them hold the fifth day
    let mut lines = Vec::new();
    for (product, after) in [
        ("six_days", 0),
        ("six_days", 2),
        ("five_in_seven", 1),
        ("season", 3),
        ("day", 4),
        ("half_day", 4),
    ] {
        lines.push(line_for(&world, &card, product, day + Days::new(after)).await);
    }
    for _round in 0..5 {
        let answers =
            futures_util::future::join_all(lines.iter().map(|line| place(&anna, line))).await;
        let (placed, taken) = placed_and_taken(answers);
        assert_eq!((placed.len(), taken), (1, lines.len() - 1), "{placed:#?}");
        let id = placed[0]["id"].as_str().unwrap();
        anna.cancel(id).await.expect(202);
        anna.wait_for(id, &["rejected"]).await;
    }
    let winner = place(&anna, &lines[0]).await.expect(202);
    let id = winner["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    anna.wait_for(id, &["finished"]).await;
    place(&anna, &lines[4]).await.expect_problem(409, "card-taken");
    world.clean_slate().await;
}

async fn two_orders_with_the_same_cards_the_other_way_round_do_not_lock_each_other(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, ben) = tokio::join!(world.skier("Anna"), world.skier("Ben"));
    let day = world.ski_day();
    for _round in 0..3 {
        let mut hers = Vec::new();
        let mut his = Vec::new();
        for _card in 0..4 {
            let number = anna.next_card_number(false);
            hers.push(line_for(&world, &anna.card(&number).await, "six_days", day).await);
            his.push(line_for(&world, &ben.card(&number).await, "six_days", day).await);
        }
        his.reverse();
        let keys = (new_key(), new_key());
        let (one, other) =
            tokio::join!(anna.place(&hers, "undo", &keys.0), ben.place(&his, "undo", &keys.1));
        let one = one.expect(202);
        let other = other.expect(202);
        let one = one["id"].as_str().unwrap();
        let other = other["id"].as_str().unwrap();
        let pages = tokio::join!(anna.wait_for_page(one), ben.wait_for_page(other));
        tokio::join!(world.pay(&pages.0, "reserved"), world.pay(&pages.1, "reserved"));
        let ends = &["finished", "undone"];
        let (one, other) = tokio::join!(anna.wait_for(one, ends), ben.wait_for(other, ends));
        let lost: Vec<_> =
            [one, other].into_iter().filter(|order| order["state"] == "undone").collect();
        assert_eq!(lost.len(), 1, "{lost:#?}");
        assert_eq!(lost[0]["reason"]["code"], "card_taken");
    }
    world.clean_slate().await;
}

async fn every_kind_of_ticket_holds_all_its_days_and_no_other(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let season_ends = sample().operator("solden").unwrap().season.to;
    for (product, last) in [
        ("day", day),
        ("half_day", day),
        ("six_days", day + Days::new(5)),
        ("five_in_seven", day + Days::new(6)),
        ("season", season_ends),
    ] {
        let card = anna.card_dta().await;
        place(&anna, &line_for(&world, &card, product, day).await).await.expect(202);
        let on_last = line_for(&world, &card, "day", last).await;
        place(&anna, &on_last).await.expect_problem(409, "card-taken");
        let before = line_for(&world, &card, "day", day - Days::new(1)).await;
        place(&anna, &before).await.expect(202);
        if last < season_ends {
            let after = line_for(&world, &card, "day", last + Days::new(1)).await;
            place(&anna, &after).await.expect(202);
        }
        // the same card, elsewhere
        let there = world.offer("ischgl", last, ADULT).await;
        place(&anna, &ticket(&there, &card, "Anna", ADULT)).await.expect(202);
    }
}

async fn an_order_that_is_undone_leaves_all_its_days_free(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let card = anna.card_dta().await;
    let full = json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder",
        "fault": "business_error", "value": "MediumFull", "times": 1 });
    world.fault(full).await;
    let pass = line_for(&world, &card, "season", day).await;
    let other = world.offer("obertauern", day, ADULT).await;
    let other = ticket(&other, &anna.card_axess().await, "Ben", ADULT);
    // kept: the refused line frees its days, the issued one keeps its own
    let order = anna.place(&[pass.clone(), other.clone()], "keep", &new_key()).await.expect(202);
    let id = order["id"].as_str().unwrap();
    place(&anna, &line_for(&world, &card, "day", day).await)
        .await
        .expect_problem(409, "card-taken");
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    anna.wait_for(id, &["finished"]).await;
    place(&anna, &other).await.expect_problem(409, "card-taken");
    world.clean_slate().await;

    world
        .fault(json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder",
        "fault": "business_error", "value": "MediumFull", "times": 1 }))
        .await;
    let again = place(&anna, &pass).await.expect(202);
    let id = again["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    anna.wait_for(id, &["undone"]).await;
    let last = line_for(&world, &card, "day", sample().operator("solden").unwrap().season.to).await;
    place(&anna, &last).await.expect(202);
}

async fn a_card_of_two_accounts_is_whose_order_is_paid_first_and_nobody_is_told_of_the_others(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, ben) = tokio::join!(world.skier("Anna"), world.skier("Ben"));
    let number = anna.next_card_number(false);
    let hers = anna.card(&number).await;
    let his = ben.card(&number).await;
    let day = world.ski_day();
    let her_order =
        place(&anna, &line_for(&world, &hers, "day", day + Days::new(3)).await).await.expect(202);
    let his_order = place(&ben, &line_for(&world, &his, "day", day).await).await.expect(202);
    let six_days = line_for(&world, &hers, "six_days", day).await;
    let problem = place(&anna, &six_days).await.expect_problem(409, "card-taken");
    let says = problem["detail"].as_str().unwrap();
    assert!(
        says.contains(her_order["number"].as_str().unwrap()),
        "her own order is not named: {says}"
    );
    let id = her_order["id"].as_str().unwrap();
    anna.cancel(id).await.expect(202);
    anna.wait_for(id, &["rejected"]).await;

    // neither what he has not paid nor what he has is told of
    place(&anna, &six_days).await.expect(202);
    let his_id = his_order["id"].as_str().unwrap();
    world.pay(&ben.wait_for_page(his_id).await, "reserved").await;
    ben.wait_for(his_id, &["finished"]).await;
    let other = anna.card_dta().await;
    let with_another =
        [line_for(&world, &hers, "day", day).await, line_for(&world, &other, "day", day).await];
    for placed in anna.orders().await.unwrap() {
        if placed["state"] != "rejected" {
            anna.cancel(placed["id"].as_str().unwrap()).await.expect(202);
        }
    }
    let kept = anna.place(&with_another, "keep", &new_key()).await.expect(202);
    let id = kept["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    let kept = anna.wait_for(id, &["finished"]).await;
    let reasons: Vec<_> =
        kept["lines"].as_array().unwrap().iter().map(|line| &line["reason"]["code"]).collect();
    assert_eq!(reasons, [&json!("card_taken"), &Value::Null], "{kept:#}");
    world.clean_slate().await;
}

#[tokio::test]
async fn an_order_undone_for_a_taken_day_counts_among_those_that_come_to_nothing() {
    let world = World::with(Database::Sqlite, &[("STARJACK_ORDERS__MOST_REJECTED", "1")]).await;
    let (anna, ben) = tokio::join!(world.skier("Anna"), world.skier("Ben"));
    let number = anna.next_card_number(false);
    let hers = anna.card(&number).await;
    let his = ben.card(&number).await;
    let day = world.ski_day();
    for (skier, card, ends) in [(&ben, &his, "finished"), (&anna, &hers, "undone")] {
        let placed = place(skier, &line_for(&world, card, "day", day).await).await.expect(202);
        let id = placed["id"].as_str().unwrap();
        world.pay(&skier.wait_for_page(id).await, "reserved").await;
        skier.wait_for(id, &[ends]).await;
    }
    let other = line_for(&world, &hers, "day", day + Days::new(3)).await;
    place(&anna, &other).await.expect_problem(429, "too-many-requests");
    world.clean_slate().await;
}
