//! Jobs that nobody works off by themselves any more, and how a person brings them back.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reason::{MaybeReason, OptionalReason};
use crate::actors::jobs::{JobState, Listed};
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// Which jobs.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JobsQuery {
    /// Where they stand.
    #[param(inline)]
    state: JobFilter,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// The states that jobs are listed by.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = JobStateAsked)]
pub enum JobFilter {
    /// Only a person brings it back.
    Dead,
    /// It runs when its time comes.
    Waiting,
    /// A worker has it.
    Running,
}

/// A job, without what its handler is given.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    id: Uuid,
    /// Which handler works it off.
    #[schema(example = "letter")]
    kind: String,
    /// What it is about: kinds and ids, no personal data.
    key: String,
    /// `waiting`, `running`, `done` or `dead`.
    #[schema(example = "dead")]
    state: String,
    /// Attempts that began.
    attempts: i32,
    /// Not before.
    run_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    /// Why the last attempt failed.
    #[schema(required)]
    last_error: Option<String>,
}

impl From<Listed> for JobView {
    fn from(job: Listed) -> Self {
        let Listed { id, kind, key, state, attempts, run_at, created_at, last_error } = job;
        Self { id, kind, key, state, attempts, run_at, created_at, last_error }
    }
}

/// The jobs in a state, newest first.
#[utoipa::path(tag = "admin", operation_id = "list_jobs", security(("bearer" = [])), params(JobsQuery),
    responses((status = 200, description = "A page", body = Page<JobView>)))]
#[get("/api/v1/admin/jobs")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    _admin: Admin,
    query: web::Query<JobsQuery>,
) -> Result<HttpResponse, Problem> {
    let JobsQuery { state: which, cursor, limit } = query.into_inner();
    let (before, limit) = PageQuery::new(cursor, limit).read_id()?;
    let which = match which {
        JobFilter::Dead => JobState::Dead,
        JobFilter::Waiting => JobState::Waiting,
        JobFilter::Running => JobState::Running,
    };
    let rows = state.jobs.in_state(which, before, limit + 1).await?;
    let views = rows.into_iter().map(JobView::from).collect();
    Ok(HttpResponse::Ok().json(Page::cut(views, limit, |job: &JobView| job.id.to_string())))
}

/// Brings a dead job back with all its attempts; one that waits or runs is left alone.
#[utoipa::path(tag = "admin", operation_id = "redrive_job", security(("bearer" = [])), request_body = Option<OptionalReason>,
    params(("id" = Uuid, Path, description = "The job's id")),
    responses((status = 202, description = "It runs again", body = JobView)))]
#[post("/api/v1/admin/jobs/{id}/redrive")]
pub(in crate::http) async fn redrive(
    state: web::Data<State>,
    admin: Admin,
    id: web::Path<Uuid>,
    MaybeReason(reason): MaybeReason,
) -> Result<HttpResponse, Problem> {
    if find(&state, *id).await?.state == "done" {
        return Err(Problem::new(
            Kind::JobDone,
            both(
                "The job is done: what it was for has happened.",
                "Der Auftrag ist erledigt: Sein Zweck ist erreicht.",
            ),
        ));
    }
    store::write_audit(&state.io, admin.audit_entry("job.redrive", id.to_string(), reason)).await?;
    state.jobs.redrive(*id).await?;
    Ok(HttpResponse::Accepted().json(JobView::from(find(&state, *id).await?)))
}

async fn find(state: &State, id: Uuid) -> Result<Listed, Problem> {
    let found = state.jobs.one(id).await?;
    found.ok_or_else(|| {
        Problem::not_found(both(
            "There is no such job. `GET /api/v1/admin/jobs?state=dead` lists the dead.",
            "Diesen Auftrag gibt es nicht. `GET /api/v1/admin/jobs?state=dead` nennt die toten.",
        ))
    })
}
