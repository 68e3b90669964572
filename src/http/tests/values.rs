//! Every value is checked once, at the door, by the rule of its kind: what a client may send, and
//! what it may not.

use chrono::{Datelike as _, Days};
use serde_json::{Value, json};

use super::orders::{ADULT, BABY};
use super::{World, answer};
use crate::http::fixture::today;
use crate::http::openapi;

#[actix_rt::test]
async fn a_holder_whom_the_operator_would_refuse_once_paid_is_refused_before() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let line = world.line(&skier, 0, ADULT).await;
    let with = |name: &'static str, value: &str| {
        let mut line = line.clone();
        line["holder"][name] = json!(value);
        json!({ "lines": [line] })
    };
    let tomorrow = (today() + Days::new(1)).to_string();
    for (name, value, word) in [
        ("first_name", "A\u{202e}BC", "direction"),
        ("last_name", "\u{200b}", "visible"),
        ("first_name", "A\u{ffff}", "visible"),
        ("first_name", "http://evil.example", "`/`"),
        ("birth_date", "0090-05-01", "from 1900-01-01 to today"),
        ("birth_date", "-0001-01-01", "wrong form"),
        ("birth_date", "1899-12-31", "from 1900-01-01 to today"),
        ("birth_date", &tomorrow, "from 1900-01-01 to today"),
    ] {
        let refused = world.place(&skier, "key-1", &with(name, value)).await;
        refused.expect_problem(422, "invalid");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(name) && detail.contains(word), "{value}: {detail}");
    }
    let mut single = with("first_name", " Sukarno ");
    single["lines"][0]["holder"]["last_name"] = Value::Null;
    let placed = world.place(&skier, "key-2", &single).await;
    assert_eq!(placed.status, 202, "{placed:?}");
    let holder = &placed.body["lines"][0]["holder"];
    assert_eq!((&holder["first_name"], &holder["last_name"]), (&json!("Sukarno"), &json!("")));
}

#[actix_rt::test]
async fn offers_are_made_for_people_who_can_be_alive_and_days_have_one_form() {
    let world = World::start().await;
    let day = today() + Days::new(2);
    for (query, status) in [
        (format!("day={day}&birth_date=0090-05-01"), 422),
        (format!("day={day}&birth_date={}", today() + Days::new(1)), 422),
        (format!("day={day}&birth_date=-0001-01-01"), 400),
        (format!("day={day}&birth_date=1990-5-1"), 400),
        ("day=2027-1-9&birth_date=1990-05-01".to_owned(), 400),
        (format!("day={day}&birth_date={BABY}"), 200),
        (format!("day={day}&birth_date=1900-01-01"), 200),
        (format!("day={day}&birth_year=1900"), 200),
        (format!("day={day}&birth_year={}", today().year()), 200),
        (format!("day={day}&birth_year=1899"), 422),
        (format!("day={day}&birth_year={}", today().year() + 1), 422),
        (format!("day={day}&birth_year=-2147483648"), 422),
        (format!("day={day}&birth_year=90.5"), 400),
        (format!("day={day}"), 422),
        (format!("day={day}&birth_year=1990&birth_date=1990-05-01"), 422),
    ] {
        let asked =
            answer(world.call("GET", &format!("/api/v1/operators/ischgl/offers?{query}"))).await;
        assert_eq!(asked.status, status, "{query}: {asked:?}");
    }
    let family = json!({ "day": day, "birth_dates": [ADULT, ADULT, "0090-05-01"] });
    let refused = world.post("/api/v1/operators/ischgl/family-offers", &family).await;
    refused.expect_problem(422, "invalid");
    assert!(refused.body["detail"].as_str().unwrap().contains("birth_dates[2]"), "{refused:?}");
}

#[actix_rt::test]
async fn the_same_order_written_anew_answers_the_same() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let line = world.line(&skier, 0, ADULT).await;
    let first = world.place(&skier, "key-1", &json!({ "lines": [line] })).await;
    assert_eq!(first.status, 202, "{first:?}");
    let offer = &line["offer_id"];
    let card = &line["card_id"];
    let anew = format!(
        r#"{{ "on_refusal": null, "lines": [ {{"holder": {{"birth_date":"{ADULT}", "last_name":"Ber\u0067", "first_name":"Anna"}},
            "card_id": {card}, "offer_id": {offer} }} ], "return_url": null }}"#
    );
    let send = |body: String| {
        let call = world
            .call("POST", "/api/v1/orders")
            .bearer_auth(&skier.token)
            .header("idempotency-key", "key-1");
        answer(call.header("content-type", "application/json").body(body))
    };
    let again = send(anew.clone()).await;
    assert_eq!((again.status, &again.body), (202, &first.body), "{again:?}");
    send(anew.replace("Anna", "Ben")).await.expect_problem(422, "idempotency-key-used");
}

#[actix_rt::test]
async fn null_and_language_tags_are_taken_and_a_letter_of_no_text_is_not() {
    let world = World::start().await;
    let open = async |language: Value| {
        let body = json!({ "email": "anna@m\u{fc}nchen.example", "language": language });
        world.post("/api/v1/accounts", &body).await
    };
    for language in [Value::Null, json!("de-AT"), json!("DE"), json!("en_GB")] {
        let asked = open(language).await;
        assert_eq!(asked.status, 202, "{asked:?}");
    }
    let code = world.newest_code().await;
    let application = json!({ "email": "anna@m\u{fc}nchen.example", "code": code, "password": "correct horse",
        "first_name": "Anna", "last_name": null, "birth_date": null, "language": null });
    let confirmed = world.post("/api/v1/accounts/confirmation", &application).await;
    assert_eq!(
        (confirmed.status, &confirmed.body["email"]),
        (201, &json!("anna@xn--mnchen-3ya.example"))
    );
    let refused = open(json!("fr")).await;
    refused.expect_problem(422, "invalid");
    assert!(refused.body["detail"].as_str().unwrap().contains("`language`"), "{refused:?}");
    for (path, status) in [
        ("/api/v1/areas?country=%00", 422),
        ("/api/v1/operators/%00", 404),
        ("/api/v1/operators/ischgl%00/offers?day=2027-01-01&birth_date=1990-05-01", 404),
        ("/callbacks/mpay24?OPERATION=CONFIRMATION&TID=%00", 422),
    ] {
        assert_eq!(answer(world.call("GET", path)).await.status, status, "{path}");
    }
    let nul = json!({ "email": "a\u{0}@example.org", "password": "correct horse" });
    world.post("/api/v1/sessions", &nul).await.expect_problem(422, "invalid");
}

/// Clients of several languages write `null` for what they leave out.
#[test]
fn whatever_may_be_left_out_may_be_null() {
    let description: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let mut bodies: Vec<String> = Vec::new();
    let calls = description["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    for schema in
        calls.filter_map(|call| call.pointer("/requestBody/content/application~1json/schema"))
    {
        names(schema, &mut bodies);
    }
    let mut seen = 0;
    while let Some(name) = bodies.get(seen).cloned() {
        seen += 1;
        let schema = &description["components"]["schemas"][&name];
        names(schema, &mut bodies);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (member, says) in schema["properties"].as_object().into_iter().flatten() {
            let may_be_null = says.to_string().contains("\"null\"");
            assert_eq!(may_be_null, !required.contains(&json!(member)), "{name}.{member}: {says}");
        }
    }
    assert!(seen > 10, "{bodies:?}");
}

/// The components that a schema names, each once.
fn names(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                let name = name.rsplit('/').next().unwrap().to_owned();
                if !into.contains(&name) {
                    into.push(name);
                }
            }
            members.values().for_each(|value| names(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| names(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
