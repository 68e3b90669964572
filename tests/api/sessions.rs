//! Accounts and sessions as a customer meets them.

use serde_json::json;

use crate::support::{Database, World, both_databases};

both_databases!(
    a_session_is_continued_and_ends_when_a_token_is_used_again,
    an_address_is_not_told_to_have_an_account,
    who_logs_out_cannot_go_on,
);

async fn a_session_is_continued_and_ends_when_a_token_is_used_again(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let refresh =
        async |token: &str| world.guest.post("/api/v1/sessions/refresh", &json!({ "refresh_token": token })).await;
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
    let apply = async |email: &str| world.guest.post("/api/v1/accounts", &json!({ "email": email })).await;
    let (known, unknown) = (apply(&anna.email).await, apply("nobody@skier.example").await);
    assert_eq!((known.status, known.bytes), (202, unknown.bytes));
    let log_in = async |email: &str, password: &str| {
        world.guest.post("/api/v1/sessions", &json!({ "email": email, "password": password })).await
    };
    log_in(&anna.email, "a wrong one, surely").await.expect_problem(401, "wrong-password");
    log_in("nobody@skier.example", "a wrong one, surely").await.expect_problem(401, "wrong-password");
    log_in(&anna.email.to_uppercase(), &anna.password).await.expect(201);
}

async fn who_logs_out_cannot_go_on(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let out = anna.client.request(reqwest::Method::DELETE, "/api/v1/sessions").send().await.unwrap();
    assert_eq!(out.status(), 204);
    let body = json!({ "refresh_token": anna.refresh_token });
    world.guest.post("/api/v1/sessions/refresh", &body).await.expect_problem(401, "session-over");
}
