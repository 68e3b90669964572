//! The orders for which staff is needed, and those that the desk looks for.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

use super::cases::plain;
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::routes::order_view::OrderView;
use crate::http::routes::orders::page;
use crate::http::store;
use crate::http::{Admin, Problem, State};

/// Which orders.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OrdersQuery {
    /// So far only `stuck`.
    #[param(inline)]
    state: AdminOrderFilter,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// The states that admins can list.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdminOrderFilter {
    /// A person is needed.
    Stuck,
}

/// The orders of all customers for which staff is needed, newest first.
#[utoipa::path(tag = "admin", operation_id = "list_stuck_orders", security(("bearer" = [])), params(OrdersQuery),
    responses((status = 200, description = "A page", body = Page<OrderView>)))]
#[get("/api/v1/admin/orders")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    admin: Admin,
    query: web::Query<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    let OrdersQuery { state: AdminOrderFilter::Stuck, cursor, limit } = query.into_inner();
    let (before, limit) = PageQuery::new(cursor, limit).read_id()?;
    store::write_audit(&state.io, admin.audit_entry("orders.read", "stuck orders", None)).await?;
    let orders = state.orders.store().stuck(before, limit + 1).await?;
    Ok(HttpResponse::Ok().json(page(orders, limit, &state, admin.reader()).await?))
}

/// What the desk was told.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchOrders {
    /// 2 to 200 characters: an order's number, a ticket's number, an address, a card's number or
    /// its last four signs, or names of buyer or holder, of which the beginnings do.
    #[schema(min_length = 2, max_length = 200, example = "A0123456789")]
    text: String,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// The orders of all customers that a text means, newest first. That somebody looked is written
/// down, the text is not.
///
/// A POST, because addresses and names have no place in the logs of proxies.
#[utoipa::path(tag = "admin", operation_id = "search_orders", security(("bearer" = [])), request_body = SearchOrders,
    responses((status = 200, description = "A page", body = Page<OrderView>)))]
#[post("/api/v1/admin/order-search")]
pub(in crate::http) async fn search(
    state: web::Data<State>,
    admin: Admin,
    Json(asked): Json<SearchOrders>,
) -> Result<HttpResponse, Problem> {
    let SearchOrders { text, cursor, limit } = asked;
    let text = plain("text", &text, 2..=200)?;
    let (before, limit) = PageQuery::new(cursor, limit).read_id()?;
    store::write_audit(&state.io, admin.audit_entry("orders.search", "all orders", None)).await?;
    let orders = state.orders.store().search(&text, before, limit + 1).await?;
    Ok(HttpResponse::Ok().json(page(orders, limit, &state, admin.reader()).await?))
}
