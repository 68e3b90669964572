//! Orders and actors as they change, by server-sent events.

use serde_json::{Value, json};

use crate::support::{Client, Database, Stream, World, eventually, postgres_alone};

postgres_alone!(
    a_skier_watches_an_order_to_its_end,
    who_comes_back_goes_on_where_the_last_event_was,
    a_strangers_order_is_none_and_an_account_has_only_so_many_streams,
    a_log_out_ends_the_streams_of_its_log_in_alone,
    streams_are_told_to_come_back_before_the_server_stops,
    an_admin_watches_the_actors,
);

mod an_order_is_watched_at_a_replica_that_does_not_drive_it {
    #[tokio::test]
    async fn postgres() {
        super::an_order_is_watched_at_a_replica_that_does_not_drive_it().await;
    }
}

fn path(order: &Value) -> String {
    format!("/api/v1/orders/{}/events", order["id"].as_str().unwrap())
}

async fn open(client: &Client, path: &str) -> Stream {
    client.stream(path, "").await.unwrap_or_else(|answer| panic!("{path}: {answer:?}"))
}

async fn a_skier_watches_an_order_to_its_end(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let mut stream = open(&anna.client, &path(&order)).await;
    assert_eq!(stream.next().await.unwrap().data["state"], "placed");
    assert_eq!(stream.next().await.unwrap().data["state"], "paying");
    assert!(stream.retry_ms.is_some());
    world.pay(&order, "reserved").await;
    let rest = stream.rest().await;
    let states: Vec<&Value> = rest
        .iter()
        .filter(|event| event.name == "state")
        .map(|event| &event.data["state"])
        .collect();
    assert_eq!(states, ["authorised", "issued", "captured", "finished"]);
    let end = rest.last().unwrap();
    assert_eq!((&*end.name, &end.data), ("end", &json!({ "reason": "final" })));
    assert!(stream.comments > 0, "a second without an event and no sign of life");
    let history = anna.order(order["id"].as_str().unwrap()).await["history"].clone();
    assert_eq!(history.as_array().unwrap().last().unwrap()["at"], rest[rest.len() - 2].data["at"]);
    world.clean_slate().await;
}

async fn who_comes_back_goes_on_where_the_last_event_was(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let mut first = open(&anna.client, &path(&order)).await;
    let seen = first.wait_for("paying", |event| event.data["state"] == "paying").await;
    drop(first);
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    let mut second = anna.client.stream(&path(&order), &seen.id).await.unwrap();
    let rest = second.rest().await;
    assert_eq!(rest[0].data["state"], "authorised");
    let last = &rest[rest.len() - 2];
    assert_eq!(last.data["state"], "finished");
    assert_eq!(
        anna.client.stream(&path(&order), &last.id).await.unwrap_err().status,
        204,
        "nothing is left to tell"
    );
    anna.client
        .stream(&path(&order), "yesterday")
        .await
        .unwrap_err()
        .expect_problem(400, "malformed");
    world.clean_slate().await;
}

async fn a_strangers_order_is_none_and_an_account_has_only_so_many_streams(database: Database) {
    let world = World::start(database).await;
    let (anna, ben) = tokio::join!(world.skier("Anna"), world.skier("Ben"));
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    ben.client.stream(&path(&order), "").await.unwrap_err().expect_problem(404, "not-found");
    world.guest.stream(&path(&order), "").await.unwrap_err().expect_problem(401, "unauthenticated");
    ben.client
        .stream("/api/v1/admin/actors/events", "")
        .await
        .unwrap_err()
        .expect_problem(403, "forbidden");
    let mut streams = Vec::new();
    let refused = loop {
        match anna.client.stream(&path(&order), "").await {
            Ok(stream) => streams.push(stream),
            Err(answer) => break answer,
        }
        assert!(streams.len() < 100, "no limit");
    };
    refused.expect_problem(429, "too-many-requests");
    let of_ben = world.order_to_pay(&ben, &["solden"], "undo").await;
    drop(open(&ben.client, &path(&of_ben)).await);
    drop(streams.pop());
    eventually("a place that is free again", async || {
        anna.client.stream(&path(&order), "").await.ok()
    })
    .await;
}

async fn a_log_out_ends_the_streams_of_its_log_in_alone(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let again = json!({ "email": anna.email, "password": anna.password });
    let tokens = world.guest.post("/api/v1/sessions", &again).await.expect(201);
    let elsewhere = world.guest.with_token(tokens["access_token"].as_str().unwrap());
    let mut here = open(&anna.client, &path(&order)).await;
    let mut there = open(&elsewhere, &path(&order)).await;
    let paying = |event: &crate::support::Event| event.data["state"] == "paying";
    tokio::join!(here.wait_for("paying", paying), there.wait_for("paying", paying));
    assert_eq!(anna.client.delete("/api/v1/sessions").await.status, 204);
    let end = here.next().await.unwrap();
    assert_eq!((&*end.name, &end.data), ("end", &json!({ "reason": "session_over" })));
    assert_eq!(here.next().await, None);
    world.pay(&order, "reserved").await;
    there.wait_for("finished", |event| event.data["state"] == "finished").await;
}

async fn streams_are_told_to_come_back_before_the_server_stops(database: Database) {
    let mut world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let mut of_order = open(&anna.client, &path(&order)).await;
    let mut of_actors = open(&clerk.client, "/api/v1/admin/actors/events").await;
    of_order.wait_for("paying", |event| event.data["state"] == "paying").await;
    of_actors.wait_for("all actors", |event| event.name == "actors").await;
    world.server.tell_to_end();
    for stream in [&mut of_order, &mut of_actors] {
        let rest = stream.rest().await;
        assert_eq!(rest.last().unwrap().data, json!({ "reason": "closing" }), "{rest:?}");
        assert!(stream.retry_ms.is_some());
    }
    assert_eq!(world.terminate().await, 0, "a stream held up the end");
}

async fn an_admin_watches_the_actors(database: Database) {
    let world = World::start(database).await;
    let clerk = world.clerk().await;
    let mut stream = open(&clerk.client, "/api/v1/admin/actors/events").await;
    let all = stream.next().await.unwrap();
    assert_eq!(all.name, "actors");
    let listed = clerk.client.get("/api/v1/admin/actors").await.expect(200);
    let names = |list: &Value| -> Vec<Value> {
        list["items"].as_array().unwrap().iter().map(|actor| actor["name"].clone()).collect()
    };
    assert_eq!(names(&all.data), names(&listed));
    for (wish, state) in [("pause", "paused"), ("resume", "up")] {
        let path = format!("/api/v1/admin/actors/dta%2Fsolden/{wish}");
        clerk.client.post(&path, &json!({ "reason": "a look" })).await.expect(202);
        let is_so = |event: &crate::support::Event| {
            event.data["name"] == "dta/solden" && event.data["state"] == state
        };
        let changed = stream.wait_for(state, is_so).await;
        assert_eq!(changed.name, "actor");
        assert_eq!(changed.data["replica"], all.data["items"][0]["replica"]);
    }
}

async fn an_order_is_watched_at_a_replica_that_does_not_drive_it() {
    let world = World::start(Database::Postgres).await;
    let anna = world.skier("Anna").await;
    let other = world.another_server().await;
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let there = Client::new(other.api()).with_token(anna.client.token());
    let mut stream = open(&there, &path(&order)).await;
    stream.wait_for("paying", |event| event.data["state"] == "paying").await;
    world.pay(&order, "reserved").await;
    stream.wait_for("finished", |event| event.data["state"] == "finished").await;
    // ended here, noticed there
    let second = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let mut stream = open(&there, &path(&second)).await;
    stream.wait_for("paying", |event| event.data["state"] == "paying").await;
    assert_eq!(anna.client.delete("/api/v1/sessions").await.status, 204);
    assert_eq!(stream.rest().await.last().unwrap().data, json!({ "reason": "session_over" }));
}
