//! Tickets that are given back: what may be sent, and why one is not taken back.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use uuid::Uuid;

use super::order_view::OrderView;
use super::orders::name_in_log;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::{NoReturn, ReturnRequest, Returner};
use crate::http::middleware::body::Json;
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::language::{Words, both};

/// Most lines of an order.
const MOST_LINES: usize = 20;
/// Longest reason in characters.
const LONGEST: usize = 100;

/// Tickets to give back.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnTickets {
    /// The numbers of their lines.
    #[schema(min_items = 1, max_items = 20)]
    lines: Vec<i32>,
    /// Why, at most 100 characters on one line, without names; kept with the order.
    #[schema(max_length = 100)]
    reason: Option<String>,
}

impl ReturnTickets {
    /// What somebody asks for.
    ///
    /// # Errors
    /// 422.
    pub fn request(self, by: Returner) -> Result<ReturnRequest, Problem> {
        if !(1..=MOST_LINES).contains(&self.lines.len()) {
            return Err(Problem::invalid(both(
                format!("`lines` must name 1 to {MOST_LINES} lines of the order."),
                format!("`lines` muss 1 bis {MOST_LINES} Zeilen der Bestellung nennen."),
            )));
        }
        let reason =
            self.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let fits = |reason: &String| {
            reason.chars().count() <= LONGEST && !reason.chars().any(char::is_control)
        };
        if !reason.as_ref().is_none_or(fits) {
            return Err(Problem::invalid(both(
                format!("`reason` must be one line of at most {LONGEST} characters."),
                format!("`reason` muss eine Zeile von höchstens {LONGEST} Zeichen sein."),
            )));
        }
        Ok(ReturnRequest { lines: BTreeSet::from_iter(self.lines), by, reason })
    }
}

/// Gives tickets of a finished order back, as it was promised when they were sold: a line's
/// `return_until` says until when. The order stays `finished`; each line becomes `voided` once
/// its operator has cancelled the ticket, and its price goes back the way it came. A ticket that
/// was used meanwhile stays sold. Twice is like once.
///
/// 409 says why a ticket is not taken back; then none of them is. 422 for a line that the order
/// does not have, and where only a part of a family's tickets is named.
#[utoipa::path(tag = "orders", operation_id = "return_tickets", security(("bearer" = [])), request_body = ReturnTickets,
    params(("id" = Uuid, Path, description = "The order's id")),
    responses((status = 202, description = "The tickets are asked back, or gone already", body = OrderView)))]
#[post("/api/v1/orders/{id}/returns")]
pub(in crate::http) async fn ask(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
    Json(tickets): Json<ReturnTickets>,
) -> Result<HttpResponse, Problem> {
    let request = tickets.request(Returner::Customer(customer.account_id))?;
    let order = state.orders.ask_return(*id, request).await?;
    name_in_log(&order);
    Ok(HttpResponse::Accepted().json(OrderView::read(order, &state, customer.reader()).await?))
}

impl From<NoReturn> for Problem {
    fn from(no: NoReturn) -> Self {
        match no {
            NoReturn::NotFinished(state) => Self::new(Kind::NotFinished, not_finished(state)),
            NoReturn::NoLine(line) => Self::invalid(both(
                format!("The order has no line {line}. See its `lines`."),
                format!("Die Bestellung hat keine Zeile {line}. Sehen Sie in ihren `lines` nach."),
            )),
            NoReturn::NoTicket(line) => Self::new(
                Kind::NotTakenBack,
                both(
                    format!("Line {line} has no ticket and cost nothing. Leave it out."),
                    format!(
                        "Zeile {line} hat kein Ticket und hat nichts gekostet. Lassen Sie sie weg."
                    ),
                ),
            ),
            NoReturn::NotPromised(line) => Self::new(
                Kind::NotTakenBack,
                both(
                    format!(
                        "The operator of line {line} takes no tickets back. Ask us if there is a special reason."
                    ),
                    format!(
                        "Das Skigebiet von Zeile {line} nimmt keine Tickets zurück. Fragen Sie uns, wenn es einen besonderen Grund gibt."
                    ),
                ),
            ),
            NoReturn::Late(line, ends) => {
                let ends = ends.format("%Y-%m-%d %H:%M UTC");
                Self::new(
                    Kind::TooLate,
                    both(
                        format!("The ticket of line {line} could be given back until {ends}."),
                        format!(
                            "Das Ticket von Zeile {line} konnte bis {ends} zurückgegeben werden."
                        ),
                    ),
                )
            }
            NoReturn::Used(line) => Self::new(
                Kind::NotTakenBack,
                both(
                    format!("The ticket of line {line} was used at a gate and is not taken back."),
                    format!(
                        "Das Ticket von Zeile {line} wurde an einem Drehkreuz verwendet und wird nicht zurückgenommen."
                    ),
                ),
            ),
            NoReturn::Family(line, others) => {
                let others = others.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                Self::new(
                    Kind::FamilyTogether,
                    both(
                        format!(
                            "Line {line} was sold together with other tickets, which go back together: name {others} as well."
                        ),
                        format!(
                            "Zeile {line} wurde zusammen mit anderen Tickets verkauft, die zusammen zurückgehen: Nennen Sie auch {others}."
                        ),
                    ),
                )
            }
        }
    }
}

fn not_finished(state: OrderState) -> Words {
    match state {
        OrderState::Placed | OrderState::Paying => both(
            "The order is not paid yet. Cancel it instead: `POST /api/v1/orders/{id}/cancellation`.",
            "Die Bestellung ist noch nicht bezahlt. Stornieren Sie sie stattdessen: `POST /api/v1/orders/{id}/cancellation`.",
        ),
        OrderState::Authorised | OrderState::Issued | OrderState::Captured => both(
            "The order's tickets are being loaded onto their cards. Give them back once it is `finished`.",
            "Die Tickets der Bestellung werden gerade auf die Karten geladen. Geben Sie sie zurück, sobald sie `finished` ist.",
        ),
        OrderState::Undoing => both(
            "The order is being undone already; its money goes back by itself.",
            "Die Bestellung wird schon rückgängig gemacht; das Geld geht von selbst zurück.",
        ),
        OrderState::Rejected | OrderState::Undone | OrderState::Finished => both(
            "The order has ended without tickets and nothing is charged.",
            "Die Bestellung hat ohne Tickets geendet und kostet nichts.",
        ),
    }
}
