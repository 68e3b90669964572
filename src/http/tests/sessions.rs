//! Logging in, staying logged in, and who may do what.

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{self, TestRequest};
use actix_web::{App, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use starjack_entity::{refresh_token, session};

use super::{Answer, World, answer};
use crate::actors::auth::{Claims, Role};
use crate::clock;
use crate::http::{Admin, Customer};
use crate::io::IoError;

pub(super) const ANNA: &str = "anna@example.org";

impl World {
    pub(super) async fn refresh(&self, token: &Value) -> Answer {
        self.post("/api/v1/sessions/refresh", &json!({"refresh_token": token})).await
    }

    async fn tokens(&self) -> Vec<refresh_token::Model> {
        let read = self.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(refresh_token::Entity::find().all(db).await?) })
        });
        read.await.unwrap()
    }

    pub(super) async fn with_anna() -> (Self, Answer) {
        let world = Self::start().await;
        world.account(ANNA, Role::Customer).await;
        let session = world.log_in(ANNA, "correct horse").await;
        assert_eq!(session.status, 201, "{session:?}");
        (world, session)
    }

    /// All uses of refresh tokens were so much longer ago.
    async fn age_uses(&self, by: chrono::TimeDelta) {
        let past = clock::now() - by;
        let aged = self.io.write(move |tx| {
            Box::pin(async move {
                refresh_token::Entity::update_many()
                    .col_expr(refresh_token::Column::UsedAt, Expr::value(past))
                    .filter(refresh_token::Column::UsedAt.is_not_null())
                    .exec(tx)
                    .await?;
                Ok::<_, IoError>(())
            })
        });
        aged.await.unwrap();
    }

    pub(super) async fn log_out(&self, access_token: &str) -> Answer {
        answer(
            self.call("DELETE", "/api/v1/sessions")
                .header("authorization", format!("Bearer {access_token}")),
        )
        .await
    }
}

pub(super) fn access_token(session: &Answer) -> &str {
    session.body["access_token"].as_str().unwrap()
}

#[actix_rt::test]
async fn a_log_in_answers_a_pair_that_no_cache_keeps() {
    let (world, session) = World::with_anna().await;
    assert_eq!(session.body["token_type"], "Bearer");
    assert_eq!(session.body["expires_in"], 600);
    assert_eq!(session.body["refresh_token"].as_str().unwrap().len(), 43);
    assert_eq!(session.headers["cache-control"], "no-store");
    assert_eq!(world.auth.verify(access_token(&session)).unwrap().role, Role::Customer);
}

#[actix_rt::test]
async fn of_a_refresh_token_only_its_hash_is_stored() {
    let (world, session) = World::with_anna().await;
    let token = session.body["refresh_token"].as_str().unwrap();
    let stored = world.tokens().await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].token_hash, URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
}

#[actix_rt::test]
async fn an_old_refresh_token_does_not_count_and_is_forgotten_with_its_session() {
    let (world, session) = World::with_anna().await;
    let young = world.log_in(ANNA, "correct horse").await;
    let old =
        URL_SAFE_NO_PAD.encode(Sha256::digest(session.body["refresh_token"].as_str().unwrap()));
    let past = clock::now() - chrono::TimeDelta::microseconds(1);
    let aged = world.io.write(move |tx| {
        Box::pin(async move {
            refresh_token::Entity::update_many()
                .col_expr(refresh_token::Column::ExpiresAt, Expr::value(past))
                .filter(refresh_token::Column::TokenHash.eq(old))
                .exec(tx)
                .await?;
            Ok::<_, IoError>(())
        })
    });
    aged.await.unwrap();
    world.refresh(&session.body["refresh_token"]).await.expect_problem(401, "session-over");
    for _ in 0..2 {
        world.auth.forget_old(crate::actors::fleet::tests::fence(&world.io).await).await.unwrap();
        assert_eq!(world.tokens().await.len(), 1);
        let sessions = world.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(session::Entity::find().all(db).await?) })
        });
        assert_eq!(sessions.await.unwrap().len(), 1);
    }
    assert_eq!(world.refresh(&young.body["refresh_token"]).await.status, 201);
}

#[actix_rt::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let (world, _) = World::with_anna().await;
    let mut wrong = world.log_in(ANNA, "wrong horse").await;
    let mut unknown = world.log_in("berta@example.org", "correct horse").await;
    wrong.expect_problem(401, "wrong-password");
    unknown.expect_problem(401, "wrong-password");
    wrong.body["instance"] = Value::Null;
    unknown.body["instance"] = Value::Null;
    assert_eq!(wrong.body, unknown.body);
}

#[actix_rt::test]
async fn ten_failures_make_an_account_wait_at_this_place_and_no_other_account() {
    let (world, _) = World::with_anna().await;
    world.account("berta@example.org", Role::Customer).await;
    for _ in 0..10 {
        world.log_in(ANNA, "wrong horse").await.expect_problem(401, "wrong-password");
    }
    let throttled = world.log_in(ANNA, "correct horse").await;
    throttled.expect_problem(429, "too-many-requests");
    let wait: u64 = throttled.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(throttled.body["retry_after_seconds"], wait);
    assert_eq!(world.log_in("berta@example.org", "correct horse").await.status, 201);
    let elsewhere = world.auth.log_in(
        ANNA,
        "correct horse".to_owned().into(),
        Some("192.0.2.1".parse().unwrap()),
    );
    assert!(elsewhere.await.is_ok());
}

#[actix_rt::test]
async fn more_log_ins_of_one_network_than_may_wait_are_refused_at_once() {
    let world = World::start().await;
    let answers = join_all((0..60).map(|n| {
        let world = &world;
        let email = format!("guest{n}@example.org");
        async move { world.log_in(&email, "correct horse").await }
    }))
    .await;
    for answer in &answers {
        match answer.status {
            401 => answer.expect_problem(401, "wrong-password"),
            _ => answer.expect_problem(503, "unavailable"),
        }
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!refused.is_empty() && refused.len() <= 60 - 8, "{}", refused.len());
    assert!(refused.iter().all(|answer| answer.headers.contains_key("retry-after")));
    world.log_in(ANNA, "correct horse").await.expect_problem(401, "wrong-password");
}

#[actix_rt::test]
async fn a_refresh_token_counts_once_and_its_second_use_ends_the_session() {
    let (world, session) = World::with_anna().await;
    let first = &session.body["refresh_token"];
    let second = world.refresh(first).await;
    assert_eq!(second.status, 201, "{second:?}");
    let third = world.refresh(&second.body["refresh_token"]).await;
    assert_eq!(third.status, 201);
    let before = access_token(&session);
    let after = access_token(&third);
    assert_eq!(world.auth.verify(before).unwrap().sid, world.auth.verify(after).unwrap().sid);

    world.refresh(first).await.expect_problem(401, "session-over");
    world.refresh(&third.body["refresh_token"]).await.expect_problem(401, "session-over");
    assert_eq!(
        world.log_in(ANNA, "correct horse").await.status,
        201,
        "another session is another family"
    );
}

#[actix_rt::test]
async fn of_two_tabs_that_refresh_at_once_both_stay_and_a_lost_answer_is_asked_for_again() {
    let (world, session) = World::with_anna().await;
    let token = &session.body["refresh_token"];
    let (one, two) = futures_util::join!(world.refresh(token), world.refresh(token));
    assert_eq!((one.status, two.status), (201, 201), "{one:?} {two:?}");
    let again = world.refresh(token).await;
    assert_eq!(again.status, 201);
    for pair in [&one, &two, &again] {
        assert!(world.auth.verify(access_token(pair)).is_ok());
        assert_eq!(world.refresh(&pair.body["refresh_token"]).await.status, 201);
    }
}

#[actix_rt::test]
async fn two_tabs_that_refresh_at_once_again_and_again_stay() {
    let (world, session) = World::with_anna().await;
    let mut token = session.body["refresh_token"].clone();
    for round in 0..12 {
        let (one, two) = futures_util::join!(world.refresh(&token), world.refresh(&token));
        assert_eq!((one.status, two.status), (201, 201), "round {round}");
        token = two.body["refresh_token"].clone();
    }
}

#[actix_rt::test]
async fn a_session_goes_on_however_many_tokens_its_neighbours_guess() {
    let (world, session) = World::with_anna().await;
    for no in 0..110 {
        let refused = world.refresh(&json!(format!("nonsense {no}"))).await;
        assert_eq!(refused.status, if no < 100 { 401 } else { 429 }, "{no}");
    }
    assert_eq!(world.refresh(&session.body["refresh_token"]).await.status, 201);
}

#[actix_rt::test]
async fn a_thief_is_found_out_by_a_token_of_an_older_pair_of_elsewhere_or_after_half_a_minute() {
    for case in ["older", "elsewhere", "late", "endless"] {
        let world = World::behind_a_proxy().await;
        world.account(ANNA, Role::Customer).await;
        let session = world.log_in(ANNA, "correct horse").await;
        let refresh = async |from: &str, token: &Value| {
            world
                .post_from(from, "/api/v1/sessions/refresh", &json!({"refresh_token": token}))
                .await
        };
        let first = &session.body["refresh_token"];
        let mut newest = refresh("192.0.2.7", first).await;
        let mut thief = "192.0.2.9";
        match case {
            "older" => newest = refresh("192.0.2.7", &newest.body["refresh_token"]).await,
            "elsewhere" => thief = "198.51.100.7",
            "late" => world.age_uses(chrono::TimeDelta::seconds(31)).await,
            _ => {
                for _ in 0..9 {
                    assert_eq!(refresh(thief, first).await.status, 201);
                }
            }
        }
        assert_eq!(newest.status, 201, "{case}");
        refresh(thief, first).await.expect_problem(401, "session-over");
        refresh("192.0.2.7", &newest.body["refresh_token"])
            .await
            .expect_problem(401, "session-over");
        assert!(
            world.auth.verify(access_token(&newest)).is_err(),
            "{case}: the access token counts"
        );
    }
}

#[actix_rt::test]
async fn a_session_ends_ninety_days_after_its_log_in_however_often_it_was_continued() {
    let (world, session) = World::with_anna().await;
    let mut token = session.body["refresh_token"].clone();
    for (days, status) in [(80, 201), (89, 201), (90, 401)] {
        let opened = clock::now() - chrono::TimeDelta::days(days);
        let aged = world.io.write(move |tx| {
            Box::pin(async move {
                session::Entity::update_many()
                    .col_expr(session::Column::CreatedAt, Expr::value(opened))
                    .exec(tx)
                    .await?;
                Ok::<_, IoError>(())
            })
        });
        aged.await.unwrap();
        let answer = world.refresh(&token).await;
        assert_eq!(answer.status, status, "after {days} days");
        if status == 201 {
            let ends = world
                .tokens()
                .await
                .into_iter()
                .filter(|token| token.used_at.is_none())
                .map(|token| token.expires_at);
            assert!(ends.max().unwrap().to_utc() <= opened + chrono::TimeDelta::days(90));
            token = answer.body["refresh_token"].clone();
        }
    }
}

#[actix_rt::test]
async fn one_sees_ones_own_sessions_and_ends_one_of_them() {
    let (world, here) = World::with_anna().await;
    let there = world.log_in(ANNA, "correct horse").await;
    world.account("berta@example.org", Role::Customer).await;
    let berta = world.log_in("berta@example.org", "correct horse").await;
    let call = async |session: &Answer, method: &str, path: &str| {
        answer(world.call(method, path).bearer_auth(access_token(session))).await
    };
    let listed = call(&here, "GET", "/api/v1/accounts/me/sessions").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let items = listed.body["items"].as_array().unwrap();
    let sid = |session: &Answer| world.auth.verify(access_token(session)).unwrap().sid.to_string();
    assert_eq!([&items[0]["id"], &items[1]["id"]], [&json!(sid(&there)), &json!(sid(&here))]);
    assert_eq!([&items[0]["is_this"], &items[1]["is_this"]], [false, true]);
    assert_eq!(items.len(), 2, "{items:?}");

    let path = format!("/api/v1/accounts/me/sessions/{}", sid(&there));
    let foreign = format!("/api/v1/accounts/me/sessions/{}", sid(&berta));
    call(&here, "DELETE", &foreign).await.expect_problem(404, "not-found");
    call(&here, "DELETE", "/api/v1/accounts/me/sessions/7").await.expect_problem(404, "not-found");
    assert_eq!(call(&here, "DELETE", &path).await.status, 204);
    assert_eq!(call(&here, "DELETE", &path).await.status, 204, "twice changes nothing");
    call(&there, "GET", "/api/v1/accounts/me/sessions")
        .await
        .expect_problem(401, "unauthenticated");
    world.refresh(&there.body["refresh_token"]).await.expect_problem(401, "session-over");
    let left = call(&here, "GET", "/api/v1/accounts/me/sessions").await;
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(call(&berta, "GET", "/api/v1/accounts/me/sessions").await.status, 200);
}

#[actix_rt::test]
async fn refresh_tokens_that_nobody_gave_are_refused() {
    let (world, session) = World::with_anna().await;
    for wrong in ["", "a", &"A".repeat(43), access_token(&session)] {
        world.refresh(&wrong.into()).await.expect_problem(401, "session-over");
    }
    assert_eq!(
        world.refresh(&session.body["refresh_token"]).await.status,
        201,
        "a wrong guess ends nobody's session"
    );
}

#[actix_rt::test]
async fn a_log_out_ends_the_session_and_its_access_token() {
    let (world, session) = World::with_anna().await;
    let left = world.log_out(access_token(&session)).await;
    assert_eq!((left.status, left.body), (204, Value::Null));
    world.log_out(access_token(&session)).await.expect_problem(401, "unauthenticated");
    world.refresh(&session.body["refresh_token"]).await.expect_problem(401, "session-over");
}

#[actix_rt::test]
async fn without_a_token_of_ours_nobody_is_logged_in() {
    let (world, session) = World::with_anna().await;
    let elsewhere = World::start().await;
    elsewhere.account(ANNA, Role::Customer).await;
    let foreign = elsewhere
        .auth
        .log_in(ANNA, "correct horse".to_owned().into(), None)
        .await
        .unwrap()
        .access_token;
    let good = access_token(&session);
    let shortened = &good[..good.len() - 2];
    for token in ["", "x", "a.b.c", foreign.as_str(), shortened] {
        let refused = world.log_out(token).await;
        refused.expect_problem(401, "unauthenticated");
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
    }
    answer(world.call("DELETE", "/api/v1/sessions")).await.expect_problem(401, "unauthenticated");
    let basic =
        world.call("DELETE", "/api/v1/sessions").header("authorization", format!("Basic {good}"));
    answer(basic).await.expect_problem(401, "unauthenticated");
    assert_eq!(world.log_out(good).await.status, 204);
}

#[actix_rt::test]
async fn the_published_keys_verify_a_token() {
    let (world, session) = World::with_anna().await;
    let keys = answer(world.call("GET", "/.well-known/jwks.json")).await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=300");
    let keys: JwkSet = serde_json::from_value(keys.body).unwrap();
    let kid = jsonwebtoken::decode_header(access_token(&session)).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["starjack"]);
    let claims =
        jsonwebtoken::decode::<Claims>(access_token(&session), &key, &validation).unwrap().claims;
    assert_eq!(claims, world.auth.verify(access_token(&session)).unwrap());
}

#[actix_rt::test]
async fn only_an_admin_may_do_what_admins_do() {
    let (world, customer) = World::with_anna().await;
    world.account("clerk@example.org", Role::Admin).await;
    let admin = world.log_in("clerk@example.org", "correct horse").await;
    let app = App::new()
        .app_data(world.state.clone())
        .route("/admins", web::get().to(|who: Admin| async move { who.account_id.to_string() }))
        .route("/all", web::get().to(|who: Customer| async move { who.account_id.to_string() }));
    let app = test::init_service(app).await;
    for (path, session, status) in [
        ("/admins", &customer, 403),
        ("/admins", &admin, 200),
        ("/all", &customer, 200),
        ("/all", &admin, 200),
    ] {
        let bearer = format!("bearer {}", access_token(session));
        let request =
            TestRequest::get().uri(path).insert_header((AUTHORIZATION, bearer)).to_request();
        assert_eq!(test::call_service(&app, request).await.status(), status, "{path}");
    }
    let nobody = TestRequest::get().uri("/admins").to_request();
    assert_eq!(test::call_service(&app, nobody).await.status(), 401);
}
