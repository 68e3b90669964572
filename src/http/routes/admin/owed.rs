//! Money that must go back by bank transfer, because its payment method takes nothing back: the
//! bookkeeper's list.
//!
//! We do not know anybody's bank account. The list names order, transaction and amount; whoever
//! sends the money asks the customer (the e-mail has asked for the account's number already) or
//! looks into the payment provider's portal.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cases::{CaseView, plain};
use crate::actors::cases::{Case, CaseKind, CaseQuery, CloseError, Closing, Desk};
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::money::{Money, decimal};

/// By it a spreadsheet knows UTF-8.
const MARK: char = '\u{feff}';

/// The most rows of one export.
const MOST_ROWS: u64 = 10_000;

/// Money that must go back by bank transfer.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Owed)]
pub struct OwedView {
    /// What `POST /api/v1/admin/owed/{id}/paid` names; the case's own id.
    id: Uuid,
    #[schema(required)]
    order_id: Option<Uuid>,
    #[schema(required)]
    order_number: Option<String>,
    /// Our reference of the payment page, under which the provider's portal finds it.
    #[schema(required)]
    reference: Option<String>,
    /// The provider's own number of the transaction.
    #[schema(required)]
    transaction: Option<String>,
    amount: Money,
    since: DateTime<Utc>,
    /// Why, as a slug: `not_wanted` for a payment too many or too late, else why the tickets were
    /// not issued.
    #[schema(example = "not_wanted")]
    reason: String,
}

/// How money that was owed was sent.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// What the bank calls the transfer, 1 to 140 characters.
    bank_reference: String,
    /// Why, for the audit: 1 to 200 characters, without names or addresses of customers.
    reason: String,
}

/// Money that must go back by bank transfer, oldest first; what was paid leaves the list.
///
/// Customers' bank accounts are not known here: ask the customer, or look into the payment
/// provider's portal.
#[utoipa::path(tag = "admin", operation_id = "list_owed", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = Page<OwedView>)))]
#[get("/api/v1/admin/owed")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    desk: web::Data<Desk>,
    admin: Admin,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = query.read_id()?;
    store::write_audit(&state.io, admin.audit_entry("owed.read", "owed", None)).await?;
    let cases = desk.list(query_of(after, limit + 1)).await?;
    let page = Page::cut(cases, limit, |case| case.id.to_string());
    let items = page.items.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Page::<OwedView> { items, next: page.next }))
}

/// The same list for the bookkeeper's spreadsheet: a line of names, then one a sum, oldest first,
/// at most 10,000.
///
/// As a German spreadsheet opens it by itself: UTF-8 with a mark, semicolons, and a decimal comma
/// in `amount`; `amount_cents` is for programs. It names no bank account, for none is known here.
#[utoipa::path(tag = "admin", operation_id = "export_owed", security(("bearer" = [])),
    responses((status = 200, description = "Lines of values with semicolons between them", content_type = "text/csv", body = String)))]
#[get("/api/v1/admin/owed.csv")]
pub(in crate::http) async fn export(
    state: web::Data<State>,
    desk: web::Data<Desk>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    store::write_audit(&state.io, admin.audit_entry("owed.read", "owed.csv", None)).await?;
    let cases = desk.list(query_of(None, MOST_ROWS)).await?;
    let mut text = format!(
        "{MARK}id;order;reference;transaction;amount_cents;amount;currency;since;reason\r\n"
    );
    for case in cases {
        let cells = [
            case.id.to_string(),
            case.order_number.unwrap_or_default(),
            case.reference.unwrap_or_default(),
            case.transaction.unwrap_or_default(),
            case.amount.to_string(),
            decimal(case.amount).replace('.', ","),
            case.currency,
            case.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            case.reason,
        ];
        text.push_str(&cells.map(|cell| field(&cell)).join(";"));
        text.push_str("\r\n");
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"owed.csv\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text))
}

/// Books that the money was sent, and has the customer told. 403 `second-factor-needed-again` where
/// the second factor was not shown within ten minutes. The same bank reference again answers the
/// same again; another one is refused with 409, for then the money may have been sent twice.
#[utoipa::path(tag = "admin", operation_id = "book_transfer", security(("bearer" = [])), request_body = Transfer,
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "Booked", body = CaseView)))]
#[post("/api/v1/admin/owed/{id}/paid")]
pub(in crate::http) async fn paid(
    state: web::Data<State>,
    desk: web::Data<Desk>,
    admin: Admin,
    path: web::Path<Uuid>,
    Json(body): Json<Transfer>,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let case = path.into_inner();
    let reason = plain("reason", &body.reason, 1..=200)?;
    let bank = plain("bank_reference", &body.bank_reference, 1..=140)?;
    let known = desk.find(case).await?;
    if known.kind != CaseKind::Owed.word() {
        return Err(CloseError::Unknown.into());
    }
    if known.closed.is_none() {
        store::write_audit(
            &state.io,
            admin.audit_entry("owed.paid", case.to_string(), Some(reason.clone())),
        )
        .await?;
    }
    let closing = Closing { case, by: admin.account_id, reason, bank_reference: Some(bank) };
    Ok(HttpResponse::Ok().json(CaseView::from(state.orders.owed_is_paid(closing).await?)))
}

fn query_of(after: Option<Uuid>, limit: u64) -> CaseQuery {
    CaseQuery { open: true, kind: Some(CaseKind::Owed), oldest_first: true, after, limit }
}

fn view(case: Case) -> OwedView {
    OwedView {
        id: case.id,
        order_id: case.order_id,
        order_number: case.order_number,
        reference: case.reference,
        transaction: case.transaction,
        amount: Money { amount: case.amount, currency: case.currency },
        since: case.opened_at,
        reason: case.reason,
    }
}

/// One value as RFC 4180 writes it, with semicolons for commas; what a spreadsheet would take for a
/// formula is marked as text.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ';', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_cell_and_never_a_formula() {
        for (text, written) in [
            ("A0123456789", "A0123456789"),
            ("a;b", "\"a;b\""),
            ("84,50", "84,50"),
            ("say \"yes\"", "\"say \"\"yes\"\"\""),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1.00", "'-1.00"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("line\nfeed", "\"line\nfeed\""),
            ("", ""),
        ] {
            assert_eq!(field(text), written);
        }
    }
}
