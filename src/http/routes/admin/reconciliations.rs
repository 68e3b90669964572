//! Comparing a day with the payment provider and the operators: requested here, seen here; what
//! differs is a case.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cases::CaseView;
use super::reason::{GivenReason, Reason};
use crate::actors::reconcile::store::{Run, Scope};
use crate::actors::reconcile::{AgreeError, ReconcileDesk};
use crate::clock;
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;
use crate::typed::Day;

/// Which day is to be compared.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayToCompare {
    /// In each other side's own time zone; today or earlier.
    day: Day,
    /// With this operator alone; with everybody when absent.
    operator: Option<String>,
}

/// A comparison of one day.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Reconciliation)]
pub struct RunView {
    id: Uuid,
    /// `operator/` with its key, `payments` or `invoices`.
    #[schema(example = "operator/solden")]
    scope: String,
    day: NaiveDate,
    /// The admin's account; `null` for the daily one and the command line.
    #[schema(required)]
    requested_by: Option<Uuid>,
    requested_at: DateTime<Utc>,
    /// `null` until it is through.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// Tickets, payments or invoices that were compared.
    compared: i32,
    /// How many of them differ; each has its case.
    differences: i32,
    /// How many cases are new.
    opened: i32,
    /// What could not be asked: this part of the day is not compared.
    #[schema(required)]
    unanswered: Option<String>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let Run {
            id,
            scope,
            day,
            wished_by,
            wished_at,
            ended_at,
            compared,
            differences,
            opened,
            not_told,
        } = run;
        Self {
            id,
            scope,
            day,
            requested_by: wished_by,
            requested_at: wished_at,
            ended_at,
            compared,
            differences,
            opened,
            unanswered: not_told,
        }
    }
}

/// Compares a day. Each side is a comparison of its own; nothing is corrected by it, what differs
/// opens a case.
#[utoipa::path(tag = "admin", operation_id = "reconcile_day", security(("bearer" = [])), request_body = DayToCompare,
    responses((status = 202, description = "The comparisons, as they wait", body = Page<RunView>)))]
#[post("/api/v1/admin/reconciliations")]
pub(in crate::http) async fn request(
    state: web::Data<State>,
    books: web::Data<ReconcileDesk>,
    admin: Admin,
    Json(request): Json<DayToCompare>,
) -> Result<HttpResponse, Problem> {
    let DayToCompare { day: Day(day), operator } = request;
    // the day has begun wherever an operator may be
    if day > (clock::now() + chrono::TimeDelta::hours(14)).date_naive() {
        return Err(Problem::invalid(both(
            "`day` lies ahead: nothing of it can be compared yet.",
            "`day` liegt in der Zukunft: Da gibt es noch nichts zu vergleichen.",
        )));
    }
    if operator.as_ref().is_some_and(|operator| !books.knows(operator)) {
        return Err(Problem::not_found(both(
            "There is no contract with this operator. `GET /api/v1/operators` lists all.",
            "Mit diesem Skigebiet gibt es keinen Vertrag. `GET /api/v1/operators` nennt alle.",
        )));
    }
    let subject = format!("{day} {}", operator.as_deref().unwrap_or("everybody"));
    store::write_audit(&state.io, admin.audit_entry("reconcile", subject, None)).await?;
    let runs = books.request(day, operator.map(Scope::Operator), admin.account_id).await?;
    Ok(HttpResponse::Accepted()
        .json(Page::<RunView>::whole(runs.into_iter().map(RunView::from).collect())))
}

/// The comparisons, newest first.
#[utoipa::path(tag = "admin", operation_id = "list_reconciliations", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = Page<RunView>)))]
#[get("/api/v1/admin/reconciliations")]
pub(in crate::http) async fn list(
    books: web::Data<ReconcileDesk>,
    _admin: Admin,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (before, limit) = query.read_id()?;
    let runs = books.runs(before, limit + 1).await?;
    let views = runs.into_iter().map(RunView::from).collect();
    Ok(HttpResponse::Ok().json(Page::cut(views, limit, |run: &RunView| run.id.to_string())))
}

/// Agrees to what a case suggests, with the reason written down: it is carried out in the
/// background and closes the case. Twice is once. 403 `second-factor-needed-again` where the second
/// factor was not shown within ten minutes.
#[utoipa::path(tag = "admin", operation_id = "agree_to_case", security(("bearer" = [])), request_body = GivenReason,
    params(("id" = Uuid, Path)),
    responses((status = 202, description = "It is being carried out", body = CaseView)))]
#[post("/api/v1/admin/cases/{id}/agree")]
pub(in crate::http) async fn agree(
    state: web::Data<State>,
    books: web::Data<ReconcileDesk>,
    admin: Admin,
    path: web::Path<Uuid>,
    Reason(reason): Reason,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let id = path.into_inner();
    let known = books.cases().find(id).await?;
    if known.closed.is_some() || known.action.is_none() {
        return Err(AgreeError::Nothing.into());
    }
    store::write_audit(&state.io, admin.audit_entry("case.agree", id.to_string(), Some(reason)))
        .await?;
    books.agree(id, admin.account_id).await?;
    let case = books.cases().find(id).await?;
    Ok(HttpResponse::Accepted().json(CaseView::from(case)))
}

impl From<AgreeError> for Problem {
    fn from(error: AgreeError) -> Self {
        match error {
            AgreeError::Nothing => Self::new(
                Kind::NothingToAgree,
                both(
                    "The case is closed, or only staff can tell what is to be done. Close it once that is done.",
                    "Der Fall ist abgeschlossen, oder nur ein Mensch weiß, was zu tun ist. Schließen Sie ihn, wenn es getan ist.",
                ),
            ),
            AgreeError::Io(error) => error.into(),
        }
    }
}
