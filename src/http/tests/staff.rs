//! Accounts that staff ends, and what staff reads of customers.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use starjack_entity::{account, audit};
use uuid::Uuid;

use super::{Answer, World, answer};
use crate::actors::auth::Role;
use crate::clock;
use crate::io::IoError;

const ADA: &str = "ada@example.org";
const ANNA: &str = "anna@example.org";

impl World {
    async fn standing(&self, token: &str, account: &str, change: &str, reason: &Value) -> Answer {
        let call =
            self.call("POST", &format!("/api/v1/admin/accounts/{account}/standing/{change}"));
        answer(call.bearer_auth(token).json(&json!({"reason": reason}))).await
    }

    async fn found_account(&self, token: &str, email: &str) -> Answer {
        let call = self.call("POST", "/api/v1/admin/account-search").bearer_auth(token);
        answer(call.json(&json!({"email": email}))).await
    }

    async fn id_of_account(&self, token: &str, email: &str) -> String {
        let found = self.found_account(token, email).await;
        assert_eq!(found.status, 200, "{found:?}");
        found.body["id"].as_str().unwrap().to_owned()
    }

    async fn audit_rows(&self) -> Vec<audit::Model> {
        let read = self
            .io
            .read(|db| Box::pin(async { Ok::<_, IoError>(audit::Entity::find().all(db).await?) }));
        let mut rows = read.await.unwrap();
        rows.sort_by_key(|row| row.id);
        rows
    }
}

#[actix_rt::test]
async fn an_account_that_staff_disables_is_out_at_once_with_the_reason_written_down() {
    let world = World::start().await;
    let ada = world.token(ADA, Role::Admin).await;
    let anna = world.token(ANNA, Role::Customer).await;
    let id = world.id_of_account(&ada, " Anna@Example.org").await;
    world.standing(&ada, &id, "disable", &json!(" ")).await.expect_problem(422, "invalid");
    world.standing(&anna, &id, "disable", &json!("mine")).await.expect_problem(403, "forbidden");
    assert_eq!(world.get("/api/v1/accounts/me", &anna).await.status, 200);

    let disabled = world.standing(&ada, &id, "disable", &json!("reported as stolen")).await;
    assert_eq!(
        (disabled.status, disabled.body["disabled_at"].is_string()),
        (200, true),
        "{disabled:?}"
    );
    world.get("/api/v1/accounts/me", &anna).await.expect_problem(401, "unauthenticated");
    world.log_in(ANNA, "correct horse").await.expect_problem(403, "account-disabled");
    world.log_in(ANNA, "wrong horse").await.expect_problem(401, "wrong-password");
    let audit_entries = world.get(&format!("/api/v1/admin/audit?subject={id}"), &ada).await;
    let entry = &audit_entries.body["items"][0];
    assert_eq!(
        (&entry["action"], &entry["reason"]),
        (&json!("account.disable"), &json!("reported as stolen"))
    );
    assert_eq!(entry["request_id"], disabled.headers["x-request-id"].to_str().unwrap());

    let enabled = world.standing(&ada, &id, "enable", &json!("it was found")).await;
    assert_eq!(enabled.body["disabled_at"], Value::Null);
    assert_eq!(world.log_in(ANNA, "correct horse").await.status, 201);
    world.standing(&ada, &id, "destroy", &json!("x")).await.expect_problem(404, "not-found");
    let nobody = Uuid::nil().to_string();
    world.standing(&ada, &nobody, "disable", &json!("x")).await.expect_problem(404, "not-found");
}

#[actix_rt::test]
async fn the_role_is_given_and_taken_and_the_last_admin_keeps_it() {
    let world = World::start().await;
    let ada = world.token(ADA, Role::Admin).await;
    let anna = world.token(ANNA, Role::Customer).await;
    let own = world.id_of_account(&ada, ADA).await;
    let id = world.id_of_account(&ada, ANNA).await;
    for change in ["disable", "revoke-admin"] {
        world
            .standing(&ada, &own, change, &json!("holidays"))
            .await
            .expect_problem(409, "last-admin");
    }
    let given = world.standing(&ada, &id, "grant-admin", &json!("she runs the shop too")).await;
    assert_eq!(given.body["role"], "admin");
    world.get("/api/v1/accounts/me", &anna).await.expect_problem(401, "unauthenticated");
    let anna =
        world.log_in(ANNA, "correct horse").await.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        world.get("/api/v1/admin/accounts", &anna).await.body["items"].as_array().unwrap().len(),
        2
    );
    let taken = world.standing(&ada, &id, "revoke-admin", &json!("she left")).await;
    assert_eq!(taken.body["role"], "customer");
    world.get("/api/v1/admin/accounts", &anna).await.expect_problem(401, "unauthenticated");
    let refused = world
        .audit_rows()
        .await
        .into_iter()
        .filter(|row| row.reason.as_deref() == Some("holidays"));
    assert_eq!(refused.count(), 0, "what was refused is no entry");
}

#[actix_rt::test]
async fn staff_sees_an_accounts_sessions_and_ends_one() {
    let world = World::behind_a_proxy().await;
    let ada = world.token(ADA, Role::Admin).await;
    world.account(ANNA, Role::Customer).await;
    let log_in = json!({"email": ANNA, "password": "correct horse"});
    let home = world.post_from("192.0.2.77", "/api/v1/sessions", &log_in).await;
    let cafe = world.post_from("2001:db8:7:1::1", "/api/v1/sessions", &log_in).await;
    let id = world.id_of_account(&ada, ANNA).await;
    let path = format!("/api/v1/admin/accounts/{id}/sessions");
    let listed = world.get(&path, &ada).await;
    let items = listed.body["items"].as_array().unwrap();
    let networks: Vec<_> = items.iter().map(|item| item["network"].as_str().unwrap()).collect();
    assert_eq!(networks, ["2001:db8:7::/48", "192.0.2.0/24"], "masked");
    assert!(
        items.iter().all(|item| item["used_at"] == item["opened_at"] && item["is_this"] == false),
        "{items:?}"
    );

    let end = async |session: &str, reason: &str| {
        let call = world.call("POST", &format!("{path}/{session}/end")).bearer_auth(&ada);
        answer(call.json(&json!({"reason": reason}))).await
    };
    let stolen = items[0]["id"].as_str().unwrap();
    end(stolen, "").await.expect_problem(422, "invalid");
    end(&id, "not hers").await.expect_problem(404, "not-found");
    for _time in ["first", "again"] {
        assert_eq!(end(stolen, "she left it open").await.status, 204);
    }
    let me = |session: &Answer| session.body["access_token"].as_str().unwrap().to_owned();
    world.get("/api/v1/accounts/me", &me(&cafe)).await.expect_problem(401, "unauthenticated");
    assert_eq!(world.get("/api/v1/accounts/me", &me(&home)).await.status, 200);
    let elsewhere = json!({"refresh_token": home.body["refresh_token"]});
    world.post_from("198.51.100.9", "/api/v1/sessions/refresh", &elsewhere).await;
    let left = world.get("/api/v1/accounts/me/sessions", &me(&home)).await;
    let left = &left.body["items"][0];
    assert_eq!((&left["network"], &left["is_this"]), (&json!("198.51.100.0/24"), &json!(true)));
    assert_ne!(left["used_at"], left["opened_at"]);
}

#[actix_rt::test]
async fn whatever_staff_reads_of_a_customer_is_one_row_without_anything_of_the_customer() {
    let world = World::start().await;
    let skier = world.skier(ANNA).await;
    let order = world.order(&skier, "key-1").await.body["id"].as_str().unwrap().to_owned();
    let ada = world.token(ADA, Role::Admin).await;
    let anna = world.id_of_account(&ada, ANNA).await;
    let before = world.audit_rows().await.len();
    let order_as_customer = format!("/api/v1/orders/{order}");
    let gets = [
        (order_as_customer.clone(), "order.read", order.as_str()),
        (format!("/api/v1/admin/orders/{order}"), "order.read", &order),
        ("/api/v1/admin/orders?state=stuck".to_owned(), "orders.read", "stuck orders"),
        ("/api/v1/admin/owed".to_owned(), "owed.read", "owed"),
        ("/api/v1/admin/cases?state=open".to_owned(), "cases.read", "cases"),
        (format!("/api/v1/admin/accounts/{anna}/sessions"), "sessions.read", &anna),
        ("/api/v1/admin/accounts".to_owned(), "accounts.read", "admins"),
    ];
    for (no, (path, action, subject)) in gets.into_iter().enumerate() {
        let read = answer(
            world.call("GET", &path).bearer_auth(&ada).header("x-request-id", "the-clients"),
        )
        .await;
        assert_eq!(read.status, 200, "{path}: {read:?}");
        let rows = world.audit_rows().await;
        assert_eq!(rows.len(), before + no + 1, "{path}");
        let row = rows.last().unwrap();
        assert_eq!((row.action.as_str(), row.subject.as_str()), (action, subject), "{path}");
        assert_eq!(row.request_id.as_deref(), read.headers["x-request-id"].to_str().ok(), "{path}");
    }
    let csv = world.call("GET", "/api/v1/admin/owed.csv").bearer_auth(&ada).send().await.unwrap();
    assert_eq!(csv.status(), 200);
    world.found_account(&ada, "nobody@example.org").await.expect_problem(404, "not-found");
    world.found_account(&ada, ANNA).await;
    let newest: Vec<_> = world
        .audit_rows()
        .await
        .into_iter()
        .rev()
        .take(3)
        .map(|row| (row.action, row.subject))
        .collect();
    let row = |action: &str, subject: &str| (action.to_owned(), subject.to_owned());
    assert_eq!(
        newest,
        [row("account.read", &anna), row("account.read", "nobody"), row("owed.read", "owed.csv")]
    );

    let all = format!("{:?}", world.audit_rows().await);
    for personal in ["anna@", "Anna", "Berg", "nobody@"] {
        assert!(!all.contains(personal), "{personal} stands in the audit");
    }
    assert_eq!(world.get(&order_as_customer, &skier.token).await.status, 200);
    assert_eq!(world.audit_rows().await.len(), before + 10, "one's own order is nobody's business");
    let reads = world.get("/api/v1/admin/audit?kind=reads&limit=100", &ada).await;
    assert_eq!(reads.body["items"].as_array().unwrap().len(), 11);
    let audit_entries = world.get("/api/v1/admin/audit", &ada).await;
    assert_eq!(audit_entries.body["items"], json!([]), "nothing was done");
    let shown = world.get(&format!("/api/v1/admin/orders/{order}"), &ada).await;
    assert_eq!(shown.body["audit_entries"], json!([]));
}

#[actix_rt::test]
async fn whoever_was_disabled_at_another_replica_deletes_nothing_before_it_is_known_here() {
    let world = World::start().await;
    let ada = world.token(ADA, Role::Admin).await;
    let anna = world.token(ANNA, Role::Customer).await;
    let id: Uuid = world.id_of_account(&ada, ANNA).await.parse().unwrap();
    let disabled = world.io.write(move |tx| {
        Box::pin(async move {
            let row = account::Entity::update_many()
                .col_expr(account::Column::DisabledAt, Expr::value(clock::now()));
            row.filter(account::Column::Id.eq(id)).exec(tx).await?;
            Ok::<_, IoError>(())
        })
    });
    disabled.await.unwrap();
    let body = json!({ "password": "correct horse" });
    let deleted =
        answer(world.call("DELETE", "/api/v1/accounts/me").bearer_auth(&anna).json(&body)).await;
    deleted.expect_problem(422, "wrong-old-password");
    assert_eq!(world.id_of_account(&ada, ANNA).await, id.to_string());
}
