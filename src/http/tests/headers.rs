//! What every answer says to browsers, caches and monitors.

use actix_web::test::{self, TestRequest};
use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, answer};
use crate::actors::auth::Role;
use crate::http::fixture::{SHOP, today};
use crate::http::{openapi, server};

/// Every path of the description that can be read; a callback tells more than it reads.
fn readable() -> Vec<String> {
    let description: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let is_read =
        |path: &String, item: &Value| item.get("get").is_some() && !path.starts_with("/callbacks/");
    let reads = paths.iter().filter(|(path, item)| is_read(path, item)).map(|(path, _)| path);
    let named = |path: &String| {
        path.replace("{id}", "018f0000-0000-7000-8000-000000000000").replace("{key}", "ischgl")
    };
    reads
        .map(named)
        .map(|path| path.replace("{number}", "STAR-2026-000001").replace("{name}", "order"))
        .collect()
}

#[actix_rt::test]
async fn whatever_can_be_read_can_be_asked_for_without_its_body() {
    let world = World::start().await;
    let admin = world.token("ada@example.org", Role::Admin).await;
    let paths = readable();
    assert!(paths.len() > 20, "{paths:?}");
    // what is asked for at most once a minute answers the second of both with 429
    for path in paths.into_iter().filter(|path| !path.ends_with("/export")) {
        let ask = |method: Method| world.call(method.as_str(), &path).bearer_auth(&admin);
        let head = ask(Method::HEAD).send().await.unwrap();
        // a stream answers for as long as somebody reads it
        let get = ask(Method::GET).send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        assert_eq!(head.headers().get("content-type"), get.headers().get("content-type"), "{path}");
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
    let put = answer(world.call("PUT", "/api/v1/operators")).await;
    assert_eq!(put.headers["allow"], "GET, HEAD");
}

#[actix_rt::test]
async fn every_answer_of_both_listeners_tells_browsers_what_it_is_not() {
    let world = World::start().await;
    let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let operations = inside.local_addr().unwrap();
    let served = crate::http::operations::serve(world.state.clone(), inside).unwrap();
    let handle = served.handle();
    actix_rt::spawn(served);
    let outside = world.address;
    for url in [
        format!("http://{outside}/livez"),
        format!("http://{outside}/api/v1/operators"),
        format!("http://{outside}/api/v1/orders"),
        format!("http://{outside}/nothing/here"),
        format!("http://{outside}/orders/018f0000-0000-7000-8000-000000000000"),
        format!("http://{operations}/metrics"),
        format!("http://{operations}/nothing/here"),
    ] {
        let got = world.client.get(&url).send().await.unwrap();
        let headers = got.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{url}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{url}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{url}: {policy}"
        );
        assert!(!headers.contains_key("strict-transport-security"), "{url} is no https");
        let kept = if url.ends_with("/operators") { "public, no-cache" } else { "no-store" };
        assert_eq!(headers["cache-control"], kept, "{url}");
    }
    handle.stop(false).await;
}

#[actix_rt::test]
async fn https_is_demanded_where_browsers_come_by_it() {
    let world = World::with(|state| state.face.https = true).await;
    let got = answer(world.call("GET", "/livez")).await;
    assert_eq!(got.headers["strict-transport-security"], "max-age=31536000");
}

#[actix_rt::test]
async fn what_anyone_may_read_is_sent_once_and_compressed_and_the_rest_is_kept_by_nobody() {
    let world = World::start().await;
    let app = test::init_service(server::app(world.state.clone())).await;
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = TestRequest::get().uri(path);
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let answer = test::call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        (status, headers, test::read_body(answer).await)
    };
    let offers =
        format!("/api/v1/operators/ischgl/offers?day={}&birth_year=1990", today() + Days::new(2));
    let operators = ["/api/v1/operators", "/api/v1/operators/ischgl", "/api/v1/areas"];
    let others = ["/api/openapi.json", "/status", "/.well-known/jwks.json", &offers];
    for path in operators.into_iter().chain(others) {
        let (status, headers, plain) = ask(path, &[]).await;
        assert_eq!((status, headers.contains_key("content-encoding")), (200, false), "{path}");
        let tag = headers.get("etag").unwrap().to_str().unwrap();
        for known in
            [tag.to_owned(), format!("\"other\", {tag}"), tag.replace("W/", ""), "*".to_owned()]
        {
            let (status, headers, body) = ask(path, &[("if-none-match", &known)]).await;
            assert_eq!(
                (status, body.len(), headers.get("etag").unwrap().to_str().unwrap()),
                (304, 0, tag),
                "{path}"
            );
        }
        assert_eq!(ask(path, &[("if-none-match", "W/\"other\"")]).await.0, 200, "{path}");
        let (_, headers, packed) =
            ask(path, &[("accept-encoding", "br, gzip;q=0.5, identity;q=0.1")]).await;
        if plain.len() < 1024 {
            assert!(!headers.contains_key("content-encoding"), "{path}");
            continue;
        }
        assert_eq!(headers.get("content-encoding").unwrap(), "gzip", "{path}");
        assert!(
            headers.get("vary").unwrap().to_str().unwrap().contains("accept-encoding"),
            "{path}"
        );
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked)
            .unwrap();
        assert!(
            unpacked == plain && packed.len() * 2 < plain.len(),
            "{path}: {} of {}",
            packed.len(),
            plain.len()
        );
        assert!(
            !ask(path, &[("accept-encoding", "gzip;q=0")]).await.1.contains_key("content-encoding"),
            "{path}"
        );
    }
}

#[actix_rt::test]
async fn pages_of_a_known_origin_may_call_and_no_other_gets_a_word_of_it() {
    let world = World::start().await;
    let ask =
        |origin: &'static str| {
            let call = world.call("OPTIONS", "/api/v1/orders").header("origin", origin);
            let call = call.header("access-control-request-method", "POST");
            answer(call.header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key",
            ))
        };
    let allowed = ask(SHOP).await;
    assert_eq!(
        (allowed.status, &allowed.headers["access-control-allow-origin"]),
        (204, &SHOP.parse().unwrap())
    );
    let may = allowed.headers["access-control-allow-headers"].to_str().unwrap();
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(may.split(", ").any(|one| one == header), "{may}");
    }
    assert!(allowed.headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    assert!(!allowed.headers.contains_key("access-control-allow-credentials"));
    let refused = ask("https://shop.example.evil.example").await;
    refused.expect_problem(405, "method-not-allowed");
    assert!(!refused.headers.contains_key("access-control-allow-origin"));

    let body = json!({ "email": "a@example.org", "password": "wrong" });
    for (origin, may_read) in [(SHOP, true), ("null", false), ("http://shop.example", false)] {
        let failed =
            answer(world.call("POST", "/api/v1/sessions").header("origin", origin).json(&body))
                .await;
        failed.expect_problem(401, "wrong-password");
        assert_eq!(
            failed.headers.contains_key("access-control-allow-origin"),
            may_read,
            "{origin}"
        );
        assert_eq!(
            failed.headers.contains_key("access-control-expose-headers"),
            may_read,
            "{origin}"
        );
    }
}
