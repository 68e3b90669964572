//! A client that does not know whether its order arrived sends it again.

use crate::support::{Database, World, both_databases, new_key};

both_databases!(
    the_same_request_again_is_the_same_order,
    an_order_needs_a_key_and_a_key_is_for_one_order,
    a_card_has_one_ticket_an_operator_and_day,
    a_rejected_order_leaves_its_day_free,
    few_orders_of_an_account_wait_to_be_paid,
    few_orders_of_an_account_come_to_nothing_within_an_hour,
);

async fn the_same_request_again_is_the_same_order(database: Database) {
    let mut world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let lines = world.basket(&anna, &["solden"]).await;
    let key = new_key();
    let (first, second, third) = tokio::join!(
        anna.place(&lines, "undo", &key),
        anna.place(&lines, "undo", &key),
        anna.place(&lines, "undo", &key),
    );
    assert_eq!(first.status, 202, "{}", first.json);
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.bytes, third.bytes);
    world.kill_9();
    world.restart().await;
    let fourth = anna.place(&lines, "undo", &key).await;
    assert_eq!((fourth.status, &fourth.bytes), (202, &first.bytes));
    assert_eq!(anna.orders().await.unwrap().len(), 1);
}

async fn an_order_needs_a_key_and_a_key_is_for_one_order(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let lines = world.basket(&anna, &["solden", "obertauern"]).await;
    let body = serde_json::json!({ "lines": lines });
    anna.client.post("/api/v1/orders", &body).await.expect_problem(400, "idempotency-key-missing");
    let key = new_key();
    anna.place(&lines[..1], "undo", &key).await.expect(202);
    anna.place(&lines[1..], "undo", &key).await.expect_problem(422, "idempotency-key-used");
    let ben = world.skier("Ben").await;
    let own = world.basket(&ben, &["solden"]).await;
    ben.place(&own, "undo", &key).await.expect(202);
}

async fn a_card_has_one_ticket_an_operator_and_day(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let lines = world.basket(&anna, &["solden"]).await;
    let first = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let problem = anna.place(&lines, "undo", &new_key()).await.expect_problem(409, "card-taken");
    let number = first["number"].as_str().unwrap();
    assert!(
        problem["detail"].as_str().unwrap().contains(number),
        "{problem} does not name {number}"
    );
    let twice = [lines[0].clone(), lines[0].clone()];
    anna.place(&twice, "undo", &new_key()).await.expect_problem(422, "card-twice");
}

async fn a_rejected_order_leaves_its_day_free(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let lines = world.basket(&anna, &["solden"]).await;
    let first = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let id = first["id"].as_str().unwrap();
    anna.cancel(id).await.expect(202);
    anna.wait_for(id, &["rejected"]).await;
    anna.place(&lines, "undo", &new_key()).await.expect(202);
}

/// Every one of them is work for its operator.
async fn few_orders_of_an_account_wait_to_be_paid(database: Database) {
    let world = World::with(database, &[("STARJACK_ORDERS__MOST_UNPAID", "2")]).await;
    let anna = world.skier("Anna").await;
    let ben = world.skier("Ben").await;
    let mut baskets = Vec::new();
    for _order in 0..4 {
        baskets.push(world.basket(&anna, &["solden"]).await);
    }
    let keys: Vec<String> = baskets.iter().map(|_| new_key()).collect();
    let wishes = baskets.iter().zip(&keys).map(|(lines, key)| anna.place(lines, "undo", key));
    let answers = futures_util::future::join_all(wishes).await;
    let (placed, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 202);
    assert_eq!((placed.len(), refused.len()), (2, 2));
    for answer in refused {
        answer.expect_problem(409, "too-many-unpaid");
    }
    let bens = world.basket(&ben, &["solden"]).await;
    ben.place(&bens, "undo", &new_key()).await.expect(202);

    let [cancelled, paid] = [0, 1].map(|at| placed[at].json["id"].as_str().unwrap());
    let more = async || {
        let lines = world.basket(&anna, &["obertauern"]).await;
        anna.place(&lines, "undo", &new_key()).await
    };
    anna.cancel(cancelled).await.expect(202);
    more().await.expect(202);
    more().await.expect_problem(409, "too-many-unpaid");
    world.pay(&anna.wait_for_page(paid).await, "reserved").await;
    anna.wait_for(paid, &["finished"]).await;
    more().await.expect(202);
}

/// Each of them is work for its operator, and an e-mail before which others' wait.
async fn few_orders_of_an_account_come_to_nothing_within_an_hour(database: Database) {
    let world = World::with(database, &[("STARJACK_ORDERS__MOST_REJECTED", "2")]).await;
    let anna = world.skier("Anna").await;
    let ben = world.skier("Ben").await;
    let lines = world.basket(&anna, &["solden"]).await;
    let key = new_key();
    let mut placed = anna.place(&lines, "undo", &key).await;
    for _again in 0..2 {
        let id = placed.expect(202)["id"].as_str().unwrap().to_owned();
        anna.cancel(&id).await.expect(202);
        anna.wait_for(&id, &["rejected"]).await;
        placed = anna.place(&lines, "undo", &new_key()).await;
    }
    let wait: u64 = placed.header("retry-after").parse().unwrap();
    assert!((3_000..=3_601).contains(&wait), "{wait} s");
    placed.expect_problem(429, "too-many-requests");
    anna.place(&lines, "undo", &key).await.expect(202);
    let bens = world.basket(&ben, &["solden"]).await;
    ben.place(&bens, "undo", &new_key()).await.expect(202);
}
