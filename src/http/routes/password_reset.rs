//! A new password for whoever has forgotten the old one, by a code from an e-mail.

use actix_web::{HttpRequest, HttpResponse, post, web};
use secrecy::SecretString;
use serde::Deserialize;

use super::accounts::EmailSent;
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::Problem;
use crate::http::state::State;
use crate::typed;

/// Who wants a new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForNewPassword {
    /// Where the code goes, if it has an account; case does not count.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
}

/// The code from the e-mail, and the new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The address that the e-mail went to.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
    /// Ten letters and digits; case, blanks and dashes do not count.
    #[schema(min_length = 10, max_length = 100, example = "7ZQ4M-0K3XD")]
    code: String,
    /// 10 to 128 characters, none of the commonest passwords, not made of the address or the shop's
    /// name.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: SecretString,
}

/// Asks for an e-mail with a code. The answer is the same for an address without an account.
#[utoipa::path(tag = "accounts", operation_id = "ask_for_new_password", responses((status = 202, description = "An e-mail is on its way, if the address has an account", body = EmailSent)))]
#[post("/api/v1/accounts/password-reset")]
pub(in crate::http) async fn ask(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<AskForNewPassword>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.face.trusted_proxies);
    state.auth.ask_for_new_password(&body.email, from).await?;
    Ok(HttpResponse::Accepted().json(EmailSent {}))
}

/// Sets a new password with the code from the e-mail; every session ends, and an e-mail tells.
///
/// A code counts once, within ten minutes.
/// 422 `invalid` tries no code. 429 after 40 wrong codes from one network in a quarter of an hour.
#[utoipa::path(tag = "accounts", operation_id = "reset_password", responses((status = 204, description = "The new password counts; log in with it")))]
#[post("/api/v1/accounts/password-reset/confirmation")]
pub(in crate::http) async fn confirm(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<ResetPassword>,
) -> Result<HttpResponse, Problem> {
    let ResetPassword { email, code, password } = body;
    let from = client_address(&request, &state.face.trusted_proxies);
    state.auth.reset_password(&email, &code, password, from).await?;
    Ok(HttpResponse::NoContent().finish())
}
