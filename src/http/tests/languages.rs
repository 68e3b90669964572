//! Problems and pages in the language that was asked for.

use serde_json::json;

use super::{World, answer};
use crate::http::middleware::problem::Kind;
use crate::language::Language;

#[actix_rt::test]
async fn a_problem_speaks_the_language_that_is_most_wanted_and_english_when_in_doubt() {
    let world = World::start().await;
    let title = |language| Kind::NotFound.title().of(language).to_owned();
    for (header, language) in [
        (None, Language::En),
        (Some("de"), Language::De),
        (Some("DE-at"), Language::De),
        (Some("de-AT,de;q=0.9,en;q=0.8"), Language::De),
        (Some("en;q=0.7, de;q=0.8"), Language::De),
        (Some("en-GB,de;q=0.8"), Language::En),
        (Some("fr-CH, fr;q=0.9, de;q=0.1"), Language::De),
        (Some("de;q=0"), Language::En),
        (Some("fr"), Language::En),
        (Some("*"), Language::En),
        (Some(""), Language::En),
        (Some(",;q=,=;de;;"), Language::En),
        (Some("de;q=nonsense"), Language::En),
        (Some("\u{fffd}\u{fffd}"), Language::En),
    ] {
        let request = world.call("GET", "/api/v1/operators/nowhere");
        let request = match header {
            Some(header) => request.header("accept-language", header.as_bytes()),
            None => request,
        };
        let refused = answer(request).await;
        refused.expect_problem(404, "not-found");
        assert_eq!(refused.body["title"], title(language), "{header:?}");
        assert_eq!(refused.headers["content-language"], language.as_str(), "{header:?}");
    }
    let twice = world
        .call("GET", "/nowhere")
        .header("accept-language", "fr")
        .header("accept-language", "de;q=0.5");
    assert_eq!(answer(twice).await.headers["content-language"], "de", "two headers are one list");
    let many = world.call("GET", "/nowhere").header("accept-language", "de,".repeat(1500));
    assert_eq!(answer(many).await.headers["content-language"], "de");
}

#[actix_rt::test]
async fn problems_from_every_layer_speak_german() {
    let world = World::start().await;
    let german =
        |method: &str, path: &str| world.call(method, path).header("accept-language", "de");
    let json = "application/json";
    for (request, status, words) in [
        (german("GET", "/nowhere"), 404, "Unter dieser Adresse ist nichts"),
        (german("DELETE", "/livez"), 405, "Verwenden Sie eine Methode"),
        (german("GET", "/api/v1/orders"), 401, "Melden Sie sich an"),
        (german("GET", "/api/v1/operators?limit=0"), 422, "`limit` muss zwischen 1 und 100 liegen"),
        (german("GET", "/api/v1/operators?colour=red"), 400, "`colour` ist hier unbekannt"),
        (german("POST", "/api/v1/sessions").body("{}"), 415, "Senden Sie JSON"),
        (
            german("POST", "/api/v1/sessions").header("content-type", json).body("{"),
            400,
            "ab Zeile 1, Spalte 1 kein JSON",
        ),
        (german("POST", "/api/v1/sessions").json(&json!({"email": "a"})), 422, "`password` fehlt"),
        (
            german("POST", "/api/v1/sessions").json(&json!({"email": 7, "password": "a"})),
            422,
            "`email` hat die falsche Form",
        ),
        (
            german("POST", "/api/v1/sessions").json(&json!({"email": "a", "password": "b"})),
            401,
            "Prüfen Sie beide",
        ),
        (
            german("POST", "/api/v1/sessions")
                .header("content-type", json)
                .body("x".repeat(70_000)),
            413,
            "höchstens 64 KiB",
        ),
    ] {
        let refused = answer(request).await;
        assert_eq!(refused.status, status, "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{words} is not in: {detail}");
        assert_eq!(refused.headers["content-language"], "de");
    }
}

#[actix_rt::test]
async fn the_page_of_an_order_speaks_the_browsers_language() {
    let world = World::start().await;
    let path = "/orders/018f0000-0000-7000-8000-000000000000";
    for (header, language, words) in [
        ("de-AT,de;q=0.9", "de", ["<html lang=\"de\">", "Nicht gefunden"]),
        ("fr", "en", ["<html lang=\"en\">", "Not found"]),
    ] {
        let shown = world.call("GET", path).header("accept-language", header).send().await.unwrap();
        assert_eq!(
            (shown.status().as_u16(), &shown.headers()["content-language"]),
            (404, &language.parse().unwrap())
        );
        assert_eq!(shown.headers()["vary"], "Accept-Language");
        let page = shown.text().await.unwrap();
        assert!(words.iter().all(|words| page.contains(words)), "{page}");
    }
}
