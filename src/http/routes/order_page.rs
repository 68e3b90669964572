//! The plain page that payers come back to. Nobody is logged in here, so it shows nothing but how
//! far the order is.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, web};
use uuid::Uuid;

use crate::actors::order::rules::lifecycle::{LineState, OrderState, has_ended};
use crate::actors::order::rules::record::Order;
use crate::http::middleware::language::asked;
use crate::http::middleware::problem::Problem;
use crate::http::state::State;
use crate::language::{Language, Words, both};

/// How often the page looks again, in seconds.
const AGAIN_SECONDS: u32 = 3;

/// A plain page with the order's state in words, German or English as the browser asks, for payers
/// that come back.
#[utoipa::path(tag = "orders", operation_id = "show_order_page", params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 200, description = "HTML", content_type = "text/html", body = String),
        (status = 404, description = "HTML that says so, or a problem for what is no id",
            content((String = "text/html"), (crate::http::middleware::problem::Document = "application/problem+json")))))]
#[get("/orders/{id}")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let language = asked(request.headers()).unwrap_or_default();
    let order = state.orders.store().load(*id).await?;
    let status = if order.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header(("x-robots-tag", "noindex"))
        .body(render(order.as_ref(), state.face.simulated, language)))
}

fn render(order: Option<&Order>, simulated: bool, language: Language) -> String {
    let no_order = || {
        (
            both("Not found", "Nicht gefunden"),
            both(
                "There is no order at this address.",
                "Unter dieser Adresse gibt es keine Bestellung.",
            ),
        )
    };
    let (title, words) = order.map_or_else(no_order, say);
    let title = title.of(language);
    let words = words.of(language);
    let language_name = language.as_str();
    let goes_on = order.is_some_and(|order| !has_ended(order.state));
    let refresh = if goes_on {
        format!("<meta http-equiv=\"refresh\" content=\"{AGAIN_SECONDS}\">")
    } else {
        String::new()
    };
    let label = both(
        "<p><strong>SIMULATED: no real money, no real tickets</strong></p>",
        "<p><strong>SIMULIERT: kein echtes Geld, keine echten Tickets</strong></p>",
    );
    let label = if simulated { label.of(language) } else { "" };
    format!(
        "<!doctype html><html lang=\"{language_name}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{refresh}<title>{title}</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}}</style>\
         </head><body>{label}<h1>{title}</h1><p>{words}</p></body></html>\n"
    )
}

/// Title and words; nothing of them depends on who ordered what.
fn say(order: &Order) -> (Words, Words) {
    if order.needs_staff() {
        return (
            both("A little patience, please", "Ein wenig Geduld, bitte"),
            both(
                "One of us is looking at your order. You will get an e-mail. You can close this page.",
                "Jemand von uns sieht sich Ihre Bestellung an. Sie bekommen eine E-Mail. Sie können diese Seite schließen.",
            ),
        );
    }
    match order.state {
        OrderState::Placed => (
            both("Order received", "Bestellung erhalten"),
            both("The keycards are being checked.", "Die Keycards werden geprüft."),
        ),
        OrderState::Paying => (
            both("Waiting for the payment", "Wir warten auf die Zahlung"),
            both(
                "As soon as it is confirmed, the tickets are loaded onto the keycards.",
                "Sobald sie bestätigt ist, werden die Tickets auf die Keycards geladen.",
            ),
        ),
        OrderState::Authorised => (
            both("Payment confirmed", "Zahlung bestätigt"),
            both(
                "The tickets are being loaded onto the keycards. You can close this page.",
                "Die Tickets werden gerade auf die Keycards geladen. Sie können diese Seite schließen.",
            ),
        ),
        OrderState::Issued | OrderState::Captured | OrderState::Finished => issued(order),
        OrderState::Rejected => (
            both("Order ended", "Bestellung beendet"),
            both(
                "Nothing is charged. You will get an e-mail that says why. You can close this page.",
                "Es wird nichts verrechnet. Sie bekommen eine E-Mail, in der steht, warum. Sie können diese Seite schließen.",
            ),
        ),
        OrderState::Undoing | OrderState::Undone => (
            both("Order undone", "Bestellung rückgängig gemacht"),
            both(
                "The order could not be fulfilled. Your money stays yours or goes back to you. You can close this page.",
                "Die Bestellung war nicht möglich. Ihr Geld bleibt bei Ihnen oder geht an Sie zurück. Sie können diese Seite schließen.",
            ),
        ),
    }
}

fn issued(order: &Order) -> (Words, Words) {
    if misses_ticket(order) {
        return (
            both("Done in part", "Teilweise erledigt"),
            both(
                "The tickets that could be issued are on the keycards, only they are charged. You will get an e-mail. You can close this page.",
                "Die Tickets, die ausgestellt werden konnten, sind auf den Keycards; nur sie werden verrechnet. Sie bekommen eine E-Mail. Sie können diese Seite schließen.",
            ),
        );
    }
    (
        both("Done", "Erledigt"),
        both(
            "The tickets are on the keycards. You will get an e-mail. You can close this page.",
            "Die Tickets sind auf den Keycards. Sie bekommen eine E-Mail. Sie können diese Seite schließen.",
        ),
    )
}

fn misses_ticket(order: &Order) -> bool {
    order.lines.iter().any(|line| line.state != LineState::Issued)
}
