//! One order with all that is known of it, and what a person may do about it.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use uuid::Uuid;

use super::audit::AuditEntryView;
use super::order_view::AdminOrder;
use super::reason::{GivenReason, Reason};
use super::suppliers;
use crate::actors::cases;
use crate::actors::order::rules::record::Order;
use crate::actors::order::{ChangeError, Obstacle, StaffCommand};
use crate::http::middleware::language::Reader;
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// Most questions and audit entries that are shown, the newest.
const SHOWN: u64 = 200;

/// What staff can command of an order.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrderCommand {
    /// Ask at once what would be asked after a pause.
    Retry,
    /// Void what was attempted, then refund it. Of an order that is being undone already: let go of
    /// the tickets that cannot be voided, because they were used, and refund everything.
    Undo,
    /// Take the marked rows as they are: nobody is needed any more, and the loop goes on. A return
    /// of which a line is marked ends: its ticket stays sold where it stands. In an undo the
    /// tickets that cannot be voided are kept: their price is captured, everything else is
    /// refunded, and the order is finished.
    Accept,
}

/// One order with its questions, claims, events, cases and audit entries, and what its suppliers
/// say of it right now.
///
/// Every supplier is waited for at most 5 s; what one did not tell is shown as `not_reachable`.
/// Costs no status call.
#[utoipa::path(tag = "admin", operation_id = "show_order_to_admin", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 200, description = "All that is known", body = AdminOrder)))]
#[get("/api/v1/admin/orders/{id}")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    admin: Admin,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let order = find(&state, *id).await?;
    store::write_audit(&state.io, admin.audit_entry("order.read", id.to_string(), None)).await?;
    Ok(HttpResponse::Ok().json(view(&state, order, admin.reader()).await?))
}

/// Does something about an order in a person's name; the reason is written down first. Twice is
/// like once.
///
/// `undo` and `accept` move money: 403 `second-factor-needed-again` where the second factor was not
/// shown within ten minutes. 409 says why it is not possible. What follows is the order's own
/// loop's: look again to see what became of it.
#[utoipa::path(tag = "admin", operation_id = "command_order", security(("bearer" = [])), request_body = GivenReason,
    params(("id" = Uuid, Path, description = "The order's id"), ("command" = inline(OrderCommand), Path)),
    responses((status = 202, description = "Done; the order as it is now", body = AdminOrder)))]
#[post("/api/v1/admin/orders/{id}/{command}")]
pub(in crate::http) async fn act(
    state: web::Data<State>,
    admin: Admin,
    path: web::Path<(Uuid, OrderCommand)>,
    Reason(reason): Reason,
) -> Result<HttpResponse, Problem> {
    let (id, command) = path.into_inner();
    let (command, action) = match command {
        OrderCommand::Retry => (StaffCommand::Retry, "order.retry"),
        OrderCommand::Undo => (StaffCommand::Undo, "order.undo"),
        OrderCommand::Accept => (StaffCommand::Accept, "order.accept"),
    };
    if command != StaffCommand::Retry {
        admin.check_proof(&state).await?;
    }
    state.orders.may(&find(&state, id).await?, command)?;
    store::write_audit(&state.io, admin.audit_entry(action, id.to_string(), Some(reason))).await?;
    tracing::info!(order.id = %id, action, "an admin commands something of an order");
    let order = state.orders.grant(id, command).await.map_err(|error| match error {
        ChangeError::Unknown => unknown(),
        other @ (ChangeError::TooLate(_)
        | ChangeError::NotPaying(_)
        | ChangeError::TooManyPages
        | ChangeError::Not(_)
        | ChangeError::Return(_)
        | ChangeError::Io(_)) => other.into(),
    })?;
    Ok(HttpResponse::Accepted().json(view(&state, order, admin.reader()).await?))
}

pub(super) async fn find(state: &State, id: Uuid) -> Result<Order, Problem> {
    state.orders.store().load(id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found(both(
        "No order has this id. `GET /api/v1/admin/orders?state=stuck` lists those that need staff.",
        "Keine Bestellung hat diese id. `GET /api/v1/admin/orders?state=stuck` nennt die, die jemanden brauchen.",
    ))
}

pub(super) async fn view(
    state: &State,
    order: Order,
    reader: Reader,
) -> Result<AdminOrder, Problem> {
    let store = state.orders.store();
    let (lines, payments) = futures_util::future::join(
        suppliers::lines(state, &order),
        suppliers::payments(state, &order),
    )
    .await;
    let questions = store.questions(order.id, SHOWN).await?;
    let claims = store.claims(&order).await?;
    let cases = cases::Desk::new(&state.io).of_order(order.id).await?;
    let events = store.history(order.id, order.version).await?;
    let done = (Some(order.id.to_string()), store::Written::Changes);
    let audit_entries = store::audit_entries(&state.io, done, None, SHOWN).await?;
    let audit_entries = audit_entries.into_iter().map(AuditEntryView::from).collect();
    let known =
        super::order_view::Known { questions, claims, cases, events, audit_entries, reader };
    AdminOrder::new(state, order, (lines, payments), known).await
}

impl From<Obstacle> for Problem {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::NothingToAsk => Self::new(
                Kind::NothingToRetry,
                both(
                    "Nothing of the order waits to be asked again: it has come to rest, or it waits for its payer.",
                    "Nichts an der Bestellung wartet auf eine weitere Anfrage: Sie ruht, oder sie wartet auf die Zahlung.",
                ),
            ),
            Obstacle::Taken => Self::new(
                Kind::TooLate,
                both(
                    "The order's money is taken and its tickets are on their cards; it cannot be undone any more.",
                    "Das Geld der Bestellung ist eingezogen und ihre Tickets sind auf den Karten; sie kann nicht mehr rückgängig gemacht werden.",
                ),
            ),
            Obstacle::NotMarked => Self::new(
                Kind::NotMarked,
                both(
                    "No person is needed for the order, so there is nothing to accept.",
                    "Die Bestellung braucht niemanden, also gibt es nichts hinzunehmen.",
                ),
            ),
        }
    }
}
