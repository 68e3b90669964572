//! Operators are brought in from files while the shop is open.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ADULT, Database, Ran, World, area_file as area, both_databases, eventually, new_key, ticket,
};

both_databases!(
    a_new_price_is_shown_without_a_restart_and_the_shown_one_holds,
    an_operator_comes_and_goes_while_its_orders_are_served,
    a_file_that_is_not_right_changes_nothing_and_says_where,
);

/// An operator that is not in the sample, with the contract of one that is, reached at `endpoint`.
fn newland(endpoint: &str) -> String {
    let contract =
        format!("[operator.contract]\ncredentials = \"stubai\"\nendpoint = \"{endpoint}\" #");
    let text = area("stubai", "endpoint = ", "# endpoint = ").replacen(
        "[operator.contract]",
        &contract,
        1,
    );
    text.replacen("key = \"stubai\"", "key = \"newland\"", 1)
}

fn file(world: &World, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = world.folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn import(world: &World, file: &std::path::Path, more: &[&str]) -> Ran {
    let mut words = vec!["import", "operators", file.to_str().unwrap()];
    words.extend(more);
    world.command(&words)
}

async fn operators(world: &World) -> Vec<Value> {
    let page = world.guest.get("/api/v1/operators?limit=100").await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn has(world: &World, key: &str) -> bool {
    operators(world).await.iter().any(|operator| operator["key"] == key)
}

#[tokio::test]
async fn credentials_go_to_no_address_but_their_own_whatever_the_catalogue_says() {
    let world = World::start(Database::Sqlite).await;
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let address = format!("http://{}/dta", stranger.local_addr().unwrap());
    let taken = import(&world, &file(&world, "stranger.toml", newland(&address)), &["--take"]);
    assert!(taken.says.contains("Taken as version 2"), "{}", taken.says);
    let operator = eventually("it is listed", async || {
        operators(&world).await.into_iter().find(|operator| operator["key"] == "newland")
    })
    .await;
    assert_eq!(operator["status"], "down");
    let anna = world.skier("Anna").await;
    let offer = world.offer("newland", world.ski_day(), ADULT).await;
    let lines = [ticket(&offer, &anna.card_dta().await, "Anna", ADULT)];
    let order = anna.place(&lines, "undo", &new_key()).await.expect(202);
    assert!(world.server.log().contains("are for http://127.0.0.1"), "it says why");
    anna.client
        .post(&format!("/api/v1/orders/{}/cancellation", order["id"].as_str().unwrap()), &json!({}))
        .await;
    assert!(stranger.accept().is_err(), "somebody has called there");
}

async fn a_new_price_is_shown_without_a_restart_and_the_shown_one_holds(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let before = world.offer("solden", world.ski_day(), ADULT).await;
    let dearer = file(&world, "dearer.toml", area("solden", "adult = 8650", "adult = 8800"));

    let shown = import(&world, &dearer, &[]);
    assert_eq!(shown.code, 0, "{}", shown.log);
    assert!(shown.says.starts_with(
        "~ solden\n    product day, band peak from 2026-12-19, price_cents, adult: 8650 → 8800"
    ));
    assert!(
        shown.says.ends_with("Nothing was changed yet; the same with --take takes it.\n"),
        "{}",
        shown.says
    );
    let taken = import(&world, &dearer, &["--take"]);
    assert!(taken.says.contains("Taken as version 2"), "{}", taken.says);
    let again = import(&world, &dearer, &["--take"]);
    assert!(again.says.ends_with("Nothing to change.\n"), "{}", again.says);

    let after = eventually("the new price is offered", async || {
        let offer = world.offer("solden", world.ski_day(), ADULT).await;
        (offer.cents != before.cents).then_some(offer)
    })
    .await;
    assert_eq!(after.cents, 8800);
    let lines = [ticket(&before, &anna.card_dta().await, "Anna", ADULT)];
    let order = anna.place(&lines, "undo", &new_key()).await.expect(202);
    assert_eq!(order["total"]["amount"], before.cents, "the price that was shown holds");
    let id = order["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    anna.wait_for(id, &["finished"]).await;
    world.clean_slate().await;
}

async fn an_operator_comes_and_goes_while_its_orders_are_served(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    // the ledger knows whose tickets these are although the contract is another operator's
    world.control(Method::PUT, "goods/stubai", &json!({ "lent_to": "newland" })).await.expect(200);
    let nowhere = file(&world, "nowhere.toml", newland("http://127.0.0.1:9"));
    let there = file(&world, "there.toml", newland(&world.endpoint("dta/stubai").await));
    let added = import(&world, &nowhere, &["--take"]);
    assert!(added.says.starts_with("+ newland: "), "{} {}", added.says, added.log);
    assert!(added.says.contains("they stay: "), "{}", added.says);
    eventually("the new operator is listed", async || has(&world, "newland").await.then_some(()))
        .await;
    let moved = import(&world, &there, &["--take"]);
    assert!(
        moved.says.starts_with("~ newland\n    contract, endpoint: http://127.0.0.1:9 → "),
        "{}",
        moved.says
    );

    let order = world.order_to_pay(&anna, &["newland"], "undo").await;
    let removed = world.command(&["import", "operators", "--remove", "newland", "--take"]);
    assert!(removed.says.starts_with("- newland"), "{} {}", removed.says, removed.log);
    eventually("it is not listed any more", async || (!has(&world, "newland").await).then_some(()))
        .await;
    let state = async || {
        let actors = clerk.client.get("/api/v1/admin/actors").await.expect(200);
        let found = actors["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|actor| actor["name"] == "dta/newland")
            .cloned();
        found.unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state().await, "up", "an order still needs it");
    world.pay(&order, "reserved").await;
    let sold = anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    assert!(
        sold["lines"][0]["return_until"].is_string(),
        "it was promised to be taken back: {sold:#}"
    );
    let returns = format!("/api/v1/orders/{}/returns", sold["id"].as_str().unwrap());
    anna.client
        .post(&returns, &json!({ "lines": [1], "reason": "nobody sells it any more" }))
        .await
        .expect(202);
    anna.wait_until(sold["id"].as_str().unwrap(), "voided", |order| {
        order["lines"][0]["state"] == "voided"
    })
    .await;
    eventually("its actor has ended", async || (state().await == "stopped").then_some(())).await;

    assert!(import(&world, &there, &["--take"]).says.starts_with("+ newland: "));
    eventually("it is sold again", async || {
        (state().await == "up" && has(&world, "newland").await).then_some(())
    })
    .await;
    let order = world.order_to_pay(&anna, &["newland"], "undo").await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
    world.control(Method::PUT, "goods/stubai", &json!({})).await.expect(200);
}

async fn a_file_that_is_not_right_changes_nothing_and_says_where(database: Database) {
    let world = World::start(database).await;
    let before = operators(&world).await;
    let solden = |from: &str, to: &str| area("solden", from, to);
    let crlf = solden("\n", "\r\n");
    let deep = format!("[[operator]]\nkey = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let latin1: Vec<u8> =
        solden("a", "a").chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    for (name, content, expected) in [
        ("empty", Vec::new(), "empty line 1: the file is empty"),
        ("latin1", latin1, "is not UTF-8 (Latin-1?); save the file as UTF-8"),
        ("utf16", b"\xff\xfek\0".to_vec(), "is written in UTF-16; save it as UTF-8"),
        ("deep", deep.into(), "deep line 2: "),
        ("huge", solden("adult = 8650", "adult = 99999999999999999999").into(), "huge line "),
        (
            "dear",
            solden("adult = 8650", "adult = 8650000").into(),
            "(operator solden, product day): band peak",
        ),
        (
            "keys",
            solden("name = \"Sölden\"", "name = \"a\"\nname = \"b\"").into(),
            "duplicate key `name`",
        ),
        (
            "twice",
            [solden("a", "a"), solden("a", "a")].concat().into(),
            "operator solden stands twice in ",
        ),
        ("words", solden("federal_state", "county").into(), "unknown field `county`"),
        (
            "gap",
            crlf.replacen("2026-12-18", "2026-12-17", 1).into(),
            "2026-12-18 is in no band before peak",
        ),
        (
            "day",
            solden("2026-12-18", "2026 - 12-18").into(),
            "`2026 - 12-18` must be a day as `YYYY-MM-DD`",
        ),
        (
            "other",
            solden("supplier = \"dta\"", "supplier = \"axess\"").into(),
            "was imported with another supplier",
        ),
        ("binary", (0..=255).cycle().take(4096).collect(), "is not UTF-8"),
    ] {
        let ran = import(&world, &file(&world, name, content), &["--take"]);
        assert_eq!((ran.code, ran.says.as_str()), (1, ""), "{name}");
        assert!(ran.log.contains(expected), "{name}: {}", ran.log);
    }
    for (words, expected) in [
        (&["import", "operators", "."][..], "is a folder; name the files in it"),
        (&["import", "operators", "none.toml"], "none.toml cannot be opened"),
        (&["import", "operators"], "name at least one file to import"),
        (
            &["import", "operators", "--remove", "nowhere"],
            "there is no operator nowhere to be removed",
        ),
        (&["import", "operators", "--config", "none.toml"], "the configuration cannot be used"),
    ] {
        let ran = world.command(words);
        assert_eq!(ran.code, if words.contains(&"--config") { 78 } else { 1 }, "{words:?}");
        assert!(ran.log.contains(expected), "{words:?}: {}", ran.log);
    }
    assert_eq!(operators(&world).await, before);
    let good = file(&world, "good", format!("\u{feff}{crlf}"));
    assert!(
        import(&world, &good, &["--take"]).says.ends_with("Nothing to change.\n"),
        "a mark and CRLF do no harm"
    );
}

#[tokio::test]
async fn every_replica_follows() {
    let world = World::start(Database::Postgres).await;
    let other = world.another_server().await;
    let newland = file(&world, "newland.toml", newland(&world.endpoint("dta/stubai").await));
    assert_eq!(import(&world, &newland, &["--take"]).code, 0);
    for api in [world.server.api(), other.api()] {
        let guest = crate::support::Client::new(api);
        eventually("each replica sells it", async || {
            (guest.get("/api/v1/operators/newland").await.status == 200).then_some(())
        })
        .await;
    }
}
