//! Where invoices go: of the account, or of one order.

use actix_web::{HttpResponse, delete, put, web};
use serde::{Deserialize, Serialize};

use super::accounts::AccountView;
use crate::http::middleware::body::Json;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::typed::Billing;

/// An address for invoices, in characters that they can show.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BillingAddress)]
pub struct GiveBilling {
    /// A company, which is the buyer then; the account's name stands below it.
    #[schema(max_length = 100)]
    company: Option<String>,
    /// Street and number.
    #[schema(min_length = 1, max_length = 100)]
    street: String,
    /// Required in countries of the European Union.
    #[schema(max_length = 12)]
    postal_code: Option<String>,
    /// The place.
    #[schema(min_length = 1, max_length = 100)]
    city: String,
    /// Two letters of ISO 3166.
    #[schema(min_length = 2, max_length = 2, example = "AT")]
    country: String,
    /// As its country writes it, with the two letters in front; blanks, dots and dashes do not
    /// count.
    #[schema(max_length = 40, example = "ATU12345678")]
    vat_number: Option<String>,
}

/// An address for invoices.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BillingAddressKept)]
pub struct BillingView {
    #[schema(required)]
    company: Option<String>,
    street: String,
    #[schema(required)]
    postal_code: Option<String>,
    city: String,
    /// Two letters of ISO 3166.
    country: String,
    #[schema(required)]
    vat_number: Option<String>,
}

impl GiveBilling {
    /// The address in its one form.
    ///
    /// # Errors
    /// 422 that names the value.
    pub(in crate::http) fn read(self) -> Result<Billing, Problem> {
        let Self { company, street, postal_code, city, country, vat_number } = self;
        Billing { company, street, postal_code, city, country, vat_number }
            .clean()
            .map_err(Problem::invalid)
    }
}

impl From<Billing> for BillingView {
    fn from(billing: Billing) -> Self {
        let Billing { company, street, postal_code, city, country, vat_number } = billing;
        Self { company, street, postal_code, city, country, vat_number }
    }
}

/// Sets where one's own invoices go; an order of more than 400 € needs it, or a `billing` of its
/// own. What was ordered before keeps what it says.
#[utoipa::path(tag = "accounts", operation_id = "set_billing_address", security(("bearer" = [])),
    responses((status = 200, description = "The account as it is now", body = AccountView)))]
#[put("/api/v1/accounts/me/billing")]
pub(in crate::http) async fn set(
    state: web::Data<State>,
    customer: Customer,
    Json(body): Json<GiveBilling>,
) -> Result<HttpResponse, Problem> {
    let account = state.auth.set_billing(customer.account_id, Some(body.read()?)).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Takes the address for invoices out of one's own account; twice changes nothing.
#[utoipa::path(tag = "accounts", operation_id = "remove_billing_address", security(("bearer" = [])),
    responses((status = 204, description = "The account has none")))]
#[delete("/api/v1/accounts/me/billing")]
pub(in crate::http) async fn remove(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    state.auth.set_billing(customer.account_id, None).await?;
    Ok(HttpResponse::NoContent().finish())
}
