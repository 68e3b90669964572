//! Opening an account.

use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};
use starjack_entity::{job, registration};

use super::{Answer, SECRET, World};
use crate::actors::auth::{Letter, LetterFacts, Role};
use crate::clock;
use crate::io::IoError;

fn wish(email: &str) -> Value {
    json!({"email": email, "password": "correct horse", "first_name": "Anna", "last_name": "Berg",
        "birth_date": "1990-05-01", "language": "de"})
}

impl World {
    async fn register(&self, wish: &Value) -> Answer {
        self.post("/api/v1/accounts", wish).await
    }

    async fn confirm(&self, email: &str, code: &str) -> Answer {
        self.post("/api/v1/accounts/confirmation", &json!({"email": email, "code": code})).await
    }

    /// The letters that were asked for, the oldest first.
    pub(super) async fn letters(&self) -> Vec<Letter> {
        let rows = self.io.read(|db| Box::pin(async { Ok::<_, IoError>(job::Entity::find().all(db).await?) })).await;
        let mut rows = rows.unwrap();
        rows.sort_by_key(|row| row.id);
        rows.iter()
            .map(|row| {
                assert_eq!(row.kind, "letter");
                assert!(!row.payload.contains('@') && !row.dedup_key.contains('@'), "{row:?}");
                serde_json::from_str(&row.payload).unwrap()
            })
            .collect()
    }

    pub(super) async fn read_letter(&self, letter: &Letter) -> Option<LetterFacts> {
        letter.facts(&self.io, SECRET, clock::now()).await.unwrap()
    }

    pub(super) async fn newest_code(&self) -> String {
        let letters = self.letters().await;
        self.read_letter(letters.last().unwrap()).await.unwrap().code.unwrap()
    }
}

pub(super) fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[actix_rt::test]
async fn an_account_is_opened_by_the_code_from_the_letter() {
    let world = World::start().await;
    let asked = world.register(&wish(" Anna@Example.org ")).await;
    assert_eq!((asked.status, &asked.body), (202, &json!({})));
    world.log_in("anna@example.org", "correct horse").await.expect_problem(401, "wrong-password");

    let letters = world.letters().await;
    let facts = world.read_letter(&letters[0]).await.unwrap();
    assert_eq!((facts.email.as_str(), facts.language.as_str()), ("anna@example.org", "de"));
    let code = facts.code.unwrap();
    let opened = world.confirm("ANNA@example.org", &code).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    assert_eq!(opened.body["email"], "anna@example.org");
    assert_eq!(opened.body["birth_date"], "1990-05-01");
    assert_eq!(opened.body["role"], "customer");
    assert_eq!(world.log_in("anna@EXAMPLE.org", "correct horse").await.status, 201);

    world.confirm("anna@example.org", &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.read_letter(&letters[0]).await, None, "the letter is not wanted any more");
}

#[actix_rt::test]
async fn a_known_address_gets_the_same_answer_and_another_letter() {
    let world = World::start().await;
    world.account("known@example.org", Role::Customer).await;
    let unknown = world.register(&wish("new@example.org")).await;
    let known = world.register(&wish("known@example.org")).await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));

    let letters = world.letters().await;
    assert!(matches!(letters[0], Letter::AccountCode { .. }) && matches!(letters[1], Letter::AccountExists { .. }));
    let hint = world.read_letter(&letters[1]).await.unwrap();
    assert_eq!((hint.email.as_str(), hint.code), ("known@example.org", None));
}

#[actix_rt::test]
async fn a_second_wish_for_a_known_address_keeps_nothing_about_anybody_and_changes_no_password() {
    let world = World::start().await;
    world.account("known@example.org", Role::Customer).await;
    let mut other = wish("known@example.org");
    other["password"] = "another password".into();
    world.register(&other).await;
    let rows = world.io.read(|db| Box::pin(async { Ok::<_, IoError>(registration::Entity::find().all(db).await?) }));
    let row = rows.await.unwrap().remove(0);
    assert_eq!((row.tries_left, row.first_name.as_str(), row.password_hash.as_str()), (0, "", ""));
    let code = crate::actors::auth::registration_code(SECRET, &row.email, row.expires_at.to_utc());
    world.confirm("known@example.org", &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.log_in("known@example.org", "correct horse").await.status, 201);
    world.log_in("known@example.org", "another password").await.expect_problem(401, "wrong-password");
}

#[actix_rt::test]
async fn after_five_wrong_codes_the_right_one_does_not_count_until_there_is_a_new_one() {
    let world = World::start().await;
    world.register(&wish("anna@example.org")).await;
    let code = world.newest_code().await;
    for _ in 0..5 {
        world.confirm("anna@example.org", other_than(&code)).await.expect_problem(422, "wrong-code");
    }
    world.confirm("anna@example.org", &code).await.expect_problem(422, "wrong-code");
    world.register(&wish("anna@example.org")).await;
    let code = world.newest_code().await;
    world.confirm("anna@example.org", other_than(&code)).await.expect_problem(422, "wrong-code");
    assert_eq!(world.confirm("anna@example.org", &code).await.status, 201);
}

#[actix_rt::test]
async fn of_two_wishes_only_the_newer_code_counts() {
    let world = World::start().await;
    world.register(&wish("anna@example.org")).await;
    let first = world.newest_code().await;
    world.register(&wish("anna@example.org")).await;
    let second = world.newest_code().await;
    let letters = world.letters().await;
    assert_eq!(world.read_letter(&letters[0]).await, None, "the older letter is not wanted any more");
    if first != second {
        world.confirm("anna@example.org", &first).await.expect_problem(422, "wrong-code");
    }
    assert_eq!(world.confirm("anna@example.org", &second).await.status, 201);
}

#[actix_rt::test]
async fn a_code_that_is_too_old_does_not_count_and_its_registration_is_forgotten() {
    let world = World::start().await;
    world.register(&wish("anna@example.org")).await;
    let code = world.newest_code().await;
    let letter = world.letters().await.remove(0);
    let past = clock::now() - chrono::TimeDelta::microseconds(1);
    let aged = world.io.write(move |tx| {
        Box::pin(async move {
            let aged = registration::Entity::update_many().col_expr(registration::Column::ExpiresAt, Expr::value(past));
            aged.exec(tx).await?;
            Ok::<_, IoError>(())
        })
    });
    aged.await.unwrap();
    world.confirm("anna@example.org", &code).await.expect_problem(422, "wrong-code");
    assert_eq!(world.read_letter(&letter).await, None);
    world.register(&wish("berta@example.org")).await;
    let rows = world.io.read(|db| Box::pin(async { Ok::<_, IoError>(registration::Entity::find().all(db).await?) }));
    let emails: Vec<_> = rows.await.unwrap().into_iter().map(|row| row.email).collect();
    assert_eq!(emails, ["berta@example.org"]);
}

#[actix_rt::test]
async fn one_code_typed_twice_at_once_opens_one_account() {
    let world = World::start().await;
    world.register(&wish("anna@example.org")).await;
    let code = world.newest_code().await;
    let confirm = || world.confirm("anna@example.org", &code);
    let (one, two, three) = futures_util::join!(confirm(), confirm(), confirm());
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422]);
}

#[actix_rt::test]
async fn nobody_is_sent_more_than_five_letters_in_a_row() {
    let world = World::start().await;
    for _ in 0..7 {
        assert_eq!(world.register(&wish("anna@example.org")).await.status, 202);
    }
    assert_eq!(world.letters().await.len(), 5);
    assert_eq!(world.register(&wish("berta@example.org")).await.status, 202);
    assert_eq!(world.letters().await.len(), 6);
}

#[actix_rt::test]
async fn values_that_are_not_acceptable_are_named() {
    let world = World::start().await;
    for (field, value) in [
        ("email", "no address"),
        ("password", "short"),
        ("first_name", "\u{200b}"),
        ("last_name", "Be\u{7}rg"),
        ("birth_date", "2999-01-01"),
    ] {
        let mut wish = wish("anna@example.org");
        wish[field] = value.into();
        let refused = world.register(&wish).await;
        refused.expect_problem(422, "invalid");
        assert!(refused.body["detail"].as_str().unwrap().contains(field), "{refused:?}");
        assert!(!refused.body["detail"].as_str().unwrap().contains(value), "{refused:?}");
    }
    for (field, value) in [("language", json!("fr")), ("birth_date", json!("1.5.1990")), ("role", json!("admin"))] {
        let mut wish = wish("anna@example.org");
        wish[field] = value;
        world.register(&wish).await.expect_problem(422, "invalid");
    }
    assert!(world.letters().await.is_empty());
}
