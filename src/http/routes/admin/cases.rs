//! What staff must close: cases, each opened once.

use std::ops::RangeInclusive;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reason::{GivenReason, Reason};
use crate::actors::cases::{Case, CaseKind, CaseQuery, CloseError, Closed, Closing, Desk};
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;
use crate::money::Money;

/// Which cases.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CasesQuery {
    /// `open` or `closed`.
    #[param(inline)]
    state: CaseFilter,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// Whether a case waits for staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CaseState)]
pub enum CaseFilter {
    /// Staff must close it.
    Open,
    /// It is closed.
    Closed,
}

/// What staff must close.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AdminCase)]
pub struct CaseView {
    /// What the calls about it name.
    id: Uuid,
    /// `owed`: money goes back by bank transfer (`/api/v1/admin/owed`). `charged_back`: the payer's
    /// bank took the money back. `two_orders`: the payment provider names one transaction for two
    /// orders. `stuck`: an order does not go on. `unpaid`: a ticket stands, and its money was
    /// credited at the provider's portal or could not be captured: take the ticket back by a
    /// return, or close the case. `unconfirmed`: the provider never said what became of a page, or
    /// its history does not show what it reported: look in its portal, then close the case.
    /// Differences that reconciliation found: `ticket_missing`, `ticket_double`, `ticket_unwanted`,
    /// `ticket_used`, `ticket_unknown`, `ticket_price`, `money_more`, `money_less`,
    /// `money_back_more`, `money_back_less`, `money_taken_back`, `money_reserved`, `money_unknown`,
    /// `invoice_gap`, `invoice_missing`, `many_differences`.
    #[schema(example = "charged_back")]
    kind: String,
    #[schema(required)]
    order_id: Option<Uuid>,
    #[schema(required)]
    order_number: Option<String>,
    /// Our reference of the ticket, or of the payment page, under which the provider's portal finds
    /// it.
    #[schema(required)]
    reference: Option<String>,
    /// The provider's own number of the transaction; of a gap the series of invoices.
    #[schema(required)]
    transaction: Option<String>,
    #[schema(required)]
    operator: Option<String>,
    /// The order's line, when it is one.
    #[schema(required)]
    line: Option<i32>,
    /// What is suggested, to be agreed to with `POST /api/v1/admin/cases/{id}/agree`: `withdraw`
    /// what is too much at the operator, `issue_again` under the same reference, `give_back` the
    /// price or what is nobody's, `look_again` into the provider's books, `book` what went back
    /// without us, `release` the reservation; `null` where only staff can tell.
    #[schema(required, example = "withdraw")]
    action: Option<String>,
    /// Since when somebody has agreed to it.
    #[schema(required)]
    agreed_at: Option<DateTime<Utc>>,
    /// Both sides in words.
    detail: String,
    amount: Money,
    /// Why, as a slug: of a charge-back where the order stood, or went, when it was seen.
    reason: String,
    opened_at: DateTime<Utc>,
    /// How it ended; `null` while it is open.
    #[schema(required)]
    closed: Option<ClosedView>,
}

/// How a case ended.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AdminCaseClosed)]
pub struct ClosedView {
    at: DateTime<Utc>,
    /// The admin's account; `null` when nobody had to do anything any more.
    #[schema(required)]
    by: Option<Uuid>,
    /// Why, in the words of who closed it.
    reason: String,
    /// What the bank calls the transfer.
    #[schema(required)]
    bank_reference: Option<String>,
}

/// The cases of all customers, newest first.
#[utoipa::path(tag = "admin", operation_id = "list_cases", security(("bearer" = [])), params(CasesQuery),
    responses((status = 200, description = "A page", body = Page<CaseView>)))]
#[get("/api/v1/admin/cases")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    desk: web::Data<Desk>,
    admin: Admin,
    query: web::Query<CasesQuery>,
) -> Result<HttpResponse, Problem> {
    let CasesQuery { state: which, cursor, limit } = query.into_inner();
    let (after, limit) = PageQuery::new(cursor, limit).read_id()?;
    store::write_audit(&state.io, admin.audit_entry("cases.read", "cases", None)).await?;
    let query = CaseQuery {
        open: which == CaseFilter::Open,
        kind: None,
        oldest_first: false,
        after,
        limit: limit + 1,
    };
    let cases = desk.list(query).await?;
    let page = Page::cut(cases, limit, |case| case.id.to_string());
    let items = page.items.into_iter().map(CaseView::from).collect();
    Ok(HttpResponse::Ok().json(Page::<CaseView> { items, next: page.next }))
}

/// Closes a case, with the reason written down. Twice answers how it was closed first.
/// Money that is owed is closed by `POST /api/v1/admin/owed/{id}/paid` alone: 409 here.
#[utoipa::path(tag = "admin", operation_id = "close_case", security(("bearer" = [])), request_body = GivenReason,
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "Closed", body = CaseView)))]
#[post("/api/v1/admin/cases/{id}/close")]
pub(in crate::http) async fn close(
    state: web::Data<State>,
    desk: web::Data<Desk>,
    admin: Admin,
    path: web::Path<Uuid>,
    Reason(reason): Reason,
) -> Result<HttpResponse, Problem> {
    let case = path.into_inner();
    let known = desk.find(case).await?;
    if known.closed.is_none() && known.kind == CaseKind::Owed.word() {
        return Err(CloseError::Owed.into());
    }
    if known.closed.is_none() {
        store::write_audit(
            &state.io,
            admin.audit_entry("case.close", case.to_string(), Some(reason.clone())),
        )
        .await?;
    }
    let closing = Closing { case, by: admin.account_id, reason, bank_reference: None };
    Ok(HttpResponse::Ok().json(CaseView::from(desk.close(closing).await?)))
}

/// A text of one line that says something, of so many characters.
pub(super) fn plain(
    name: &str,
    text: &str,
    characters: RangeInclusive<usize>,
) -> Result<String, Problem> {
    let text = text.trim();
    if !characters.contains(&text.chars().count()) || text.chars().any(char::is_control) {
        let (least, most) = characters.into_inner();
        return Err(Problem::invalid(both(
            format!("`{name}` must be one line of {least} to {most} characters."),
            format!("`{name}` muss eine Zeile von {least} bis {most} Zeichen sein."),
        )));
    }
    Ok(text.to_owned())
}

impl From<Case> for CaseView {
    fn from(case: Case) -> Self {
        let closed = |closed: Closed| ClosedView {
            at: closed.at,
            by: closed.by,
            reason: closed.reason,
            bank_reference: closed.bank_reference,
        };
        Self {
            id: case.id,
            kind: case.kind,
            order_id: case.order_id,
            order_number: case.order_number,
            reference: case.reference,
            transaction: case.transaction,
            operator: case.operator,
            line: case.line_no,
            action: case.action,
            agreed_at: case.agreed_at,
            detail: case.detail,
            amount: Money { amount: case.amount, currency: case.currency },
            reason: case.reason,
            opened_at: case.opened_at,
            closed: case.closed.map(closed),
        }
    }
}

impl From<CloseError> for Problem {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Unknown => Self::not_found(both(
                "There is no such case. `GET /api/v1/admin/cases` lists all.",
                "Diesen Fall gibt es nicht. `GET /api/v1/admin/cases` nennt alle.",
            )),
            CloseError::Owed => Self::new(
                Kind::MoneyOwed,
                both(
                    "Money is owed in this case. Send it, and say so with `POST /api/v1/admin/owed/{id}/paid`.",
                    "In diesem Fall ist noch Geld offen. Überweisen Sie es und sagen Sie es mit `POST /api/v1/admin/owed/{id}/paid`.",
                ),
            ),
            CloseError::Closed(case) => {
                let how = case
                    .closed
                    .map(|closed| closed.bank_reference.unwrap_or(closed.reason))
                    .unwrap_or_default();
                Self::new(
                    Kind::AlreadyPaid,
                    both(
                        format!(
                            "It was closed as `{how}` already. If the money was sent twice, ask for one of the two back."
                        ),
                        format!(
                            "Es ist schon als `{how}` abgeschlossen. Falls das Geld zweimal überwiesen wurde, fordern Sie eines zurück."
                        ),
                    ),
                )
            }
            CloseError::Io(error) => error.into(),
        }
    }
}
