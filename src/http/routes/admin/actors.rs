//! The actors of every replica, and what an admin may command of them.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reason::{MaybeReason, OptionalReason};
use super::remote_actors;
use crate::actors::fleet::ReplicaActors;
use crate::actors::supervision::{Status, UnknownActor};
use crate::http::middleware::paging::Page;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// An actor of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    #[serde(flatten)]
    pub(super) status: Status,
    /// The replica that it runs in, new with every start.
    pub(super) replica: Uuid,
}

impl ActorView {
    /// An actor of the replica that answers.
    #[must_use]
    pub fn new(status: Status, replica: Uuid) -> Self {
        Self { status, replica }
    }
}

/// What an admin can command of an actor.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorCommand {
    /// Start afresh, with breaker and crash history reset.
    Restart,
    /// Take and begin nothing until resumed.
    Pause,
    /// End a pause or a drain; start again after a stop.
    Resume,
    /// Answer what was accepted, then stop.
    Drain,
}

/// Whose actor is meant.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct At {
    /// A replica as `GET /api/v1/admin/actors` names it; without it, the one that answers.
    replica: Option<Uuid>,
}

impl ActorCommand {
    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Restart, Self::Pause, Self::Resume, Self::Drain]
            .into_iter()
            .find(|one| one.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
        }
    }
}

/// Every actor of every replica: first those of the one that answers. Those of others are seen
/// through Redis, as they were two seconds ago at most; without it, only the answering replica's.
#[utoipa::path(tag = "admin", operation_id = "list_actors", security(("bearer" = [])),
    responses((status = 200, description = "All actors, each replica's in the order they were started", body = Page<ActorView>)))]
#[get("/api/v1/admin/actors")]
pub(in crate::http) async fn list(state: web::Data<State>, _admin: Admin) -> HttpResponse {
    HttpResponse::Ok().json(Page::whole(all(&state).await))
}

/// The actors of every replica, those of this one first.
pub(in crate::http) async fn all(state: &State) -> Vec<ActorView> {
    let own =
        state.actors.statuses().into_iter().map(|status| ActorView::new(status, state.replica));
    let others = state.fleet.tree.others().await;
    let of = |other: &ReplicaActors| {
        let replica = other.replica;
        other.actors.clone().into_iter().map(move |status| ActorView::new(status, replica))
    };
    own.chain(others.iter().flat_map(of)).collect()
}

/// Commands something of an actor; carried out when answered. Another replica's is reached through
/// Redis: while that is away, 404 names the replica to ask, and 503 says that it was told and has
/// not answered.
#[utoipa::path(tag = "admin", operation_id = "command_actor", security(("bearer" = [])), request_body = Option<OptionalReason>,
    params(("name" = String, Path, description = "The actor's name; a `/` in it is sent as `%2F`"), ("command" = inline(ActorCommand), Path), At),
    responses((status = 202, description = "Done; `GET /api/v1/admin/actors` shows what became of it", body = ActorView)))]
#[post("/api/v1/admin/actors/{name}/{command}")]
pub(in crate::http) async fn act(
    state: web::Data<State>,
    admin: Admin,
    path: web::Path<(String, ActorCommand)>,
    at: web::Query<At>,
    MaybeReason(reason): MaybeReason,
) -> Result<HttpResponse, Problem> {
    let (name, command) = path.into_inner();
    if let Some(replica) = at.replica.filter(|replica| *replica != state.replica) {
        let done =
            remote_actors::have_done(&state, &admin, (&name, command), replica, reason).await?;
        return Ok(HttpResponse::Accepted().json(done));
    }
    status_of(&state, &name)?;
    store::write_audit(&state.io, admin.audit_entry(command.word(), name.clone(), reason)).await?;
    tracing::info!(
        actor = name,
        command = command.word(),
        "an admin commands something of an actor"
    );
    let status = carry_out(&state, &name, command).await?;
    state.streams.actors_changed();
    Ok(HttpResponse::Accepted().json(ActorView::new(status, state.replica)))
}

/// Does it to an actor of this replica, and gives what became of it.
pub(super) async fn carry_out(
    state: &State,
    name: &str,
    command: ActorCommand,
) -> Result<Status, UnknownActor> {
    match command {
        ActorCommand::Restart => state.actors.restart(name).await,
        ActorCommand::Pause => state.actors.pause(name).await,
        ActorCommand::Resume => state.actors.resume(name).await,
        ActorCommand::Drain => state.actors.drain(name).await,
    }?;
    status_of(state, name)
}

pub(super) fn status_of(state: &State, name: &str) -> Result<Status, UnknownActor> {
    let found = state.actors.statuses().into_iter().find(|status| status.name == name);
    found.ok_or_else(|| UnknownActor(name.to_owned()))
}

impl From<UnknownActor> for Problem {
    fn from(_unknown: UnknownActor) -> Self {
        Self::not_found(both(
            "No actor has this name. `GET /api/v1/admin/actors` lists all; a `/` in a name is sent as `%2F`.",
            "Kein Aktor heißt so. `GET /api/v1/admin/actors` nennt alle; ein `/` im Namen wird als `%2F` gesendet.",
        ))
    }
}
