//! An operator's system is down for hours: the shop says so, its orders wait or are refused as its
//! contract says, and what waited is loaded at the pace that the operator allows.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{ADULT, Database, Person, World, eventually, new_key, postgres_alone, ticket};

postgres_alone!(a_paid_order_waits_while_its_operator_is_down_and_is_loaded_when_it_is_back);

async fn command(clerk: &Person, actor: &str, wish: &str) {
    let path = format!("/api/v1/admin/actors/{}/{wish}", actor.replace('/', "%2F"));
    clerk.client.post(&path, &json!({ "reason": "a test" })).await.expect(202);
}

/// What the offers of an operator say of loading.
async fn loading(world: &World, operator: &str) -> Value {
    let path =
        format!("/api/v1/operators/{operator}/offers?day={}&birth_date={ADULT}", world.ski_day());
    world.guest.get(&path).await.expect(200)["items"][0]["loading"].clone()
}

async fn until_it_says(world: &World, operator: &str, word: &str) {
    eventually(word, async || (loading(world, operator).await == word).then_some(())).await;
}

async fn lines(world: &World, skier: &Person, operator: &str) -> Vec<Value> {
    let offer = world.offer(operator, world.ski_day(), ADULT).await;
    vec![ticket(&offer, &skier.card_dta().await, "Anna", ADULT)]
}

async fn a_paid_order_waits_while_its_operator_is_down_and_is_loaded_when_it_is_back(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    assert_eq!(loading(&world, "stubai").await, "now");
    let known = world.guest.get("/api/v1/operators/stubai").await.expect(200);
    assert_eq!((&known["status"], &known["when_down"]), (&json!("up"), &json!("wait")));
    // paid before it went down
    let before = world.order_to_pay(&anna, &["stubai"], "undo").await;
    world
        .fault(json!({ "supplier": "dta", "operator": "stubai", "fault": "refuse_connection" }))
        .await;
    world.pay(&before, "reserved").await;
    until_it_says(&world, "stubai", "later").await;
    assert_eq!(world.guest.get("/api/v1/operators/stubai").await.expect(200)["status"], "down");
    // ordered and paid while it is down: its card cannot be checked
    let during =
        anna.place(&lines(&world, &anna, "stubai").await, "undo", &new_key()).await.expect(202);
    let during = anna.wait_for_page(during["id"].as_str().unwrap()).await;
    world.pay(&during, "reserved").await;
    for order in [&before, &during] {
        anna.wait_for(order["id"].as_str().unwrap(), &["authorised"]).await;
    }
    // the neighbours sell as ever
    world.bought(&anna, &["solden"]).await;
    assert_eq!(world.ledger().await.bookings().len(), 1);
    world.clear_faults().await;
    for order in [&before, &during] {
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    }
    until_it_says(&world, "stubai", "now").await;
    command(&clerk, "dta/stubai", "pause").await;
    until_it_says(&world, "stubai", "later").await;
    command(&clerk, "dta/stubai", "resume").await;
    world.clean_slate().await;
}

#[tokio::test]
async fn an_operator_that_refuses_while_it_is_down_takes_no_order_and_says_so_before() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let wanted = lines(&world, &anna, "hintertux").await;
    let elsewhere = lines(&world, &anna, "solden").await;
    command(&clerk, "dta/hintertux", "pause").await;
    until_it_says(&world, "hintertux", "refused").await;
    let key = new_key();
    let refused = anna.place(&wanted, "undo", &key).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(503, "operator-down");
    let both = [wanted.clone(), elsewhere.clone()].concat();
    anna.place(&both, "undo", &new_key()).await.expect_problem(503, "operator-down");
    command(&clerk, "dta/solden", "pause").await;
    until_it_says(&world, "solden", "uncertain").await;
    command(&clerk, "dta/solden", "resume").await;
    command(&clerk, "dta/hintertux", "resume").await;
    until_it_says(&world, "hintertux", "now").await;
    // nothing was kept: the same key counts
    let placed = anna.place(&wanted, "undo", &key).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    world.pay(&order, "reserved").await;
    anna.wait_for(placed["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn a_card_that_nobody_could_check_and_that_is_refused_later_is_paid_back() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    command(&clerk, "dta/stubai", "pause").await;
    until_it_says(&world, "stubai", "later").await;
    let placed =
        anna.place(&lines(&world, &anna, "stubai").await, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    world
        .fault(json!({ "supplier": "dta", "operator": "stubai", "fault": "business_error", "value": "MediumFull" }))
        .await;
    world.pay(&order, "reserved").await;
    anna.wait_for(placed["id"].as_str().unwrap(), &["authorised"]).await;
    command(&clerk, "dta/stubai", "resume").await;
    anna.wait_for(placed["id"].as_str().unwrap(), &["undone"]).await;
    world.clear_faults().await;
    world.clean_slate().await;
}

#[tokio::test]
async fn what_waited_is_loaded_at_the_operators_pace() {
    const PACE: i64 = 5;
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let area = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/catalogue/areas/stubai.toml"
    ))
    .unwrap();
    let slow = area.replace("requests_per_second = 50", &format!("requests_per_second = {PACE}"));
    assert_ne!(area, slow);
    let file = world.folder().join("slow.toml");
    std::fs::write(&file, slow).unwrap();
    let ran = world.command(&["import", "operators", file.to_str().unwrap(), "--take"]);
    assert_eq!(ran.code, 0, "{}{}", ran.says, ran.log);
    command(&clerk, "dta/stubai", "pause").await;
    until_it_says(&world, "stubai", "later").await;
    let mut waiting = Vec::new();
    for _order in 0..12 {
        let placed =
            anna.place(&lines(&world, &anna, "stubai").await, "undo", &new_key()).await.expect(202);
        let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
        world.pay(&order, "reserved").await;
        waiting.push(placed["id"].as_str().unwrap().to_owned());
    }
    for id in &waiting {
        anna.wait_for(id, &["authorised"]).await;
    }
    command(&clerk, "dta/stubai", "resume").await;
    for id in &waiting {
        anna.wait_for(id, &["finished"]).await;
    }
    let ledger = world.ledger().await;
    let asked = ledger
        .of("dta")
        .iter()
        .map(|entry| entry["asked_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap());
    let mut asked: Vec<_> = asked.collect();
    asked.sort_unstable();
    assert_eq!(asked.len(), waiting.len(), "each once");
    // a lower bound, and half of it: each has its turn, and the first and the last may come late or
    // early
    let least = TimeDelta::milliseconds(1000 * i64::try_from(asked.len() - 1).unwrap() / PACE / 2);
    let took = *asked.last().unwrap() - asked[0];
    assert!(
        took >= least,
        "{} were loaded within {took}, {PACE} a second are allowed",
        asked.len()
    );
    world.clean_slate().await;
}
