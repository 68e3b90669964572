//! The second factor of whoever runs the shop, as a console meets it.

use chrono::TimeDelta;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};
use starjack_entity::{audit, session};
use totp_rs::{Builder, Secret};
use uuid::Uuid;

use super::{Answer, World, answer};
use crate::actors::auth::Role;
use crate::clock;
use crate::http::openapi;
use crate::io::IoError;

pub(super) const ADA: &str = "ada@example.org";
pub(super) const MINE: &str = "/api/v1/admin/me/second-factor";

/// An admin whose second factor counts.
pub(super) struct Proven {
    pub(super) token: String,
    secret: String,
    pub(super) recovery_codes: Vec<String>,
}

impl Proven {
    /// What the device shows so many half minutes from now.
    pub(super) fn shows(&self, steps: i64) -> String {
        shown(&self.secret, steps)
    }
}

fn shown(secret: &str, steps: i64) -> String {
    let device =
        Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    let at = clock::now() + TimeDelta::seconds(30 * steps);
    device.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl World {
    pub(super) async fn call_admin(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = self.call(method, path).bearer_auth(token);
        answer(if method == "GET" { request } else { request.json(body) }).await
    }

    pub(super) async fn log_in_with(&self, password: &str, code: &str) -> Answer {
        self.post("/api/v1/sessions", &json!({"email": ADA, "password": password, "code": code}))
            .await
    }

    /// Sets a second factor up for an admin with this token.
    pub(super) async fn prove(&self, token: &str) -> Proven {
        let drawn = self.call_admin(token, "POST", MINE, &Value::Null).await;
        assert_eq!(
            (drawn.status, &*text(&drawn.headers["cache-control"].to_str().unwrap().into())),
            (201, "no-store")
        );
        let secret = text(&drawn.body["secret"]);
        assert!(text(&drawn.body["address"]).contains(&secret));
        let code = json!({"code": shown(&secret, 0)});
        let confirmed =
            self.call_admin(token, "POST", &format!("{MINE}/confirmation"), &code).await;
        assert_eq!(confirmed.status, 201, "{confirmed:?}");
        let recovery_codes: Vec<String> =
            serde_json::from_value(confirmed.body["recovery_codes"].clone()).unwrap();
        assert_eq!(recovery_codes.len(), 10);
        Proven { token: text(&confirmed.body["access_token"]), secret, recovery_codes }
    }

    /// Every session showed its second factor so much longer ago.
    pub(super) async fn age_proofs(&self, by: TimeDelta) {
        let past = clock::now() - by;
        let aged = self.io.write(move |tx| {
            Box::pin(async move {
                let all = session::Entity::update_many()
                    .col_expr(session::Column::ProvedAt, Expr::value(past));
                all.exec(tx).await?;
                Ok::<_, IoError>(())
            })
        });
        aged.await.unwrap();
    }
}

/// Every call of admins: method and path, with an id that nothing has.
fn calls() -> Vec<(String, String)> {
    let description: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let admins = paths.iter().filter(|(path, _)| path.starts_with("/api/v1/admin/"));
    let named = |path: &str| {
        path.replace("{id}", &Uuid::nil().to_string())
            .replace("{session}", &Uuid::nil().to_string())
            .replace("{key}", "ischgl")
            .replace("{name}", "order")
    };
    let calls = admins.flat_map(|(path, item)| {
        let command = if path.contains("/actors/") { "pause" } else { "undo" };
        let path = named(path).replace("{command}", command).replace("{change}", "disable");
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    calls.collect()
}

#[actix_rt::test]
async fn where_it_is_required_an_admin_without_one_sets_one_up_and_nothing_else() {
    let world = World::with_second_factor().await;
    world.account(ADA, Role::Admin).await;
    let session = world.log_in(ADA, "correct horse").await;
    let token = text(&session.body["access_token"]);
    let calls = calls();
    assert!(calls.len() > 30, "{calls:?}");
    let set_up = [MINE.to_owned(), format!("{MINE}/confirmation"), format!("{MINE}/proof")];
    let is_set_up = |path: &str| set_up.iter().any(|open| open == path);
    for (method, path) in calls.iter().filter(|(_, path)| !is_set_up(path)) {
        world
            .call_admin(&token, method, path, &json!({}))
            .await
            .expect_problem(403, "second-factor-missing");
    }
    let skier = world.skier("anna@example.org").await;
    let order = text(&world.order(&skier, "key-1").await.body["id"]);
    world.get(&format!("/api/v1/orders/{order}"), &token).await.expect_problem(404, "not-found");
    let stands = world.get(MINE, &token).await;
    assert_eq!(
        (&stands.body["confirmed_at"], &stands.body["is_required"]),
        (&Value::Null, &json!(true))
    );

    let drawn = world.call_admin(&token, "POST", MINE, &Value::Null).await;
    let wrong =
        if shown(&text(&drawn.body["secret"]), 0) == "000000" { "000001" } else { "000000" };
    let refused = world
        .call_admin(&token, "POST", &format!("{MINE}/confirmation"), &json!({"code": wrong}))
        .await;
    refused.expect_problem(422, "wrong-second-factor");
    let proven = world.prove(&token).await;
    assert_eq!(world.get("/api/v1/admin/actors", &proven.token).await.status, 200);
    assert_eq!(world.get(&format!("/api/v1/orders/{order}"), &proven.token).await.status, 200);
    world.get("/api/v1/admin/actors", &token).await.expect_problem(401, "unauthenticated");
    let before = json!({"refresh_token": session.body["refresh_token"]});
    let refreshed = world.post("/api/v1/sessions/refresh", &before).await;
    assert_eq!(refreshed.status, 401, "it was there before the factor was shown: {refreshed:?}");
    world
        .call_admin(&proven.token, "POST", MINE, &Value::Null)
        .await
        .expect_problem(409, "second-factor-there");
    let anna = world.call_admin(&skier.token, "POST", MINE, &Value::Null).await;
    anna.expect_problem(403, "forbidden");
}

#[actix_rt::test]
async fn a_log_in_asks_for_it_and_what_came_of_it_is_written_down() {
    let world = World::start().await;
    let token = world.token(ADA, Role::Admin).await;
    let proven = world.prove(&token).await;
    let mut wrong = world.log_in(ADA, "wrong horse").await;
    let mut with_code = world.log_in_with("wrong horse", &proven.shows(1)).await;
    wrong.expect_problem(401, "wrong-password");
    with_code.expect_problem(401, "wrong-password");
    (wrong.body["instance"], with_code.body["instance"]) = (Value::Null, Value::Null);
    assert_eq!(wrong.body, with_code.body);

    world.log_in(ADA, "correct horse").await.expect_problem(401, "second-factor-required");
    world.log_in_with("correct horse", "12345").await.expect_problem(422, "invalid");
    world
        .log_in_with("correct horse", "1234567890")
        .await
        .expect_problem(422, "wrong-second-factor");
    let code = proven.shows(1);
    assert_eq!(world.log_in_with("correct horse", &code).await.status, 201);
    world.log_in_with("correct horse", &code).await.expect_problem(422, "wrong-second-factor");
    assert_eq!(world.log_in_with("correct horse", &proven.recovery_codes[0]).await.status, 201);
    world
        .log_in_with("correct horse", &proven.recovery_codes[0])
        .await
        .expect_problem(422, "wrong-second-factor");

    let written = world.get("/api/v1/admin/audit?kind=log_ins", &proven.token).await;
    let rows = written.body["items"].as_array().unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    let ok = "log_in";
    let refused = "log_in.refused";
    assert_eq!(actions, [refused, ok, refused, ok, refused, ok], "the newest first");
    assert!(
        rows.iter().all(|row| row["email"] == ADA && row["request_id"].is_string()),
        "{rows:#?}"
    );
    let written = world.get("/api/v1/admin/audit", &proven.token).await;
    let audit_entries: Vec<_> =
        written.body["items"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    let at = |wanted: &str| {
        audit_entries.iter().position(|action| *action == wanted).expect("it is written down")
    };
    assert_eq!(
        at("second_factor.enrol"),
        at("second_factor.confirm") + 1,
        "the newest first: {audit_entries:?}"
    );
}

#[actix_rt::test]
async fn whatever_moves_money_or_gives_a_role_asks_for_it_again_after_ten_minutes() {
    let world = World::start().await;
    let token = world.token(ADA, Role::Admin).await;
    let id = Uuid::nil();
    let calls = [
        (format!("owed/{id}/paid"), json!({"reason": "sent", "bank_reference": "E2E-1"})),
        (format!("orders/{id}/returns"), json!({"lines": [1], "reason": "they said so"})),
        (format!("orders/{id}/undo"), json!({"reason": "they said so"})),
        (format!("orders/{id}/accept"), json!({"reason": "they said so"})),
        (format!("cases/{id}/agree"), json!({"reason": "they said so"})),
        ("operators/nobody/catalogue-differences".to_owned(), json!({"fingerprint": "0"})),
        (format!("accounts/{id}/standing/grant-admin"), json!({"reason": "they said so"})),
    ];
    let call = async |token: &str, no: usize| {
        let (path, body): &(String, Value) = &calls[no];
        world.call_admin(token, "POST", &format!("/api/v1/admin/{path}"), body).await
    };
    for no in 0..calls.len() {
        call(&token, no).await.expect_problem(404, "not-found");
    }
    let proven = world.prove(&token).await;
    call(&proven.token, 0).await.expect_problem(404, "not-found");
    world.age_proofs(TimeDelta::minutes(10)).await;
    for no in 0..calls.len() {
        call(&proven.token, no).await.expect_problem(403, "second-factor-needed-again");
    }
    let renew = format!("{MINE}/recovery-codes");
    let refused = world.call_admin(&proven.token, "POST", &renew, &Value::Null).await;
    refused.expect_problem(403, "second-factor-needed-again");
    let replace_keys = json!({"compromised": true});
    let refused =
        world.call_admin(&proven.token, "POST", "/api/v1/admin/keys", &replace_keys).await;
    refused.expect_problem(403, "second-factor-needed-again");
    let retry = format!("/api/v1/admin/orders/{id}/retry");
    world
        .call_admin(&proven.token, "POST", &retry, &json!({"reason": "x"}))
        .await
        .expect_problem(404, "not-found");

    let proof = format!("{MINE}/proof");
    let code = |code: &str| json!({"code": code});
    world
        .call_admin(&proven.token, "POST", &proof, &code("00000-00000"))
        .await
        .expect_problem(422, "wrong-second-factor");
    assert_eq!(
        world.call_admin(&proven.token, "POST", &proof, &code(&proven.shows(1))).await.status,
        204
    );
    for no in 0..calls.len() {
        call(&proven.token, no).await.expect_problem(404, "not-found");
    }
    let renewed = world.call_admin(&proven.token, "POST", &renew, &Value::Null).await;
    assert_eq!(renewed.body["recovery_codes"].as_array().unwrap().len(), 10, "{renewed:?}");
    let spent =
        world.call_admin(&proven.token, "POST", &proof, &code(&proven.recovery_codes[0])).await;
    spent.expect_problem(422, "wrong-second-factor");
}

#[actix_rt::test]
async fn no_row_holds_a_secret_or_a_code() {
    let world = World::start().await;
    let token = world.token(ADA, Role::Admin).await;
    let proven = world.prove(&token).await;
    let read = world.io.read(|db| {
        Box::pin(async {
            let factors = starjack_entity::second_factor::Entity::find().all(db).await?;
            let codes = starjack_entity::recovery_code::Entity::find().all(db).await?;
            let audit_entries = audit::Entity::find().all(db).await?;
            Ok::<_, IoError>(format!("{factors:?}{codes:?}{audit_entries:?}"))
        })
    });
    let stored = read.await.unwrap();
    let codes = proven.recovery_codes.iter().map(|code| code.replace('-', ""));
    for secret in codes.chain([proven.secret.clone(), proven.recovery_codes[0].clone()]) {
        assert!(!stored.contains(&secret), "{secret} stands in the database");
    }
    assert_eq!(stored.matches("code_hash").count(), 10);
}
