//! The address of one's own account, changed by a code that goes to the new one.

use actix_web::{HttpRequest, HttpResponse, post, web};
use secrecy::SecretString;
use serde::Deserialize;

use super::accounts::{AccountView, EmailSent};
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::typed;

/// The new address, and the password once more.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForNewAddress {
    /// Where the code goes; case does not count.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
}

/// The code that came to the new address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmNewAddress {
    /// Ten letters and digits; case, blanks and dashes do not count.
    #[schema(min_length = 10, max_length = 100, example = "7ZQ4M-0K3XD")]
    code: String,
}

/// Asks for another address. An e-mail brings it a code for half an hour; nothing is changed before
/// that comes back.
///
/// The answer is the same for an address that has an account, which is told instead.
/// 422 when the password is wrong, 429 after ten tries in a quarter of an hour.
#[utoipa::path(tag = "accounts", operation_id = "ask_for_new_address", security(("bearer" = [])),
    responses((status = 202, description = "An e-mail is on its way to the new address", body = EmailSent)))]
#[post("/api/v1/accounts/me/email")]
pub(in crate::http) async fn ask(
    state: web::Data<State>,
    customer: Customer,
    request: HttpRequest,
    Json(body): Json<AskForNewAddress>,
) -> Result<HttpResponse, Problem> {
    let AskForNewAddress { email, password } = body;
    let from = client_address(&request, &state.face.trusted_proxies);
    state.auth.ask_for_new_address(customer.account_id, &email, password, from).await?;
    Ok(HttpResponse::Accepted().json(EmailSent {}))
}

/// Changes the address to the one that the code was sent to. Every other session ends, and the old
/// address is told.
///
/// A code counts once. 422 `invalid` tries no code. 429 after 40 wrong codes from one network in a
/// quarter of an hour.
#[utoipa::path(tag = "accounts", operation_id = "change_address", security(("bearer" = [])),
    responses((status = 200, description = "The account with its new address", body = AccountView)))]
#[post("/api/v1/accounts/me/email/confirmation")]
pub(in crate::http) async fn confirm(
    state: web::Data<State>,
    customer: Customer,
    request: HttpRequest,
    Json(body): Json<ConfirmNewAddress>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.face.trusted_proxies);
    let account =
        state.auth.change_address(customer.account_id, customer.session, &body.code, from).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}
