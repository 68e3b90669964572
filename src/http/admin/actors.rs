//! The actors of this replica, and what an admin may wish of them.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reason::{MaybeBecause, MaybeReason};
use super::store::{self, Deed};
use crate::actors::supervision::{Status, UnknownActor};
use crate::http::paging::Page;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// An actor of a replica.
#[derive(Serialize, utoipa::ToSchema)]
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

/// What an actor can be wished.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// Start afresh, with breaker and crash history reset.
    Restart,
    /// Take and begin nothing until resumed.
    Pause,
    /// End a pause or a drain; start again after a stop.
    Resume,
    /// Answer what was accepted, then stop.
    Drain,
}

impl Wish {
    fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
        }
    }
}

/// Every actor of the replica that answers.
#[utoipa::path(tag = "admin", operation_id = "list_actors", security(("bearer" = [])),
    responses((status = 200, description = "All actors, in the order they were started", body = Page<ActorView>)))]
#[get("/api/v1/admin/actors")]
pub(in crate::http) async fn list(state: web::Data<State>, _admin: Admin) -> HttpResponse {
    let view = |status| ActorView::new(status, state.replica);
    HttpResponse::Ok().json(Page::whole(state.actors.statuses().into_iter().map(view).collect()))
}

/// Wishes something of an actor of the replica that answers; carried out when answered.
#[utoipa::path(tag = "admin", operation_id = "wish_of_actor", security(("bearer" = [])), request_body = Option<MaybeBecause>,
    params(("name" = String, Path, description = "The actor's name; a `/` in it is sent as `%2F`"), ("wish" = inline(Wish), Path)),
    responses((status = 202, description = "Done; `GET /api/v1/admin/actors` shows what became of it", body = ActorView)))]
#[post("/api/v1/admin/actors/{name}/{wish}")]
pub(in crate::http) async fn wish(
    state: web::Data<State>,
    admin: Admin,
    path: web::Path<(String, Wish)>,
    MaybeReason(reason): MaybeReason,
) -> Result<HttpResponse, Problem> {
    let (name, wish) = path.into_inner();
    status_of(&state, &name)?;
    let deed = Deed { account_id: admin.account_id, action: wish.word(), subject: name.clone(), reason };
    store::write_down(&state.io, deed).await?;
    tracing::info!(actor = name, wish = wish.word(), "an admin wishes something of an actor");
    match wish {
        Wish::Restart => state.actors.restart(&name).await,
        Wish::Pause => state.actors.pause(&name).await,
        Wish::Resume => state.actors.resume(&name).await,
        Wish::Drain => state.actors.drain(&name).await,
    }?;
    state.streams.actors_changed();
    Ok(HttpResponse::Accepted().json(ActorView::new(status_of(&state, &name)?, state.replica)))
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
