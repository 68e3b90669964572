//! Placing orders, as a customer's program does it.

use std::sync::Arc;

use chrono::{Days, NaiveDate, TimeDelta};
use futures_util::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use starjack_entity::{idempotency, orders};
use uuid::Uuid;

use super::{Answer, World, answer};
use crate::actors::auth::Role;
use crate::actors::liftoperator::{Catalogue, Counter};
use crate::actors::order::forget_texts;
use crate::actors::order::rules::advance::{Effects, Event};
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::record::{Order, Payment};
use crate::actors::order::store::Saved;
use crate::clock;
use crate::http::fixture::{SECRET, SHOP, areas, today};
use crate::http::middleware::language::Reader;
use crate::http::routes::order_view::OrderView;
use crate::io::IoError;

pub(crate) const ADULT: &str = "1990-05-01";
pub(crate) const BABY: &str = "2024-05-01";
pub(crate) const CARDS: [&str; 2] =
    ["01-1614 7133 5350 3020 1464-3", "01-1614 7133 5345 3238 5823-4"];
pub(crate) const FOREIGN_CARD: &str = "a1b2c3do-e5f-6g7";

/// A customer with two cards.
pub(crate) struct Skier {
    pub(crate) token: String,
    pub(crate) cards: Vec<Value>,
}

impl World {
    pub(crate) async fn token(&self, email: &str, role: Role) -> String {
        self.account(email, role).await;
        let session = self.log_in(email, "correct horse").await;
        session.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn skier(&self, email: &str) -> Skier {
        let token = self.token(email, Role::Customer).await;
        let mut cards = Vec::new();
        for number in CARDS {
            cards.push(self.card(&token, number).await);
        }
        Skier { token, cards }
    }

    pub(crate) async fn card(&self, token: &str, number: &str) -> Value {
        let card = json!({ "number": number, "nickname": "mine" });
        let card = answer(self.call("POST", "/api/v1/cards").bearer_auth(token).json(&card)).await;
        assert_eq!(card.status, 201, "{card:?}");
        card.body["id"].clone()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        answer(self.call("GET", path).bearer_auth(token)).await
    }

    pub(crate) async fn offer(&self, day: NaiveDate, birth_date: &str) -> Value {
        let path = format!("/api/v1/operators/ischgl/offers?day={day}&birth_date={birth_date}");
        let page = answer(self.call("GET", &path)).await;
        page.body["items"][0]["offer_id"].clone()
    }

    /// A line for the skier's card on the day after tomorrow.
    pub(crate) async fn line(&self, skier: &Skier, card: usize, birth_date: &str) -> Value {
        let offer = self.offer(today() + Days::new(2), birth_date).await;
        json!({ "offer_id": offer, "card_id": skier.cards[card],
            "holder": { "first_name": "Anna", "last_name": "Berg", "birth_date": birth_date } })
    }

    pub(crate) async fn place(&self, skier: &Skier, key: &str, body: &Value) -> Answer {
        let call = self.call("POST", "/api/v1/orders").bearer_auth(&skier.token);
        answer(call.header("idempotency-key", key).json(body)).await
    }

    /// A placed order of one line.
    pub(crate) async fn order(&self, skier: &Skier, key: &str) -> Answer {
        let line = self.line(skier, 0, ADULT).await;
        let placed = self.place(skier, key, &json!({ "lines": [line] })).await;
        assert_eq!(placed.status, 202, "{placed:?}");
        placed
    }

    /// What an order's driver or a person would have done to it.
    pub(crate) async fn change(&self, id: Uuid, change: impl FnOnce(&mut Order)) {
        let store = self.state.orders.store();
        let before = store.load(id).await.unwrap().unwrap();
        let mut after = before.clone();
        change(&mut after);
        assert_eq!(
            store.save(&before, &mut after, &Effects::default()).await.unwrap(),
            Saved::Done
        );
    }

    pub(crate) async fn orders_kept(&self) -> u64 {
        let read = self.io.read(|db| {
            Box::pin(async move { Ok::<_, IoError>(orders::Entity::find().count(db).await?) })
        });
        read.await.unwrap()
    }
}

pub(crate) fn id_of(placed: &Answer) -> Uuid {
    placed.body["id"].as_str().unwrap().parse().unwrap()
}

/// Opens a payment page, as the order's driver would.
pub(crate) fn open_page(order: &mut Order) {
    let now = clock::now();
    order.state = OrderState::Paying;
    order.lines.iter_mut().for_each(|line| (line.open, line.checked) = (None, true));
    let mut page = Payment::page(order, (1, 1), now, now + chrono::TimeDelta::minutes(30));
    page.url = Some("https://pay.example/page".to_owned());
    page.secret = "the page's secret".to_owned();
    order.payments.push(page);
}

#[actix_rt::test]
async fn an_order_that_moves_while_it_is_read_is_shown_as_it_was() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let placed = world.order(&skier, "key-1").await;
    let id = placed.body["id"].as_str().unwrap().parse().unwrap();
    let store = world.state.orders.store();
    let before = store.load(id).await.unwrap().unwrap();
    let mut after = before.clone();
    let issued = Event { state: OrderState::Issued, detail: None };
    let effects = Effects { events: vec![issued], ..Effects::default() };
    assert_eq!(store.save(&before, &mut after, &effects).await.unwrap(), Saved::Done);
    let reader = Reader { account_id: before.account_id, asked: None };
    let past = async |order: Order| {
        let shown =
            serde_json::to_value(OrderView::read(order, &world.state, reader).await.unwrap())
                .unwrap();
        let states = shown["history"].as_array().unwrap().iter().map(|past| past["state"].clone());
        states.collect::<Vec<_>>()
    };
    assert_eq!(
        past(before).await,
        ["placed"],
        "lines without tickets stand beside a history that tells of them"
    );
    assert_eq!(past(after).await, ["placed", "issued"]);
}

#[actix_rt::test]
async fn an_order_is_placed_and_shown_as_it_was_answered() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let day = today() + Days::new(2);
    let lines = [world.line(&skier, 0, ADULT).await, world.line(&skier, 1, BABY).await];
    let body =
        json!({ "lines": lines, "on_refusal": "undo", "return_url": format!("{SHOP}/thanks?a=b") });
    let placed = world.place(&skier, "key-1", &body).await;
    assert_eq!(placed.status, 202, "{placed:?}");
    let path = format!("/api/v1/orders/{}", placed.body["id"].as_str().unwrap());
    assert_eq!(placed.headers["location"], path.as_str());
    let order = &placed.body;
    assert_eq!(order["state"], "placed");
    assert_eq!(order["number"].as_str().unwrap().len(), 11);
    assert_eq!(order["total"], json!({ "amount": 8300, "currency": "EUR" }));
    assert_eq!(order["payment"], json!({ "state": null, "page_url": null }));
    assert_eq!((&order["invoices"], &order["reason"]), (&json!([]), &Value::Null));
    assert_eq!(order["history"], json!([{ "at": order["placed_at"], "state": "placed" }]));
    let line = &order["lines"][0];
    for (field, value) in [
        ("no", json!(1)),
        ("state", json!("wanted")),
        ("operator", json!("ischgl")),
        ("product", json!("day")),
        ("product_name", json!({ "de": "Tageskarte", "en": "Day ticket" })),
        ("category", json!("adult")),
        ("holder", json!({ "first_name": "Anna", "last_name": "Berg", "birth_date": ADULT })),
        ("card_id", skier.cards[0].clone()),
        ("card", json!("****4643")),
        ("valid_from", json!(day)),
        ("valid_to", json!(day)),
        ("price", json!({ "amount": 8300, "currency": "EUR" })),
        ("ticket_reference", Value::Null),
        ("reason", Value::Null),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    let shown = world.get(&path, &skier.token).await;
    assert_eq!((shown.status, &shown.body), (200, order));

    let kept = world.state.orders.store().load(id_of(&placed)).await.unwrap().unwrap();
    assert_eq!(kept.return_url.as_deref(), Some("https://shop.example/thanks?a=b"));
    assert_eq!(format!("{:?}", kept.on_refusal), "Undo");
}

#[actix_rt::test]
async fn the_same_key_and_body_answer_the_same_bytes_also_when_the_offer_does_not_count_any_more() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let body = json!({ "lines": [world.line(&skier, 0, ADULT).await] }).to_string();
    let send = async |world: &World, key: &str| {
        let call = world
            .call("POST", "/api/v1/orders")
            .bearer_auth(&skier.token)
            .header("idempotency-key", key);
        let answer = call
            .header("content-type", "application/json")
            .body(body.clone())
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.headers()["content-type"].clone(),
            answer.bytes().await.unwrap(),
        )
    };
    let first = send(&world, "key-1").await;
    assert_eq!(first.0, 202);
    assert_eq!(send(&world, "key-1").await, first);

    let io = world.io.clone();
    let auth = world.auth.clone();
    let desk = world.state.orders.clone();
    let later = World::with(|state| {
        let catalogue = state.counter.catalogue();
        state.counter = Counter::new(catalogue, b"a seal that no offer from before has").unwrap();
        (state.io, state.auth, state.orders) = (io, auth, desk);
    })
    .await;
    assert_eq!(send(&later, "key-2").await.0, 422, "the offer does not count");
    assert_eq!(send(&later, "key-1").await, first);
    assert_eq!(world.orders_kept().await, 1);
}

#[actix_rt::test]
async fn a_key_is_for_one_body_of_one_account() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    world.order(&anna, "key-1").await;
    let other = json!({ "lines": [world.line(&anna, 1, ADULT).await] });
    world.place(&anna, "key-1", &other).await.expect_problem(422, "idempotency-key-used");
    world
        .place(&anna, "key-1", &json!("no order"))
        .await
        .expect_problem(422, "idempotency-key-used");
    let berts = json!({ "lines": [world.line(&bert, 1, ADULT).await] });
    assert_eq!(world.place(&bert, "key-1", &berts).await.status, 202);

    let keyless =
        answer(world.call("POST", "/api/v1/orders").bearer_auth(&anna.token).json(&other)).await;
    keyless.expect_problem(400, "idempotency-key-missing");
    for key in ["", "a b", &"k".repeat(256)] {
        world.place(&anna, key, &other).await.expect_problem(400, "malformed");
    }
    let mut line = world.line(&anna, 0, ADULT).await;
    line["offer_id"] = world.offer(today() + Days::new(3), ADULT).await;
    assert_eq!(world.place(&anna, &"k".repeat(255), &json!({ "lines": [line] })).await.status, 202);
}

#[actix_rt::test]
async fn one_key_sent_many_times_at_once_places_one_order() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let body = json!({ "lines": [world.line(&skier, 0, ADULT).await] });
    let answers = join_all((0..12).map(|_| world.place(&skier, "key-1", &body))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (202, &answers[0].body));
    }
    assert_eq!(world.orders_kept().await, 1);
}

#[actix_rt::test]
async fn an_answer_is_forgotten_after_a_day_and_its_key_still_finds_the_order() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let body = json!({ "lines": [world.line(&skier, 0, ADULT).await] });
    let first = world.place(&skier, "key-1", &body).await;
    let kept = async || {
        let rows = world.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(idempotency::Entity::find().all(db).await?) })
        });
        rows.await.unwrap().remove(0).body
    };
    for (hours, forgotten) in [(23, 0), (25, 1), (25, 0)] {
        let then = clock::now() + TimeDelta::hours(hours);
        assert_eq!(forget_texts(&world.io, then, None).await.unwrap(), forgotten);
        assert_eq!(kept().await.contains("birth_date"), hours == 23);
        let again = world.place(&skier, "key-1", &body).await;
        assert_eq!((again.status, &again.body["id"]), (202, &first.body["id"]), "{again:?}");
        assert_eq!(again.body["lines"][0]["holder"], first.body["lines"][0]["holder"]);
    }
    world
        .place(&skier, "key-1", &json!({ "lines": [] }))
        .await
        .expect_problem(422, "idempotency-key-used");
    assert_eq!(world.orders_kept().await, 1);
}

#[actix_rt::test]
async fn a_card_has_one_ticket_an_operator_and_day() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    let line = world.line(&anna, 0, ADULT).await;
    let free = world.line(&anna, 1, ADULT).await;
    let twice = world.place(&anna, "key-0", &json!({ "lines": [free, line, line] })).await;
    twice.expect_problem(422, "card-twice");
    assert!(twice.body["detail"].as_str().unwrap().contains("Lines 2 and 3"), "{twice:?}");

    let placed = world.order(&anna, "key-1").await;
    let again = world.place(&anna, "key-2", &json!({ "lines": [free, line] })).await;
    again.expect_problem(409, "card-taken");
    let detail = again.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("Line 2") && detail.contains(placed.body["number"].as_str().unwrap()),
        "{detail}"
    );

    let berts =
        world.place(&bert, "key-1", &json!({ "lines": [world.line(&bert, 0, ADULT).await] })).await;
    assert_eq!(berts.status, 202, "what Anna has not paid is not told of: {berts:?}");

    let path = format!("/api/v1/orders/{}/cancellation", placed.body["id"].as_str().unwrap());
    let cancelled = answer(world.call("POST", &path).bearer_auth(&anna.token)).await;
    assert_eq!(cancelled.status, 202, "{cancelled:?}");
    assert_eq!(cancelled.body["state"], "rejected");
    assert_eq!(cancelled.body["reason"]["code"], "cancelled");
    assert_eq!(
        world
            .place(&anna, "key-3", &json!({ "lines": [world.line(&anna, 0, ADULT).await] }))
            .await
            .status,
        202
    );
}

#[actix_rt::test]
async fn a_basket_that_cannot_be_placed_is_refused_in_words_and_nothing_is_kept() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    let foreign = world.card(&anna.token, FOREIGN_CARD).await;
    let good = world.line(&anna, 0, ADULT).await;
    let with = |pointer: &str, value: Value| {
        let mut line = good.clone();
        *line.pointer_mut(pointer).unwrap() = value;
        json!({ "lines": [line] })
    };
    let long = "n".repeat(81);
    let url = |url: &str| json!({ "lines": [good], "return_url": url });
    for (body, slug, word) in [
        (json!({ "lines": [] }), "invalid", "1 to 20"),
        (json!({ "lines": vec![&good; 21] }), "invalid", "1 to 20"),
        (with("/card_id", bert.cards[0].clone()), "unknown-card", "Line 1"),
        (with("/card_id", json!(Uuid::nil())), "unknown-card", "Line 1"),
        (with("/card_id", foreign), "card-not-accepted", "****"),
        (with("/offer_id", json!("none")), "offer-not-ours", "Line 1"),
        (with("/holder/birth_date", json!(BABY)), "other-category", "Line 1"),
        (with("/holder/first_name", json!("\u{200b}")), "invalid", "first_name"),
        (with("/holder/last_name", json!(long)), "invalid", "last_name"),
        (with("/holder/last_name", json!("Be\u{7}rg")), "invalid", "last_name"),
        (json!({ "lines": [good], "on_refusal": "maybe" }), "invalid", "wrong form"),
        (json!({ "lines": [good], "price": 1 }), "invalid", "`price`"),
        (json!({ "on_refusal": "undo" }), "invalid", "`lines`"),
        (url("https://evil.example/"), "invalid", "return_url"),
        (url("https://shop.example.evil.example/"), "invalid", "return_url"),
        (url("https://shop.example@evil.example/"), "invalid", "return_url"),
        (url("https://user@shop.example/"), "invalid", "return_url"),
        (url("http://shop.example/"), "invalid", "return_url"),
        (url("javascript:alert(1)"), "invalid", "return_url"),
        (url("/thanks"), "invalid", "return_url"),
    ] {
        let refused = world.place(&anna, "key-1", &body).await;
        refused.expect_problem(422, slug);
        assert!(refused.body["detail"].as_str().unwrap().contains(word), "{refused:?}");
    }
    let text = answer(
        world
            .call("POST", "/api/v1/orders")
            .bearer_auth(&anna.token)
            .header("idempotency-key", "k")
            .body("{}"),
    );
    text.await.expect_problem(415, "not-json");
    let nobody = answer(
        world.call("POST", "/api/v1/orders").header("idempotency-key", "k").json(&json!({})),
    );
    nobody.await.expect_problem(401, "unauthenticated");
    assert_eq!(world.orders_kept().await, 0);
    assert_eq!(
        world.place(&anna, "key-1", &json!({ "lines": [good] })).await.status,
        202,
        "the key is free"
    );
}

#[actix_rt::test]
async fn a_foreign_card_and_an_unknown_one_get_the_same_answer() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    let mut answers = Vec::new();
    for card in [bert.cards[0].clone(), json!(Uuid::now_v7())] {
        let mut line = world.line(&anna, 0, ADULT).await;
        line["card_id"] = card;
        let mut refused = world.place(&anna, "key-1", &json!({ "lines": [line] })).await;
        refused.body["instance"] = Value::Null;
        answers.push((refused.status, refused.body));
    }
    assert_eq!(answers[0], answers[1]);
}

#[actix_rt::test]
async fn no_ticket_is_ordered_after_its_last_loading_time() {
    let world = World::with(|state| {
        let early =
            areas().replace("last_loading_time = \"16:00\"", "last_loading_time = \"00:01\"");
        let early = Catalogue::parse(&early).unwrap();
        state.counter = Counter::new(early, SECRET).unwrap();
    })
    .await;
    let skier = world.skier("anna@example.org").await;
    // an offer from when the day's loading was not over, as another replica's later clock would see
    // it
    let catalogue = Catalogue::parse(&areas()).unwrap();
    let ischgl = catalogue.operator("ischgl").unwrap();
    let counter = Counter::new(Arc::clone(&catalogue), SECRET).unwrap();
    let day = clock::now().with_timezone(&ischgl.time_zone).date_naive();
    let morning = ischgl.loading_ends(&ischgl.products[0], day) - chrono::TimeDelta::hours(12);
    let offer = counter.offers(ischgl, day, ADULT.parse().unwrap(), morning)[0].offer_id.clone();
    let mut line = world.line(&skier, 0, ADULT).await;
    line["offer_id"] = offer.into();
    world
        .place(&skier, "key-1", &json!({ "lines": [line] }))
        .await
        .expect_problem(422, "loading-over");
}
