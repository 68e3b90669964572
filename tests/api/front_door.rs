//! What anybody can ask: whether the server lives, what it sells, how it is called.

use serde_json::{Value, json};

use crate::support::{Database, World, both_databases};

both_databases!(
    a_server_that_is_up_says_so,
    what_is_not_there_is_a_problem_document,
    the_description_names_every_call,
);

async fn a_server_that_is_up_says_so(database: Database) {
    let world = World::start(database).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(world.guest.get(path).await.expect(200), json!({ "status": "up" }));
    }
    let status = world.guest.get("/status").await.expect(200);
    assert_eq!(status["status"], "up", "{status:#}");
    let names: Vec<&str> = status["suppliers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|supplier| supplier["name"].as_str().unwrap())
        .collect();
    for name in ["solden", "obertauern", "payment"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let keys = world.guest.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
}

async fn what_is_not_there_is_a_problem_document(database: Database) {
    let world = World::start(database).await;
    for path in ["/", "/api/v1/nothing", "/api/v2/orders", "/api/v1/operators/nowhere"] {
        let problem = world.guest.get(path).await.expect_problem(404, "not-found");
        assert!(problem["instance"].is_string(), "{problem}");
    }
    let wrong = world.guest.post("/livez", &json!({})).await;
    assert_eq!(wrong.header("allow"), "GET, HEAD");
    wrong.expect_problem(405, "method-not-allowed");
}

async fn the_description_names_every_call(database: Database) {
    let world = World::start(database).await;
    let description =
        world.clerk().await.client.get("/api/v1/admin/openapi.json").await.expect(200);
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert_eq!(description, serde_json::from_slice::<Value>(&committed).unwrap());
    let paths = description["paths"].as_object().unwrap();
    for path in ["/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/admin/actors", "/status"] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
}
