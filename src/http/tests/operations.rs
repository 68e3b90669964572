//! Health, and what admins see and do.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use starjack_entity::audit;

use super::{Answer, World, answer};
use crate::actors::auth::Role;
use crate::actors::liftoperator::Facade;
use crate::actors::supervision::{
    BreakerPosition, Call, Failure, Phase, Placement, Policy, Service, Spec, Why,
};
use crate::clock::{self, Deadline};
use crate::http::middleware::problem::Kind;
use crate::http::routes::operators::{OperatorStatus, OperatorStatuses, phase_outside};
use crate::integrations::lift::{Contract, SUPPLIERS};
use crate::io::IoError;

impl World {
    async fn command(&self, token: &str, path: &str) -> Answer {
        answer(self.call("POST", &format!("/api/v1/admin/actors/{path}")).bearer_auth(token)).await
    }

    async fn audited(&self) -> Vec<(String, String)> {
        let read = self
            .io
            .read(|db| Box::pin(async { Ok::<_, IoError>(audit::Entity::find().all(db).await?) }));
        let mut rows = read.await.unwrap();
        rows.sort_by_key(|row| row.id);
        rows.into_iter()
            .map(|row| (row.action, row.subject))
            .filter(|(action, _)| action != "log_in")
            .collect()
    }

    async fn open(&self, path: &str) -> Answer {
        answer(self.call("GET", path)).await
    }

    /// Waits until `/status` is as wanted.
    async fn until_status(&self, wanted: &Value) {
        let deadline = Deadline::after(Duration::from_secs(10));
        loop {
            let status = self.open("/status").await;
            assert_eq!(status.status, 200);
            if status.body == *wanted {
                return;
            }
            assert!(!deadline.is_over(), "{status:?} is not {wanted}");
            clock::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[actix_rt::test]
async fn a_replica_lives_before_it_is_ready() {
    let world = World::start().await;
    assert_eq!(world.open("/livez").await.status, 200);
    world.open("/readyz").await.expect_problem(503, "unavailable");
    world.state.readiness.set(true);
    assert_eq!(world.open("/readyz").await.status, 200);
    world.state.readiness.set(false);
    world.open("/readyz").await.expect_problem(503, "unavailable");
    assert_eq!(world.open("/livez").await.status, 200);
}

#[actix_rt::test]
async fn a_replica_that_leaves_turns_reads_away_and_serves_what_nobody_may_repeat() {
    let world = World::start().await;
    world.account("anna@example.org", Role::Customer).await;
    world.state.readiness.set(true);
    let before = world.log_in("anna@example.org", "correct horse").await;
    assert_eq!((before.status, before.headers.get("connection")), (201, None));
    let says_so: Vec<_> =
        Kind::ALL.iter().filter(|kind| kind.status() == 504).map(|kind| kind.slug()).collect();
    assert_eq!(says_so, ["leaving"], "a proxy goes by the status alone");
    world.state.readiness.leave();
    for path in ["/api/v1/operators", "/status", "/nowhere"] {
        world.open(path).await.expect_problem(504, "leaving");
    }
    world.open("/readyz").await.expect_problem(503, "unavailable");
    assert_eq!(world.open("/livez").await.status, 200);
    let served = world.log_in("anna@example.org", "correct horse").await;
    assert_eq!((served.status, served.headers["connection"].to_str().unwrap()), (201, "close"));
}

#[actix_rt::test]
async fn a_paused_supplier_degrades_the_public_status_until_it_is_resumed() {
    let world = World::start().await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let status = |status: &str, state: &str| json!({ "status": status, "suppliers": [{ "name": "payment", "state": state }] });
    world.until_status(&status("up", "up")).await;
    let paused = world.command(&clerk, "payment/pause").await;
    assert_eq!(
        (paused.status, &paused.body["name"], &paused.body["state"]),
        (202, &json!("payment"), &json!("paused"))
    );
    world.until_status(&status("degraded", "paused")).await;
    assert_eq!(world.command(&clerk, "payment/resume").await.status, 202);
    world.until_status(&status("up", "up")).await;
    assert_eq!(
        world.audited().await,
        [("pause".into(), "payment".into()), ("resume".into(), "payment".into())]
    );
}

#[actix_rt::test]
async fn actors_are_listed_with_all_that_is_known_of_them() {
    let world = World::start().await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let list = world.get("/api/v1/admin/actors", &clerk).await;
    let names: Vec<_> =
        list.body["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, ["payment", "order"]);
    let order = &list.body["items"][1];
    assert_eq!(order["replica"], json!(world.state.replica));
    assert_eq!(order["mailbox"], json!({ "depth": 0, "capacity": 8192 }));
    for field in [
        "state",
        "breaker",
        "in_flight",
        "restarts",
        "last_failure",
        "processed",
        "p50_us",
        "p99_us",
    ] {
        assert!(order.get(field).is_some(), "{field}");
    }
}

#[actix_rt::test]
async fn wishes_are_carried_out_and_written_down() {
    let world = World::start().await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    assert_eq!(world.command(&clerk, "order/restart").await.status, 202);
    let drained = world.command(&clerk, "order/drain").await;
    assert_eq!(drained.status, 202);
    assert!(
        ["draining", "stopped"].contains(&drained.body["state"].as_str().unwrap()),
        "{drained:?}"
    );
    for (path, status) in
        [("nobody/restart", 404), ("order/destroy", 404), ("a%2Fb/pause", 404), ("a/b/pause", 404)]
    {
        world.command(&clerk, path).await.expect_problem(status, "not-found");
    }
    assert_eq!(
        world.audited().await,
        [("restart".into(), "order".into()), ("drain".into(), "order".into())]
    );
}

#[actix_rt::test]
async fn a_name_with_a_slash_is_one_name() {
    let world = World::start().await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let spec = Spec {
        name: "lift/area".to_owned(),
        mailbox: 1,
        in_flight: 1,
        arbiter: Placement::Domain,
        policy: Policy::default(),
    };
    let _actor = world.state.actors.spawn(spec, || Ok(Idle));
    let paused = world.command(&clerk, "lift%2Farea/pause").await;
    assert_eq!((paused.status, &paused.body["name"]), (202, &json!("lift/area")), "{paused:?}");
}

#[actix_rt::test]
async fn an_operator_is_down_while_its_actor_is_paused_or_behind_an_open_breaker() {
    let world = World::start().await;
    let mut seen = world.state.payment.status();
    for (state, breaker, outside) in [
        (Phase::Up, BreakerPosition::Closed, Phase::Up),
        (Phase::Up, BreakerPosition::HalfOpen, Phase::Up),
        (Phase::Up, BreakerPosition::Open, Phase::Down),
        (Phase::Paused, BreakerPosition::Open, Phase::Paused),
        (Phase::Stopped, BreakerPosition::Closed, Phase::Stopped),
    ] {
        (seen.state, seen.breaker) = (state, breaker);
        assert_eq!(phase_outside(&seen), outside);
    }
    let contract = contract();
    let name = contract.actor_name();
    let facade = Facade::start(&world.state.actors, vec![contract], &Policy::default());
    assert_eq!(facade.status_of("ischgl"), OperatorStatus::Up);
    world.state.actors.pause(&name).await.unwrap();
    assert_eq!(facade.status_of("ischgl"), OperatorStatus::Down);
    world.state.actors.resume(&name).await.unwrap();
    assert_eq!(facade.status_of("ischgl"), OperatorStatus::Up);
    assert_eq!(facade.status_of("solden"), OperatorStatus::Down, "no contract");
}

/// A contract of the first supplier with a closed port.
fn contract() -> Contract {
    let secret = |name: &str| (name.to_owned(), "unused".into());
    Contract {
        operator: "ischgl".to_owned(),
        supplier: SUPPLIERS[0].key.to_owned(),
        endpoint: "http://127.0.0.1:1".to_owned(),
        credentials: ["client_name", "user_name", "password"].map(secret).into(),
        settings: std::collections::BTreeMap::new(),
        dedups_reference: false,
        requests_per_second: 0,
        settle: Duration::from_secs(2),
        issue_patience: Duration::from_secs(2),
        check_deadline: Duration::from_secs(2),
        issue_deadline: Duration::from_secs(2),
        time_zone: chrono_tz::Europe::Vienna,
        last_loading_time: chrono::NaiveTime::MIN,
    }
}

struct Idle;

impl Service for Idle {
    type Request = ();
    type Answer = ();

    fn handle(&mut self, (): (), _call: Call) -> LocalBoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn failed((): &()) -> bool {
        false
    }
}

#[actix_rt::test]
async fn faults_are_suffered_by_the_next_questions_and_written_down() {
    let world = World::start().await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let spec = Spec {
        name: "lift/area".to_owned(),
        mailbox: 1,
        in_flight: 1,
        arbiter: Placement::Domain,
        policy: Policy::default(),
    };
    let actor = world.state.actors.spawn(spec, || Ok(Idle));
    let path = "/api/v1/admin/actors/lift%2Farea/faults";
    let inject =
        async |body: Value| answer(world.call("POST", path).bearer_auth(&clerk).json(&body)).await;
    let injected = inject(json!({ "fault": "panic" })).await;
    assert_eq!(
        (injected.status, &injected.body["name"]),
        (202, &json!("lift/area")),
        "{injected:?}"
    );
    let soon = || Deadline::after(Duration::from_secs(10));
    assert!(matches!(
        actor.ask((), soon()).await,
        Err(Failure { begun: true, why: Why::Panicked(_) })
    ));
    assert_eq!(actor.ask((), soon()).await, Ok(()), "one panic was asked for");

    assert_eq!(
        inject(json!({ "fault": "wedge", "milliseconds": 60_000, "times": 100 })).await.status,
        202
    );
    let cleared = answer(world.call("DELETE", path).bearer_auth(&clerk)).await;
    assert_eq!((cleared.status, cleared.body), (200, json!({ "cleared": 100 })));
    assert_eq!(actor.ask((), soon()).await, Ok(()));

    for unclear in [
        json!({ "fault": "wedge" }),
        json!({ "fault": "wedge", "milliseconds": 60_001 }),
        json!({ "fault": "delay", "milliseconds": 0 }),
        json!({ "fault": "hang", "milliseconds": 5 }),
        json!({ "fault": "panic", "times": 0 }),
        json!({ "fault": "panic", "times": 101 }),
    ] {
        inject(unclear).await.expect_problem(422, "invalid");
    }
    for method in ["POST", "DELETE"] {
        let nobody = world.call(method, "/api/v1/admin/actors/nobody/faults").bearer_auth(&clerk);
        answer(nobody.json(&json!({ "fault": "panic" }))).await.expect_problem(404, "not-found");
    }
    let audited = [
        ("inject panic".into(), "lift/area".into()),
        ("inject wedge".into(), "lift/area".into()),
        ("clear faults".into(), "lift/area".into()),
    ];
    assert_eq!(world.audited().await, audited);
}

#[actix_rt::test]
async fn production_does_not_know_the_word_faults() {
    let world = World::with(|state| state.face.breakable = false).await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    for word in ["faults", "nonsense"] {
        let call = |method: &str| {
            world.call(method, &format!("/api/v1/admin/actors/order/{word}")).bearer_auth(&clerk)
        };
        answer(call("POST").json(&json!({ "fault": "panic" })))
            .await
            .expect_problem(404, "not-found");
        answer(call("DELETE")).await.expect_problem(405, "method-not-allowed");
    }
    assert!(world.audited().await.is_empty());
}

#[actix_rt::test]
async fn customers_and_strangers_see_and_move_no_actor() {
    let world = World::start().await;
    let anna = world.token("anna@example.org", Role::Customer).await;
    for path in ["/api/v1/admin/actors", "/api/v1/admin/orders?state=stuck"] {
        world.get(path, &anna).await.expect_problem(403, "forbidden");
        world.open(path).await.expect_problem(401, "unauthenticated");
    }
    world.command(&anna, "order/drain").await.expect_problem(403, "forbidden");
    let fault = world.call("POST", "/api/v1/admin/actors/order/faults").bearer_auth(&anna);
    answer(fault.json(&json!({ "fault": "panic" }))).await.expect_problem(403, "forbidden");
    let undo = world.call("DELETE", "/api/v1/admin/actors/order/faults");
    answer(undo).await.expect_problem(401, "unauthenticated");
    answer(world.call("POST", "/api/v1/admin/actors/order/drain"))
        .await
        .expect_problem(401, "unauthenticated");
    assert!(world.audited().await.is_empty());
    let order =
        world.state.actors.statuses().into_iter().find(|status| status.name == "order").unwrap();
    assert!(!matches!(order.state, Phase::Draining | Phase::Stopped));
}
