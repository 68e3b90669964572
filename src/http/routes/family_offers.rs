//! What a family pays together, one sealed offer a person. Nothing is stored.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::offers::{Loading, OfferView, loading, view};
use super::operators::find;
use crate::actors::liftoperator::FamilyOffer;
use crate::actors::liftoperator::catalogue::{NoFamily, Operator, Text};
use crate::clock;
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::Page;
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::state::State;
use crate::language::both;
use crate::money::Money;
use crate::typed::{self, Day};

/// Most people in one family.
const MOST_PEOPLE: usize = 10;

/// Which family wants to ski when.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyQuery {
    /// The first day of validity, a plain date in the operator's time zone.
    day: Day,
    /// Everybody's birth date, 2 to 10, each from 1900-01-01 to today.
    #[schema(min_items = 2, max_items = 10)]
    birth_dates: Vec<Day>,
}

/// What a family pays for one product. The prices of its offers hold only when all of them are
/// ordered together.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FamilyOffer)]
pub struct FamilyOfferView<'a> {
    /// The product's key.
    product: &'a str,
    product_name: &'a Text,
    /// The rule by which it is less.
    family_price: &'a Text,
    /// What all of them pay together, gross.
    price: Money,
    /// What they would pay one by one.
    price_without: Money,
    /// One a person, in the order of the birth dates.
    offers: Vec<OfferView<'a>>,
}

/// The products that a family can order with the day as their first, each with one offer a person;
/// none where single tickets are not sold either.
///
/// An order must hold all offers of such a family, each once, and undo all when one ticket is
/// refused. 422 when the operator has no family price, or when these people are no family to it.
#[utoipa::path(tag = "operators", operation_id = "list_family_offers", params(("key" = String, Path, description = "The operator's key")),
    request_body = FamilyQuery, responses((status = 200, description = "All products", body = Page<FamilyOfferView>)))]
#[post("/api/v1/operators/{key}/family-offers")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    key: web::Path<String>,
    Json(query): Json<FamilyQuery>,
) -> Result<HttpResponse, Problem> {
    let catalogue = state.counter.catalogue();
    let operator = find(&catalogue, &key)?;
    let FamilyQuery { day: Day(day), birth_dates } = query;
    let birth_dates: Vec<NaiveDate> = birth_dates.into_iter().map(|date| date.0).collect();
    let now = clock::now();
    if !(2..=MOST_PEOPLE).contains(&birth_dates.len()) {
        return Err(Problem::invalid(both(
            format!("`birth_dates` must have 2 to {MOST_PEOPLE} dates."),
            format!("`birth_dates` muss 2 bis {MOST_PEOPLE} Daten enthalten."),
        )));
    }
    let today = operator.day_at(now);
    if let Some(at) =
        birth_dates.iter().position(|birth_date| !typed::is_birth_date(*birth_date, today))
    {
        return Err(Problem::invalid(typed::no_birth_date(&format!("birth_dates[{at}]"))));
    }
    if birth_dates.iter().any(|birth_date| *birth_date > day) {
        return Err(Problem::invalid(both(
            "One of `birth_dates` lies after `day`. Compare them.",
            "Eines der `birth_dates` liegt nach `day`. Vergleichen Sie sie.",
        )));
    }
    let offers =
        state.counter.family_offers(operator, day, &birth_dates, now).map_err(no_family)?;
    let loading = loading(&state, operator);
    Ok(HttpResponse::Ok().json(Page::whole(
        offers.into_iter().map(|offer| family_view(offer, operator, loading)).collect(),
    )))
}

fn family_view<'a>(
    offer: FamilyOffer<'a>,
    operator: &Operator,
    now: Loading,
) -> FamilyOfferView<'a> {
    FamilyOfferView {
        product: &offer.product.key,
        product_name: &offer.product.name,
        family_price: &offer.family.name,
        price: Money::euro(offer.price_cents),
        price_without: Money::euro(offer.alone_cents),
        offers: offer.offers.into_iter().map(|offer| view(offer, operator, now)).collect(),
    }
}

fn no_family(why: Option<NoFamily>) -> Problem {
    let detail = match why {
        None => both(
            "The operator has no family price. Ask for single offers.",
            "Dieses Skigebiet hat keinen Familienpreis. Fragen Sie nach einzelnen Angeboten.",
        ),
        Some(NoFamily::Parents) => both(
            "There are too few or too many parents among these people. See the operator's `family_price`.",
            "Unter diesen Personen sind zu wenige oder zu viele Eltern. Sehen Sie in `family_price` des Skigebiets nach.",
        ),
        Some(NoFamily::Children) => both(
            "There is no child among these people. See the operator's `family_price`.",
            "Unter diesen Personen ist kein Kind. Sehen Sie in `family_price` des Skigebiets nach.",
        ),
        Some(NoFamily::Neither(place)) => both(
            format!(
                "Person {} counts neither as a parent nor as a child. Leave that birth date out.",
                place + 1
            ),
            format!(
                "Person {} zählt weder als Elternteil noch als Kind. Lassen Sie dieses Geburtsdatum weg.",
                place + 1
            ),
        ),
    };
    Problem::new(Kind::NoFamilyPrice, detail)
}
