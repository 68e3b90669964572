//! A new password, by the old one or by a code from an e-mail, and one's own account.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::accounts::other_than;
use super::{Answer, World, answer};
use crate::actors::auth::{AccountEmail, Role};

const ANNA: &str = "anna@example.org";
const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

impl World {
    async fn with_accounts() -> Self {
        let world = Self::start().await;
        for email in [ANNA, "berta@example.org"] {
            world.account(email, Role::Customer).await;
        }
        world
    }

    async fn token_of(&self, email: &str, password: &str) -> String {
        let session = self.log_in(email, password).await;
        assert_eq!(session.status, 201, "{session:?}");
        session.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.call(method, path).bearer_auth(token);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn change_password(&self, token: &str, old: &str, new: &str) -> Answer {
        let body = json!({"old_password": old, "new_password": new});
        self.call_as(token, "PUT", "/api/v1/accounts/me/password", Some(body)).await
    }

    async fn ask(&self, email: &str) -> Answer {
        self.post("/api/v1/accounts/password-reset", &json!({"email": email})).await
    }

    async fn reset(&self, email: &str, code: &str, password: &str) -> Answer {
        let body = json!({"email": email, "code": code, "password": password});
        self.post("/api/v1/accounts/password-reset/confirmation", &body).await
    }

    async fn me(&self, token: &str) -> Answer {
        self.call_as(token, "GET", "/api/v1/accounts/me", None).await
    }
}

#[actix_rt::test]
async fn a_password_is_changed_by_the_old_one_and_every_other_session_ends() {
    let world = World::with_accounts().await;
    let mine = world.token_of(ANNA, OLD).await;
    let other = world.token_of(ANNA, OLD).await;
    let berta = world.token_of("berta@example.org", OLD).await;
    let wrong = world.change_password(&mine, "wrong horse", NEW).await;
    wrong.expect_problem(422, "wrong-old-password");
    world.change_password(&mine, OLD, "short").await.expect_problem(422, "invalid");
    assert!(
        world.emails().await.is_empty() && world.me(&other).await.status == 200,
        "nothing was changed"
    );

    let changed = world.change_password(&mine, OLD, NEW).await;
    assert_eq!((changed.status, changed.body), (204, Value::Null));
    world.me(&other).await.expect_problem(401, "unauthenticated");
    assert_eq!(world.me(&mine).await.status, 200, "whoever changed it stays logged in");
    assert_eq!(world.me(&berta).await.status, 200, "somebody else's session ended");
    world.log_in(ANNA, OLD).await.expect_problem(401, "wrong-password");
    assert_eq!(world.log_in(ANNA, NEW).await.status, 201);
    let emails = world.emails().await;
    assert!(matches!(emails.as_slice(), [AccountEmail::PasswordChanged { .. }]), "{emails:?}");
    let facts = world.read_email(&emails[0]).await.unwrap();
    assert_eq!((facts.email.as_str(), facts.code), (ANNA, None));
    answer(
        world
            .call("PUT", "/api/v1/accounts/me/password")
            .json(&json!({"old_password": NEW, "new_password": OLD})),
    )
    .await
    .expect_problem(401, "unauthenticated");
}

#[actix_rt::test]
async fn who_guesses_old_passwords_has_to_wait() {
    let world = World::with_accounts().await;
    let token = world.token_of(ANNA, OLD).await;
    for _ in 0..10 {
        world
            .change_password(&token, "wrong horse", NEW)
            .await
            .expect_problem(422, "wrong-old-password");
    }
    let throttled = world.change_password(&token, OLD, NEW).await;
    throttled.expect_problem(429, "too-many-requests");
    assert!(throttled.headers.contains_key("retry-after"));
    assert_eq!(world.log_in(ANNA, OLD).await.status, 201);
}

#[actix_rt::test]
async fn of_two_changes_at_once_one_counts() {
    let world = World::with_accounts().await;
    let token = world.token_of(ANNA, OLD).await;
    let (one, two) = futures_util::join!(
        world.change_password(&token, OLD, "first new one"),
        world.change_password(&token, OLD, "second new one")
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
    let new = if one.status == 204 { "first new one" } else { "second new one" };
    assert_eq!(world.log_in(ANNA, new).await.status, 201);
}

#[actix_rt::test]
async fn a_code_from_an_email_sets_a_new_password_once_and_ends_every_session() {
    let world = World::with_accounts().await;
    let token = world.token_of(ANNA, OLD).await;
    let asked = world.ask(" Anna@Example.org ").await;
    assert_eq!((asked.status, asked.body), (202, json!({})));
    let mail = world.emails().await.remove(0);
    let code = world.newest_code().await;
    world.reset(ANNA, &other_than(&code), NEW).await.expect_problem(422, "wrong-code");
    world.reset(ANNA, &code, "short").await.expect_problem(422, "invalid");
    assert_eq!(world.me(&token).await.status, 200, "nothing was changed");

    assert_eq!(world.reset("ANNA@example.org", &code, NEW).await.status, 204);
    world.me(&token).await.expect_problem(401, "unauthenticated");
    world.log_in(ANNA, OLD).await.expect_problem(401, "wrong-password");
    assert_eq!(world.log_in(ANNA, NEW).await.status, 201);
    world.reset(ANNA, &code, "third password").await.expect_problem(422, "wrong-code");
    assert_eq!(world.read_email(&mail).await, None, "the code's letter is not wanted any more");
    assert!(matches!(world.emails().await.last(), Some(AccountEmail::PasswordChanged { .. })));
}

#[actix_rt::test]
async fn one_reset_code_typed_twice_at_once_sets_one_password() {
    let world = World::with_accounts().await;
    world.ask(ANNA).await;
    let code = world.newest_code().await;
    let (one, two) = futures_util::join!(
        world.reset(ANNA, &code, "first new one"),
        world.reset(ANNA, &code, "second new one")
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[actix_rt::test]
async fn a_reset_code_of_another_account_or_another_purpose_does_not_count() {
    let world = World::with_accounts().await;
    world.ask(ANNA).await;
    let annas = world.newest_code().await;
    world.ask("berta@example.org").await;
    let bertas = world.newest_code().await;
    assert_ne!(annas, bertas);
    world.reset("berta@example.org", &annas, NEW).await.expect_problem(422, "wrong-code");
    let request = json!({"email": "carla@example.org"});
    world.post("/api/v1/accounts", &request).await;
    let opens = world.newest_code().await;
    world.reset(ANNA, &opens, NEW).await.expect_problem(422, "wrong-code");
    world.reset("carla@example.org", &opens, NEW).await.expect_problem(422, "wrong-code");
    assert_eq!(world.reset(ANNA, &annas, NEW).await.status, 204);
}

#[actix_rt::test]
async fn an_address_without_an_account_gets_the_same_answer_and_no_email() {
    let world = World::with_accounts().await;
    let known = world.ask(ANNA).await;
    let unknown = world.ask("nobody@example.org").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let emails = world.emails().await;
    assert_eq!(emails.len(), 2, "the work is the same");
    assert_eq!(world.read_email(&emails[1]).await, None);
    let mut wrong = world.reset("nobody@example.org", "7ZQ4M-0K3XD", NEW).await;
    let mut never_asked = world.reset("berta@example.org", "7ZQ4M-0K3XD", NEW).await;
    let code = world.read_email(&emails[0]).await.unwrap().code.unwrap();
    let mut mistyped = world.reset(ANNA, &other_than(&code), NEW).await;
    for answer in [&mut wrong, &mut never_asked, &mut mistyped] {
        answer.expect_problem(422, "wrong-code");
        answer.body["instance"] = Value::Null;
    }
    assert_eq!((&wrong.body, &never_asked.body), (&mistyped.body, &mistyped.body));
    world.ask("no address").await.expect_problem(422, "invalid");
}

#[actix_rt::test]
async fn no_number_of_requests_or_wrong_codes_of_others_keeps_an_owner_from_a_new_password() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let request = "/api/v1/accounts/password-reset";
    let confirmation = "/api/v1/accounts/password-reset/confirmation";
    let body = |code: &str| json!({"email": ANNA, "code": code, "password": NEW});
    world.post_from("192.0.2.7", request, &json!({"email": ANNA})).await;
    let first = world.newest_code().await;
    for no in 0..10 {
        let stranger = format!("198.51.{no}.1");
        assert_eq!(world.post_from(&stranger, request, &json!({"email": ANNA})).await.status, 202);
        for _ in 0..5 {
            let wrong = world.post_from(&stranger, confirmation, &body(&other_than(&first))).await;
            wrong.expect_problem(422, "wrong-code");
        }
    }
    assert!(world.emails().await.len() <= 6, "an address is sent few e-mails, whoever asks");
    assert_eq!(world.post_from("192.0.2.7", confirmation, &body(&first)).await.status, 204);
    let used = json!({"email": ANNA, "code": first, "password": "third password"});
    world.post_from("192.0.2.7", confirmation, &used).await.expect_problem(422, "wrong-code");
}

#[actix_rt::test]
async fn an_owner_who_is_slowed_down_because_of_an_attack_comes_in_by_an_email() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let log_in = async |from: &str, password: &str| {
        world
            .post_from(from, "/api/v1/sessions", &json!({"email": ANNA, "password": password}))
            .await
    };
    for no in 0..60 {
        log_in(&format!("198.51.{no}.1"), "wrong horse").await;
    }
    let slowed = log_in("203.0.113.9", OLD).await;
    slowed.expect_problem(429, "too-many-requests");
    assert!(slowed.body["detail"].as_str().unwrap().contains("new password"), "{slowed:?}");
    world
        .post_from("203.0.113.9", "/api/v1/accounts/password-reset", &json!({"email": ANNA}))
        .await;
    let body = json!({"email": ANNA, "code": world.newest_code().await, "password": NEW});
    let reset =
        world.post_from("203.0.113.9", "/api/v1/accounts/password-reset/confirmation", &body).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    assert_eq!(log_in("203.0.113.9", NEW).await.status, 201);
}

#[actix_rt::test]
async fn who_typed_it_wrong_too_often_comes_in_with_the_new_password_at_once() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let log_in = async |password: &str| {
        world
            .post_from(
                "203.0.113.9",
                "/api/v1/sessions",
                &json!({"email": ANNA, "password": password}),
            )
            .await
    };
    for _try in 0..10 {
        log_in("wrong horse").await.expect_problem(401, "wrong-password");
    }
    log_in(OLD).await.expect_problem(429, "too-many-requests");
    world
        .post_from("203.0.113.9", "/api/v1/accounts/password-reset", &json!({"email": ANNA}))
        .await;
    let body = json!({"email": ANNA, "code": world.newest_code().await, "password": NEW});
    let reset =
        world.post_from("203.0.113.9", "/api/v1/accounts/password-reset/confirmation", &body).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    assert_eq!(log_in(NEW).await.status, 201);
}

#[actix_rt::test]
async fn right_changes_of_a_password_are_few_as_well() {
    let world = World::with_accounts().await;
    let token = world.token_of(ANNA, OLD).await;
    for no in 0..10 {
        let [old, new] = if no % 2 == 0 { [OLD, NEW] } else { [NEW, OLD] };
        assert_eq!(world.change_password(&token, old, new).await.status, 204, "{no}");
    }
    world.change_password(&token, OLD, NEW).await.expect_problem(429, "too-many-requests");
}

#[actix_rt::test]
async fn a_traveller_logs_in_although_all_networks_of_one_site_attack_the_account() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let log_in = async |from: &str, password: &str| {
        world
            .post_from(from, "/api/v1/sessions", &json!({"email": ANNA, "password": password}))
            .await
    };
    for no in 0..80 {
        let expected = if no < 30 { 401 } else { 429 };
        assert_eq!(
            log_in(&format!("2001:db8:7:{no}::1"), "wrong horse").await.status,
            expected,
            "{no}"
        );
    }
    assert_eq!(log_in("203.0.113.9", OLD).await.status, 201);
}

#[actix_rt::test]
async fn one_site_tries_few_reset_codes_from_however_many_networks() {
    let world = World::behind_a_proxy().await;
    let body = json!({"email": ANNA, "code": "7ZQ4M-0K3XD", "password": NEW});
    for no in 0..130 {
        let path = "/api/v1/accounts/password-reset/confirmation";
        let answer = world.post_from(&format!("2001:db8:7:{no}::1"), path, &body).await;
        assert_eq!(answer.status, if no < 120 { 422 } else { 429 }, "{no}");
    }
}

#[actix_rt::test]
async fn one_sees_and_changes_ones_own_names_and_language_and_nothing_else() {
    let world = World::with_accounts().await;
    let token = world.token_of(ANNA, OLD).await;
    let before = world.me(&token).await;
    assert_eq!(
        (before.status, &before.body["email"], &before.body["language"]),
        (200, &json!(ANNA), &json!("en"))
    );
    let change =
        async |body: Value| world.call_as(&token, "PATCH", "/api/v1/accounts/me", Some(body)).await;
    assert_eq!(change(json!({})).await.body, before.body);
    let changed = change(json!({"last_name": " Öztürk ", "language": "de"})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let shown = world.me(&token).await.body;
    assert_eq!(changed.body, shown);
    assert_eq!(
        [&shown["first_name"], &shown["last_name"], &shown["language"]],
        [&json!("Anna"), &json!("Öztürk"), &json!("de")]
    );
    for wrong in [
        json!({"first_name": "\u{200b}"}),
        json!({"last_name": "Be\u{7}rg"}),
        json!({"last_name": "x".repeat(81)}),
        json!({"language": "fr"}),
        json!({"role": "admin"}),
        json!({"email": "eve@example.org"}),
        json!({"password": NEW}),
    ] {
        let refused = change(wrong.clone()).await;
        refused.expect_problem(422, "invalid");
        let field = wrong.as_object().unwrap().keys().next().unwrap();
        assert!(
            refused.body["detail"].as_str().unwrap().contains(&format!("`{field}`")),
            "{refused:?}"
        );
    }
    assert_eq!(world.me(&token).await.body, shown);
    let berta = world.token_of("berta@example.org", OLD).await;
    assert_eq!(world.me(&berta).await.body["last_name"], "Berg");
    answer(world.call("GET", "/api/v1/accounts/me")).await.expect_problem(401, "unauthenticated");
}

#[actix_rt::test]
async fn a_log_out_everywhere_ends_every_session_of_the_account_and_no_other() {
    let world = World::with_accounts().await;
    let here = world.token_of(ANNA, OLD).await;
    let there = world.token_of(ANNA, OLD).await;
    let berta = world.token_of("berta@example.org", OLD).await;
    assert_eq!(world.call_as(&here, "DELETE", "/api/v1/sessions/all", None).await.status, 204);
    for token in [&here, &there] {
        world.me(token).await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(world.me(&berta).await.status, 200);
    assert_eq!(world.log_in(ANNA, OLD).await.status, 201);
}

#[actix_rt::test]
async fn an_attack_from_elsewhere_locks_the_attacker_out_and_not_the_owner() {
    let world = World::behind_a_proxy().await;
    world.account(ANNA, Role::Customer).await;
    let from = async |address: IpAddr, password: &str| {
        let body = json!({"email": ANNA, "password": password});
        answer(
            world
                .call("POST", "/api/v1/sessions")
                .header("x-forwarded-for", address.to_string())
                .json(&body),
        )
        .await
    };
    let home = "192.0.2.7".parse().unwrap();
    assert_eq!(from(home, OLD).await.status, 201);
    let mut throttled = 0;
    for no in 0..60 {
        let answer = from(format!("198.51.{no}.1").parse().unwrap(), "wrong horse").await;
        match answer.status {
            401 => answer.expect_problem(401, "wrong-password"),
            _ => answer.expect_problem(429, "too-many-requests"),
        }
        throttled += u32::from(answer.status == 429);
    }
    assert!(throttled > 0, "nobody was slowed down");
    from("203.0.113.9".parse().unwrap(), OLD).await.expect_problem(429, "too-many-requests");
    assert_eq!(from(home, OLD).await.status, 201, "the owner is locked out");
}
