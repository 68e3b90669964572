//! The ski areas of the map: what is sold here and what is not yet.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::operators::Location;
use crate::actors::liftoperator::areas::{self, Area};
use crate::http::middleware::paging::{self, Page, PageQuery};
use crate::http::middleware::problem::Problem;
use crate::http::middleware::shared;
use crate::http::state::State;

/// Which areas.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AreasQuery {
    /// Only of this country, two letters of ISO 3166, for example `AT`.
    country: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// Whether tickets of an area are sold here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AreaSale {
    /// Its `operator` has offers.
    Here,
    /// There is no contract with it.
    NotHereYet,
}

/// A ski area.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Area)]
pub struct AreaView {
    id: Uuid,
    name: String,
    /// The state or province that it lies in, in English.
    #[schema(required)]
    state: Option<String>,
    /// The same by ISO 3166-2, for example `AT-7`.
    #[schema(required)]
    region: Option<String>,
    /// Two letters of ISO 3166.
    #[schema(required)]
    country: Option<String>,
    location: Location,
    #[schema(required)]
    website: Option<String>,
    sold: AreaSale,
    /// The operator that sells there, as in `GET /api/v1/operators`.
    #[schema(required)]
    operator: Option<String>,
    /// What it is known by elsewhere, for example `wikidata:Q7990522`.
    source: String,
    /// Whose data this is; must be shown with it.
    attribution: String,
}

/// Ski areas by name, also those whose tickets are not sold here. Show each one's `attribution`
/// with it.
#[utoipa::path(tag = "operators", operation_id = "list_areas", params(AreasQuery), responses(
    (status = 200, description = "A page", body = Page<AreaView>),
    (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/api/v1/areas")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    request: HttpRequest,
    query: web::Query<AreasQuery>,
) -> Result<HttpResponse, Problem> {
    let AreasQuery { country, cursor, limit } = query.into_inner();
    let (after, limit) = PageQuery::new(cursor, limit).read_id()?;
    let page = areas::Page { after, country, limit: limit + 1 };
    let areas = areas::list(&state.io, page)
        .await?
        .ok_or_else(|| Problem::malformed(paging::list_changed()))?;
    let catalogue = state.counter.catalogue();
    let view = |area: Area| {
        let operator = area.operator.filter(|key| catalogue.operator(key).is_some());
        AreaView {
            id: area.id,
            name: area.name,
            state: area.state,
            region: area.region,
            country: area.country,
            location: Location::of_hundredths(area.latitude_hundredths, area.longitude_hundredths),
            website: area.website,
            sold: if operator.is_some() { AreaSale::Here } else { AreaSale::NotHereYet },
            operator,
            source: area.source,
            attribution: area.attribution,
        }
    };
    let views = areas.into_iter().map(view).collect();
    shared::json(&request, &Page::cut(views, limit, |view: &AreaView| view.id.to_string()))
}
