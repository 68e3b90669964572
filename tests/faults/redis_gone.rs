//! Redis counts for all replicas while it is there, and fails no request when it is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use starjack::clock;

use crate::support::{Client, Database, Person, Proxy, Redis, World, eventually, new_key};

on_postgres!(
    replicas_count_together_while_redis_is_there_and_each_for_itself_when_it_is_gone,
    a_redis_that_is_killed_and_comes_back_under_load_fails_no_request,
    a_redis_that_hangs_under_load_fails_no_request,
);

/// Look-ups that an account has in a minute.
const LOOK_UPS: usize = 30;
const CUSTOMERS: usize = 8;

/// A world whose replicas use this Redis, under keys of their own.
async fn world_with(url: &str) -> World {
    let prefix = format!("t-{}", new_key());
    World::with(
        Database::Postgres,
        &[("STARJACK_REDIS__URL", url), ("STARJACK_REDIS__PREFIX", &prefix)],
    )
    .await
}

async fn until_redis_is(operations: &Client, state: &str) {
    eventually(&format!("Redis is {state}"), async || {
        (operations.get("/readyz").await.expect(200)["redis"] == state).then_some(())
    })
    .await;
}

/// Looks up numbers that are none, at one replica after the other, until that is too much.
async fn look_ups_until_refused(replicas: &[Client]) -> usize {
    for (count, replica) in replicas.iter().cycle().enumerate() {
        let answer =
            replica.post("/api/v1/cards", &json!({ "number": "none", "nickname": "mine" })).await;
        if answer.status == 429 {
            let problem = answer.expect_problem(429, "too-many-requests");
            assert!(
                (1..=60).contains(&problem["retry_after_seconds"].as_u64().unwrap()),
                "{problem}"
            );
            return count;
        }
        answer.expect_problem(422, "card-number");
        assert!(count < 10 * LOOK_UPS, "nobody counts");
    }
    0
}

async fn replicas_count_together_while_redis_is_there_and_each_for_itself_when_it_is_gone() {
    let shared = std::env::var("STARJACK_TEST_REDIS")
        .expect("STARJACK_TEST_REDIS names a server; `make test` starts one");
    let world = world_with(&shared).await;
    let other = world.another_server().await;
    let (anna, ben) = tokio::join!(world.skier("Anna"), world.skier("Ben"));
    for replica in
        [&world.operations(), &Client::new(other.first_line["operations"].as_str().unwrap())]
    {
        until_redis_is(replica, "up").await;
    }
    let at_both = |person: &Person| [person.client.clone(), person.client.at(other.api())];
    assert_eq!(look_ups_until_refused(&at_both(&anna)).await, LOOK_UPS);
    assert_eq!(
        look_ups_until_refused(&at_both(&ben)).await,
        LOOK_UPS,
        "another account is not slowed"
    );

    let mut redis = Redis::start().await;
    let world = world_with(&redis.url()).await;
    let other = world.another_server().await;
    let anna = world.skier("Anna").await;
    redis.kill_9();
    for replica in
        [&world.operations(), &Client::new(other.first_line["operations"].as_str().unwrap())]
    {
        until_redis_is(replica, "down").await;
    }
    let refused = look_ups_until_refused(std::slice::from_ref(&anna.client)).await;
    assert_eq!(refused, LOOK_UPS, "alone it counts for itself");
    let refused = look_ups_until_refused(&[anna.client.at(other.api())]).await;
    assert_eq!(refused, LOOK_UPS, "the other knows nothing of it");
}

/// Everybody registers cards, one after the other, while `meanwhile` happens; every one must be
/// taken.
async fn everybody_registers_cards(world: &World, meanwhile: impl AsyncFnOnce(&AtomicUsize)) {
    let mut people = Vec::new();
    for _ in 0..CUSTOMERS {
        people.push(world.skier("Anna").await);
    }
    until_redis_is(&world.operations(), "up").await;
    let taken = AtomicUsize::new(0);
    let slowest_us = AtomicUsize::new(0);
    let registering = join_all(people.iter().map(async |person| {
        for _ in 0..LOOK_UPS {
            let asked = clock::instant();
            person.card_dta().await;
            slowest_us.fetch_max(
                usize::try_from(asked.elapsed().as_micros()).unwrap(),
                Ordering::Relaxed,
            );
            taken.fetch_add(1, Ordering::Relaxed);
            clock::sleep(Duration::from_millis(100)).await;
        }
    }));
    tokio::join!(registering, meanwhile(&taken));
    assert_eq!(taken.load(Ordering::Relaxed), CUSTOMERS * LOOK_UPS);
    let slowest = Duration::from_micros(u64::try_from(slowest_us.into_inner()).unwrap());
    eprintln!("{} cards taken, the slowest in {slowest:?}", CUSTOMERS * LOOK_UPS);
}

/// Waits until so many cards more were taken.
async fn more_cards(taken: &AtomicUsize, cards: usize) {
    let until = (taken.load(Ordering::Relaxed) + cards).min(CUSTOMERS * LOOK_UPS);
    eventually("more cards are taken", async || {
        (taken.load(Ordering::Relaxed) >= until).then_some(())
    })
    .await;
}

async fn a_redis_that_is_killed_and_comes_back_under_load_fails_no_request() {
    let mut redis = Redis::start().await;
    let world = world_with(&redis.url()).await;
    let operations = world.operations();
    everybody_registers_cards(&world, async |taken| {
        for _ in 0..3 {
            more_cards(taken, 30).await;
            redis.kill_9();
            until_redis_is(&operations, "down").await;
            more_cards(taken, 30).await;
            redis.restart().await;
            until_redis_is(&operations, "up").await;
        }
    })
    .await;
}

async fn a_redis_that_hangs_under_load_fails_no_request() {
    let redis = Redis::start().await;
    let proxy = Proxy::before(&redis);
    let world = world_with(&proxy.url).await;
    let operations = world.operations();
    everybody_registers_cards(&world, async |taken| {
        for _ in 0..2 {
            more_cards(taken, 40).await;
            proxy.hang();
            until_redis_is(&operations, "down").await;
            // nothing passes any more, and yet cards are taken
            more_cards(taken, 40).await;
            proxy.go_on();
            until_redis_is(&operations, "up").await;
        }
    })
    .await;
}
