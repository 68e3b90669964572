//! The keycards of the account that asks.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actors::liftoperator::lift::card::{Card, CardError, Registered};
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::{Page, PageQuery};
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::language::both;

/// A card to be registered.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCard {
    /// As printed on the card, with or without blanks and hyphens.
    number: String,
    /// What its owner calls it, 1 to 60 characters.
    nickname: String,
}

/// A registered card.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Card)]
pub struct CardView {
    /// What an order line names.
    id: Uuid,
    /// Whose card it is.
    vendor: String,
    /// Its kind, as in an operator's `accepted_cards`.
    #[schema(required)]
    format: Option<String>,
    /// The last four signs of its number.
    masked_number: String,
    nickname: String,
    /// `active`.
    state: String,
}

/// Registers a card in the account. The same number again answers the card that is there, with 200.
///
/// 422 says which group of the number to look at; 429 after 30 numbers in a minute.
#[utoipa::path(tag = "cards", operation_id = "register_card", security(("bearer" = [])), request_body = NewCard, responses(
    (status = 201, description = "Registered", body = CardView),
    (status = 200, description = "The account had it already", body = CardView)))]
#[post("/api/v1/cards")]
pub(in crate::http) async fn register(
    state: web::Data<State>,
    customer: Customer,
    Json(new): Json<NewCard>,
) -> Result<HttpResponse, Problem> {
    Ok(match state.cards.register(customer.account_id, &new.number, &new.nickname).await? {
        Registered::New(card) => HttpResponse::Created().json(view(card, &state)),
        Registered::Known(card) => HttpResponse::Ok().json(view(card, &state)),
    })
}

/// The account's cards, oldest first.
#[utoipa::path(tag = "cards", operation_id = "list_cards", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = Page<CardView>)))]
#[get("/api/v1/cards")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    customer: Customer,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = query.read_id()?;
    let cards = state.cards.list(customer.account_id, after, limit + 1).await?;
    let views = cards.into_iter().map(|card| view(card, &state)).collect();
    Ok(HttpResponse::Ok().json(Page::cut(views, limit, |card: &CardView| card.id.to_string())))
}

/// Another name for a card.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameCard {
    /// What its owner calls it, 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60)]
    nickname: String,
}

/// Gives a card another name.
#[utoipa::path(tag = "cards", operation_id = "rename_card", security(("bearer" = [])), request_body = RenameCard,
    params(("id" = Uuid, Path, description = "The card's id")),
    responses((status = 200, description = "The card as it is now", body = CardView)))]
#[patch("/api/v1/cards/{id}")]
pub(in crate::http) async fn rename(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
    Json(new): Json<RenameCard>,
) -> Result<HttpResponse, Problem> {
    let card =
        state.cards.rename(customer.account_id, *id, &new.nickname).await?.ok_or_else(no_card)?;
    Ok(HttpResponse::Ok().json(view(card, &state)))
}

/// Takes a card out of the account: lost, sold or typed wrong. Orders that were placed for it go
/// on, and the same number may be registered again, as another card. 404 when the account has no
/// such card, also the second time.
#[utoipa::path(tag = "cards", operation_id = "remove_card", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The card's id")),
    responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/cards/{id}")]
pub(in crate::http) async fn remove(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    if !state.cards.remove(customer.account_id, *id).await? {
        return Err(no_card());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The same for a card of somebody else and one that does not exist.
fn no_card() -> Problem {
    Problem::not_found(both(
        "The account has no such card. `GET /api/v1/cards` lists all.",
        "Ihr Konto hat keine solche Karte. `GET /api/v1/cards` nennt alle.",
    ))
}

fn view(card: Card, state: &State) -> CardView {
    CardView {
        id: card.id,
        format: state.counter.catalogue().card(&card.vendor).map(|kind| kind.format.clone()),
        masked_number: card.masked_number(),
        vendor: card.vendor,
        nickname: card.nickname,
        state: card.state,
    }
}

impl From<CardError> for Problem {
    fn from(error: CardError) -> Self {
        match error {
            CardError::TooOften(wait) => {
                let seconds = wait.as_secs() + 1;
                Self::throttled(
                    both(
                        "Too many card numbers in a short time. Wait before you send the next.",
                        "Zu viele Kartennummern in kurzer Zeit. Warten Sie, bevor Sie die nächste senden.",
                    ),
                    seconds,
                )
            }
            CardError::Number(error) => {
                Self::new(Kind::CardNumber, both(sentence(&error.0.en), sentence(&error.0.de)))
            }
            CardError::Nickname(words) => Self::invalid(words),
            CardError::Io(error) => error.into(),
        }
    }
}

fn sentence(clause: &str) -> String {
    let mut signs = clause.chars();
    let first = signs.next().map(|sign| sign.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", signs.as_str())
}
