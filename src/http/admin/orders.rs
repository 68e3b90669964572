//! The orders for which a person is needed.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;

use crate::http::operators::PageQuery;
use crate::http::order_view::OrderView;
use crate::http::orders::page;
use crate::http::paging::Page;
use crate::http::{Admin, Problem, State};

/// Which orders.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OrdersQuery {
    /// So far only `stuck`.
    #[param(inline)]
    state: Which,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// The states that admins can list.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// A person is needed.
    Stuck,
}

/// The orders of all customers for which a person is needed, newest first.
#[utoipa::path(tag = "admin", operation_id = "list_stuck_orders", security(("bearer" = [])), params(OrdersQuery),
    responses((status = 200, description = "A page", body = Page<OrderView>)))]
#[get("/api/v1/admin/orders")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    admin: Admin,
    query: web::Query<OrdersQuery>,
) -> Result<HttpResponse, Problem> {
    let OrdersQuery { state: Which::Stuck, cursor, limit } = query.into_inner();
    let (before, limit) = PageQuery::new(cursor, limit).read_id()?;
    let orders = state.orders.store().stuck(before, limit + 1).await?;
    Ok(HttpResponse::Ok().json(page(orders, limit, &state, admin.reader()).await?))
}
