//! The keys that sign access tokens change while two processes use them.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Database, Person, World, both_databases, eventually};

both_databases!(keys_that_are_replaced_at_the_command_line_are_learned_by_the_running_server);

/// What `run` and the server share here, so that a key that one of them seals is opened by the
/// other.
const SECRET: [(&str, &str); 1] = [("STARJACK_AUTH__SECRET", "0123456789abcdef0123456789abcdef")];

async fn published(client: &Client) -> Vec<String> {
    let keys = client.get("/.well-known/jwks.json").await.expect(200);
    keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn log_in(client: &Client, person: &Person) -> Value {
    let body = json!({ "email": person.email, "password": person.password });
    client.post("/api/v1/sessions", &body).await.expect(201)
}

fn with_tokens(client: &Client, tokens: &Value) -> Client {
    client.with_token(tokens["access_token"].as_str().unwrap())
}

async fn until_refused(client: &Client) {
    eventually("a token of a replaced key is refused", async || {
        (client.get("/api/v1/accounts/me").await.status == 401).then_some(())
    })
    .await;
}

async fn keys_that_are_replaced_at_the_command_line_are_learned_by_the_running_server(
    database: Database,
) {
    let world = World::with(database, &SECRET).await;
    let anna = world.skier("Anna").await;
    let first = published(&world.guest).await;

    let ran = world.command(&["keys", "rotate"]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let both = eventually("the next key is published", async || {
        let keys = published(&world.guest).await;
        (keys.len() == 2).then_some(keys)
    })
    .await;
    assert_eq!(both[0], first[0], "the first one still signs");
    assert!(ran.says.contains(&both[1]), "{}", ran.says);
    anna.client.get("/api/v1/accounts/me").await.expect(200);

    let ran = world.command(&["keys", "rotate", "--compromised"]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    until_refused(&anna.client).await;
    let only = published(&world.guest).await;
    assert!(only.len() == 1 && !both.contains(&only[0]), "{both:?} {only:?}");
    let body = json!({ "refresh_token": anna.refresh_token });
    let pair = world.guest.post("/api/v1/sessions/refresh", &body).await.expect(201);
    with_tokens(&world.guest, &pair).get("/api/v1/accounts/me").await.expect(200);
    let clerk = world.clerk().await;
    let entries = clerk.client.get("/api/v1/admin/audit").await.expect(200);
    let entries: Vec<&Value> =
        entries["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(entries, ["replace_keys", "rotate_keys"]);
}

#[tokio::test]
async fn a_key_that_one_replica_draws_is_believed_by_the_other_at_once() {
    let world = World::start(Database::Postgres).await;
    let other = world.another_server().await;
    let there = world.guest.at(other.api());
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    anna.client.at(other.api()).get("/api/v1/accounts/me").await.expect(200);
    assert_eq!(published(&world.guest).await, published(&there).await);

    let drawn = clerk.client.post("/api/v1/admin/keys", &json!({})).await.expect(201);
    assert_eq!(published(&world.guest).await[1], drawn["kid"].as_str().unwrap());
    assert_eq!(
        with_tokens(&there, &log_in(&there, &anna).await).get("/api/v1/accounts/me").await.status,
        200
    );

    let drawn =
        clerk.client.post("/api/v1/admin/keys", &json!({ "compromised": true })).await.expect(201);
    assert_eq!(published(&world.guest).await, [drawn["kid"].as_str().unwrap()]);
    let new = log_in(&world.guest, &anna).await;
    // within the second in which a replica may have read the keys already, a token of a new one may
    // be refused
    eventually("the other replica believes the new key", async || {
        (with_tokens(&there, &new).get("/api/v1/accounts/me").await.status == 200).then_some(())
    })
    .await;
    anna.client.get("/api/v1/accounts/me").await.expect_problem(401, "unauthenticated");
    until_refused(&anna.client.at(other.api())).await;
    anna.client.post("/api/v1/admin/keys", &json!({})).await.expect_problem(401, "unauthenticated");
    let customer = with_tokens(&world.guest, &new);
    customer.post("/api/v1/admin/keys", &json!({})).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_log_out_at_one_replica_ends_the_token_at_the_other() {
    let world = World::start(Database::Postgres).await;
    let other = world.another_server().await;
    let anna = world.skier("Anna").await;
    let there = anna.client.at(other.api());
    there.get("/api/v1/accounts/me").await.expect(200);
    let out: Answer = anna.client.delete("/api/v1/sessions/all").await;
    assert_eq!(out.status, 204);
    anna.client.get("/api/v1/accounts/me").await.expect_problem(401, "unauthenticated");
    until_refused(&there).await;
}
