//! The ski areas: where they are, whose cards they accept, whether their tickets are issued right
//! now.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;

use crate::actors::liftoperator::Facade;
use crate::actors::liftoperator::catalogue::{
    CardFormat, Catalogue, Operator, Season, Text, WhenDown,
};
use crate::actors::supervision::{BreakerPosition, Phase, Status};
use crate::http::middleware::paging::{self, Page, PageQuery};
use crate::http::middleware::problem::Problem;
use crate::http::middleware::shared;
use crate::http::state::State;
use crate::language::both;

/// Whether an operator's tickets are issued right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorStatus {
    /// They are.
    Up,
    /// Its system does not answer or is paused: an order may have to wait.
    Down,
}

/// Whoever knows how the operators' systems do; asked on every read, so it must answer at once.
pub trait OperatorStatuses: Send + Sync {
    /// The status of the operator under `key`.
    fn status_of(&self, key: &str) -> OperatorStatus;
}

/// Takes every operator to be up.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysUp;

impl OperatorStatuses for AlwaysUp {
    fn status_of(&self, _key: &str) -> OperatorStatus {
        OperatorStatus::Up
    }
}

impl OperatorStatuses for Facade {
    fn status_of(&self, key: &str) -> OperatorStatus {
        match self.status(key).map(|status| phase_outside(&status)) {
            Some(Phase::Up | Phase::Restarting) => OperatorStatus::Up,
            Some(Phase::Down | Phase::Draining | Phase::Paused | Phase::Stopped) | None => {
                OperatorStatus::Down
            }
        }
    }
}

/// An actor's state as those see it who need its answers: behind an open breaker it is down.
#[must_use]
pub fn phase_outside(status: &Status) -> Phase {
    match (status.state, status.breaker) {
        (Phase::Up, BreakerPosition::Open) => Phase::Down,
        (state, BreakerPosition::Closed | BreakerPosition::HalfOpen | BreakerPosition::Open) => {
            state
        }
    }
}

/// An operator.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Operator)]
pub struct OperatorView<'a> {
    /// Its name in addresses and orders, for example `solden`.
    key: &'a str,
    /// The area's own name.
    name: &'a str,
    /// The federal state that it lies in.
    federal_state: &'a str,
    /// Two letters of ISO 3166.
    country: &'a str,
    location: Location,
    /// The operator's days are days of this zone, for example `Europe/Vienna`.
    time_zone: &'a str,
    season: SeasonView<'a>,
    /// Until when a ticket for the same day is loaded, as `HH:MM` in the operator's zone.
    last_loading_time: String,
    /// The rule by which a family pays less; ask for its price with `POST …/family-offers`.
    #[schema(required)]
    family_price: Option<&'a Text>,
    /// The kinds of card that open its gates.
    accepted_cards: Vec<CardKind<'a>>,
    status: OperatorStatus,
    /// What becomes of new orders while its system is down.
    when_down: WhenDown,
}

/// A place, WGS 84.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Location {
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
}

impl Location {
    /// The place in hundredths of a degree, north and east.
    #[must_use]
    pub fn of_hundredths(latitude: i32, longitude: i32) -> Self {
        Self { latitude: f64::from(latitude) / 100.0, longitude: f64::from(longitude) / 100.0 }
    }
}

/// The days on which the lifts run.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Season)]
pub struct SeasonView<'a> {
    /// For people, for example `2026/27`.
    name: &'a str,
    /// First day.
    from: NaiveDate,
    /// Last day, inclusive.
    to: NaiveDate,
    /// The day whose beginning opens the sale; `null` when it is open already.
    #[schema(required)]
    sale_from: Option<NaiveDate>,
}

/// A kind of card, by the shape of its number.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CardKind<'a> {
    /// As `format` of a card.
    format: &'a str,
    /// How to know it.
    name: &'a Text,
}

/// All operators.
#[utoipa::path(tag = "operators", operation_id = "list_operators", params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<OperatorView>),
    (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/api/v1/operators")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    request: HttpRequest,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = query.read()?;
    let catalogue = state.counter.catalogue();
    let operators = catalogue.operators();
    let begin = match after {
        None => 0,
        Some(key) => {
            1 + operators
                .iter()
                .position(|one| one.key == key)
                .ok_or_else(|| Problem::invalid(paging::list_changed()))?
        }
    };
    let rest = operators
        .iter()
        .skip(begin)
        .take(usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1));
    let views = rest.map(|operator| view(&catalogue, operator, &state)).collect();
    shared::json(&request, &Page::cut(views, limit, |view: &OperatorView<'_>| view.key.to_owned()))
}

/// One operator.
#[utoipa::path(tag = "operators", operation_id = "show_operator", params(("key" = String, Path, description = "The operator's key")),
    responses((status = 200, description = "The operator", body = OperatorView),
    (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/api/v1/operators/{key}")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    request: HttpRequest,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let catalogue = state.counter.catalogue();
    shared::json(&request, &view(&catalogue, find(&catalogue, &key)?, &state))
}

/// The operator of a path.
///
/// # Errors
/// 404.
pub fn find<'a>(catalogue: &'a Catalogue, key: &str) -> Result<&'a Operator, Problem> {
    catalogue.operator(key).ok_or_else(|| {
        Problem::not_found(both(
            "No operator is sold here under this key. `GET /api/v1/operators` lists all.",
            "Unter diesem Schlüssel wird hier kein Skigebiet verkauft. `GET /api/v1/operators` nennt alle.",
        ))
    })
}

fn view<'a>(catalogue: &'a Catalogue, operator: &'a Operator, state: &State) -> OperatorView<'a> {
    let kind = |card: &'a CardFormat| CardKind { format: &card.format, name: &card.name };
    OperatorView {
        key: &operator.key,
        name: &operator.name,
        federal_state: &operator.federal_state,
        country: &operator.country,
        location: Location { latitude: operator.latitude, longitude: operator.longitude },
        time_zone: operator.time_zone.name(),
        season: season(&operator.season),
        last_loading_time: operator.last_loading_time.format("%H:%M").to_string(),
        family_price: operator.family.as_ref().map(|family| &family.name),
        accepted_cards: catalogue.accepted_cards(operator).map(kind).collect(),
        status: state.operator_statuses.status_of(&operator.key),
        when_down: operator.contract.when_down,
    }
}

fn season(season: &Season) -> SeasonView<'_> {
    let Season { name, from, to, sale_from } = season;
    SeasonView { name, from: *from, to: *to, sale_from: *sale_from }
}
