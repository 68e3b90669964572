//! What customers may do with what is theirs: take it along, and leave.

use chrono::{Days, TimeDelta};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use starjack_entity::{
    account, address_change, card, idempotency, known_network, order_event, order_line, orders,
    registration, session,
};
use uuid::Uuid;

use super::orders::{Skier, id_of};
use super::{Answer, World, answer};
use crate::actors::auth::{AccountEmail, Role};
use crate::actors::customer::{KEEP_HOLDERS, erase_old};
use crate::actors::order::rules::lifecycle::{LineState, OrderState};
use crate::clock;
use crate::io::IoError;

const ANNA: &str = "anna@example.org";
const PASSWORD: &str = "correct horse";

impl World {
    async fn delete(&self, token: &str, password: &str) -> Answer {
        let body = json!({ "password": password });
        answer(self.call("DELETE", "/api/v1/accounts/me").bearer_auth(token).json(&body)).await
    }

    async fn export(&self, token: &str) -> Answer {
        self.get("/api/v1/accounts/me/export", token).await
    }

    /// Every row of every table that may know a person, as text.
    async fn rows(&self) -> String {
        let read = self.io.read(|db| {
            Box::pin(async move {
                let rows = format!(
                    "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                    account::Entity::find().all(db).await?,
                    address_change::Entity::find().all(db).await?,
                    card::Entity::find().all(db).await?,
                    idempotency::Entity::find().all(db).await?,
                    known_network::Entity::find().all(db).await?,
                    order_event::Entity::find().all(db).await?,
                    order_line::Entity::find().all(db).await?,
                    orders::Entity::find().all(db).await?,
                    registration::Entity::find().all(db).await?,
                    session::Entity::find()
                        .filter(session::Column::RevokedAt.is_null())
                        .all(db)
                        .await?,
                );
                Ok::<_, IoError>(rows)
            })
        });
        read.await.unwrap()
    }

    /// Ends an order, as its driver would have.
    async fn end(&self, id: Uuid, state: OrderState) {
        self.change(id, |order| {
            (order.state, order.next_at) = (state, None);
            order.lines.iter_mut().for_each(|line| {
                line.open = None;
                line.state = if state == OrderState::Finished {
                    LineState::Issued
                } else {
                    LineState::Refused
                };
            });
        })
        .await;
    }

    async fn skier_with_order(&self) -> (Skier, Uuid) {
        let skier = self.skier(ANNA).await;
        let placed = self.order(&skier, "key-1").await;
        (skier, id_of(&placed))
    }
}

#[actix_rt::test]
async fn an_account_is_deleted_with_all_that_nobody_needs_and_its_address_opens_another() {
    let world = World::start().await;
    let (skier, id) = world.skier_with_order().await;
    let person = json!({ "first_name": "Annabella", "last_name": "Bergsteiger", "birth_date": "1987-06-05" });
    answer(world.call("PATCH", "/api/v1/accounts/me").bearer_auth(&skier.token).json(&person))
        .await;
    let session = world.log_in(ANNA, PASSWORD).await.body;
    world.end(id, OrderState::Finished).await;
    world.delete(&skier.token, "wrong horse").await.expect_problem(422, "wrong-old-password");
    assert!(
        world.rows().await.contains("Annabella") && world.emails().await.is_empty(),
        "nothing was changed"
    );
    let gone = world.delete(&skier.token, PASSWORD).await;
    assert_eq!((gone.status, gone.body), (204, Value::Null));

    let access = session["access_token"].as_str().unwrap();
    for token in [skier.token.as_str(), access] {
        world.get("/api/v1/accounts/me", token).await.expect_problem(401, "unauthenticated");
    }
    world.log_in(ANNA, PASSWORD).await.expect_problem(401, "wrong-password");
    world.log_in(&format!("erased:{id}"), PASSWORD).await.expect_problem(401, "wrong-password");
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    world.post("/api/v1/sessions/refresh", &refresh).await.expect_problem(401, "session-over");
    let emails = world.emails().await;
    assert!(matches!(emails.as_slice(), [AccountEmail::AccountDeleted { .. }]), "{emails:?}");
    let farewell = world.read_email(&emails[0]).await.unwrap();
    assert_eq!((farewell.email.as_str(), farewell.names), (ANNA, None));
    let rows = world.rows().await;
    for erased in ["Annabella", "Bergsteiger", "1987-06-05", "\"mine\"", "key-1", "network_hash"] {
        assert!(!rows.contains(erased), "{erased} in {rows}");
    }
    assert_eq!(rows.matches(ANNA).count(), 1, "for the farewell alone: {rows}");
    assert!(rows.contains(&format!("{id}")), "the order stays");

    world.account(ANNA, Role::Customer).await;
    let anew = world.log_in(ANNA, PASSWORD).await.body["access_token"].as_str().unwrap().to_owned();
    let orders = world.get("/api/v1/orders", &anew).await;
    assert_eq!(
        orders.body["items"],
        json!([]),
        "who has the address now has nothing of the former account"
    );
}

#[actix_rt::test]
async fn an_account_with_an_open_order_stays_and_is_told_which() {
    let world = World::start().await;
    let (skier, id) = world.skier_with_order().await;
    let number =
        world.get(&format!("/api/v1/orders/{id}"), &skier.token).await.body["number"].clone();
    let refused = world.delete(&skier.token, PASSWORD).await;
    refused.expect_problem(409, "orders-open");
    assert!(
        refused.body["detail"].as_str().unwrap().contains(number.as_str().unwrap()),
        "{refused:?}"
    );
    // it has ended, and something is still to be asked
    world.end(id, OrderState::Rejected).await;
    world.change(id, |order| order.next_at = Some(clock::now() + TimeDelta::hours(1))).await;
    world.delete(&skier.token, PASSWORD).await.expect_problem(409, "orders-open");
    world.end(id, OrderState::Rejected).await;
    assert_eq!(world.delete(&skier.token, PASSWORD).await.status, 204);
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    world.delete(&clerk, PASSWORD).await.expect_problem(403, "forbidden");
}

#[actix_rt::test]
async fn of_an_order_that_is_placed_while_its_account_is_deleted_one_is_refused() {
    let world = World::start().await;
    let skier = world.skier(ANNA).await;
    let line = world.line(&skier, 0, super::orders::ADULT).await;
    let order = json!({ "lines": [line] });
    let (placed, deleted) = futures_util::join!(
        world.place(&skier, "key-1", &order),
        world.delete(&skier.token, PASSWORD)
    );
    assert!((placed.status == 202) != (deleted.status == 204), "{placed:?} {deleted:?}");
}

#[actix_rt::test]
async fn holders_are_forgotten_90_days_after_their_last_day_and_those_of_nothing_90_days_after_the_end()
 {
    let world = World::start().await;
    let skier = world.skier(ANNA).await;
    let [finished, rejected] = ["key-1", "key-2"];
    let line = world.line(&skier, 1, super::orders::ADULT).await;
    let kept = id_of(&world.order(&skier, finished).await);
    let nothing = id_of(&world.place(&skier, rejected, &json!({ "lines": [line] })).await);
    world.end(kept, OrderState::Finished).await;
    world.end(nothing, OrderState::Rejected).await;
    let holder = async |id: Uuid| {
        let order = world.get(&format!("/api/v1/orders/{id}"), &skier.token).await;
        order.body["lines"][0]["holder"].clone()
    };
    let anna = holder(kept).await;
    assert_eq!((&anna["first_name"], &anna["birth_date"]), (&json!("Anna"), &json!("1990-05-01")));
    let none = json!({ "first_name": "", "last_name": "", "birth_date": "1900-01-01" });
    let ended = clock::now() + KEEP_HOLDERS;
    assert_eq!(erase_old(&world.io, ended - TimeDelta::hours(1), None).await.unwrap(), 0);
    assert_eq!(erase_old(&world.io, ended + TimeDelta::hours(1), None).await.unwrap(), 1);
    assert_eq!((holder(kept).await, holder(nothing).await), (anna, none.clone()));
    assert_eq!(erase_old(&world.io, ended + Days::new(4), None).await.unwrap(), 1);
    assert_eq!(holder(kept).await, none);
    assert_eq!(erase_old(&world.io, ended + Days::new(4), None).await.unwrap(), 0, "once");
}

#[actix_rt::test]
async fn the_holders_of_an_open_order_and_reasons_of_returns_are_kept_as_long_as_they_are_needed() {
    let world = World::start().await;
    let (_skier, id) = world.skier_with_order().await;
    let asked = Expr::value("line_1_return_asked: broken leg");
    world
        .io
        .write(|tx| {
            Box::pin(async move {
                let said =
                    order_event::Entity::update_many().col_expr(order_event::Column::Detail, asked);
                said.exec(tx).await?;
                Ok::<_, IoError>(())
            })
        })
        .await
        .unwrap();
    let late = clock::now() + Days::new(400);
    assert_eq!(erase_old(&world.io, late, None).await.unwrap(), 0, "the order is not over");
    world.end(id, OrderState::Finished).await;
    assert_eq!(erase_old(&world.io, late, None).await.unwrap(), 2);
    let rows = world.rows().await;
    assert!(rows.contains("line_1_return_asked") && !rows.contains("broken leg"), "{rows}");
}

#[actix_rt::test]
async fn an_export_holds_all_of_ones_own_and_nothing_of_others() {
    let world = World::start().await;
    let (skier, id) = world.skier_with_order().await;
    let other = world.skier("berta@example.org").await;
    let mut line = world.line(&other, 1, super::orders::ADULT).await;
    line["holder"]["first_name"] = json!("Berta");
    assert_eq!(world.place(&other, "key-1", &json!({ "lines": [line] })).await.status, 202);
    let export = world.export(&skier.token).await;
    assert_eq!(export.status, 200, "{export:?}");
    assert_eq!(export.headers["content-disposition"], "attachment; filename=\"starjack.json\"");
    let all = &export.body;
    assert_eq!(
        (&all["account"]["email"], all["cards"].as_array().unwrap().len()),
        (&json!(ANNA), 2)
    );
    assert_eq!((&all["orders"][0]["id"], all["orders"].as_array().unwrap().len()), (&json!(id), 1));
    assert_eq!(all["orders"][0]["lines"][0]["holder"]["first_name"], "Anna");
    assert_eq!((all["sessions"].as_array().unwrap().len(), &all["invoices"]), (1, &json!([])));
    let text = all.to_string();
    for secret in ["berta", "Berta", "argon2", "password_hash", "secret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let again = world.export(&skier.token).await;
    again.expect_problem(429, "too-many-requests");
    assert!(again.headers.contains_key("retry-after"));
    assert_eq!(world.export(&other.token).await.status, 200, "each account has a limit of its own");
    answer(world.call("GET", "/api/v1/accounts/me/export"))
        .await
        .expect_problem(401, "unauthenticated");
}

#[actix_rt::test]
async fn an_export_tells_of_the_emails_that_were_sent() {
    let world = World::start().await;
    let skier = world.skier(ANNA).await;
    let asked = json!({ "email": "anna@example.com", "password": PASSWORD });
    answer(world.call("POST", "/api/v1/accounts/me/email").bearer_auth(&skier.token).json(&asked))
        .await;
    let code = world.newest_code().await;
    let confirmed = json!({ "code": code });
    let confirm =
        world.call("POST", "/api/v1/accounts/me/email/confirmation").bearer_auth(&skier.token);
    assert_eq!(answer(confirm.json(&confirmed)).await.status, 200);
    let old = json!({ "old_password": PASSWORD, "new_password": "battery staple" });
    answer(world.call("PUT", "/api/v1/accounts/me/password").bearer_auth(&skier.token).json(&old))
        .await;
    let all = world.export(&skier.token).await.body;
    let emails: Vec<_> =
        all["emails"].as_array().unwrap().iter().map(|email| email["email"].clone()).collect();
    assert_eq!(emails, ["address_code", "address_changed", "password_changed"]);
    assert_eq!(all["address_changes"][0]["from"], ANNA);
}

#[actix_rt::test]
async fn an_export_does_not_tell_whether_others_have_an_address_that_one_asked_for() {
    let world = World::start().await;
    world.account("berta@example.org", Role::Customer).await;
    let mut exports = Vec::new();
    for (owner, wanted) in [(ANNA, "nobody@example.org"), ("carl@example.org", "berta@example.org")]
    {
        let token = world.token(owner, Role::Customer).await;
        let asked = json!({ "email": wanted, "password": PASSWORD });
        let answer = answer(
            world.call("POST", "/api/v1/accounts/me/email").bearer_auth(&token).json(&asked),
        )
        .await;
        assert_eq!(answer.status, 202);
        let all = world.export(&token).await.body;
        exports.push((all["emails"].clone(), all["address_changes"].as_array().unwrap().len()));
    }
    assert_eq!(exports[0], exports[1]);
    assert_eq!(exports[0].1, 1, "what was asked for is told");
}

#[actix_rt::test]
async fn an_address_that_was_said_with_an_order_goes_with_its_account() {
    let world = World::start().await;
    let skier = world.skier(ANNA).await;
    let address = json!({ "street": "Enzianweg 7", "postal_code": "6450", "city": "Sölden", "country": "AT" });
    answer(
        world.call("PUT", "/api/v1/accounts/me/billing").bearer_auth(&skier.token).json(&address),
    )
    .await;
    let id = id_of(&world.order(&skier, "key-1").await);
    world.end(id, OrderState::Rejected).await;
    assert_eq!(
        world.rows().await.matches("Enzianweg").count(),
        2,
        "of the account and of the order"
    );
    assert_eq!(world.delete(&skier.token, PASSWORD).await.status, 204);
    assert!(!world.rows().await.contains("Enzianweg"));
}
