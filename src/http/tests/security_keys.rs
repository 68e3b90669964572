//! Security keys of whoever runs the shop, as a console and its browser meet them.

use chrono::TimeDelta;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};
use starjack_entity::{second_factor, security_key, security_key_challenge as asked};
use uuid::Uuid;

use super::second_factor::{ADA, MINE, Proven, text};
use super::{Answer, SECRET, World};
use crate::actors::auth::{self, Role, SoftKey};
use crate::clock;
use crate::http::fixture;
use crate::io::IoError;
use crate::redis::Redis;

/// An administrator whose second factor counts and was shown just now.
async fn office() -> (World, Proven) {
    let world = World::start().await;
    let token = world.token(ADA, Role::Admin).await;
    let proven = world.prove(&token).await;
    (world, proven)
}

impl World {
    async fn keys(&self, token: &str, method: &str, rest: &str, body: &Value) -> Answer {
        self.call_admin(token, method, &format!("{MINE}/{rest}"), body).await
    }

    /// What the browser is to ask a new key.
    async fn new_key_asked(&self, token: &str) -> Value {
        let asked = self.keys(token, "POST", "security-key-options", &Value::Null).await;
        assert_eq!(asked.status, 201, "{asked:?}");
        asked.body["options"].clone()
    }

    async fn add_key(&self, token: &str, credential: &Value) -> Answer {
        let new = json!({"nickname": "blue one", "credential": credential});
        self.keys(token, "POST", "security-keys", &new).await
    }

    /// Adds a key and answers its id.
    async fn with_key(&self, token: &str, key: &SoftKey) -> String {
        let added = self.add_key(token, &key.create(&self.new_key_asked(token).await)).await;
        assert_eq!(added.status, 201, "{added:?}");
        text(&added.body["id"])
    }

    /// What the browser is to ask a key in a log-in.
    async fn asked_at_log_in(&self) -> Value {
        let asked = self.log_in(ADA, "correct horse").await;
        asked.expect_problem(401, "second-factor-required");
        asked.body["security_key_options"].clone()
    }

    async fn log_in_by_key(&self, credential: &Value) -> Answer {
        self.post(
            "/api/v1/sessions",
            &json!({"email": ADA, "password": "correct horse", "credential": credential}),
        )
        .await
    }

    /// Everything was asked so much longer ago.
    async fn age_questions(&self, by: TimeDelta) {
        let ends = clock::now() + TimeDelta::minutes(5) - by;
        let aged = self.io.write(move |tx| {
            Box::pin(async move {
                asked::Entity::update_many()
                    .col_expr(asked::Column::ExpiresAt, Expr::value(ends))
                    .exec(tx)
                    .await?;
                Ok::<_, IoError>(())
            })
        });
        aged.await.unwrap();
    }
}

#[actix_rt::test]
async fn a_security_key_lets_in_where_six_digits_do_not_any_more_and_recovery_codes_still_do() {
    let (world, proven) = office().await;
    world.log_in(ADA, "correct horse").await.expect_problem(401, "second-factor-required");
    let mut key = SoftKey::new();
    let id = world.with_key(&proven.token, &key).await;
    let listed = world.get(&format!("{MINE}/security-keys"), &proven.token).await;
    let first = &listed.body["items"][0];
    assert_eq!(
        (&first["id"], &first["nickname"], &first["used_at"]),
        (&json!(id), &json!("blue one"), &Value::Null)
    );

    let answer = key.get(&world.asked_at_log_in().await);
    let session = world.log_in_by_key(&answer).await;
    assert_eq!(session.status, 201, "{session:?}");
    let token = text(&session.body["access_token"]);
    assert_eq!(world.get("/api/v1/admin/actors", &token).await.status, 200);
    let listed = world.get(&format!("{MINE}/security-keys"), &token).await;
    assert!(listed.body["items"][0]["used_at"].is_string(), "{listed:?}");

    let all = world.get("/api/v1/accounts/me/export", &token).await;
    assert_eq!(all.body["security_keys"][0]["nickname"], "blue one", "{all:?}");
    world
        .log_in_with("correct horse", &proven.shows(1))
        .await
        .expect_problem(422, "security-key-needed");
    let written = world.get("/api/v1/admin/audit?kind=log_ins", &token).await;
    assert_eq!(
        written.body["items"][0]["action"], "log_in.refused",
        "somebody was tricked into typing them"
    );
    assert_eq!(world.log_in_with("correct horse", &proven.recovery_codes[0]).await.status, 201);
    let wrong = json!({"email": ADA, "password": "wrong horse", "credential": key.get(&world.asked_at_log_in().await)});
    world.post("/api/v1/sessions", &wrong).await.expect_problem(401, "wrong-password");

    let removed = world.keys(&token, "DELETE", &format!("security-keys/{id}"), &Value::Null).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    world
        .keys(&token, "DELETE", &format!("security-keys/{id}"), &Value::Null)
        .await
        .expect_problem(404, "not-found");
    assert_eq!(world.asked_at_log_in().await, Value::Null, "no key is there to be asked");
    assert_eq!(
        world.log_in_with("correct horse", &proven.shows(1)).await.status,
        201,
        "the digits count again"
    );
}

#[actix_rt::test]
async fn an_answer_counts_once_in_time_for_whom_and_what_it_was_asked_and_from_the_shops_own_page()
{
    let (world, proven) = office().await;
    let mut key = SoftKey::new();
    world.with_key(&proven.token, &key).await;
    let refused = async |credential: &Value| {
        world.log_in_by_key(credential).await.expect_problem(422, "wrong-second-factor");
    };
    let options = world.asked_at_log_in().await;
    let answer = key.get(&options);
    assert_eq!(world.log_in_by_key(&answer).await.status, 201);
    refused(&answer).await;

    // another page that passes on what the shop asked
    key.origin = "https://shop.example.evil.example";
    refused(&key.get(&world.asked_at_log_in().await)).await;
    key.origin = "https://shop.example";

    let late = key.get(&world.asked_at_log_in().await);
    world.age_questions(TimeDelta::minutes(5)).await;
    refused(&late).await;

    // a page of another name, for which the key answers
    let mut options = world.asked_at_log_in().await;
    options["rpId"] = json!("evil.example");
    refused(&key.get(&options)).await;

    // what was asked in a session does not let in, and the other way round
    let in_session = world.keys(&proven.token, "POST", "proof/options", &Value::Null).await;
    refused(&key.get(&in_session.body["options"])).await;
    let at_log_in = json!({"credential": key.get(&world.asked_at_log_in().await)});
    world
        .keys(&proven.token, "POST", "proof", &at_log_in)
        .await
        .expect_problem(422, "wrong-second-factor");

    // a key that nobody knows, and a signature of another one
    let mut other = SoftKey::new();
    let options = world.asked_at_log_in().await;
    refused(&other.get(&options)).await;
    let mut forged = key.get(&options);
    forged["response"]["signature"] = other.get(&options)["response"]["signature"].clone();
    refused(&forged).await;

    // a copy of the key that counts from earlier on
    key.counter = 1;
    refused(&key.get(&world.asked_at_log_in().await)).await;
    key.counter = 100;
    assert_eq!(world.log_in_by_key(&key.get(&world.asked_at_log_in().await)).await.status, 201);

    // a key that does not count: of two that show one answer, one is let in
    let mut still = SoftKey::new();
    still.counter = 0;
    world.with_key(&proven.token, &still).await;
    let answer = still.get(&world.asked_at_log_in().await);
    let (one, other) = tokio::join!(world.log_in_by_key(&answer), world.log_in_by_key(&answer));
    let mut ends = [one.status, other.status];
    ends.sort_unstable();
    assert_eq!(ends, [201, 422]);
    refused(&answer).await;

    let both =
        json!({"email": ADA, "password": "correct horse", "code": "123456", "credential": {}});
    world.post("/api/v1/sessions", &both).await.expect_problem(422, "invalid");
    world.log_in_by_key(&json!({"id": "AA"})).await.expect_problem(422, "invalid");
}

#[actix_rt::test]
async fn a_key_shown_again_lets_money_be_moved_for_ten_minutes() {
    let (world, proven) = office().await;
    let mut key = SoftKey::new();
    world
        .keys(&proven.token, "POST", "proof/options", &Value::Null)
        .await
        .expect_problem(409, "no-security-key");
    let id = world.with_key(&proven.token, &key).await;
    world.age_proofs(TimeDelta::minutes(10)).await;
    let needed = async |method: &str, rest: &str| {
        let body = json!({"nickname": "x", "credential": {}});
        let refused = world.keys(&proven.token, method, rest, &body).await;
        refused.expect_problem(403, "second-factor-needed-again");
    };
    needed("POST", "security-key-options").await;
    needed("POST", "security-keys").await;
    needed("DELETE", &format!("security-keys/{id}")).await;
    let digits = json!({"code": proven.shows(1)});
    world
        .keys(&proven.token, "POST", "proof", &digits)
        .await
        .expect_problem(422, "security-key-needed");
    world.keys(&proven.token, "POST", "proof", &json!({})).await.expect_problem(422, "invalid");
    let options =
        world.keys(&proven.token, "POST", "proof/options", &Value::Null).await.body["options"]
            .clone();
    let shown = json!({"credential": key.get(&options)});
    assert_eq!(world.keys(&proven.token, "POST", "proof", &shown).await.status, 204);
    world
        .keys(&proven.token, "POST", "proof", &shown)
        .await
        .expect_problem(422, "wrong-second-factor");
    world.new_key_asked(&proven.token).await;
    let written = world.get("/api/v1/admin/audit", &proven.token).await;
    let audit_entries: Vec<_> =
        written.body["items"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert!(audit_entries.contains(&&json!("security_key.add")), "{audit_entries:?}");
}

#[actix_rt::test]
async fn a_key_is_added_once_to_one_account_with_an_answer_to_this_sessions_question() {
    let (world, proven) = office().await;
    let key = SoftKey::new();
    let options = world.new_key_asked(&proven.token).await;
    let created = key.create(&options);
    world.add_key(&proven.token, &json!({"id": "AA"})).await.expect_problem(422, "invalid");
    let mut evil = SoftKey::new();
    evil.origin = "https://evil.example";
    let passed_on = evil.create(&world.new_key_asked(&proven.token).await);
    world.add_key(&proven.token, &passed_on).await.expect_problem(422, "wrong-security-key");

    let second = world.log_in_with("correct horse", &proven.shows(1)).await;
    let second = text(&second.body["access_token"]);
    world.add_key(&second, &created).await.expect_problem(422, "wrong-security-key");
    assert_eq!(world.add_key(&proven.token, &created).await.status, 201);
    world.add_key(&proven.token, &created).await.expect_problem(422, "wrong-security-key");
    world.get("/api/v1/admin/actors", &second).await.expect_problem(401, "unauthenticated");
    let again = key.create(&world.new_key_asked(&proven.token).await);
    world.add_key(&proven.token, &again).await.expect_problem(409, "security-key-there");
    let eve = world.token("eve@example.org", Role::Admin).await;
    let eve = world.prove(&eve).await.token;
    let of_eve = key.create(&world.new_key_asked(&eve).await);
    world.add_key(&eve, &of_eve).await.expect_problem(409, "security-key-there");
    let asked =
        world.keys(&proven.token, "POST", "proof/options", &Value::Null).await.body["options"]
            .clone();
    world
        .add_key(
            &proven.token,
            &SoftKey::new()
                .create(&json!({"rp": {"id": "shop.example"}, "challenge": asked["challenge"]})),
        )
        .await
        .expect_problem(422, "wrong-security-key");
    let exclude = &world.new_key_asked(&proven.token).await["excludeCredentials"];
    assert_eq!(exclude[0]["id"], created["id"], "a browser refuses the key that is there");

    for _ in 1..10 {
        world.with_key(&proven.token, &SoftKey::new()).await;
    }
    let eleventh = world.keys(&proven.token, "POST", "security-key-options", &Value::Null).await;
    eleventh.expect_problem(409, "too-many-security-keys");
    let anna = world.skier("anna@example.org").await;
    world
        .keys(&anna.token, "GET", "security-keys", &Value::Null)
        .await
        .expect_problem(403, "forbidden");
    let nobody = world
        .keys(&proven.token, "DELETE", &format!("security-keys/{}", Uuid::nil()), &Value::Null)
        .await;
    nobody.expect_problem(404, "not-found");
}

#[actix_rt::test]
async fn who_loses_every_key_has_the_second_factor_taken_away_with_them() {
    let (world, proven) = office().await;
    world.with_key(&proven.token, &SoftKey::new()).await;
    let id =
        text(&world.get("/api/v1/accounts/me", &proven.token).await.body["id"]).parse().unwrap();
    assert!(auth::forget_second_factor(&world.io, id).await.unwrap());
    let rows = world.io.read(|db| {
        Box::pin(async move { Ok::<_, IoError>(security_key::Entity::find().all(db).await?) })
    });
    assert_eq!(rows.await.unwrap(), []);
    assert_eq!(world.log_in(ADA, "correct horse").await.status, 201);
}

#[actix_rt::test]
async fn a_key_counts_for_no_second_factor_that_was_set_up_after_it() {
    let (world, proven) = office().await;
    let mut key = SoftKey::new();
    world.with_key(&proven.token, &key).await;
    // as an older version takes a factor away, which knows of no keys
    let gone = world.io.write(|tx| {
        Box::pin(
            async move { Ok::<_, IoError>(second_factor::Entity::delete_many().exec(tx).await?) },
        )
    });
    gone.await.unwrap();
    let session = world.log_in(ADA, "correct horse").await;
    let proven = world.prove(&text(&session.body["access_token"])).await;
    assert_eq!(world.asked_at_log_in().await, Value::Null);
    world
        .log_in_by_key(
            &key.get(&json!({"challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example"})),
        )
        .await
        .expect_problem(422, "wrong-second-factor");
    assert_eq!(world.log_in_with("correct horse", &proven.shows(1)).await.status, 201);
}

#[actix_rt::test]
async fn under_another_name_of_the_shop_its_keys_do_not_count_and_the_digits_do() {
    let (world, proven) = office().await;
    world.with_key(&proven.token, &SoftKey::new()).await;
    let relying_party = auth::RelyingParty::at("https://renamed.example");
    let settings = auth::Settings { relying_party, ..fixture::accounts() };
    let renamed =
        auth::Desk::open(world.io.clone(), Redis::off(), SECRET.to_vec().into(), settings)
            .await
            .unwrap();
    let log_in = async |shown: Option<String>| {
        let email = ADA.to_owned();
        let password = "correct horse".to_owned().into();
        renamed
            .log_in_with(auth::LogIn { email, password, shown: shown.map(auth::Shown::Code) }, None)
            .await
    };
    assert!(matches!(log_in(None).await, Err(auth::Error::SecondFactorRequired(None))));
    assert!(log_in(Some(proven.shows(1))).await.is_ok());
}

#[actix_rt::test]
async fn however_often_a_key_is_asked_only_the_newest_questions_are_kept() {
    let (world, proven) = office().await;
    let mut key = SoftKey::new();
    world.with_key(&proven.token, &key).await;
    let first = world.asked_at_log_in().await;
    for _ in 0..200 {
        world.keys(&proven.token, "POST", "proof/options", &Value::Null).await;
    }
    let kept = world.io.read(|db| {
        Box::pin(async move { Ok::<_, IoError>(asked::Entity::find().all(db).await?.len()) })
    });
    assert_eq!(kept.await.unwrap(), 200);
    world.log_in_by_key(&key.get(&first)).await.expect_problem(422, "wrong-second-factor");
    assert_eq!(world.log_in_by_key(&key.get(&world.asked_at_log_in().await)).await.status, 201);
}

#[actix_rt::test]
async fn who_has_the_password_alone_is_asked_for_a_key_twenty_times_in_a_quarter_of_an_hour() {
    let (world, proven) = office().await;
    let mut key = SoftKey::new();
    world.with_key(&proven.token, &key).await;
    let first = world.asked_at_log_in().await;
    for _ in 1..20 {
        world.asked_at_log_in().await;
    }
    world.log_in(ADA, "correct horse").await.expect_problem(429, "too-many-requests");
    assert_eq!(world.log_in_by_key(&key.get(&first)).await.status, 201, "an answer is no question");
}

#[actix_rt::test]
async fn where_browsers_speak_to_no_key_none_is_offered_and_the_digits_count() {
    let numbered =
        World::set_to(auth::Settings { relying_party: None, ..fixture::accounts() }).await;
    let token = numbered.token(ADA, Role::Admin).await;
    let proven = numbered.prove(&token).await;
    let refused = numbered.keys(&proven.token, "POST", "security-key-options", &Value::Null).await;
    refused.expect_problem(409, "security-keys-not-offered");
    assert_eq!(numbered.log_in_with("correct horse", &proven.shows(1)).await.status, 201);
    for (url, is_offered) in [
        ("https://shop.example", true),
        ("https://shop.example:8443", true),
        ("http://localhost:8080", true),
        ("http://shop.example", false),
        ("http://127.0.0.1:8080", false),
        ("https://[::1]", false),
    ] {
        assert_eq!(auth::RelyingParty::at(url).is_some(), is_offered, "{url}");
    }
}
