//! What services add: tasks that admins see, and routes that are not there while they are off.

use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, HttpResponse, web};
use serde_json::{Value, json};

use super::World;
use crate::actors::auth::Role;
use crate::http::{Handles, Offered};

/// The handle of a service.
struct Greeting(&'static str);

async fn greet(greeting: Offered<Greeting>) -> HttpResponse {
    HttpResponse::Ok().json(greeting.0)
}

/// What its route answers where the service gave these handles.
async fn answer_with(handles: Handles) -> (u16, Value) {
    let app =
        App::new().configure(|api| handles.give_to(api)).route("/greet", web::get().to(greet));
    let app = init_service(app).await;
    let answer = call_service(&app, TestRequest::get().uri("/greet").to_request()).await;
    (answer.status().as_u16(), read_body_json(answer).await)
}

#[actix_rt::test]
async fn a_service_that_is_switched_off_is_not_offered() {
    let mut handles = Handles::default();
    handles.add(Greeting("Grüß Gott"));
    assert_eq!(answer_with(handles).await, (200, json!("Grüß Gott")));
    let (status, problem) = answer_with(Handles::default()).await;
    assert_eq!((status, &problem["type"]), (404, &json!("not-offered")));
}

#[actix_rt::test]
async fn admins_see_when_a_background_task_ran_and_how_it_ended() {
    let world = World::start().await;
    let every = Duration::from_secs(3600);
    let (told, heard) = tokio::sync::oneshot::channel();
    world.state.fleet.tasks.keep("greeting", Some(every), |runs| async move {
        _ = runs.watch(async { Err::<(), _>("nobody is there") }).await;
        told.send(()).unwrap();
        std::future::pending().await
    });
    heard.await.unwrap();
    let path = "/api/v1/admin/tasks";
    let skier = world.token("anna@example.org", Role::Customer).await;
    let refused = super::answer(world.call("GET", path).bearer_auth(&skier)).await;
    assert_eq!(refused.status, 403);
    let admin = world.token("admin@example.org", Role::Admin).await;
    let mut seen = super::answer(world.call("GET", path).bearer_auth(&admin)).await;
    assert_eq!(seen.body["replica"], json!(world.state.replica));
    let task = seen.body["items"][0].take();
    assert_eq!(task["last_run"]["error"], json!("nobody is there"), "{task}");
    let at = &task["last_run"]["at"];
    let next = &task["next_at"];
    assert!(at.as_str() < next.as_str(), "{task}");
    assert_eq!(
        (&task["name"], &task["scope"], &task["here"], &task["every_ms"]),
        (&json!("greeting"), &json!("every_replica"), &json!(true), &json!(3_600_000))
    );
}
