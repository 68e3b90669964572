//! The actors of every replica as they change.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use tokio::sync::watch::Receiver;

use super::sse::{self, Look, Lost, Source};
use crate::clock;
use crate::http::middleware::paging::Page;
use crate::http::routes::admin::actors::{ActorView, all};
use crate::http::{Admin, Customer, Problem, State};

/// How often the actors are looked at; it costs no question and no database.
const LOOK: Duration = Duration::from_secs(1);

/// The actors of every replica: first all of them (`actors`, as `GET /api/v1/admin/actors`), then
/// each that changed (`actor`), within a second here and within three elsewhere, and at once when
/// an admin steers one. The last event is named `end`.
#[utoipa::path(tag = "admin", operation_id = "watch_actors", security(("bearer" = [])),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = ActorView)))]
#[get("/api/v1/admin/actors/events")]
pub(in crate::http) async fn watch(
    state: web::Data<State>,
    _admin: Admin,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let place = state.streams.enter(customer)?;
    let steered = state.streams.watch_actors();
    Ok(sse::answer(place, Tree { state, steered, told: None }))
}

struct Tree {
    state: web::Data<State>,
    steered: Receiver<()>,
    told: Option<Vec<ActorView>>,
}

impl Source for Tree {
    async fn look(&mut self) -> Result<Look, Lost> {
        let now = all(&self.state).await;
        let text = match &self.told {
            None => sse::event("actors", None, &Page::whole(now.clone())),
            Some(told) => {
                let changed = now.iter().filter(|actor| !told.contains(actor));
                changed.map(|actor| sse::event("actor", None, actor)).collect()
            }
        };
        self.told = Some(now);
        Ok(Look { text, last: false })
    }

    async fn wait(&mut self) {
        tokio::select! {
            changed = self.steered.changed() => if changed.is_err() { clock::sleep(LOOK).await },
            () = clock::sleep(LOOK) => {}
        }
    }
}
