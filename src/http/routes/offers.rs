//! What a ticket costs for a person on a day. Nothing is stored: the offer's id carries the offer.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::operators::{OperatorStatus, find};
use crate::actors::liftoperator::catalogue::{
    HolderField, Operator, ProductKind, Text, WhenDown, Withdrawal,
};
use crate::actors::liftoperator::{Offer, OfferError};
use crate::clock;
use crate::http::middleware::paging::Page;
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::middleware::shared;
use crate::http::state::State;
use crate::language::both;
use crate::money::Money;
use crate::typed::{self, Day};

/// Who wants to ski when.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfferQuery {
    /// The first day of validity, a plain date in the operator's time zone.
    #[param(inline)]
    day: Day,
    /// The skier's birth year, which decides the person category: from 1900 to this year.
    birth_year: Option<i32>,
    /// The skier's birth date, from 1900-01-01 to today, in place of the year. Addresses are kept
    /// in many places: send the year.
    #[param(inline)]
    birth_date: Option<Day>,
}

impl OfferQuery {
    /// A day on which the skier may be born: of a year its first, as years decide the category.
    ///
    /// # Errors
    /// 422 when there is neither year nor date, or both: each parameter is well formed, the two
    /// together are not valid.
    fn born(&self) -> Result<(NaiveDate, &'static str), Problem> {
        match (self.birth_year, self.birth_date) {
            (Some(year), None) => {
                let first = NaiveDate::from_ymd_opt(year, 1, 1);
                Ok((first.unwrap_or(NaiveDate::MIN), "birth_year"))
            }
            (None, Some(date)) => Ok((*date, "birth_date")),
            (None, None) | (Some(_), Some(_)) => Err(Problem::invalid(both(
                "Send the skier's `birth_year`, or `birth_date` in its place.",
                "Senden Sie das Geburtsjahr als `birth_year`, oder statt dessen `birth_date`.",
            ))),
        }
    }
}

/// What becomes of a ticket that is ordered now, as its operator's system stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loading {
    /// It is loaded within minutes.
    Now,
    /// The system is down: it is sold without a check of the card and loaded once the system is
    /// back; what cannot be loaded by `given_up_at` is paid back.
    Later,
    /// The system is down: an order is rejected before it is paid, unless the system is back within
    /// two minutes.
    Uncertain,
    /// The system is down: no order is taken.
    Refused,
}

/// What becomes of an order at an operator now.
#[must_use]
pub fn loading(state: &State, operator: &Operator) -> Loading {
    match (state.operator_statuses.status_of(&operator.key), operator.contract.when_down) {
        (OperatorStatus::Up, _) => Loading::Now,
        (OperatorStatus::Down, WhenDown::Wait) => Loading::Later,
        (OperatorStatus::Down, WhenDown::Try) => Loading::Uncertain,
        (OperatorStatus::Down, WhenDown::Refuse) => Loading::Refused,
    }
}

/// A price that can be ordered until `expires_at`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Offer)]
pub struct OfferView<'a> {
    /// What an order line names.
    offer_id: String,
    /// The product's key.
    product: &'a str,
    product_name: &'a Text,
    kind: ProductKind,
    /// On how many days it can be used; a season pass on every day to its last.
    days: u16,
    /// In how many consecutive days these can be used, where the skier may choose.
    #[schema(required)]
    within_days: Option<u16>,
    /// From when on it is valid on its first day, as `HH:MM` in the operator's zone; `null` for the
    /// whole day.
    #[schema(required)]
    from_time: Option<String>,
    /// The person category's key.
    category: &'a str,
    category_name: &'a Text,
    /// Gross, with everything in it; 0 is free.
    price: Money,
    /// The VAT rate inside the price, in per cent.
    vat_rate: f64,
    /// First day, in the operator's time zone.
    valid_from: NaiveDate,
    /// Last day, inclusive.
    valid_to: NaiveDate,
    /// From then on ask for a new offer, which may have another price.
    expires_at: DateTime<Utc>,
    /// What becomes of it right now: its operator's system may be down.
    loading: Loading,
    /// When it is given up, and paid back, if it could not be loaded until then.
    given_up_at: DateTime<Utc>,
    /// Until when its ticket can be given back unused, which holds once it is ordered; `null` for
    /// never.
    #[schema(required)]
    return_until: Option<DateTime<Utc>>,
    /// Which right of withdrawal the buyer has.
    withdrawal: Withdrawal,
    /// The same as a sentence, to be shown before the order.
    withdrawal_notice: Text,
    /// What an order must say of the holder; who has one name only sends one of the two.
    needs: &'a [HolderField],
}

/// Every ticket that can be ordered for the person with the day as its first; none for a day that
/// is over, outside the season or its sale, or today after the last loading time.
///
/// 422 for a birth year or date before 1900, after today or after the day. The same for a minute,
/// but for what changes in between.
#[utoipa::path(tag = "operators", operation_id = "list_offers", params(("key" = String, Path, description = "The operator's key"), OfferQuery),
    responses((status = 200, description = "All offers", body = Page<OfferView>),
        (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/api/v1/operators/{key}/offers")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    request: HttpRequest,
    key: web::Path<String>,
    query: web::Query<OfferQuery>,
) -> Result<HttpResponse, Problem> {
    let catalogue = state.counter.catalogue();
    let operator = find(&catalogue, &key)?;
    let now = clock::now();
    let (born, place) = query.born()?;
    if !typed::is_birth_date(born, operator.day_at(now)) {
        return Err(Problem::invalid(match query.birth_year {
            Some(_) => both(
                "`birth_year` must be from 1900 to this year.",
                "`birth_year` muss ein Jahr von 1900 bis heute sein.",
            ),
            None => typed::no_birth_date(place),
        }));
    }
    if born > *query.day {
        return Err(Problem::invalid(both(
            format!("`{place}` lies after `day`. Compare the two."),
            format!("`{place}` liegt nach `day`. Vergleichen Sie die beiden."),
        )));
    }
    let offers = state.counter.offers(operator, *query.day, born, now);
    let loading = loading(&state, operator);
    let views = offers.into_iter().map(|offer| view(offer, operator, loading)).collect();
    shared::json(&request, &Page::<OfferView<'_>>::whole(views))
}

/// An offer as its customer sees it.
#[must_use]
pub fn view<'a>(offer: Offer<'a>, operator: &Operator, loading: Loading) -> OfferView<'a> {
    let product = offer.product;
    let now = clock::now();
    let season =
        u16::try_from((offer.valid_to - offer.valid_from).num_days() + 1).unwrap_or(u16::MAX);
    OfferView {
        offer_id: offer.offer_id,
        product: &product.key,
        product_name: &product.name,
        kind: product.kind,
        days: if product.kind == ProductKind::Season { season } else { product.days },
        within_days: product.within_days,
        from_time: product.from_time.map(|time| time.format("%H:%M").to_string()),
        category: &offer.category.key,
        category_name: &offer.category.name,
        price: Money::euro(offer.price_cents),
        vat_rate: f64::from(offer.vat_permille) / 10.0,
        valid_from: offer.valid_from,
        valid_to: offer.valid_to,
        expires_at: offer.expires_at,
        loading,
        given_up_at: operator.gives_up(
            offer.valid_from,
            operator.loading_ends(product, offer.valid_from),
            now,
        ),
        return_until: operator.return_ends(offer.valid_from).filter(|ends| *ends > now),
        withdrawal: product.withdrawal,
        withdrawal_notice: product.withdrawal.notice(),
        needs: &product.needs,
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Self {
        if error == OfferError::NobodysBirthDate {
            return Self::invalid(typed::no_birth_date("birth_date"));
        }
        let (kind, detail) = match error {
            OfferError::Forged => (
                Kind::OfferNotOurs,
                both(
                    "Send an `offer_id` exactly as the offers of an operator have it.",
                    "Senden Sie eine `offer_id` genau so, wie sie in den Angeboten steht.",
                ),
            ),
            OfferError::Expired => (
                Kind::OfferExpired,
                both(
                    "Ask for offers again; the price may be another one now.",
                    "Fragen Sie die Angebote neu ab; der Preis kann inzwischen ein anderer sein.",
                ),
            ),
            OfferError::Unknown => {
                (Kind::OfferGone, both("Ask for offers again.", "Fragen Sie die Angebote neu ab."))
            }
            OfferError::LoadingOver => (
                Kind::LoadingOver,
                both(
                    "Choose a later day and ask for its offers.",
                    "Wählen Sie einen späteren Tag und fragen Sie dessen Angebote ab.",
                ),
            ),
            OfferError::OtherCategory | OfferError::NobodysBirthDate => (
                Kind::OtherCategory,
                both(
                    "Ask for offers with the holder's own birth date.",
                    "Fragen Sie die Angebote mit dem Geburtsdatum der Person ab, die fährt.",
                ),
            ),
        };
        Self::new(kind, detail)
    }
}
