//! Accounts and sessions as a customer meets them.

use serde_json::json;

use crate::support::{Database, World, both_databases, eventually};

both_databases!(
    a_session_is_continued_and_ends_when_a_token_is_used_again,
    an_address_is_not_told_to_have_an_account,
    who_logs_out_cannot_go_on,
);

async fn a_session_is_continued_and_ends_when_a_token_is_used_again(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let refresh = async |token: &str| {
        world.guest.post("/api/v1/sessions/refresh", &json!({ "refresh_token": token })).await
    };
    let pair = refresh(&anna.refresh_token).await.expect(201);
    assert_eq!(pair["token_type"], "Bearer");
    let newer = pair["refresh_token"].as_str().unwrap();
    let client = world.guest.with_token(pair["access_token"].as_str().unwrap());
    client.get("/api/v1/orders").await.expect(200);
    let newest = refresh(newer).await.expect(201);
    refresh(&anna.refresh_token).await.expect_problem(401, "session-over");
    refresh(newest["refresh_token"].as_str().unwrap()).await.expect_problem(401, "session-over");
}

async fn an_address_is_not_told_to_have_an_account(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let apply =
        async |email: &str| world.guest.post("/api/v1/accounts", &json!({ "email": email })).await;
    let known = apply(&anna.email).await;
    let unknown = apply("nobody@skier.example").await;
    assert_eq!((known.status, known.bytes), (202, unknown.bytes));
    let log_in = async |email: &str, password: &str| {
        world.guest.post("/api/v1/sessions", &json!({ "email": email, "password": password })).await
    };
    log_in(&anna.email, "a wrong one, surely").await.expect_problem(401, "wrong-password");
    log_in("nobody@skier.example", "a wrong one, surely")
        .await
        .expect_problem(401, "wrong-password");
    log_in(&anna.email.to_uppercase(), &anna.password).await.expect(201);
}

async fn who_logs_out_cannot_go_on(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let out =
        anna.client.request(reqwest::Method::DELETE, "/api/v1/sessions").send().await.unwrap();
    assert_eq!(out.status(), 204);
    let body = json!({ "refresh_token": anna.refresh_token });
    world.guest.post("/api/v1/sessions/refresh", &body).await.expect_problem(401, "session-over");
}

#[tokio::test]
async fn an_account_that_is_disabled_at_one_replica_is_out_at_the_other_and_comes_back() {
    let world = World::start(Database::Postgres).await;
    let other = world.another_server().await;
    let anna = world.skier("Anna").await;
    let clerk = world.clerk().await;
    let guest = world.guest.at(other.api());
    let there = anna.client.at(other.api());
    let account =
        there.get("/api/v1/accounts/me").await.expect(200)["id"].as_str().unwrap().to_owned();
    let log_in = json!({ "email": anna.email, "password": anna.password });
    let change = async |change: &str| {
        let path = format!("/api/v1/admin/accounts/{account}/standing/{change}");
        clerk.client.post(&path, &json!({ "reason": "reported by phone" })).await.expect(200)
    };
    assert!(change("disable").await["disabled_at"].is_string());
    anna.client.get("/api/v1/accounts/me").await.expect_problem(401, "unauthenticated");
    let refresh = json!({ "refresh_token": anna.refresh_token });
    guest.post("/api/v1/sessions/refresh", &refresh).await.expect_problem(401, "session-over");
    guest.post("/api/v1/sessions", &log_in).await.expect_problem(403, "account-disabled");
    eventually("its access token is refused elsewhere", async || {
        (there.get("/api/v1/accounts/me").await.status == 401).then_some(())
    })
    .await;
    assert!(change("enable").await["disabled_at"].is_null());
    guest.post("/api/v1/sessions", &log_in).await.expect(201);
    let own =
        clerk.client.get("/api/v1/admin/accounts").await.expect(200)["items"][0]["id"].clone();
    let path = format!("/api/v1/admin/accounts/{}/standing/revoke-admin", own.as_str().unwrap());
    let last = clerk.client.post(&path, &json!({ "reason": "holidays" })).await;
    last.expect_problem(409, "last-admin");
}
