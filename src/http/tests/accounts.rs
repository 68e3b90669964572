//! Opening an account.

use std::net::IpAddr;

use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};
use starjack_entity::{account, job, registration};

use super::{Answer, SECRET, World, answer};
use crate::actors::auth::{AccountEmail, EMAIL_JOB, EmailFacts, NOTICE_JOB, Role};
use crate::clock;
use crate::io::IoError;
use crate::network::Networks;

const ANNA: &str = "anna@example.org";

/// What somebody brings with the code.
fn application(email: &str, code: &str) -> Value {
    json!({"email": email, "code": code, "password": "correct horse", "first_name": "Anna", "last_name": "Berg",
        "birth_date": "1990-05-01", "language": "de"})
}

impl World {
    pub(super) async fn behind_a_proxy() -> Self {
        Self::with(|state| state.face.trusted_proxies = Networks::parse(["127.0.0.1/32"]).unwrap())
            .await
    }

    /// A call of somebody at this address, where the proxy is trusted.
    pub(super) async fn post_from(&self, from: &str, path: &str, body: &Value) -> Answer {
        let from: IpAddr = from.parse().unwrap();
        answer(self.call("POST", path).header("x-forwarded-for", from.to_string()).json(body)).await
    }

    async fn register(&self, email: &str) -> Answer {
        self.post("/api/v1/accounts", &json!({"email": email, "language": "de"})).await
    }

    async fn confirm(&self, email: &str, code: &str) -> Answer {
        self.confirm_as(&application(email, code)).await
    }

    async fn confirm_as(&self, application: &Value) -> Answer {
        self.post("/api/v1/accounts/confirmation", application).await
    }

    async fn accounts(&self) -> Vec<account::Model> {
        let read = self.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(account::Entity::find().all(db).await?) })
        });
        read.await.unwrap()
    }

    /// The e-mails that were asked for, the oldest first.
    pub(super) async fn emails(&self) -> Vec<AccountEmail> {
        let rows = self
            .io
            .read(|db| Box::pin(async { Ok::<_, IoError>(job::Entity::find().all(db).await?) }))
            .await;
        let mut rows = rows.unwrap();
        rows.sort_by_key(|row| row.id);
        rows.iter()
            .map(|row| {
                assert!(row.kind == EMAIL_JOB || row.kind == NOTICE_JOB, "{row:?}");
                assert!(!row.payload.contains('@') && !row.dedup_key.contains('@'), "{row:?}");
                serde_json::from_str(&row.payload).unwrap()
            })
            .collect()
    }

    pub(super) async fn read_email(&self, mail: &AccountEmail) -> Option<EmailFacts> {
        mail.facts(&self.io, SECRET, clock::now()).await.unwrap()
    }

    pub(super) async fn newest_code(&self) -> String {
        let emails = self.emails().await;
        self.read_email(emails.last().unwrap()).await.unwrap().code.unwrap()
    }
}

/// Another code that looks like one.
pub(super) fn other_than(code: &str) -> String {
    let last = if code.ends_with('7') { '8' } else { '7' };
    format!("{}{last}", &code[..code.len() - 1])
}

#[actix_rt::test]
async fn an_account_is_opened_by_the_code_from_the_email() {
    let world = World::start().await;
    let asked = world.register(" Anna@Example.org ").await;
    assert_eq!((asked.status, &asked.body), (202, &json!({})));
    let emails = world.emails().await;
    let facts = world.read_email(&emails[0]).await.unwrap();
    assert_eq!((facts.email.as_str(), facts.language.as_str(), facts.names), (ANNA, "de", None));
    let code = facts.code.unwrap();
    let opened = world.confirm("ANNA@example.org", &code).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    assert_eq!(opened.body["email"], ANNA);
    assert_eq!(opened.body["birth_date"], "1990-05-01");
    assert_eq!(opened.body["role"], "customer");
    assert_eq!(world.log_in("anna@EXAMPLE.org", "correct horse").await.status, 201);

    world.confirm(ANNA, &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.read_email(&emails[0]).await, None, "the letter is not wanted any more");
}

#[actix_rt::test]
async fn nothing_of_a_stranger_who_asks_for_the_same_address_is_in_the_account() {
    let world = World::behind_a_proxy().await;
    let request = json!({"email": ANNA});
    world.post_from("192.0.2.7", "/api/v1/accounts", &request).await;
    let annas = world.newest_code().await;
    let mut bold = request.clone();
    bold["password"] = "attackers password".into();
    world.post_from("198.51.100.7", "/api/v1/accounts", &bold).await.expect_problem(422, "invalid");
    world.post_from("198.51.100.7", "/api/v1/accounts", &request).await;
    let strangers = world.newest_code().await;
    for code in [&strangers, &annas] {
        let mut stranger = application(ANNA, &other_than(code));
        stranger["password"] = "attackers password".into();
        let path = "/api/v1/accounts/confirmation";
        world.post_from("198.51.100.7", path, &stranger).await.expect_problem(422, "wrong-code");
    }
    // whichever of the two emails the owner reads
    assert_eq!(world.confirm(ANNA, &strangers).await.status, 201);
    let account = world.accounts().await.remove(0);
    assert_eq!((account.first_name.as_str(), account.last_name.as_str()), ("Anna", "Berg"));
    assert_eq!(world.log_in(ANNA, "correct horse").await.status, 201);
    world.log_in(ANNA, "attackers password").await.expect_problem(401, "wrong-password");
    world.confirm(ANNA, &annas).await.expect_problem(422, "wrong-code");
}

#[actix_rt::test]
async fn no_number_of_requests_or_wrong_codes_of_others_makes_a_code_void() {
    let world = World::behind_a_proxy().await;
    let request = json!({"email": ANNA});
    world.post_from("192.0.2.7", "/api/v1/accounts", &request).await;
    let code = world.newest_code().await;
    for no in 0..30 {
        let stranger = format!("198.51.{no}.1");
        assert_eq!(world.post_from(&stranger, "/api/v1/accounts", &request).await.status, 202);
        let wrong = application(ANNA, &other_than(&code));
        let path = "/api/v1/accounts/confirmation";
        world.post_from(&stranger, path, &wrong).await.expect_problem(422, "wrong-code");
    }
    assert!(world.emails().await.len() <= 6, "an address is sent few e-mails, whoever asks");
    let path = "/api/v1/accounts/confirmation";
    assert_eq!(world.post_from("192.0.2.7", path, &application(ANNA, &code)).await.status, 201);
}

#[actix_rt::test]
async fn an_owner_is_sent_an_email_although_a_stranger_has_had_all_of_his() {
    let world = World::behind_a_proxy().await;
    let request = json!({"email": ANNA});
    for _ in 0..7 {
        assert_eq!(world.post_from("198.51.100.7", "/api/v1/accounts", &request).await.status, 202);
    }
    assert_eq!(world.emails().await.len(), 3);
    assert_eq!(world.post_from("192.0.2.7", "/api/v1/accounts", &request).await.status, 202);
    assert_eq!(world.emails().await.len(), 4);
    assert_eq!(world.confirm(ANNA, &world.newest_code().await).await.status, 201);
}

#[actix_rt::test]
async fn one_network_has_emails_sent_to_few_addresses_and_tries_few_codes() {
    let world = World::behind_a_proxy().await;
    let path = "/api/v1/accounts";
    let confirmation = "/api/v1/accounts/confirmation";
    let mut statuses = Vec::new();
    for no in 0..60 {
        let email = format!("guest{no}@example.org");
        statuses.push(world.post_from("198.51.100.7", path, &json!({"email": email})).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 40, "{statuses:?}");
    assert!(statuses[40..].iter().all(|status| *status == 429));
    assert_eq!(world.post_from("192.0.2.7", path, &json!({"email": ANNA})).await.status, 202);
    let wrong = application(ANNA, "7ZQ4M-0K3XD");
    for no in 0..130 {
        let network = format!("2001:db8:7:{no}::1");
        let expected = if no < 120 { 422 } else { 429 };
        assert_eq!(
            world.post_from(&network, confirmation, &wrong).await.status,
            expected,
            "{no}: one site"
        );
    }
    let code = world.newest_code().await;
    assert_eq!(
        world.post_from("192.0.2.7", confirmation, &application(ANNA, &code)).await.status,
        201
    );
}

#[actix_rt::test]
async fn a_known_address_gets_the_same_answer_and_another_email() {
    let world = World::start().await;
    world.account("known@example.org", Role::Customer).await;
    let unknown = world.register("new@example.org").await;
    let known = world.register("known@example.org").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let names =
        |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));

    let emails = world.emails().await;
    assert!(
        matches!(emails[0], AccountEmail::AccountCode { .. })
            && matches!(emails[1], AccountEmail::AccountExists { .. })
    );
    let hint = world.read_email(&emails[1]).await.unwrap();
    assert_eq!((hint.email.as_str(), hint.code), ("known@example.org", None));
    let mut wrong = world.confirm("known@example.org", "7ZQ4M-0K3XD").await;
    let mut nobody = world.confirm("new@example.org", "7ZQ4M-0K3XD").await;
    for answer in [&mut wrong, &mut nobody] {
        answer.expect_problem(422, "wrong-code");
        answer.body["instance"] = Value::Null;
    }
    assert_eq!(wrong.body, nobody.body);
}

#[actix_rt::test]
async fn a_wrong_code_costs_a_known_and_an_unknown_address_no_commit() {
    let world = World::start().await;
    world.account("known@example.org", Role::Customer).await;
    world.register("new@example.org").await;
    let before = world.io.commits();
    for email in ["known@example.org", "new@example.org", "nobody@example.org"] {
        world.confirm(email, "7ZQ4M-0K3XD").await.expect_problem(422, "wrong-code");
        let reset = json!({"email": email, "code": "7ZQ4M-0K3XD", "password": "battery staple"});
        world
            .post("/api/v1/accounts/password-reset/confirmation", &reset)
            .await
            .expect_problem(422, "wrong-code");
    }
    world
        .post("/api/v1/sessions/refresh", &json!({"refresh_token": "nonsense"}))
        .await
        .expect_problem(401, "session-over");
    assert_eq!(world.io.commits(), before);
}

#[actix_rt::test]
async fn a_code_is_taken_as_people_copy_it_and_what_looks_like_none_is_not_tried() {
    let world = World::start().await;
    world.register(ANNA).await;
    let code = world.newest_code().await;
    for _ in 0..50 {
        let refused = world.confirm(ANNA, "123 456").await;
        refused.expect_problem(422, "invalid");
        assert!(refused.body["detail"].as_str().unwrap().contains("`code`"), "{refused:?}");
    }
    let copied =
        format!("\u{feff} {} \u{200b}", code.to_lowercase().replace('-', " ").replace('0', "o"));
    assert_eq!(world.confirm(ANNA, &copied).await.status, 201);
}

#[actix_rt::test]
async fn a_code_that_is_too_old_does_not_count_and_its_wish_is_forgotten() {
    let world = World::start().await;
    world.register(ANNA).await;
    let mail = world.emails().await.remove(0);
    let past = clock::now() - chrono::TimeDelta::minutes(1);
    let aged = world.io.write(move |tx| {
        Box::pin(async move {
            let aged = registration::Entity::update_many()
                .col_expr(registration::Column::ExpiresAt, Expr::value(past));
            aged.exec(tx).await?;
            Ok::<_, IoError>(())
        })
    });
    aged.await.unwrap();
    assert_eq!(world.read_email(&mail).await, None);
    world.register("berta@example.org").await;
    let rows = world.io.read(|db| {
        Box::pin(async { Ok::<_, IoError>(registration::Entity::find().all(db).await?) })
    });
    let emails: Vec<_> = rows.await.unwrap().into_iter().map(|row| row.email).collect();
    assert_eq!(emails, ["berta@example.org"]);
}

#[actix_rt::test]
async fn one_code_typed_twice_at_once_opens_one_account() {
    let world = World::start().await;
    world.register(ANNA).await;
    let code = world.newest_code().await;
    let confirm = || world.confirm(ANNA, &code);
    let (one, two, three) = futures_util::join!(confirm(), confirm(), confirm());
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422]);
}

#[actix_rt::test]
async fn values_that_are_not_acceptable_are_named_and_the_code_goes_on_counting() {
    let world = World::start().await;
    world.register(ANNA).await;
    let code = world.newest_code().await;
    for (field, value) in [
        ("email", "no address"),
        ("password", "short"),
        ("first_name", "\u{200b}"),
        ("password", "          "),
        ("password", "1234567890"),
        ("password", "Password123"),
        ("password", "qwertzuiop"),
        ("password", "aaaaaaaaaa"),
        ("password", ANNA),
        ("password", "snowshop2026"),
        ("last_name", "Be\u{7}rg"),
        ("birth_date", "2999-01-01"),
    ] {
        let mut application = application(ANNA, &code);
        application[field] = value.into();
        let refused = world.confirm_as(&application).await;
        refused.expect_problem(422, "invalid");
        assert!(refused.body["detail"].as_str().unwrap().contains(field), "{refused:?}");
        assert!(
            !refused.body["detail"].as_str().unwrap().contains(value.trim())
                || value.trim().is_empty()
        );
    }
    for (field, value) in
        [("language", json!("fr")), ("birth_date", json!("1.5.1990")), ("role", json!("admin"))]
    {
        let mut application = application(ANNA, &code);
        application[field] = value;
        world.confirm_as(&application).await.expect_problem(422, "invalid");
    }
    assert!(world.accounts().await.is_empty());
    assert_eq!(world.confirm(ANNA, &code).await.status, 201);
    world.register("no address").await.expect_problem(422, "invalid");
}

#[actix_rt::test]
async fn an_address_that_is_sent_no_more_spares_nobody_his_own_limit() {
    let world = World::behind_a_proxy().await;
    let mut statuses = Vec::new();
    for _again in 0..50 {
        let asked = json!({ "email": ANNA });
        statuses.push(world.post_from("198.51.100.7", "/api/v1/accounts", &asked).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 40, "{statuses:?}");
    assert_eq!(world.emails().await.len(), 3);
}
