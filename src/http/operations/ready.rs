//! Whether this replica is ready, and what of it is not well.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use uuid::Uuid;

use crate::actors::supervision::{BreakerPosition, Phase};
use crate::clock::{self, Deadline};
use crate::http::State;
use crate::http::routes::operators::phase_outside;
use crate::redis::{Link, Talk};

/// How long the database is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Detail {
    /// Whether requests are taken: neither starting nor draining, and the public listener answers.
    ready: bool,
    listener: ListenerDetail,
    replica: Uuid,
    database: DatabaseDetail,
    redis: Link,
    fleet: FleetDetail,
    /// Those that do not answer; the others are well.
    actors: Vec<ActorDetail>,
}

/// What replicas are to each other.
#[derive(Serialize)]
struct FleetDetail {
    /// How many replicas were alive when this one renewed its lease.
    alive: u32,
    /// Whether this one may write orders.
    lease: bool,
    /// How often its lease was over before it was renewed.
    lapses: u64,
    /// The singleton tasks that there are, and the token under which this replica has them.
    singleton_tasks: BTreeMap<&'static str, Option<i64>>,
    /// How the talk with Redis goes, by which replicas work together.
    redis: Talk,
}

/// Where the public comes in.
#[derive(Serialize)]
struct ListenerDetail {
    /// Whether a new connection was answered just now; not tried while starting or draining.
    answers: bool,
}

#[derive(Serialize)]
struct DatabaseDetail {
    answers: bool,
    took_us: u64,
    connections: u32,
}

#[derive(Serialize)]
struct ActorDetail {
    name: String,
    state: Phase,
    breaker: BreakerPosition,
}

/// 200 when requests are taken, else 503; both with what is not well.
pub(super) async fn show(state: web::Data<State>) -> HttpResponse {
    let asked = clock::instant();
    let answers =
        matches!(clock::timeout_at(Deadline::after(PATIENCE), state.io.ping()).await, Ok(Ok(())));
    let took_us = u64::try_from(clock::since(asked).as_micros()).unwrap_or(u64::MAX);
    let unwell =
        state.actors.statuses().into_iter().filter(|status| phase_outside(status) != Phase::Up);
    let actors = unwell.map(|status| ActorDetail {
        name: status.name,
        state: status.state,
        breaker: status.breaker,
    });
    let answered = state.readiness.get() && state.face.door.answers().await;
    // once more: it may have begun to leave meanwhile
    let ready = answered && state.readiness.get();
    let detail = Detail {
        ready,
        listener: ListenerDetail { answers: answered },
        replica: state.replica,
        database: DatabaseDetail { answers, took_us, connections: state.io.connections().0 },
        redis: state.redis.link(),
        fleet: fleet(&state),
        actors: actors.collect(),
    };
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(detail)
}

fn fleet(state: &State) -> FleetDetail {
    let replica = &state.fleet.replica;
    FleetDetail {
        alive: replica.alive(),
        lease: replica.is_alive(),
        lapses: replica.lapses(),
        singleton_tasks: state.fleet.singletons.known().into_iter().collect(),
        redis: state.redis.talk(),
    }
}
