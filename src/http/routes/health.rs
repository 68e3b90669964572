//! Whether this replica lives, takes requests, and whether its suppliers answer: read without
//! asking any actor.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;

use super::operators::phase_outside;
use crate::actors::supervision::Phase;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::shared;
use crate::http::state::State;
use crate::language::both;

/// How everything does.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Status)]
pub struct StatusView {
    status: Health,
    suppliers: Vec<SupplierView>,
}

/// Whether everything works.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It does.
    Up,
    /// Something waits; what does not need it goes on.
    Degraded,
}

/// Somebody whose answers are needed.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Supplier)]
pub struct SupplierView {
    /// An operator's key, `payment`, or a service's supplier.
    name: String,
    state: Phase,
}

/// That this process answers, or takes requests.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Alive {
    status: Health,
}

/// Whether the process lives.
#[utoipa::path(tag = "operations", operation_id = "is_alive", responses((status = 200, description = "It does", body = Alive)))]
#[get("/livez")]
pub(in crate::http) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: Health::Up })
}

/// Whether requests may be sent here; 503 while starting and draining.
#[utoipa::path(tag = "operations", operation_id = "is_ready", responses((status = 200, description = "They may", body = Alive)))]
#[get("/readyz")]
pub(in crate::http) async fn ready(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    if state.readiness.get() {
        Ok(HttpResponse::Ok().json(Alive { status: Health::Up }))
    } else {
        Err(Problem::unavailable(
            both(
                "This replica is starting or draining. Ask another one.",
                "Dieser Server fährt gerade hoch oder herunter. Fragen Sie einen anderen.",
            ),
            1,
        ))
    }
}

/// How the suppliers do, for everybody.
#[utoipa::path(tag = "operations", operation_id = "show_status",
    responses((status = 200, description = "Also when something is down", body = StatusView),
        (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/status")]
pub(in crate::http) async fn status(
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let operators = state.facade.states().into_iter().filter_map(|(key, _phase)| {
        let status = state.facade.status(&key)?;
        Some(SupplierView { name: key, state: phase_outside(&status) })
    });
    let others = state.handles.suppliers().map(|(name, status)| SupplierView {
        name: name.to_owned(),
        state: phase_outside(&status),
    });
    let suppliers: Vec<_> = operators.chain(others).collect();
    let all_up = suppliers.iter().all(|supplier| supplier.state == Phase::Up);
    let status = if all_up { Health::Up } else { Health::Degraded };
    shared::json(&request, &StatusView { status, suppliers })
}
