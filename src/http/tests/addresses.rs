//! Another address for an account, and another birth date.

use serde_json::{Value, json};

use super::accounts::other_than;
use super::{Answer, World, answer};
use crate::actors::auth::{AccountEmail, Role};

const ANNA: &str = "anna@example.org";
const NEW: &str = "anna.berg@example.com";
const PASSWORD: &str = "correct horse";

impl World {
    async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        answer(self.call("POST", path).bearer_auth(token).json(body)).await
    }

    async fn ask_for_address(&self, token: &str, email: &str, password: &str) -> Answer {
        self.post_as(
            token,
            "/api/v1/accounts/me/email",
            &json!({ "email": email, "password": password }),
        )
        .await
    }

    async fn confirm_address(&self, token: &str, code: &str) -> Answer {
        self.post_as(token, "/api/v1/accounts/me/email/confirmation", &json!({ "code": code }))
            .await
    }

    async fn access_token(&self, email: &str) -> String {
        self.log_in(email, PASSWORD).await.body["access_token"].as_str().unwrap().to_owned()
    }
}

#[actix_rt::test]
async fn an_address_is_changed_by_the_code_that_the_new_one_gets_and_the_old_one_is_told() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    let elsewhere = world.access_token(ANNA).await;
    world
        .ask_for_address(&mine, NEW, "wrong horse")
        .await
        .expect_problem(422, "wrong-old-password");
    world.ask_for_address(&mine, "nowhere", PASSWORD).await.expect_problem(422, "invalid");
    assert!(world.emails().await.is_empty());
    let asked = world.ask_for_address(&mine, " Anna.Berg@Example.com ", PASSWORD).await;
    assert_eq!((asked.status, asked.body), (202, json!({})));
    let mail = world.emails().await.remove(0);
    let facts = world.read_email(&mail).await.unwrap();
    assert_eq!(
        (facts.email.as_str(), facts.names),
        (NEW, None),
        "nobody's name goes where nobody confirmed it"
    );
    let code = facts.code.unwrap();
    assert_eq!(
        world.get("/api/v1/accounts/me", &mine).await.body["email"],
        ANNA,
        "nothing changed yet"
    );
    world.confirm_address(&mine, &other_than(&code)).await.expect_problem(422, "wrong-code");
    world.confirm_address(&mine, "short").await.expect_problem(422, "invalid");

    let changed = world.confirm_address(&mine, &code).await;
    assert_eq!((changed.status, &changed.body["email"]), (200, &json!(NEW)), "{changed:?}");
    world.get("/api/v1/accounts/me", &elsewhere).await.expect_problem(401, "unauthenticated");
    assert_eq!(world.get("/api/v1/accounts/me", &mine).await.status, 200);
    world.log_in(ANNA, PASSWORD).await.expect_problem(401, "wrong-password");
    assert_eq!(world.log_in(NEW, PASSWORD).await.status, 201);
    world.confirm_address(&mine, &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.read_email(&mail).await, None, "the code is not wanted any more");
    let emails = world.emails().await;
    assert!(matches!(emails[1..], [AccountEmail::AddressChanged { .. }]), "{emails:?}");
    let told = world.read_email(&emails[1]).await.unwrap();
    assert_eq!((told.email.as_str(), told.code, told.changed_at.is_some()), (ANNA, None, true));
}

#[actix_rt::test]
async fn who_asks_for_a_taken_address_is_not_told_and_the_one_who_has_it_is() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    world.account("berta@example.org", Role::Customer).await;
    let free = world.ask_for_address(&mine, NEW, PASSWORD).await;
    let code = world.newest_code().await;
    let taken = world.ask_for_address(&mine, "berta@example.org", PASSWORD).await;
    assert_eq!((free.status, free.body), (taken.status, taken.body));
    let emails = world.emails().await;
    assert!(matches!(emails[1..], [AccountEmail::AddressTaken { .. }]), "{emails:?}");
    let hint = world.read_email(&emails[1]).await.unwrap();
    assert_eq!((hint.email.as_str(), hint.code), ("berta@example.org", None));

    // somebody opens an account with the new address before the code is typed
    world.account(NEW, Role::Customer).await;
    world.confirm_address(&mine, &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.get("/api/v1/accounts/me", &mine).await.body["email"], ANNA);
}

#[actix_rt::test]
async fn a_code_for_a_new_password_does_not_outlive_the_address_that_it_was_sent_to() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    world.post("/api/v1/accounts/password-reset", &json!({ "email": ANNA })).await;
    let old_mailboxs = world.newest_code().await;
    world.ask_for_address(&mine, NEW, PASSWORD).await;
    let code = world.newest_code().await;
    assert_eq!(world.confirm_address(&mine, &code).await.status, 200);
    // whoever reads the old mailbox asks for one more code, which goes to the new one
    world.post("/api/v1/accounts/password-reset", &json!({ "email": NEW })).await;
    let reset = json!({ "email": NEW, "code": old_mailboxs, "password": "battery staple" });
    world
        .post("/api/v1/accounts/password-reset/confirmation", &reset)
        .await
        .expect_problem(422, "wrong-code");
    assert_eq!(world.log_in(NEW, PASSWORD).await.status, 201, "nothing was changed");
}

#[actix_rt::test]
async fn a_code_for_another_address_does_not_outlive_the_password_that_asked_for_it() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    world.ask_for_address(&mine, NEW, PASSWORD).await;
    let code = world.newest_code().await;
    let passwords = json!({ "old_password": PASSWORD, "new_password": "battery staple" });
    answer(world.call("PUT", "/api/v1/accounts/me/password").bearer_auth(&mine).json(&passwords))
        .await;
    world.confirm_address(&mine, &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.get("/api/v1/accounts/me", &mine).await.body["email"], ANNA);
}

#[actix_rt::test]
async fn the_old_address_is_told_although_the_account_is_deleted_right_afterwards() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    world.ask_for_address(&mine, NEW, PASSWORD).await;
    let code = world.newest_code().await;
    assert_eq!(world.confirm_address(&mine, &code).await.status, 200);
    let password = json!({ "password": PASSWORD });
    let gone =
        answer(world.call("DELETE", "/api/v1/accounts/me").bearer_auth(&mine).json(&password))
            .await;
    assert_eq!(gone.status, 204);
    let emails = world.emails().await;
    let notice =
        emails.iter().find(|mail| matches!(mail, AccountEmail::AddressChanged { .. })).unwrap();
    let told = world.read_email(notice).await.unwrap();
    assert_eq!((told.email.as_str(), told.names), (ANNA, None));
}

#[actix_rt::test]
async fn a_code_changes_only_the_account_that_asked() {
    let world = World::start().await;
    let mine = world.token(ANNA, Role::Customer).await;
    let bertas = world.token("berta@example.org", Role::Customer).await;
    world.ask_for_address(&mine, NEW, PASSWORD).await;
    let code = world.newest_code().await;
    world.ask_for_address(&bertas, NEW, PASSWORD).await;
    world.confirm_address(&bertas, &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.confirm_address(&mine, &code).await.status, 200);
    // who was later has a code for an address that is taken now
    let late = world.emails().await.into_iter().nth(1).unwrap();
    let late = world.read_email(&late).await.unwrap().code.unwrap();
    world.confirm_address(&bertas, &late).await.expect_problem(422, "wrong-code");
}

#[actix_rt::test]
async fn a_birth_date_is_changed_within_the_bounds_of_all_birth_dates() {
    let world = World::start().await;
    let token = world.token(ANNA, Role::Customer).await;
    let change = async |value: Value| {
        let body = json!({ "birth_date": value });
        answer(world.call("PATCH", "/api/v1/accounts/me").bearer_auth(&token).json(&body)).await
    };
    assert_eq!(change(json!("1990-05-01")).await.body["birth_date"], "1990-05-01");
    assert_eq!(
        change(Value::Null).await.body["birth_date"],
        "1990-05-01",
        "what is left out stays"
    );
    for wrong in ["1899-12-31", "9999-01-01", "1990-5-1"] {
        change(json!(wrong)).await.expect_problem(422, "invalid");
    }
}

#[actix_rt::test]
async fn accounts_that_others_ask_for_do_not_keep_an_owner_from_moving_to_the_address() {
    let world = World::behind_a_proxy().await;
    let mine = world.token(ANNA, Role::Customer).await;
    for network in ["198.51.100.7", "198.51.101.7", "198.51.102.7"] {
        for _again in 0..3 {
            world.post_from(network, "/api/v1/accounts", &json!({ "email": NEW })).await;
        }
    }
    assert_eq!(world.emails().await.len(), 6, "so many were sent to it");
    let berta = world.token("berta@example.org", Role::Customer).await;
    for _again in 0..7 {
        world.ask_for_address(&berta, NEW, PASSWORD).await;
    }
    let sent = world.emails().await.len();
    assert_eq!(world.ask_for_address(&mine, NEW, PASSWORD).await.status, 202);
    let emails = world.emails().await;
    assert!(matches!(emails[sent..], [AccountEmail::AddressCode { .. }]), "{emails:?}");
}

#[actix_rt::test]
async fn however_many_accounts_ask_an_address_gets_eighteen_emails_within_the_life_of_their_codes()
{
    let world = World::start().await;
    for no in 0..7 {
        let token = world.token(&format!("skier{no}@example.org"), Role::Customer).await;
        for _again in 0..3 {
            assert_eq!(world.ask_for_address(&token, NEW, PASSWORD).await.status, 202);
        }
    }
    assert_eq!(world.emails().await.len(), 18);
}
