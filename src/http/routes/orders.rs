//! Orders of the account that asks; admins may read everybody's.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, get, post, web};
use uuid::Uuid;

use super::basket::PlaceOrder;
use super::order_view::OrderView;
use super::orders_query::OrdersQuery;
use crate::actors::invoice::{self, Archive, ArchiveError, InvoiceNumber};
use crate::actors::order::rules::record::Order;
use crate::actors::order::{ChangeError, NewOrder, PlaceError, Placed, Remembered};
use crate::http::middleware::body;
use crate::http::middleware::idempotency::Repeatable;
use crate::http::middleware::language::Reader;
use crate::http::middleware::paging::Page;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::request_id::RequestId;
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::http::store::{AuditEntry, write_audit};
use crate::io::IoError;

/// Places an order of 1 to 20 tickets. The answer says where to see it go on; pay at its
/// `payment.page_url` once it has one.
///
/// The same `Idempotency-Key` with the same body, however it is written, answers the same again,
/// after a day the order as it is then; with another body 422. 409 when a card has a ticket of that
/// operator on such a day already, and `too-many-unpaid` when three orders wait to be paid; 422
/// `billing-missing` when more than 400 € have no address for their invoice; 429 after thirty
/// orders within an hour that were rejected or cancelled.
#[utoipa::path(tag = "orders", operation_id = "place_order", security(("bearer" = [])), request_body = PlaceOrder,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "1 to 255 visible ASCII characters, new for each order")),
    responses((status = 202, description = "Placed; `Location` is the order's address", body = OrderView)))]
#[post("/api/v1/orders")]
pub(in crate::http) async fn place(
    state: web::Data<State>,
    customer: Customer,
    request: Repeatable,
) -> Result<HttpResponse, Problem> {
    let Repeatable { key, marks, body } = request;
    let account_id = customer.account_id;
    // before the offers are looked at again: an expired one must not spoil a repetition
    match state.orders.store().remembered(account_id, key.clone(), marks.clone()).await? {
        Remembered::Answer(placed) => return answered(&state, customer, placed).await,
        Remembered::OtherBody => return Err(PlaceError::KeyUsed.into()),
        Remembered::Nothing => {}
    }
    let asked: PlaceOrder = body::read_json(&body)?;
    let return_url = asked.return_url(&state)?;
    let on_refusal = asked.on_refusal();
    let billing = asked.billing()?;
    let lines = asked.lines(&state, account_id).await?;
    let catalogue = state.counter.catalogue();
    let render = move |order: &Order| {
        serde_json::to_string(&OrderView::placed(order, &catalogue)).unwrap_or_default()
    };
    let new = NewOrder { account_id, on_refusal, return_url, billing, lines, key, marks };
    let placed = state.orders.place(new, render).await?;
    answered(&state, customer, placed).await
}

/// The account's orders, newest first; all, or only those that the query wants.
#[utoipa::path(tag = "orders", operation_id = "list_orders", security(("bearer" = [])), params(OrdersQuery),
    responses((status = 200, description = "A page", body = Page<OrderView>)))]
#[get("/api/v1/orders")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    customer: Customer,
    query: web::Query<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    let (filter, (after, limit)) = query.into_inner().read()?;
    let orders =
        state.orders.store().of_account(customer.account_id, filter, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(page(orders, limit, &state, customer.reader()).await?))
}

/// One order.
#[utoipa::path(tag = "orders", operation_id = "show_order", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = OrderView)))]
#[get("/api/v1/orders/{id}")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
    request: RequestId,
) -> Result<HttpResponse, Problem> {
    let order = readable(&state, customer, *id, request).await?;
    Ok(HttpResponse::Ok().json(OrderView::read(order, &state, customer.reader()).await?))
}

/// Cancels an order on which no ticket is being issued yet. What was paid meanwhile goes back by
/// itself.
///
/// 409 says why it is too late.
#[utoipa::path(tag = "orders", operation_id = "cancel_order", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 202, description = "Cancelled", body = OrderView)))]
#[post("/api/v1/orders/{id}/cancellation")]
pub(in crate::http) async fn cancel(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let order = state.orders.cancel(customer.account_id, *id).await?;
    name_in_log(&order);
    Ok(HttpResponse::Accepted().json(OrderView::read(order, &state, customer.reader()).await?))
}

/// Opens a further payment page where the present one failed, is over or has waited for so long
/// that the provider may have closed it; otherwise the present one stays. What is paid on two pages
/// goes back once.
///
/// The new page's address stands in the order's `payment` as soon as the provider has opened it.
/// 409 says why there is none.
#[utoipa::path(tag = "orders", operation_id = "open_payment_page", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 202, description = "The order, whose page can be paid or is being opened", body = OrderView)))]
#[post("/api/v1/orders/{id}/pages")]
pub(in crate::http) async fn open_page(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let order = state.orders.open_page(customer.account_id, *id).await?;
    name_in_log(&order);
    Ok(HttpResponse::Accepted().json(OrderView::read(order, &state, customer.reader()).await?))
}

/// An invoice of an order, as it was issued.
#[utoipa::path(tag = "orders", operation_id = "show_invoice", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id"), ("number" = String, Path, description = "The invoice's number")),
    responses((status = 200, description = "PDF", content_type = "application/pdf", body = Vec<u8>)))]
#[get("/api/v1/orders/{id}/invoices/{number}")]
pub(in crate::http) async fn show_invoice(
    state: web::Data<State>,
    archive: web::Data<Archive>,
    customer: Customer,
    path: web::Path<(Uuid, String)>,
    request: RequestId,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let order = readable(&state, customer, id, request).await?;
    let owned = state.io.read(move |db| {
        Box::pin(async move { Ok::<_, IoError>(invoice::number_of_order(db, order.id).await?) })
    });
    let number = InvoiceNumber::stored(number);
    if owned.await?.as_ref() != Some(&number) {
        return Err(ArchiveError::NotFound.into());
    }
    let (_path, content) = archive.document(&number).await?;
    let name = format!("inline; filename=\"{number}.pdf\"");
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(content))
}

/// A page of orders that were read with `limit + 1`.
pub(in crate::http) async fn page(
    orders: Vec<Order>,
    limit: u64,
    state: &State,
    reader: Reader,
) -> Result<Page<OrderView>, Problem> {
    let Page { items, next } = Page::cut(orders, limit, |order: &Order| order.id.to_string());
    Ok(Page { items: OrderView::read_all(items, state, reader).await?, next })
}

/// The order, when it is the customer's own or the customer is an admin, who is written down;
/// another's is as good as none.
pub(in crate::http) async fn readable(
    state: &State,
    customer: Customer,
    id: Uuid,
    RequestId(request_id): RequestId,
) -> Result<Order, Problem> {
    let order = state.orders.store().load(id).await?;
    let may = |order: &Order| order.account_id == customer.account_id || customer.is_admin;
    let order = order.filter(may).ok_or(ChangeError::Unknown)?;
    name_in_log(&order);
    if order.account_id != customer.account_id {
        let account_id = customer.account_id;
        let subject = id.to_string();
        let request_id = Some(request_id);
        let entry =
            AuditEntry { account_id, action: "order.read", subject, reason: None, request_id };
        write_audit(&state.io, entry).await?;
    }
    Ok(order)
}

/// What was answered to the first request under a key; once that is forgotten, the order as it is
/// now.
async fn answered(
    state: &State,
    customer: Customer,
    placed: Placed,
) -> Result<HttpResponse, Problem> {
    if !placed.body.is_empty() {
        return accepted(placed);
    }
    let order = state
        .orders
        .store()
        .load(placed.id)
        .await?
        .filter(|order| order.account_id == customer.account_id);
    let order = order.ok_or(ChangeError::Unknown)?;
    name_in_log(&order);
    let order = OrderView::read(order, state, customer.reader()).await?;
    accepted(Placed { body: serde_json::to_string(&order).unwrap_or_default(), ..placed })
}

fn accepted(placed: Placed) -> Result<HttpResponse, Problem> {
    tracing::Span::current().record("order.id", tracing::field::display(placed.id));
    let status =
        u16::try_from(placed.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| {
        tracing::error!(event = "server.fault", order.id = %placed.id, status = placed.status, "an order's kept answer has no readable status");
        Problem::internal()
    })?;
    Ok(HttpResponse::build(status)
        .insert_header((header::LOCATION, format!("/api/v1/orders/{}", placed.id)))
        .content_type("application/json")
        .body(placed.body))
}

pub(in crate::http) fn name_in_log(order: &Order) {
    let span = tracing::Span::current();
    span.record("order.id", tracing::field::display(order.id));
    span.record("order.number", tracing::field::display(&order.number));
}
