//! Failures, ids, limits and the description.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use actix_web::{App, HttpServer, web};
use serde_json::{Value, json};

use super::{World, answer, client};
use crate::actors::auth::Role;
use crate::http::middleware::request_id;
use crate::http::{openapi, server};

/// Sends bytes as they are and reads until the server closes, which it must.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server did not close");
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_rt::test]
async fn what_is_not_there_is_a_problem_and_a_wrong_method_names_the_right_ones() {
    let world = World::start().await;
    answer(world.call("GET", "/nothing/here")).await.expect_problem(404, "not-found");
    let wrong = answer(world.call("PUT", "/api/v1/sessions")).await;
    wrong.expect_problem(405, "method-not-allowed");
    assert_eq!(wrong.headers["allow"], "POST, DELETE");
}

#[actix_rt::test]
async fn bodies_that_do_not_fit_are_refused_in_words() {
    let world = World::start().await;
    let send = |kind: &'static str, body: &str| {
        answer(
            world
                .call("POST", "/api/v1/sessions")
                .header("content-type", kind)
                .body(body.to_owned()),
        )
    };
    let full = r#"{"email":"a@example.org","password":"x"}"#;
    send("application/json", "{\"email\":").await.expect_problem(400, "malformed");
    send("text/plain", full).await.expect_problem(415, "not-json");
    for (body, word) in [
        (r#"{"email":"a@example.org"}"#, "`password` is missing"),
        (r#"{"email":"a@example.org","password":"x","role":"admin"}"#, "`role` is not known"),
        (
            r#"{"email":"a@example.org","email":"b@example.org","password":"x"}"#,
            "`email` stands twice",
        ),
        (r#"{"email":7,"password":"x"}"#, "wrong form"),
    ] {
        let refused = send("application/json", body).await;
        refused.expect_problem(422, "invalid");
        assert!(refused.body["detail"].as_str().unwrap().contains(word), "{refused:?}");
    }
}

#[actix_rt::test]
async fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
    let world = World::start().await;
    let send = |length: usize| {
        let frame = r#"{"email":"","password":"x"}"#.len();
        let body = format!(r#"{{"email":"{}","password":"x"}}"#, "a".repeat(length - frame));
        assert_eq!(body.len(), length);
        answer(
            world
                .call("POST", "/api/v1/sessions")
                .header("content-type", "application/json")
                .body(body),
        )
    };
    send(64 * 1024).await.expect_problem(401, "wrong-password");
    send(64 * 1024 + 1).await.expect_problem(413, "too-large");
}

#[actix_rt::test]
async fn a_body_without_a_length_is_bounded_too() {
    let world = World::start().await;
    let mut request =
        b"POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..70 {
        request.extend_from_slice(b"400\r\n");
        request.extend_from_slice(&[b' '; 1024]);
        request.extend_from_slice(b"\r\n");
    }
    let address = world.address;
    let text = web::block(move || exchange(address, &request)).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    assert!(text.contains("application/problem+json"), "{text}");
}

#[actix_rt::test]
async fn a_client_that_never_ends_a_refused_body_is_not_waited_for() {
    let world = World::start().await;
    let request =
        b"POST /nothing HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let address = world.address;
    let text = web::block(move || exchange(address, request)).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 404"), "{text}");
}

#[actix_rt::test]
async fn a_body_that_does_not_arrive_ends_in_time() {
    let world = World::start().await;
    let request =
        b"POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 50\r\n\r\n{";
    let address = world.address;
    let text = web::block(move || exchange(address, request)).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(text.contains(r#""type":"too-slow""#), "{text}");
}

#[actix_rt::test]
async fn a_request_has_an_id_of_ours_whatever_the_client_calls_it() {
    let world = World::start().await;
    for given in ["Edge-1.a_b", "", "a b", "a\"b", &"a".repeat(65)] {
        let answered = answer(world.call("GET", "/nothing").header("x-request-id", given)).await;
        let id = answered.headers["x-request-id"].to_str().unwrap().to_owned();
        assert_ne!(id, given);
        assert_eq!(id.len(), 36);
    }
}

#[actix_rt::test]
async fn the_description_is_served_to_admins_and_equals_the_committed_one() {
    let world = World::start().await;
    let ada = world.token("ada@example.org", Role::Admin).await;
    let served = answer(world.call("GET", "/api/v1/admin/openapi.json").bearer_auth(&ada)).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, openapi::render()).unwrap();
    }
    let committed = std::fs::read(path).unwrap_or_default();
    assert!(
        committed == openapi::render(),
        "openapi.json is out of date: run this test with BLESS=1 and look at the change"
    );
    assert_eq!(served.body, serde_json::from_slice::<Value>(&committed).unwrap());
}

#[actix_rt::test]
async fn strangers_read_no_call_of_those_who_run_the_shop() {
    let world = World::start().await;
    let served = answer(world.call("GET", "/api/openapi.json")).await.body;
    let whole: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let paths = |of: &Value| of["paths"].as_object().unwrap().clone();
    let is_admins = |path: &String| path.starts_with("/api/v1/admin/");
    let others: Vec<_> = paths(&whole).into_iter().filter(|(path, _)| !is_admins(path)).collect();
    assert_eq!(paths(&served).into_iter().collect::<Vec<_>>(), others);
    let schemas = served["components"]["schemas"].as_object().unwrap();
    assert!(
        schemas.contains_key("Order")
            && schemas.contains_key("Problem")
            && !schemas.contains_key("Reconciliation")
    );
    let text = served.to_string();
    let named =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    named.for_each(|name| assert!(schemas.contains_key(name), "{name} is described nowhere"));
    assert!(!text.contains("/api/v1/admin/actors"), "{text}");
}

#[test]
fn the_front_page_lists_every_route_of_the_description() {
    let description: Value = serde_json::from_slice(&openapi::render()).unwrap();
    let front = include_str!("../routes/mod.rs");
    let mut described = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "summary" && *key != "description")
        {
            described += 1;
            let call = format!("// {} {path} ", method.to_uppercase());
            assert!(front.contains(&call), "src/http/routes/mod.rs does not say `{call}`");
        }
    }
    assert_eq!(described, front.matches("api.service(").count(), "a route is not described");
}

#[actix_rt::test]
async fn a_panic_in_a_handler_is_one_problem_and_the_server_goes_on() {
    async fn broken() -> &'static str {
        panic!("on purpose")
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app =
        || App::new().route("/broken", web::get().to(broken)).wrap(from_fn(request_id::watch));
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    actix_rt::spawn(server);
    let client = client();
    for _ in 0..3 {
        answer(client.get(format!("http://{address}/broken")))
            .await
            .expect_problem(500, "internal");
    }
    handle.stop(false).await;
}

/// Where a test's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_rt::test]
async fn a_log_in_is_a_line_that_says_how_it_ended_and_not_whose_it_was() {
    let world = World::start().await;
    let app = test::init_service(server::app(world.state.clone())).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    for email in ["anna@example.org", "anna@example.org", "berta@example.org"] {
        let body = format!(r#"{{"email":"{email}","password":"secret words"}}"#);
        let request = TestRequest::post()
            .uri("/api/v1/sessions")
            .insert_header(("content-type", "application/json"));
        test::call_service(&app, request.set_payload(body).to_request()).await;
    }
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone());
    let events: Vec<Value> = lines.filter(|fields| fields["event"] == "auth.login").collect();
    assert_eq!(events.len(), 3, "{text}");
    assert!(
        events
            .iter()
            .all(|event| event["outcome"] == "wrong_password" && event["known_network"] == false)
    );
    assert_eq!(events[0]["address"], events[1]["address"]);
    assert_ne!(events[0]["address"], events[2]["address"]);
    assert!(
        !text.contains("anna") && !text.contains("example.org") && !text.contains("secret words"),
        "{text}"
    );
}

#[actix_rt::test]
async fn a_request_is_one_log_line_with_its_id_and_without_what_the_client_wrote() {
    let world = World::start().await;
    let app = test::init_service(server::app(world.state.clone())).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let mut ids = Vec::new();
    for (given, request) in [
        (
            "id-1",
            TestRequest::post()
                .uri("/api/v1/sessions?anna@example.org")
                .set_payload(r#"{"email":"anna@example.org"}"#),
        ),
        ("anna likes\tsnow", TestRequest::get().uri("/accounts/anna@example.org?code=123456")),
    ] {
        let request = request
            .insert_header(("x-request-id", given))
            .insert_header(("content-type", "application/json"));
        let answered = test::call_service(&app, request.to_request()).await;
        ids.push(answered.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned());
    }
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["fields"]["route"], "/api/v1/sessions");
    assert_eq!(lines[0]["fields"]["status"], 422);
    assert_eq!(
        (&lines[0]["span"]["request.id"], &lines[1]["span"]["request.id"]),
        (&json!(ids[0]), &json!(ids[1]))
    );
    assert_eq!(lines[0]["span"]["request.given_id"], "id-1");
    assert_eq!(lines[1]["fields"]["route"], "none");
    assert!(!text.contains("anna") && !text.contains("123456"), "{text}");
}
