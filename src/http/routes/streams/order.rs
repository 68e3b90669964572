//! One order's way as it happens.

use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::sse::{self, Look, Lost, Source};
use crate::actors::order::rules::lifecycle::{OrderState, has_ended};
use crate::actors::order::{Past, Store, Watching};
use crate::http::middleware::request_id::RequestId;
use crate::http::routes::orders::readable;
use crate::http::{Customer, Problem, State};
use crate::language::both;

/// Where a reader that comes back goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What an event of an order tells.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OrderEvent<'a> {
    at: DateTime<Utc>,
    /// The state that was entered.
    #[schema(example = "paying")]
    state: &'a str,
}

/// The transitions of an order: those that were, then each as it happens. Ends after the last one.
///
/// Events are named `state`, their data is an `OrderEvent`. The last one is named `end` and says
/// why in `reason`: `final`, `session_over` (refresh, then come back), `closing` or `lost` (come
/// back). Who comes back sends `Last-Event-ID`; 204 says that nothing is left to tell.
#[utoipa::path(tag = "orders", operation_id = "watch_order", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was read")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = OrderEvent),
        (status = 204, description = "The order has ended and all of it was read")))]
#[get("/api/v1/orders/{id}/events")]
pub(in crate::http) async fn watch(
    state: web::Data<State>,
    customer: Customer,
    request: HttpRequest,
    id: web::Path<Uuid>,
    request_id: RequestId,
) -> Result<HttpResponse, Problem> {
    let seen = last_event(&request)?;
    let order = readable(&state, customer, *id, request_id).await?;
    let store = state.orders.store().clone();
    // watched before it is looked at: what happens in between is told
    let way = Way { watching: store.notifications().watch(order.id), id: order.id, store, seen };
    let again = |Lost| Problem::unavailable(both("Try again.", "Versuchen Sie es noch einmal."), 2);
    if has_ended(order.state) && way.read().await.map_err(again)?.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(sse::answer(state.streams.enter(customer)?, way))
}

/// A place in an order's history: version, and number within it.
type Mark = (i64, i32);

struct Way {
    id: Uuid,
    store: Store,
    watching: Watching,
    seen: Mark,
}

impl Way {
    /// What was not told yet.
    async fn read(&self) -> Result<Vec<Past>, Lost> {
        let past = self.store.history(self.id, i64::MAX).await.map_err(|error| {
            tracing::warn!(%error, order.id = %self.id, "a watched order could not be read");
            Lost
        })?;
        Ok(past.into_iter().filter(|past| past.mark > self.seen).collect())
    }
}

impl Source for Way {
    async fn look(&mut self) -> Result<Look, Lost> {
        let mut look = Look::default();
        for past in self.read().await? {
            let (version, no) = past.mark;
            let data = OrderEvent { at: past.at, state: &past.state };
            look.text.push_str(&sse::event("state", Some(&format!("{version}-{no}")), &data));
            look.last |= OrderState::of(&past.state).is_some_and(has_ended);
            self.seen = past.mark;
        }
        Ok(look)
    }

    async fn wait(&mut self) {
        self.watching.moved().await;
    }
}

fn last_event(request: &HttpRequest) -> Result<Mark, Problem> {
    let Some(given) = request.headers().get(LAST_EVENT_ID) else { return Ok((0, 0)) };
    let mark = given.to_str().ok().and_then(|text| {
        let (version, no) = text.split_once('-')?;
        Some((version.parse().ok()?, no.parse().ok()?))
    });
    mark.ok_or_else(|| {
        Problem::malformed(both(
            "`Last-Event-ID` must be the `id` of an event of this stream.",
            "`Last-Event-ID` muss die `id` eines Ereignisses dieses Stroms sein.",
        ))
    })
}
