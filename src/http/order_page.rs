//! The plain page that payers come back to. Nobody is logged in here, so it shows nothing but how far the order is.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, web};
use uuid::Uuid;

use super::problem::Problem;
use super::state::State;
use crate::actors::order::lifecycle::{LineState, OrderState, has_ended};
use crate::actors::order::record::Order;

/// How often the page looks again, in seconds.
const AGAIN_SECONDS: u32 = 3;

/// A plain page with the order's state in words, for browsers that come back from paying.
#[utoipa::path(tag = "orders", operation_id = "show_order_page", params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 200, description = "HTML", content_type = "text/html", body = String),
        (status = 404, description = "HTML that says so, or a problem for what is no id",
            content((String = "text/html"), (super::problem::Document = "application/problem+json")))))]
#[get("/orders/{id}")]
pub(super) async fn show(state: web::Data<State>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let order = state.orders.store().load(*id).await?;
    let status = if order.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("x-robots-tag", "noindex"))
        .body(render(order.as_ref(), state.simulated)))
}

fn render(order: Option<&Order>, simulated: bool) -> String {
    let (title, words) = order.map_or(("Not found", "There is no order at this address."), say);
    let goes_on = order.is_some_and(|order| !has_ended(order.state));
    let refresh =
        if goes_on { format!("<meta http-equiv=\"refresh\" content=\"{AGAIN_SECONDS}\">") } else { String::new() };
    let label = if simulated { "<p><strong>SIMULATED: no real money, no real tickets</strong></p>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{refresh}<title>{title}</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}}</style>\
         </head><body>{label}<h1>{title}</h1><p>{words}</p></body></html>\n"
    )
}

/// Title and words; nothing of them depends on who ordered what.
fn say(order: &Order) -> (&'static str, &'static str) {
    if order.needs_person() {
        return (
            "A little patience, please",
            "One of us is looking at your order. You will get a letter. You can close this page.",
        );
    }
    match order.state {
        OrderState::Placed => ("Order received", "The keycards are being checked."),
        OrderState::Paying => {
            ("Waiting for the payment", "As soon as it is confirmed, the tickets are loaded onto the keycards.")
        }
        OrderState::Authorised => {
            ("Payment confirmed", "The tickets are being loaded onto the keycards. You can close this page.")
        }
        OrderState::Issued | OrderState::Captured | OrderState::Finished if misses_ticket(order) => (
            "Done in part",
            "The tickets that could be issued are on the keycards, only they are charged. You will get a letter. You can close this page.",
        ),
        OrderState::Issued | OrderState::Captured | OrderState::Finished => {
            ("Done", "The tickets are on the keycards. You will get a letter. You can close this page.")
        }
        OrderState::Rejected => {
            ("Order ended", "Nothing is charged. You will get a letter that says why. You can close this page.")
        }
        OrderState::Undoing | OrderState::Undone => (
            "Order undone",
            "The order could not be fulfilled. Your money stays yours or goes back to you. You can close this page.",
        ),
    }
}

fn misses_ticket(order: &Order) -> bool {
    order.lines.iter().any(|line| line.state != LineState::Issued)
}
