//! Where invoices go: said by the account or by the order, asked for where the law wants it, and
//! kept as it was said.

use chrono::Days;
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};
use starjack_entity::{account, invoice};

use super::orders::{ADULT, Skier, id_of};
use super::{Answer, World, answer};
use crate::actors::order::rules::advance::Effects;
use crate::actors::order::rules::lifecycle::LineState;
use crate::actors::order::store::Saved;
use crate::http::fixture::today;
use crate::io::IoError;

fn address(city: &str) -> Value {
    json!({ "street": "Gasse 1", "postal_code": "6020", "city": city, "country": "at" })
}

impl World {
    async fn set_billing(&self, skier: &Skier, billing: &Value) -> Answer {
        answer(
            self.call("PUT", "/api/v1/accounts/me/billing").bearer_auth(&skier.token).json(billing),
        )
        .await
    }

    /// Lines of one card on many days, more than 400 € together.
    async fn dear_lines(&self, skier: &Skier) -> Vec<Value> {
        let mut lines = Vec::new();
        for days in 2..10 {
            let offer = self.offer(today() + Days::new(days), ADULT).await;
            lines.push(json!({ "offer_id": offer, "card_id": skier.cards[0],
                "holder": { "first_name": "Anna", "last_name": "Berg", "birth_date": ADULT } }));
        }
        lines
    }

    /// The buyer on the invoice of an order all of whose tickets are issued now.
    async fn buyer(&self, placed: &Answer) -> Value {
        let store = self.state.orders.store();
        let before = store.load(id_of(placed)).await.unwrap().unwrap();
        let mut after = before.clone();
        after.lines.iter_mut().for_each(|line| line.state = LineState::Issued);
        let effects = Effects { invoice: true, ..Effects::default() };
        assert_eq!(store.save(&before, &mut after, &effects).await.unwrap(), Saved::Done);
        let read = self.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(invoice::Entity::find().all(db).await?) })
        });
        let row = read.await.unwrap().into_iter().find(|row| row.order_id == after.id).unwrap();
        serde_json::from_str(&row.buyer).unwrap()
    }
}

#[actix_rt::test]
async fn an_account_says_where_its_invoices_go() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    assert_eq!(world.get("/api/v1/accounts/me", &skier.token).await.body["billing"], Value::Null);
    let mut company = address("Innsbruck");
    company["company"] = json!(" Berg GmbH ");
    company["vat_number"] = json!("atu 12345678");
    let set = world.set_billing(&skier, &company).await;
    let kept = json!({ "company": "Berg GmbH", "street": "Gasse 1", "postal_code": "6020", "city": "Innsbruck",
        "country": "AT", "vat_number": "ATU12345678" });
    assert_eq!((set.status, &set.body["billing"]), (200, &kept), "{set:?}");
    company["vat_number"] = json!("ATU1234");
    let refused = world.set_billing(&skier, &company).await;
    refused.expect_problem(422, "invalid");
    assert!(refused.body["detail"].as_str().unwrap().contains("billing.vat_number"), "{refused:?}");
    assert_eq!(
        world.get("/api/v1/accounts/me", &skier.token).await.body["billing"],
        kept,
        "nothing was changed"
    );
    let remove =
        || answer(world.call("DELETE", "/api/v1/accounts/me/billing").bearer_auth(&skier.token));
    assert_eq!((remove().await.status, remove().await.status), (204, 204));
    assert_eq!(world.get("/api/v1/accounts/me", &skier.token).await.body["billing"], Value::Null);
}

#[actix_rt::test]
async fn more_than_400_euros_need_an_address_and_the_invoice_says_what_was_said_when_ordering() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let lines = json!({ "lines": world.dear_lines(&skier).await });
    let refused = world.place(&skier, "key-1", &lines).await;
    refused.expect_problem(422, "billing-missing");
    assert!(
        refused.body["detail"].as_str().unwrap().contains("PUT /api/v1/accounts/me/billing"),
        "{refused:?}"
    );
    assert_eq!(world.orders_kept().await, 0);
    world.set_billing(&skier, &address("Innsbruck")).await;
    let placed = world.place(&skier, "key-1", &lines).await;
    assert_eq!(placed.status, 202, "{placed:?}");
    world.set_billing(&skier, &address("Graz")).await;
    let buyer = world.buyer(&placed).await;
    assert_eq!(buyer["name"], "Anna Berg");
    assert_eq!(buyer["address"], json!(["Gasse 1", "AT-6020 Innsbruck"]));
}

#[actix_rt::test]
async fn an_order_says_itself_where_its_invoice_goes_and_its_key_knows_it() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    world.set_billing(&skier, &address("Graz")).await;
    let mut order =
        json!({ "lines": world.dear_lines(&skier).await, "billing": address("Innsbruck") });
    order["billing"]["company"] = json!("Berg GmbH");
    let placed = world.place(&skier, "key-1", &order).await;
    assert_eq!(placed.status, 202, "{placed:?}");
    order["billing"]["city"] = json!("Wien");
    world.place(&skier, "key-1", &order).await.expect_problem(422, "idempotency-key-used");
    order["billing"]["country"] = json!("Austria");
    world.place(&skier, "key-2", &order).await.expect_problem(422, "invalid");
    let buyer = world.buyer(&placed).await;
    assert_eq!(buyer["name"], "Berg GmbH");
    assert_eq!(buyer["address"], json!(["Anna Berg", "Gasse 1", "AT-6020 Innsbruck"]));
}

#[actix_rt::test]
async fn whose_name_no_invoice_can_show_is_told_before_paying() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let line = world.line(&skier, 0, ADULT).await;
    let mut holder = line.clone();
    holder["holder"]["first_name"] = json!("小明");
    let refused = world.place(&skier, "key-1", &json!({ "lines": [holder] })).await;
    refused.expect_problem(422, "invalid");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("first_name") && detail.contains('小') && detail.contains("Latin"),
        "{detail}"
    );

    // an account of a time at which such names were taken
    world
        .io
        .write(|tx| {
            Box::pin(async move {
                let named = account::Entity::update_many()
                    .col_expr(account::Column::LastName, Expr::value("王"));
                named.exec(tx).await?;
                Ok::<_, IoError>(())
            })
        })
        .await
        .unwrap();
    let refused = world.place(&skier, "key-2", &json!({ "lines": [line] })).await;
    refused.expect_problem(422, "invalid");
    assert!(refused.body["detail"].as_str().unwrap().contains('王'), "{refused:?}");
    let language = json!({ "language": "de" });
    let changed = answer(
        world.call("PATCH", "/api/v1/accounts/me").bearer_auth(&skier.token).json(&language),
    )
    .await;
    assert_eq!(changed.status, 200, "an older name keeps nobody from other changes");
}
