//! Operators, offers and cards as a customer's program sees them, over a database file.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{test as web_test, web};
use chrono::Days;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::fixture::{self, today};
use super::{State, openapi, server};
use crate::actors::auth::{self, Names, Role};
use crate::clock;
use crate::http::routes::operators::{AlwaysUp, OperatorStatus, OperatorStatuses};

const DIGITS: &str = "01-1614 7133 5350 3020 1464-3";
const LETTERS: &str = "a1b2c3do-e5f-6g7";

struct Shop {
    state: web::Data<State>,
    _folder: tempfile::TempDir,
}

struct AllDown;

impl OperatorStatuses for AllDown {
    fn status_of(&self, _key: &str) -> OperatorStatus {
        OperatorStatus::Down
    }
}

impl Shop {
    async fn open() -> Self {
        Self::with(Arc::new(AlwaysUp)).await
    }

    async fn with(operator_statuses: Arc<dyn OperatorStatuses>) -> Self {
        let (mut state, folder) = fixture::state().await;
        state.operator_statuses = operator_statuses;
        Self { state: web::Data::new(state), _folder: folder }
    }

    /// A customer's access token.
    async fn log_in(&self, email: &str) -> String {
        let names = Names { first: "Anna".into(), last: "Berger".into() };
        let password = || SecretString::from("correct horse battery");
        auth::create_account(&self.state.io, email, password(), names, Role::Customer)
            .await
            .unwrap();
        self.state.auth.log_in(email, password(), None).await.unwrap().access_token
    }

    async fn get(&self, path: &str, token: Option<&str>) -> (StatusCode, Value) {
        self.ask(web_test::TestRequest::get().uri(path), token).await
    }

    async fn post_card(&self, token: &str, number: &str, nickname: &str) -> (StatusCode, Value) {
        let body = json!({ "number": number, "nickname": nickname });
        self.ask(web_test::TestRequest::post().uri("/api/v1/cards").set_json(body), Some(token))
            .await
    }

    async fn ask(
        &self,
        mut request: web_test::TestRequest,
        token: Option<&str>,
    ) -> (StatusCode, Value) {
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        let app = web_test::init_service(server::app(self.state.clone())).await;
        let answer = web_test::call_service(&app, request.to_request()).await;
        let status = answer.status();
        (status, serde_json::from_slice(&web_test::read_body(answer).await).unwrap())
    }
}

fn keys(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

#[test]
fn every_call_has_a_name_of_its_own_for_generated_clients() {
    let description: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let calls = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<_> = calls.map(|call| call["operationId"].as_str().unwrap()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
}

#[actix_web::test]
async fn operators_are_listed_with_place_cards_and_status() {
    let (status, page) = Shop::open().await.get("/api/v1/operators", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        keys(&page),
        [
            "badkleinkirchheim",
            "galtuer",
            "hintertux",
            "ischgl",
            "katschberg",
            "moelltal",
            "nassfeld",
            "obertauern",
            "saalbach",
            "solden",
            "stubai",
            "wildkogel",
        ]
    );
    assert_eq!(page["next"], Value::Null);
    let solden = &page["items"][9];
    assert_eq!(solden["name"], "Sölden");
    assert_eq!(solden["location"], json!({ "latitude": 46.96, "longitude": 11.01 }));
    assert_eq!(solden["last_loading_time"], "16:00");
    assert_eq!(solden["status"], "up");
    let cards = |place: usize| page["items"][place]["accepted_cards"].as_array().unwrap().len();
    assert_eq!((cards(7), cards(9)), (1, 1), "each takes its own kind of card");
}

#[actix_web::test]
async fn no_supplier_is_named_to_customers() {
    let shop = Shop::open().await;
    let day = today() + Days::new(2);
    for path in [
        "/api/v1/operators".to_owned(),
        "/api/v1/operators/saalbach".to_owned(),
        format!("/api/v1/operators/ischgl/offers?day={day}&birth_date=1990-05-01"),
    ] {
        let text = shop.get(&path, None).await.1.to_string();
        for operator in shop.state.counter.catalogue().operators() {
            assert!(!text.contains(&format!("\"{}\"", operator.contract.supplier)), "{path}");
            assert!(!text.contains(&operator.products[0].code), "{path}");
        }
    }
}

#[actix_web::test]
async fn operators_are_paged() {
    let shop = Shop::open().await;
    let (_, first) = shop.get("/api/v1/operators?limit=10", None).await;
    assert_eq!(keys(&first).len(), 10);
    let next = format!("/api/v1/operators?limit=10&cursor={}", first["next"].as_str().unwrap());
    let (_, second) = shop.get(&next, None).await;
    assert_eq!((keys(&second), &second["next"]), (vec!["stubai", "wildkogel"], &Value::Null));
    assert_eq!(
        shop.get("/api/v1/operators?limit=0", None).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        shop.get("/api/v1/operators?cursor=eA", None).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[actix_web::test]
async fn one_operator_is_shown_and_an_unknown_one_is_not_there() {
    let shop = Shop::with(Arc::new(AllDown)).await;
    let (status, operator) = shop.get("/api/v1/operators/obertauern", None).await;
    assert_eq!(
        (status, &operator["key"], &operator["status"]),
        (StatusCode::OK, &json!("obertauern"), &json!("down"))
    );
    for path in [
        "/api/v1/operators/zermatt",
        "/api/v1/operators/zermatt/offers?day=2026-12-19&birth_date=1990-05-01",
    ] {
        let (status, problem) = shop.get(path, None).await;
        assert_eq!(
            (status, &problem["type"]),
            (StatusCode::NOT_FOUND, &json!("not-found")),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn an_offer_says_everything_before_the_order() {
    let shop = Shop::open().await;
    let day = today() + Days::new(2);
    let (status, page) = shop
        .get(&format!("/api/v1/operators/ischgl/offers?day={day}&birth_date=1990-05-01"), None)
        .await;
    assert_eq!(status, StatusCode::OK);
    let [offer] = &page["items"].as_array().unwrap()[..] else { panic!("{page}") };
    assert_eq!(offer["price"], json!({ "amount": 8300, "currency": "EUR" }));
    for (field, value) in [
        ("product", json!("day")),
        ("kind", json!("day")),
        ("days", json!(1)),
        ("category", json!("adult")),
        ("vat_rate", json!(10.0)),
        ("valid_from", json!(day)),
        ("valid_to", json!(day)),
        ("withdrawal", json!("none")),
        ("needs", json!(["first_name", "last_name", "birth_date"])),
    ] {
        assert_eq!(offer[field], value, "{field}");
    }
    assert!(offer["expires_at"].as_str().unwrap().ends_with('Z'), "{offer}");
    let birth_date = "1990-05-01".parse().unwrap();
    let line = shop
        .state
        .counter
        .redeem(offer["offer_id"].as_str().unwrap(), birth_date, clock::now())
        .unwrap();
    assert_eq!((line.operator.as_str(), line.price_cents), ("ischgl", 8300));
}

#[actix_web::test]
async fn there_is_nothing_to_order_for_a_day_that_is_over_or_outside_the_season() {
    let shop = Shop::open().await;
    for day in [today() - Days::new(2), today() + Days::new(61)] {
        let path = format!("/api/v1/operators/ischgl/offers?day={day}&birth_date=1990-05-01");
        assert_eq!(
            shop.get(&path, None).await,
            (StatusCode::OK, json!({ "items": [], "next": null })),
            "{day}"
        );
    }
}

#[actix_web::test]
async fn a_query_that_makes_no_sense_is_refused_in_words() {
    let shop = Shop::open().await;
    for (query, status) in [
        ("day=2026-12-19", StatusCode::UNPROCESSABLE_ENTITY),
        ("day=2026-02-30&birth_date=1990-05-01", StatusCode::BAD_REQUEST),
        ("day=2026-12-19&birth_date=1990-05-01&colour=red", StatusCode::BAD_REQUEST),
        ("day=2026-12-19&birth_date=2026-12-20", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (answered, problem) =
            shop.get(&format!("/api/v1/operators/solden/offers?{query}"), None).await;
        assert_eq!(answered, status, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().ends_with('.'), "{problem}");
    }
}

#[actix_web::test]
async fn a_card_is_registered_once_and_shown_by_its_last_signs() {
    let shop = Shop::open().await;
    let anna = shop.log_in("anna@example.org").await;
    let (status, card) = shop.post_card(&anna, DIGITS, " Anna's ").await;
    assert_eq!(status, StatusCode::CREATED, "{card}");
    assert_eq!((&card["masked_number"], &card["nickname"]), (&json!("****4643"), &json!("Anna's")));
    assert_eq!(card["state"], "active");
    let (status, again) = shop.post_card(&anna, &DIGITS.replace(' ', ""), "another name").await;
    assert_eq!((status, &again), (StatusCode::OK, &card), "the same number is the same card");

    let (_, operator) = shop.get("/api/v1/operators/solden", None).await;
    assert_eq!(operator["accepted_cards"][0]["format"], card["format"]);
    let (status, other) = shop.post_card(&anna, LETTERS, "the other").await;
    assert_eq!(status, StatusCode::CREATED, "{other}");
    assert_ne!(other["vendor"], card["vendor"]);

    let (_, page) = shop.get("/api/v1/cards?limit=1", Some(&anna)).await;
    assert_eq!(page["items"], json!([card]));
    let next = format!("/api/v1/cards?limit=1&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(shop.get(&next, Some(&anna)).await.1, json!({ "items": [other], "next": null }));
}

#[actix_web::test]
async fn nobody_learns_of_another_owner_and_nobody_unknown_of_anything() {
    let shop = Shop::open().await;
    let anna = shop.log_in("anna@example.org").await;
    let bert = shop.log_in("bert@example.org").await;
    let (_, annas) = shop.post_card(&anna, DIGITS, "Anna's").await;
    let (status, berts) = shop.post_card(&bert, DIGITS, "Bert's").await;
    assert_eq!(status, StatusCode::CREATED, "as if nobody had it");
    assert_ne!(annas["id"], berts["id"]);
    assert_eq!(shop.get("/api/v1/cards", Some(&bert)).await.1["items"], json!([berts]));
    assert_eq!(shop.get("/api/v1/cards", None).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_wrong_number_says_where_to_look() {
    let shop = Shop::open().await;
    let anna = shop.log_in("anna@example.org").await;
    for (number, nickname, kind, hint) in [
        ("01-1614 7133 5350 3020 1464-4", "mine", "card-number", "last digit"),
        ("skipass", "mine", "card-number", "not a keycard number"),
        (DIGITS, "", "invalid", "nickname"),
        (DIGITS, &"n".repeat(61), "invalid", "nickname"),
    ] {
        let (status, problem) = shop.post_card(&anna, number, nickname).await;
        assert_eq!(
            (status, &problem["type"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(kind)),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains(hint), "{problem}");
    }
}

#[actix_web::test]
async fn card_numbers_cannot_be_tried_out_by_a_machine() {
    let shop = Shop::open().await;
    let anna = shop.log_in("anna@example.org").await;
    for _ in 0..30 {
        assert_eq!(
            shop.post_card(&anna, "skipass", "mine").await.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let (status, problem) = shop.post_card(&anna, DIGITS, "mine").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=60).contains(&problem["retry_after_seconds"].as_u64().unwrap()), "{problem}");
    let bert = shop.log_in("bert@example.org").await;
    assert_eq!(shop.post_card(&bert, DIGITS, "mine").await.0, StatusCode::CREATED);
}
