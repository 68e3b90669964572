//! Tickets that a person takes back, whatever was promised when they were sold.

use actix_web::{HttpResponse, post, web};
use uuid::Uuid;

use super::order::{find, view};
use super::order_view::AdminOrder;
use crate::actors::order::Returner;
use crate::http::middleware::body::Json;
use crate::http::routes::returns::ReturnTickets;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// Takes tickets of a finished order back in a person's name, without the limit that its customer
/// has; the reason, which is needed here, is written down first. A ticket that was used stays sold.
/// Twice is like once.
///
/// 403 `second-factor-needed-again` where the second factor was not shown within ten minutes. 409
/// says why a ticket is not taken back; then none of them is. 422 without a reason, for a line that
/// the order does not have, and where only a part of a family's tickets is named.
#[utoipa::path(tag = "admin", operation_id = "return_tickets_for_customer", security(("bearer" = [])), request_body = ReturnTickets,
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 202, description = "The tickets are asked back, or gone already", body = AdminOrder)))]
#[post("/api/v1/admin/orders/{id}/returns")]
pub(in crate::http) async fn ask(
    state: web::Data<State>,
    admin: Admin,
    id: web::Path<Uuid>,
    Json(tickets): Json<ReturnTickets>,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let request = tickets.request(Returner::Staff)?;
    let Some(reason) = &request.reason else {
        return Err(Problem::invalid(both(
            "Say why: send a `reason` with 1 to 100 characters.",
            "Sagen Sie, warum: Senden Sie einen `reason` mit 1 bis 100 Zeichen.",
        )));
    };
    state.orders.may_return(&find(&state, *id).await?, &request)?;
    let lines = request.lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let reason = Some(format!("{lines}: {reason}"));
    store::write_audit(&state.io, admin.audit_entry("order.return", id.to_string(), reason))
        .await?;
    tracing::info!(order.id = %*id, "an admin takes tickets back");
    let order = state.orders.ask_return(*id, request).await?;
    Ok(HttpResponse::Accepted().json(view(&state, order, admin.reader()).await?))
}
