//! A wrong card is found as early as it can be: when it is typed, when it is ordered for, when its
//! operator checks it.

use starjack_simulator::{sample_dta_number, sample_wtp_number};

use crate::support::{ADULT, Database, World, new_key, postgres_alone, ticket};

postgres_alone!(
    a_number_typed_wrong_is_refused_and_says_where,
    a_card_that_the_operators_gates_cannot_read_is_refused,
    a_card_that_its_operator_does_not_know_costs_nothing,
);

async fn a_number_typed_wrong_is_refused_and_says_where(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let right = sample_dta_number(7);
    let wrong_digit = if right.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{wrong_digit}", &right[..right.len() - 1]);
    let problem = anna.register_card(&wrong).await.expect_problem(422, "card-number");
    assert!(problem["detail"].as_str().unwrap().contains("digit"), "{problem}");
    for wrong in ["", "01", &right[..right.len() - 1], &sample_wtp_number(7)[1..], "äöü"] {
        anna.register_card(wrong).await.expect_problem(422, "card-number");
    }
    let card = anna.register_card(&right).await.expect(201);
    assert!(!card.to_string().contains(&right), "the whole number is shown: {card}");
    let again = anna.register_card(&right).await.expect(200);
    assert_eq!(again["id"], card["id"]);
}

async fn a_card_that_the_operators_gates_cannot_read_is_refused(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let offer = world.offer("solden", world.ski_day(), ADULT).await;
    let lines = [ticket(&offer, &anna.card_axess().await, "Anna", ADULT)];
    anna.place(&lines, "undo", &new_key()).await.expect_problem(422, "card-not-accepted");
}

async fn a_card_that_its_operator_does_not_know_costs_nothing(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let right = sample_wtp_number(8);
    let wrong_sign = if right.ends_with('0') { "1" } else { "0" };
    let card = anna.card(&format!("{}{wrong_sign}", &right[..right.len() - 1])).await;
    let offer = world.offer("obertauern", world.ski_day(), ADULT).await;
    let placed =
        anna.place(&[ticket(&offer, &card, "Anna", ADULT)], "undo", &new_key()).await.expect(202);
    let order = anna.wait_for(placed["id"].as_str().unwrap(), &["rejected"]).await;
    assert_eq!(order["lines"][0]["reason"]["code"], "card_not_accepted", "{order:#}");
    assert_eq!(order["payment"]["page_url"], serde_json::Value::Null);
    world.clean_slate().await;
}
