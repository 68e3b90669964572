//! Replicas that begin in one moment: on a database that nobody has prepared, and beside one that
//! serves while another is dead.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use super::{Fleet, address};
use crate::support::{Client, Postgres, Server, Version, World};

on_postgres!(
    replicas_that_begin_together_on_an_empty_database_are_one_shop,
    replicas_that_begin_beside_one_that_serves_take_over_each_order_of_a_dead_one_once,
);

const OPERATORS: [&str; 2] = ["solden", "obertauern"];
/// `STARJACK_BEGINNINGS` takes more of them.
const ROUNDS: usize = 2;
/// Orders that a replica leaves when it dies, and those that another one serves meanwhile.
const LEFT: usize = 4;
const SERVED: usize = 2;
/// A job whose worker was killed is anybody's again after a minute.
const PATIENCE: Duration = Duration::from_secs(150);

async fn replicas_that_begin_together_on_an_empty_database_are_one_shop() {
    let rounds =
        std::env::var("STARJACK_BEGINNINGS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for _ in 0..rounds {
        let (world, others) =
            World::together(Version::This, Some(Postgres::create().await), &[], 2).await;
        let all: Vec<&Server> = std::iter::once(&world.server).chain(&others).collect();
        for server in &all {
            server.operations().get("/readyz").await.expect(200);
        }
        is_one_shop(&world, &all).await;
        let anna = world.skier("Anna").await;
        for server in &all {
            // a log-in of the first one counts at each
            world.bought(&anna.at(address(server)), &OPERATORS).await;
        }
        world.clean_slate().await;
        no_errors(&all);
    }
}

/// What was made at the first start was made once, and everybody knows the same.
async fn is_one_shop(world: &World, all: &[&Server]) {
    let db = world.database().await;
    for (what, sql) in [
        (
            "migrations that ran twice",
            "SELECT count(*) - count(DISTINCT version) FROM seaql_migrations",
        ),
        ("catalogues but one", "SELECT count(*) - 1 FROM catalogue_version"),
        ("signing keys but one", "SELECT count(*) - 1 FROM signing_key"),
        ("identities but one", "SELECT count(*) - 1 FROM setting WHERE name = 'database'"),
        ("epochs beyond the first", "SELECT count(*) FROM setting WHERE name = 'epoch'"),
        ("accounts but two", "SELECT count(*) - 2 FROM account"),
        ("replicas that are not there", &format!("SELECT count(*) - {} FROM replica", all.len())),
    ] {
        assert_eq!(count(&db, sql).await, 0, "{what}");
    }
    for path in ["/.well-known/jwks.json", "/api/v1/operators"] {
        let told = join_all(all.iter().map(async |server| {
            let answer = Client::new(address(server)).get(path).await.expect(200);
            answer.to_string()
        }))
        .await;
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 1, "{path}: {told:#?}");
    }
    let log_ins: BTreeSet<String> =
        all.iter().map(|server| server.first_line["logins"].to_string()).collect();
    assert_eq!(log_ins.len(), 1, "{log_ins:?}");
}

async fn replicas_that_begin_beside_one_that_serves_take_over_each_order_of_a_dead_one_once() {
    let mut fleet = Fleet::start(2, &[]).await;
    let world = &fleet.world;
    let first = address(&world.server);
    let serving = address(&fleet.others[0]);
    let anna = world.skier("Anna").await;
    let ben = world.skier("Ben").await.at(serving);
    fleet.balancer.lead_to([first]);
    let left = join_all((0..LEFT).map(|_| world.order_to_pay(&anna, &OPERATORS, "undo"))).await;
    let served = join_all((0..SERVED).map(|_| world.order_to_pay(&ben, &OPERATORS, "undo"))).await;
    // killed while it issues
    world.fault(json!({ "supplier": "dta", "operation": "CreateOrder", "fault": "hang", "times": LEFT })).await;
    join_all(left.iter().map(|order| world.pay(order, "reserved"))).await;
    join_all(left.iter().map(|order| anna.wait_for(id(order), &["authorised"]))).await;
    let dead =
        world.operations().get("/readyz").await.expect(200)["replica"].as_str().unwrap().to_owned();
    fleet.balancer.lead_to([serving]);
    fleet.world.kill_9();
    let world = &fleet.world;
    let sql =
        format!("SELECT count(*) FROM orders WHERE next_at IS NOT NULL AND driver = '{dead}'");
    let waiting = count(&world.database().await, &sql).await;
    let paying = join_all(served.iter().map(|order| world.pay(order, "reserved")));
    let beginning = join_all([world.another_server(), world.another_server()]);
    let (_, begun) = futures_util::future::join(paying, beginning).await;
    fleet.others.extend(begun);
    join_all(left.iter().map(|order| anna.wait_for(id(order), &["finished"]))).await;
    join_all(served.iter().map(|order| ben.wait_for(id(order), &["finished"]))).await;
    let all: Vec<&Server> = fleet.others.iter().collect();
    let taken: i64 = all.iter().map(|server| taken_over(server)).sum();
    assert_eq!(
        (waiting, taken),
        (i64::try_from(LEFT).unwrap(), waiting),
        "each is taken over once"
    );
    fleet.world.clean_slate_within(PATIENCE).await;
    no_errors(&all);
}

/// How many orders a replica has taken over from dead ones.
fn taken_over(server: &Server) -> i64 {
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("took over orders whose driver is dead"));
    told.map(|line| serde_json::from_str::<Value>(line).unwrap()["taken"].as_i64().unwrap()).sum()
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

async fn count(db: &DatabaseConnection, sql: &str) -> i64 {
    let row =
        db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

fn no_errors(all: &[&Server]) {
    for server in all {
        let log = server.log();
        let errors: Vec<&str> =
            log.lines().filter(|line| line.contains(r#""level":"ERROR""#)).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}
