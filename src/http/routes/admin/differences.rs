//! What an operator's supplier sells otherwise than we do: shown, and taken as it was shown.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::actors::liftoperator::catalogue::Difference;
use crate::actors::liftoperator::catalogue::refresh::{RefreshError, Shown, look, take};
use crate::http::middleware::body::Json;
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::integrations::lift::Named;
use crate::language::both;
use crate::money::Money;

/// What differs at this moment.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CatalogueDifferences)]
pub struct DifferencesView {
    /// Names exactly these differences; send it back to take them.
    fingerprint: String,
    /// Why nothing of it can be taken; `null` when something can.
    #[schema(required)]
    held_back: Option<String>,
    /// Everything that differs.
    items: Vec<DifferenceView>,
    /// Always `null`: the list is whole.
    #[schema(required)]
    next: Option<String>,
}

/// One difference.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CatalogueDifference)]
pub struct DifferenceView {
    /// `price`, `withdrawn`, `unpriced`, `category_unknown_there`, `product_unknown_here` or
    /// `category_unknown_here`.
    kind: &'static str,
    /// Whether accepting changes it: prices and withdrawn products. What else differs, an import
    /// must bring.
    can_be_accepted: bool,
    /// The same in words.
    text: String,
    /// Our key of the product.
    #[schema(required)]
    product: Option<String>,
    /// Our key of the person category.
    #[schema(required)]
    category: Option<String>,
    /// The supplier's code, where one is unknown on one of the two sides.
    #[schema(required)]
    code: Option<String>,
    /// First day by which the price goes.
    #[schema(required)]
    from: Option<NaiveDate>,
    /// Last such day, inclusive.
    #[schema(required)]
    to: Option<NaiveDate>,
    /// What it costs here.
    #[schema(required)]
    here: Option<Money>,
    /// What it costs there.
    #[schema(required)]
    there: Option<Money>,
}

/// Which differences are taken.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcceptDifferences)]
pub struct TakeBody {
    /// The `fingerprint` that they were shown with.
    fingerprint: String,
}

/// The catalogue with the differences taken.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CatalogueAccepted)]
pub struct TakenView {
    /// Its version; every replica sells by it within some seconds.
    version: i64,
}

/// Asks the operator's supplier what it sells and compares; changes nothing. May take as long as
/// the supplier needs.
#[utoipa::path(tag = "admin", operation_id = "show_catalogue_differences", security(("bearer" = [])),
    params(("key" = String, Path, description = "The operator's key")),
    responses((status = 200, description = "What differs", body = DifferencesView)))]
#[get("/api/v1/admin/operators/{key}/catalogue-differences")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    _admin: Admin,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shown = look(&state.io, &state.facade, &key).await?;
    Ok(HttpResponse::Ok().json(DifferencesView::from(shown)))
}

/// Accepts the prices and withdrawn products that were shown under the fingerprint; 409 when
/// something else differs by now. Orders and offers keep the price that they were made with. 403
/// `second-factor-needed-again` where the second factor was not shown within ten minutes.
#[utoipa::path(tag = "admin", operation_id = "accept_catalogue_differences", security(("bearer" = [])),
    request_body = TakeBody, params(("key" = String, Path, description = "The operator's key")),
    responses((status = 200, description = "Taken", body = TakenView)))]
#[post("/api/v1/admin/operators/{key}/catalogue-differences")]
pub(in crate::http) async fn accept(
    state: web::Data<State>,
    admin: Admin,
    key: web::Path<String>,
    Json(body): Json<TakeBody>,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let shown = look(&state.io, &state.facade, &key).await?;
    if shown.fingerprint != body.fingerprint {
        return Err(RefreshError::Changed.into());
    }
    if let Some(why) = shown.refusal() {
        return Err(RefreshError::NothingToTake(why).into());
    }
    let reason = Some(format!("differences {}", shown.fingerprint));
    let entry = admin.audit_entry("catalogue.refresh", key.into_inner(), reason);
    store::write_audit(&state.io, entry).await?;
    let version = take(&state.io, shown, format!("admin {}", admin.account_id)).await?;
    Ok(HttpResponse::Ok().json(TakenView { version }))
}

impl From<Shown> for DifferencesView {
    fn from(shown: Shown) -> Self {
        let held_back = shown.refusal().map(|why| why.en.into_owned());
        let items = shown.differences.into_iter().map(DifferenceView::from).collect();
        Self { fingerprint: shown.fingerprint, held_back, items, next: None }
    }
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> Self {
        let kind = difference.kind();
        let can_be_taken = difference.can_be_taken();
        let text = difference.to_string();
        let empty = Self {
            kind,
            can_be_accepted: can_be_taken,
            text,
            product: None,
            category: None,
            code: None,
            from: None,
            to: None,
            here: None,
            there: None,
        };
        match difference {
            Difference::Price { product, category, from, to, here, there } => Self {
                product: Some(product),
                category: Some(category),
                from: Some(from),
                to: Some(to),
                here: Some(Money::euro(here)),
                there: Some(Money::euro(there)),
                ..empty
            },
            Difference::Withdrawn { product, code } => {
                Self { product: Some(product), code: Some(code), ..empty }
            }
            Difference::Unpriced { product, category, from, to } => Self {
                product: Some(product),
                category: Some(category),
                from: Some(from),
                to: Some(to),
                ..empty
            },
            Difference::UnknownThere { category, code } => {
                Self { category: Some(category), code: Some(code), ..empty }
            }
            Difference::NewProduct(Named { code, .. })
            | Difference::NewCategory(Named { code, .. }) => Self { code: Some(code), ..empty },
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::NotSold(_) => Self::not_found(both(
                "No operator is sold here under this key. `GET /api/v1/operators` lists all.",
                "Unter diesem Schlüssel wird hier kein Skigebiet verkauft. `GET /api/v1/operators` nennt alle.",
            )),
            RefreshError::NotAsked(why) => Self::unavailable(
                both(
                    format!("The supplier cannot be asked now ({why}). Nothing was changed."),
                    format!(
                        "Der Lieferant kann gerade nicht gefragt werden ({why}). Es wurde nichts geändert."
                    ),
                ),
                10,
            ),
            RefreshError::NoAnswer(why) => Self::new(
                Kind::NoWholeAnswer,
                both(
                    format!(
                        "What it sells is not known ({why}). Nothing was changed; ask again later."
                    ),
                    format!(
                        "Was er verkauft, ist nicht bekannt ({why}). Es wurde nichts geändert; fragen Sie später noch einmal."
                    ),
                ),
            ),
            RefreshError::Changed => Self::new(
                Kind::ChangedMeanwhile,
                both(
                    "What differs now is not what was shown. Nothing was changed; look at the differences again.",
                    "Was jetzt abweicht, ist nicht das, was gezeigt wurde. Es wurde nichts geändert; sehen Sie die Abweichungen noch einmal an.",
                ),
            ),
            RefreshError::NothingToTake(why) => Self::new(
                Kind::NothingToTake,
                both(
                    format!("{} Nothing was changed.", why.en),
                    format!("{} Es wurde nichts geändert.", why.de),
                ),
            ),
            RefreshError::Unfit(why) => Self::new(
                Kind::CannotBeSold,
                both(
                    format!("{why}. Nothing was changed."),
                    format!("{why}. Es wurde nichts geändert."),
                ),
            ),
            RefreshError::Database(error) => error.into(),
        }
    }
}
