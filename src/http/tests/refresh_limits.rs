//! How often a session is refreshed, and what refused refresh tokens cost.

use serde_json::{Value, json};

use super::World;
use super::sessions::{ANNA, access_token};
use crate::actors::auth::Role;

#[actix_rt::test]
async fn who_guesses_refresh_tokens_has_to_wait_and_nobody_else() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let session = world.log_in(ANNA, "correct horse").await;
    let refresh = async |from: &str, token: &Value| {
        world.post_from(from, "/api/v1/sessions/refresh", &json!({"refresh_token": token})).await
    };
    for _ in 0..100 {
        refresh("198.51.100.7", &json!("nonsense")).await.expect_problem(401, "session-over");
    }
    refresh("198.51.100.7", &json!("nonsense")).await.expect_problem(429, "too-many-requests");
    assert_eq!(refresh("192.0.2.7", &session.body["refresh_token"]).await.status, 201);
}

#[actix_rt::test]
async fn a_session_is_refreshed_sixty_times_in_a_quarter_of_an_hour_and_others_go_on() {
    let (world, session) = World::with_anna().await;
    let other = world.log_in(ANNA, "correct horse").await;
    let mut token = session.body["refresh_token"].clone();
    for no in 0..60 {
        let next = world.refresh(&token).await;
        assert_eq!(next.status, 201, "{no}: {next:?}");
        token = next.body["refresh_token"].clone();
    }
    world.refresh(&token).await.expect_problem(429, "too-many-requests");
    assert_eq!(world.refresh(&other.body["refresh_token"]).await.status, 201);
}

#[actix_rt::test]
async fn a_token_of_a_session_that_is_over_is_refused_without_a_write() {
    let (world, session) = World::with_anna().await;
    world.log_out(access_token(&session)).await;
    let before = world.io.commits();
    world.refresh(&session.body["refresh_token"]).await.expect_problem(401, "session-over");
    assert_eq!(world.io.commits(), before);
}
