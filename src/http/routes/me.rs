//! The account of whoever is logged in.

use actix_web::{HttpRequest, HttpResponse, get, patch, put, web};
use secrecy::SecretString;
use serde::Deserialize;

use super::accounts::AccountView;
use crate::actors::auth::Change;
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::language::Language;
use crate::typed::Day;

/// What is to be changed; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// As it will stand on invoices to come; empty for who has one name only.
    #[schema(max_length = 80)]
    first_name: Option<String>,
    /// As it will stand on invoices to come.
    #[schema(max_length = 80)]
    last_name: Option<String>,
    /// From 1900-01-01 to today; what was ordered keeps its holders' birth dates.
    birth_date: Option<Day>,
    /// The language of e-mails and documents to come.
    language: Option<Language>,
}

/// The old password and a new one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// What it is now.
    #[schema(value_type = String, format = "password")]
    old_password: SecretString,
    /// 10 to 128 characters, none of the commonest passwords, not made of the address or the shop's
    /// name.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    new_password: SecretString,
}

/// One's own account.
#[utoipa::path(tag = "accounts", operation_id = "show_account", security(("bearer" = [])),
    responses((status = 200, description = "The account", body = AccountView)))]
#[get("/api/v1/accounts/me")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let account = state.auth.account(customer.account_id).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Changes one's own names, birth date or language; e-mails and documents that were written keep
/// what they say.
#[utoipa::path(tag = "accounts", operation_id = "change_account", security(("bearer" = [])),
    responses((status = 200, description = "The account as it is now", body = AccountView)))]
#[patch("/api/v1/accounts/me")]
pub(in crate::http) async fn change(
    state: web::Data<State>,
    customer: Customer,
    Json(body): Json<ChangeAccount>,
) -> Result<HttpResponse, Problem> {
    let ChangeAccount { first_name, last_name, birth_date, language } = body;
    let change =
        Change { first_name, last_name, birth_date: birth_date.map(|day| day.0), language };
    let account = state.auth.change_account(customer.account_id, change).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Changes one's own password. Every other session ends, and an e-mail tells.
///
/// 422 when the old password is wrong, 429 after ten changes or tries in a quarter of an hour.
#[utoipa::path(tag = "accounts", operation_id = "change_password", security(("bearer" = [])),
    responses((status = 204, description = "The new password counts")))]
#[put("/api/v1/accounts/me/password")]
pub(in crate::http) async fn change_password(
    state: web::Data<State>,
    customer: Customer,
    request: HttpRequest,
    Json(body): Json<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let ChangePassword { old_password, new_password } = body;
    let from = client_address(&request, &state.face.trusted_proxies);
    let passwords = (old_password, new_password);
    state.auth.change_password(customer.account_id, customer.session, passwords, from).await?;
    Ok(HttpResponse::NoContent().finish())
}
