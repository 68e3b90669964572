//! What replicas do together by Redis, and what each does for itself while it is away.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use starjack::actors::fleet::{FleetRateLimit, Replica};
use starjack::clock;
use starjack::integrations::{Agreed, Turns as _};
use starjack::io::Io;
use starjack::redis::{Limit, Link, Redis as Way, Settings, Turn};

use super::Fleet;
use crate::support::{Person, Redis, World, eventually, new_key};

on_postgres!(
    a_breaker_that_opens_here_opens_there,
    replicas_see_each_others_actors,
    an_admin_steers_the_actor_of_the_replica_that_is_named_wherever_the_request_goes,
    turns_and_counts_are_taken_together_at_one_server_at_a_sentinels_master_and_at_a_cluster,
    once_one_replica_parts_because_there_are_no_turns_each_goes_at_its_share,
    what_cannot_be_ours_counts_as_not_there_and_whatever_is_written_has_an_end,
    replicas_for_whose_connections_the_database_has_no_room_do_not_start,
);

/// The actors that a replica shows, by replica.
async fn actors(clerk: &Person, at: &str) -> Vec<Value> {
    clerk.client.at(at).get("/api/v1/admin/actors").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .clone()
}

async fn a_breaker_that_opens_here_opens_there() {
    let fleet = Fleet::start(2, &[("STARJACK_TIMES__BREAKER_PAUSE", "10s")]).await;
    let world = &fleet.world;
    let clerk = world.clerk().await;
    let anna = world.skier("Anna").await;
    let first = super::address(&world.server);
    let second = super::address(&fleet.others[0]);
    fleet.balancer.lead_to([first]);
    world.fault(json!({ "supplier": "dta", "operator": "solden", "fault": "http_status", "value": 503 })).await;
    let lines = world.basket(&anna, &["solden"]).await;
    anna.place(&lines, "undo", &new_key()).await.expect(202);
    let opened = eventually("the breaker is open on the other replica", async || {
        let all = actors(&clerk, second).await;
        let own = all.into_iter().find(|actor| actor["name"] == "dta/solden").unwrap();
        (own["breaker"] == "open").then_some(own)
    })
    .await;
    assert_eq!(opened["processed"], 0, "it has asked nothing itself: {opened:#}");
}

async fn replicas_see_each_others_actors() {
    let mut fleet = Fleet::start(2, &[]).await;
    let clerk = fleet.world.clerk().await;
    let first = super::address(&fleet.world.server).to_owned();
    let second = super::address(&fleet.others[0]).to_owned();
    let replicas = async |at: &str| -> BTreeSet<String> {
        let all = actors(&clerk, at).await;
        all.iter().map(|actor| actor["replica"].as_str().unwrap().to_owned()).collect()
    };
    for at in [&first, &second] {
        eventually("both replicas are seen", async || {
            (replicas(at).await.len() == 2).then_some(())
        })
        .await;
    }
    let own = actors(&clerk, &second).await[0]["replica"].clone();
    assert_ne!(own, actors(&clerk, &first).await[0]["replica"], "each shows its own first");
    fleet.redis.kill_9();
    eventually("each sees its own", async || (replicas(&second).await.len() == 1).then_some(()))
        .await;
    fleet.redis.restart().await;
    eventually("both are seen again", async || (replicas(&second).await.len() == 2).then_some(()))
        .await;
    fleet.world.kill_9();
    eventually("the dead one is gone", async || (replicas(&second).await.len() == 1).then_some(()))
        .await;
}

async fn an_admin_steers_the_actor_of_the_replica_that_is_named_wherever_the_request_goes() {
    let mut fleet = Fleet::start(2, &[]).await;
    let clerk = fleet.world.clerk().await;
    let first = super::address(&fleet.world.server).to_owned();
    let second = super::address(&fleet.others[0]).to_owned();
    let other = actors(&clerk, &second).await[0]["replica"].as_str().unwrap().to_owned();
    let here = clerk.client.at(&first);
    let wish = async |wish: &str, replica: &str| {
        here.post(
            &format!("/api/v1/admin/actors/dta%2Fsolden/{wish}?replica={replica}"),
            &json!({}),
        )
        .await
    };
    eventually("the other replica is seen", async || {
        actors(&clerk, &first).await.iter().any(|actor| actor["replica"] == *other).then_some(())
    })
    .await;
    let state = async |at: &str| {
        let all = actors(&clerk, at).await;
        all.iter().find(|actor| actor["name"] == "dta/solden").unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let done = wish("pause", &other).await.expect(202);
    assert_eq!((&done["state"], &done["replica"]), (&json!("paused"), &json!(other)));
    assert_eq!((&*state(&first).await, &*state(&second).await), ("up", "paused"));
    let audit = here.get("/api/v1/admin/audit").await.expect(200);
    let row = &audit["items"][0];
    assert_eq!(
        (&row["action"], &row["subject"]),
        (&json!("pause"), &json!(format!("dta/solden at {other}")))
    );
    wish("resume", &other).await.expect(202);
    assert_eq!(state(&second).await, "up");
    assert_eq!(wish("pause", &new_key()).await.status, 404, "nobody's");
    fleet.redis.kill_9();
    fleet.until(&fleet.world.server, "Redis is away", |ready| ready["redis"] == "down").await;
    let told = eventually("the other is not seen any more", async || {
        let answer = wish("pause", &other).await;
        (answer.status == 404).then_some(answer.json)
    })
    .await;
    assert!(told["detail"].as_str().unwrap().contains(&other), "{told:#}");
    assert_eq!(state(&second).await, "up");
}

async fn way(io: &Io, url: &str, prefix: &str) -> Way {
    let settings = Settings { url: url.to_owned().into(), prefix: prefix.to_owned(), ca: None };
    let way = Way::start(io, Some(&settings)).unwrap();
    eventually(&format!("{url} answers"), async || (way.link() == Link::Up).then_some(())).await;
    way
}

async fn turns_and_counts_are_taken_together_at_one_server_at_a_sentinels_master_and_at_a_cluster()
{
    let io = Io::start("sqlite::memory:", 1).await.unwrap();
    let one = Redis::start().await;
    let cluster = Redis::start_cluster().await;
    let sentinel = Redis::start_sentinel(&one, "shop").await;
    let plain =
        |redis: &Redis| redis.url().trim_start_matches("redis://").trim_end_matches('/').to_owned();
    for url in [
        one.url(),
        format!("redis-sentinel://{}#shop", plain(&sentinel)),
        format!("redis-cluster://{}", plain(&cluster)),
    ] {
        let prefix = new_key();
        let here = way(&io, &url, &prefix).await;
        let there = way(&io, &url, &prefix).await;
        let every = Duration::from_millis(100);
        let long = Duration::from_secs(60);
        let asked = (0..20).map(|index| if index % 2 == 0 { &here } else { &there });
        let turns = join_all(
            asked.map(async |way| way.turn("pace", every, (Duration::ZERO, long)).await.unwrap()),
        )
        .await;
        let waits: BTreeSet<_> = turns.into_iter().map(|turn| wait(turn) / 50_000).collect();
        assert!(waits.len() >= 19, "{url}: turns at distances of 100 ms, not {waits:?}");
        let none = here.turn("pace", every, (Duration::ZERO, Duration::ZERO)).await;
        assert!(matches!(none, Ok(Turn::TooLate(later)) if later > every), "{url}: {none:?}");
        here.part("pace", long).await.unwrap();
        there.part("pace", 2 * long).await.unwrap();
        let apart = there.turn("pace", every, (50 * every, long)).await;
        assert!(matches!(apart, Ok(Turn::Apart(taken)) if taken == 50 * every), "{url}: {apart:?}");

        let limits = |own| [limit("{limits}:a", 2, own), limit("{limits}:b", 3, own)];
        let count = async |way: &Way, own| {
            way.count(&limits(own)).await.unwrap().map(|reached| reached.index)
        };
        assert_eq!(
            (count(&here, 2).await, count(&there, 2).await, count(&here, 2).await),
            (None, None, Some(0)),
            "{url}"
        );
        assert_eq!(
            count(&there, 1).await,
            None,
            "{url}: who has had less than its share is not refused"
        );
        here.take_back(&["{limits}:a".to_owned(), "{limits}:b".to_owned()]);
        here.forget(&["{limits}:a".to_owned()]);
        eventually("what was forgotten has room again", async || {
            (count(&there, 2).await.is_none()).then_some(())
        })
        .await;

        here.put("text", "seen".to_owned(), long).await.unwrap();
        assert_eq!(there.get("text", 4).await, Ok(Some("seen".to_owned())), "{url}");
        assert_eq!(
            (there.get("text", 3).await, there.get("none", 3).await),
            (Ok(None), Ok(None)),
            "{url}"
        );
        let mut own = here.listen();
        let mut heard = there.listen();
        eventually("the other hears it", async || {
            here.tell("catalogue");
            heard.try_recv().ok()
        })
        .await;
        assert!(own.try_recv().is_err(), "{url}: nobody hears itself");
    }
}

fn limit(key: &str, most: u32, own: u32) -> Limit {
    Limit { key: key.to_owned(), most, span: Duration::from_secs(60), own }
}

async fn once_one_replica_parts_because_there_are_no_turns_each_goes_at_its_share() {
    let io = Io::start("sqlite::memory:", 1).await.unwrap();
    io.migrate().await.unwrap();
    let redis = Redis::start().await;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let replica = Replica::announce(io.clone()).await.unwrap();
        replicas.push(FleetRateLimit::new(
            way(&io, &redis.url(), "shop").await,
            replica,
            "dta/solden",
        ));
    }
    let every = Duration::from_millis(200);
    let most = Duration::from_secs(1);
    let next = async |replica: &FleetRateLimit| replica.next(every, Duration::ZERO, most).await;
    assert!(matches!(next(&replicas[1]).await, Agreed::In(_)));
    eventually("the first parts", async || {
        // somebody says that all turns are taken
        let taken = (clock::now() + chrono::TimeDelta::seconds(90)).timestamp_micros();
        redis.writer().tell(&format!("SET shop:pace:dta/solden {taken} PX 100000"));
        matches!(next(&replicas[0]).await, Agreed::Apart { .. }).then_some(())
    })
    .await;
    redis.writer().tell("DEL shop:pace:dta/solden");
    assert!(matches!(next(&replicas[1]).await, Agreed::Apart { .. }), "it had waited for nothing");
}

async fn what_cannot_be_ours_counts_as_not_there_and_whatever_is_written_has_an_end() {
    let io = Io::start("sqlite::memory:", 1).await.unwrap();
    let redis = Redis::start().await;
    let way = way(&io, &redis.url(), "shop").await;
    let writer = redis.writer();
    let every = Duration::from_millis(10);
    let most = Duration::from_secs(1);
    let soon = (clock::now() + chrono::TimeDelta::seconds(60)).timestamp_micros();
    let long = "9".repeat(100_000);
    let lies = ["9e15", "-9e15", "inf", "nan", "text", "0x7fffffffffffffff", &long];
    let lies = lies.map(|value| format!("SET shop:KEY {value} PX 50000"));
    let others = ["LPUSH shop:KEY 1".to_owned(), format!("SET shop:KEY {soon}")];
    for lie in lies.iter().chain(&others) {
        for key in ["pace:x", "count"] {
            writer.tell(&format!("DEL shop:{key}"));
            writer.tell(&lie.replace("KEY", key));
        }
        assert!(
            matches!(way.turn("pace:x", every, (Duration::ZERO, most)).await, Ok(Turn::In(_))),
            "{lie:.60}"
        );
        assert_eq!(way.count(&[limit("count", 5, 5)]).await, Ok(None), "{lie:.60}");
        for key in ["pace:x", "count"] {
            let left: i64 = writer
                .tell(&format!("PTTL shop:{key}"))
                .trim_start_matches(':')
                .trim_end()
                .parse()
                .unwrap();
            // -2: it has ended already
            assert!(left == -2 || (0..=60_000).contains(&left), "{key} has no end: {left}");
        }
    }
    for lie in ["SET shop:count 5", "SET shop:count 5 PX 600000"] {
        writer.tell(lie);
        assert_eq!(way.count(&[limit("count", 5, 5)]).await, Ok(None), "{lie}");
    }
    writer.tell("SET shop:count 5 PX 50000");
    assert_eq!(
        way.count(&[limit("count", 5, 5)]).await.unwrap().unwrap().index,
        0,
        "what can be ours is believed"
    );
    for lie in ["SET {shop:pace:y}:apart 1", "SET {shop:pace:y}:apart 1 PX 600000"] {
        writer.tell(&lie.replace("SET ", "SET shop:"));
        assert!(
            matches!(way.turn("pace:y", every, (Duration::ZERO, most)).await, Ok(Turn::In(_))),
            "{lie}"
        );
        way.part("pace:y", most).await.unwrap();
        assert!(
            matches!(way.turn("pace:y", every, (Duration::ZERO, most)).await, Ok(Turn::Apart(_))),
            "{lie}"
        );
    }
    writer.tell("LPUSH shop:text 1");
    assert!(way.get("text", 100).await.is_err());
    assert_eq!(
        way.link(),
        Link::Up,
        "one key of another kind is no reason to give the connection up"
    );
}

fn wait(turn: Turn) -> u128 {
    match turn {
        Turn::In(wait) => wait.as_micros(),
        other @ (Turn::TooLate(_) | Turn::Apart(_)) => panic!("{other:?}"),
    }
}

async fn replicas_for_whose_connections_the_database_has_no_room_do_not_start() {
    let world = World::start(crate::support::Database::Postgres).await;
    let file = world.folder().join("many.toml");
    std::fs::write(&file, "[database]\nconnections = 16\nreplicas = 100\n").unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let config = |name: &str| root.join(name).display().to_string();
    let base = config("base.toml");
    let test = config("test.toml");
    let words = ["serve", "--config", &base, "--config", &test, "--config", file.to_str().unwrap()];
    let ran = world.command(&words);
    assert_eq!(ran.code, 78, "{}", ran.log);
    let says = "database.replicas (100) × database.connections (16) = 1600 connections, but PostgreSQL allows";
    assert!(ran.log.contains(says), "{}", ran.log);
}
