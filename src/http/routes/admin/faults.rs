//! Faults on order, to see and to test what a broken actor does to the rest: nothing.
//! Only a server with `environment = "test"` has these calls, see `routes::for_tests`.

use std::time::Duration;

use actix_web::{HttpResponse, delete, post, web};
use serde::{Deserialize, Serialize};

use super::actors::{ActorView, status_of};
use crate::actors::supervision::Fault;
use crate::http::middleware::body::Json;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// Longest delay and longest wedge, in milliseconds.
const LONGEST_MS: u64 = 60_000;
/// Most questions that one call may break.
const MOST_TIMES: u32 = 100;

/// What an actor's next questions shall suffer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFault {
    fault: Kind,
    /// How long, 1 to 60000; `delay` and `wedge` need it, the others have none.
    milliseconds: Option<u64>,
    /// How many questions, 1 to 100, one when absent.
    times: Option<u32>,
}

/// What can go wrong on order.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The actor crashes; the question ends, a fresh incarnation answers the next.
    Panic,
    /// The answer comes late.
    Delay,
    /// No answer comes; the question is cut at its deadline.
    Hang,
    /// The actor's thread is blocked. After two seconds it is left behind and the actor moves;
    /// three left behind at the same time end the process with 70.
    Wedge,
}

impl NewFault {
    /// The fault, how often, and the words for both that the audit keeps.
    fn read(&self) -> Result<(Fault, u32, &'static str), Problem> {
        let times = self.times.unwrap_or(1);
        if !(1..=MOST_TIMES).contains(&times) {
            return Err(Problem::invalid(both(
                "`times` must be 1 to 100.",
                "`times` muss zwischen 1 und 100 liegen.",
            )));
        }
        let lasting = || match self.milliseconds {
            Some(milliseconds @ 1..=LONGEST_MS) => Ok(Duration::from_millis(milliseconds)),
            Some(_) | None => Err(Problem::invalid(both(
                "`delay` and `wedge` need `milliseconds`, 1 to 60000.",
                "`delay` und `wedge` brauchen `milliseconds`, 1 bis 60000.",
            ))),
        };
        let (fault, word) = match self.fault {
            Kind::Delay => (Fault::Delay(lasting()?), "inject delay"),
            Kind::Wedge => (Fault::Wedge(lasting()?), "inject wedge"),
            Kind::Panic | Kind::Hang if self.milliseconds.is_some() => {
                return Err(Problem::invalid(both(
                    "`panic` and `hang` have no `milliseconds`. Leave it out.",
                    "`panic` und `hang` haben keine `milliseconds`. Lassen Sie es weg.",
                )));
            }
            Kind::Panic => (Fault::PanicInHandler, "inject panic"),
            Kind::Hang => (Fault::Hang, "inject hang"),
        };
        Ok((fault, times, word))
    }
}

/// What was taken back.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FaultsCleared {
    /// Faults that no question had suffered yet.
    cleared: u32,
}

/// Breaks the actor's next questions. Only in the demonstration and with `environment = "test"`;
/// elsewhere 404.
///
/// Faults of several calls are suffered one after the other; of more than 64 calls the oldest are
/// forgotten.
#[utoipa::path(tag = "admin", operation_id = "inject_fault", security(("bearer" = [])), request_body = NewFault,
    params(("name" = String, Path, description = "The actor's name; a `/` in it is sent as `%2F`")),
    responses((status = 202, description = "The next question suffers it", body = ActorView)))]
#[post("/api/v1/admin/actors/{name}/faults")]
pub(in crate::http) async fn inject(
    state: web::Data<State>,
    admin: Admin,
    name: web::Path<String>,
    Json(new): Json<NewFault>,
) -> Result<HttpResponse, Problem> {
    status_of(&state, &name)?;
    let (fault, times, word) = new.read()?;
    let length =
        new.milliseconds.map_or_else(String::new, |milliseconds| format!("{milliseconds} ms, "));
    let reason = Some(format!("{length}{times}x"));
    store::write_audit(&state.io, admin.audit_entry(word, name.clone(), reason)).await?;
    tracing::warn!(actor = *name, ?fault, times, "an admin breaks an actor");
    state.actors.inject(&name, fault, times)?;
    Ok(HttpResponse::Accepted().json(ActorView::new(status_of(&state, &name)?, state.replica)))
}

/// Takes back what the actor has not suffered yet. Only in the demonstration and with
/// `environment = "test"`; elsewhere 404.
#[utoipa::path(tag = "admin", operation_id = "clear_faults", security(("bearer" = [])),
    params(("name" = String, Path, description = "The actor's name; a `/` in it is sent as `%2F`")),
    responses((status = 200, description = "Nothing is broken from here on", body = FaultsCleared)))]
#[delete("/api/v1/admin/actors/{name}/faults")]
pub(in crate::http) async fn clear(
    state: web::Data<State>,
    admin: Admin,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    status_of(&state, &name)?;
    store::write_audit(&state.io, admin.audit_entry("clear faults", name.clone(), None)).await?;
    let cleared = state.actors.clear_faults(&name)?;
    tracing::info!(actor = *name, cleared, "an admin clears faults");
    Ok(HttpResponse::Ok().json(FaultsCleared { cleared }))
}
