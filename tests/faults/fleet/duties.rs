//! What one replica does for all is done, by one at a time, whoever dies and whatever Redis knows.

use std::time::Duration;

use serde_json::json;
use starjack::actors::fleet::{Held, Replica, Runs, SingletonTasks};
use starjack::clock;
use starjack::io::Io;
use tokio_util::sync::CancellationToken;

use super::{Fleet, address, until_it_has};
use crate::support::{Postgres, Writer, new_key};

on_postgres!(
    a_duty_survives_its_holder_and_lost_reports_are_made_up_for,
    a_duty_survives_its_holder_without_redis,
    a_duty_survives_its_holder_and_a_sale_goes_on_while_redis_lies,
    a_duty_that_its_living_holder_does_not_do_is_taken,
    a_duty_that_redis_forgot_has_one_holder_again,
    a_stopped_holder_loses_its_duty,
);

const OPERATORS: [&str; 1] = ["solden"];
/// Longer than a lease lasts.
const STOPPED: Duration = Duration::from_secs(9);

async fn a_duty_survives_its_holder_and_lost_reports_are_made_up_for() {
    survive(Fleet::start(2, &[]).await).await;
}

async fn a_duty_survives_its_holder_without_redis() {
    let mut fleet = Fleet::start(2, &[]).await;
    fleet.redis.kill_9();
    for server in fleet.servers() {
        fleet.until(server, "Redis is away", |ready| ready["redis"] == "down").await;
    }
    survive(fleet).await;
}

async fn a_duty_survives_its_holder_and_a_sale_goes_on_while_redis_lies() {
    let fleet = Fleet::start(2, &[]).await;
    let writer = fleet.redis.writer();
    let prefix = fleet.prefix.clone();
    tokio::select! {
        () = survive(fleet) => {}
        () = lie(writer, &prefix) => {}
    }
}

/// Somebody who can write to Redis says for ever that everything is taken, full or broken.
async fn lie(writer: Writer, prefix: &str) {
    let nobody = new_key();
    let long = "9".repeat(5000);
    for round in 0_usize.. {
        // one that can be ours: all turns of a minute and a half are taken
        let taken = (clock::now() + chrono::TimeDelta::seconds(90)).timestamp_micros().to_string();
        let paces = [
            &taken,
            "9000000000000000",
            &taken,
            "-1",
            &taken,
            "nan",
            &taken,
            "text",
            &taken,
            &long,
        ];
        let lasting = if round.is_multiple_of(2) { " PX 600000" } else { "" };
        for duty in ["sweep", "alarm", "forgetting"] {
            writer.tell(&format!("SET {prefix}:duty:{duty} {nobody}{lasting}"));
        }
        writer
            .tell(&format!("SET {prefix}:pace:dta/solden {}{lasting}", paces[round % paces.len()]));
        if round % 40 == 0 {
            writer.tell(&format!("SET {prefix}:{{{prefix}:pace:dta/solden}}:apart 1 PX 1000"));
        }
        if round % 7 == 0 {
            // another kind of value than any of ours
            writer.tell(&format!("DEL {prefix}:pace:dta/solden"));
            writer.tell(&format!("LPUSH {prefix}:pace:dta/solden 1"));
        }
        writer.tell(&format!("PUBLISH {prefix}:news \"{nobody} opened 60000 payment\""));
        writer.tell(&format!("PUBLISH {prefix}:news \"{nobody} wish {}\"", "x".repeat(5000)));
        clock::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_duty_that_its_living_holder_does_not_do_is_taken() {
    let database = Postgres::create().await;
    let io = Io::start(&database.url(), 4).await.unwrap();
    io.migrate().await.unwrap();
    let first = Replica::announce(io.clone()).await.unwrap();
    let second = Replica::announce(io.clone()).await.unwrap();
    let duties = |replica: &Replica| {
        SingletonTasks::new(io.clone(), replica.clone(), CancellationToken::new())
    };
    let idle = duties(&first);
    let able = duties(&second);
    let (begun, has_begun) = tokio::sync::watch::channel("");
    let keep = async |duties: &SingletonTasks, who: &'static str| {
        let begin = async |_held: Held| {
            begun.send_replace(who);
            std::future::pending::<()>().await;
        };
        duties.keep("sweep", begin, std::future::pending).await;
    };
    let begins =
        async |who: &str| drop(has_begun.clone().wait_for(|now| *now == who).await.unwrap());
    // the first stops doing it without a word, and goes on living
    tokio::select! {
        () = keep(&idle, "first") => {}
        () = begins("first") => {}
    }
    let unseen = Runs::unseen();
    tokio::select! {
        () = keep(&able, "second") => {}
        () = first.run(&unseen) => {}
        () = second.run(&unseen) => {}
        () = begins("second") => {}
    }
    assert!(first.is_alive(), "it was no death that made the duty free");
}

/// The holder dies; then every report is lost, so that only the list of open payments tells of the
/// money.
async fn survive(mut fleet: Fleet) {
    let anna = fleet.world.skier("Anna").await;
    fleet.balancer.lead_to([address(&fleet.others[0])]);
    let order = fleet.world.order_to_pay(&anna, &OPERATORS, "undo").await;
    fleet.world.kill_9();
    let killed = clock::instant();
    fleet.world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
    fleet.world.pay(&order, "reserved").await;
    let token = until_it_has(&fleet.others[0], "sweep").await;
    eprintln!("taken over {:?} after its holder was killed", clock::since(killed));
    assert!(token > 1, "each holder has a token of its own");
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    fleet.world.clean_slate().await;
}

async fn a_duty_that_redis_forgot_has_one_holder_again() {
    let mut fleet = Fleet::start(2, &[]).await;
    for round in 0..4 {
        if round % 2 == 0 {
            fleet.redis.empty();
        } else {
            fleet.redis.kill_9();
            fleet.redis.restart().await;
        }
        for server in fleet.servers() {
            fleet.until(server, "Redis answers", |ready| ready["redis"] == "up").await;
        }
        one_holder(&fleet).await;
    }
    let anna = fleet.world.skier("Anna").await;
    fleet.world.bought(&anna, &OPERATORS).await;
    fleet.world.clean_slate().await;
}

/// Waits until exactly one replica has the sweep.
async fn one_holder(fleet: &Fleet) {
    crate::support::eventually("one replica has the duty", async || {
        let mut holders = 0;
        for server in fleet.servers() {
            let ready = server.operations().get("/readyz").await.json;
            holders += usize::from(ready["fleet"]["singleton_tasks"]["sweep"].is_i64());
        }
        (holders == 1).then_some(())
    })
    .await;
}

async fn a_stopped_holder_loses_its_duty() {
    let fleet = Fleet::start(2, &[]).await;
    let first = &fleet.world.server;
    let second = &fleet.others[0];
    first.signal("STOP");
    let token = until_it_has(second, "sweep").await;
    // until its own lease is over too
    clock::sleep(STOPPED).await;
    first.signal("CONT");
    fleet
        .until(first, "it has lost it", |ready| {
            ready["fleet"]["singleton_tasks"]["sweep"].is_null()
        })
        .await;
    assert_eq!(until_it_has(second, "sweep").await, token, "nobody took it back");
    let anna = fleet.world.skier("Anna").await;
    fleet.world.bought(&anna, &OPERATORS).await;
    fleet.world.clean_slate().await;
}
