//! What admins did.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::store::{self, Row, Written};
use crate::http::{Admin, Problem, State};

/// Which entries of the audit.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what was done to this: the id of an order, job, case or account, or an actor's name.
    subject: Option<String>,
    /// `changes` when absent.
    #[param(inline)]
    kind: Option<Written>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// What an admin did or read, or a log-in; written down before it was done.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    id: Uuid,
    at: DateTime<Utc>,
    /// Whose account.
    account_id: Uuid,
    /// The account's address; `null` when the account is gone.
    #[schema(required)]
    email: Option<String>,
    /// What was done; what was only read ends with `.read`.
    #[schema(example = "order.retry")]
    action: String,
    /// To whom: the id of an order, job, case, account or session, an actor's name, or what was
    /// read.
    subject: String,
    /// Why, in the admin's words.
    #[schema(required)]
    reason: Option<String>,
    /// The id of the request, as in `X-Request-Id`; `null` at the command line, and of what an
    /// older version wrote.
    #[schema(required)]
    request_id: Option<String>,
}

impl From<Row> for AuditEntryView {
    fn from(Row { row, email }: Row) -> Self {
        Self {
            id: row.id,
            at: row.at.to_utc(),
            account_id: row.account_id,
            email,
            action: row.action,
            subject: row.subject,
            reason: row.reason,
            request_id: row.request_id,
        }
    }
}

/// What admins changed, newest first; where asked for, also what they read of customers, and their
/// log-ins.
#[utoipa::path(tag = "admin", operation_id = "list_audit", security(("bearer" = [])), params(AuditQuery),
    responses((status = 200, description = "A page", body = Page<AuditEntryView>)))]
#[get("/api/v1/admin/audit")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    _admin: Admin,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let AuditQuery { subject, kind, cursor, limit } = query.into_inner();
    let (before, limit) = PageQuery::new(cursor, limit).read_id()?;
    let rows =
        store::audit_entries(&state.io, (subject, kind.unwrap_or_default()), before, limit + 1)
            .await?;
    let views = rows.into_iter().map(AuditEntryView::from).collect();
    Ok(HttpResponse::Ok()
        .json(Page::cut(views, limit, |entry: &AuditEntryView| entry.id.to_string())))
}
