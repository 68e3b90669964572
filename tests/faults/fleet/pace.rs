//! The pace of a contract is kept by all replicas together, counted where it is felt: by the
//! supplier's own times.
//!
//! With Redis each question has a turn, at equal distances for all. Without it each replica goes at
//! its share of the pace, by the number of replicas that were alive at its last renewal: together
//! that is the pace too, but nobody knows when the others ask, so as many questions may come in one
//! moment as there are replicas. Where somebody who can write to Redis says that all turns are
//! taken, they do the same, and say so to each other.

use std::time::Duration;

use futures_util::future::join_all;
use starjack::clock;

use super::{Fleet, address, catalogue};
use crate::support::{Person, World, new_key};

on_postgres!(replicas_keep_a_contracts_pace_together_with_redis_without_it_when_it_comes_back_and_while_it_lies);

const REPLICAS: usize = 3;
const PER_SECOND: usize = 5;
/// What a backlog consists of, at each replica.
const ORDERS: usize = 5;
/// In this time a pace is counted.
const WINDOW_MS: i64 = 4_000;
/// A question may come this much later than its turn, on cores that many share.
const LATE_MS: i64 = 1_500;
/// A backlog lasts longer than a question waits for its turn, and no page ends meanwhile.
const TIMES: [(&str, &str); 5] = [
    ("STARJACK_TIMES__CHECK_DEADLINE", "8s"),
    ("STARJACK_TIMES__ISSUE_DEADLINE", "8s"),
    ("STARJACK_TIMES__SETTLE", "8s"),
    ("STARJACK_TIMES__PAYMENT_DEADLINE", "8s"),
    ("STARJACK_TIMES__PAYMENT_SETTLE", "8s"),
];

async fn replicas_keep_a_contracts_pace_together_with_redis_without_it_when_it_comes_back_and_while_it_lies()
 {
    let mut fleet = Fleet::start(REPLICAS, &TIMES).await;
    let pace = |per_second: usize| format!("requests_per_second = {per_second}");
    let slower = catalogue::dearer(8800).replace(&pace(50), &pace(PER_SECOND));
    // contracts come before prices: who sells at this one has that pace
    catalogue::sold_by_all(&fleet, &slower, 8800).await;
    let mut people = Vec::new();
    for _ in 0..REPLICAS {
        people.push(fleet.world.skier("Anna").await);
    }
    let people: Vec<Person> =
        people.iter().zip(fleet.servers()).map(|(one, at)| one.at(address(at))).collect();

    let together = backlog(&fleet.world, &people).await;
    fleet.redis.kill_9();
    until_redis_is(&fleet, "down").await;
    let apart = backlog(&fleet.world, &people).await;
    // it is there again while each replica's own questions still wait for their turns
    let before = asked(&fleet.world).await.len();
    let waiting = join_all(people.iter().map(|person| place(&fleet.world, person))).await;
    fleet.redis.restart().await;
    until_redis_is(&fleet, "up").await;
    let more = backlog(&fleet.world, &people);
    let first =
        join_all(people.iter().zip(waiting).map(|(person, ids)| pay(&fleet.world, person, ids)));
    futures_util::future::join(more, first).await;
    let back = asked(&fleet.world).await.split_off(before);
    let lied_to = tokio::select! {
        came = backlog(&fleet.world, &people) => came,
        () = lie(&fleet) => unreachable!("it lies for ever"),
    };
    for (when, came, burst) in [
        ("with Redis", together, 1),
        ("without", apart, REPLICAS),
        ("back", back, REPLICAS),
        ("lied to", lied_to, REPLICAS),
    ] {
        check(when, &came, burst);
    }
    fleet.world.clean_slate().await;
}

async fn until_redis_is(fleet: &Fleet, state: &str) {
    for server in fleet.servers() {
        fleet.until(server, &format!("Redis is {state}"), |ready| ready["redis"] == state).await;
    }
}

/// Says that all turns of the next minute and a half are taken.
async fn lie(fleet: &Fleet) {
    let writer = fleet.redis.writer();
    loop {
        let taken = (clock::now() + chrono::TimeDelta::seconds(90)).timestamp_micros();
        writer.tell(&format!("SET {}:pace:dta/solden {taken} PX 100000", fleet.prefix));
        clock::sleep(Duration::from_millis(50)).await;
    }
}

/// Each buys many tickets at once at their own replica; gives the times of what the operator was
/// asked.
async fn backlog(world: &World, people: &[Person]) -> Vec<i64> {
    let before = asked(world).await.len();
    join_all(
        people.iter().map(async |person| pay(world, person, place(world, person).await).await),
    )
    .await;
    asked(world).await.split_off(before)
}

/// Places orders, each of which is to be checked, and gives their ids.
async fn place(world: &World, person: &Person) -> Vec<String> {
    let baskets = join_all((0..ORDERS).map(|_| world.basket(person, &["solden"]))).await;
    let keys: Vec<String> = baskets.iter().map(|_| new_key()).collect();
    let placing = baskets.iter().zip(&keys).map(|(lines, key)| person.place(lines, "undo", key));
    let placed = join_all(placing).await;
    placed.into_iter().map(|answer| answer.expect(202)["id"].as_str().unwrap().to_owned()).collect()
}

async fn pay(world: &World, person: &Person, ids: Vec<String>) {
    let open = join_all(ids.iter().map(|id| person.wait_for_page(id))).await;
    join_all(open.iter().map(|order| world.pay(order, "reserved"))).await;
    join_all(ids.iter().map(|id| person.wait_for(id, &["finished"]))).await;
}

/// When the operator was asked anything, in its own milliseconds.
async fn asked(world: &World) -> Vec<i64> {
    world.questions().await["dta/solden"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["at_ms"].as_i64().unwrap())
        .collect()
}

/// In no window came more than the pace allows, and it was used: there was a backlog.
fn check(when: &str, came: &[i64], burst: usize) {
    let within =
        |from: i64| came.iter().filter(|at| (from..from + WINDOW_MS).contains(*at)).count();
    let most = came.iter().map(|from| within(*from)).max().unwrap_or_default();
    let turns = |milliseconds: i64| PER_SECOND * usize::try_from(milliseconds).unwrap() / 1000;
    let allowed = turns(WINDOW_MS + LATE_MS) + burst;
    eprintln!(
        "{when}: {} questions, at most {most} within {WINDOW_MS} ms, of {allowed}",
        came.len()
    );
    assert!(most <= allowed, "{when}: {most} questions within {WINDOW_MS} ms: {came:?}");
    assert!(most >= turns(WINDOW_MS) / 2, "{when}: there was no backlog: {came:?}");
}
