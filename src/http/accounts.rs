//! Accounts, sessions and the keys that verify them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::body::Json;
use super::network::client_address;
use super::problem::{Kind, Problem};
use super::session::Customer;
use super::state::State;
use crate::actors::auth::{self, Account, Application, Names, PUBLISHED_BEFORE, Pair, Role};
use crate::language::{Language, both};

/// Who wants an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// Where the code goes; case does not count.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// 10 to 128 characters.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: SecretString,
    /// As it will stand on invoices.
    #[schema(min_length = 1, max_length = 80)]
    first_name: String,
    /// As it will stand on invoices.
    #[schema(min_length = 1, max_length = 80)]
    last_name: String,
    /// From 1900-01-01 to today.
    birth_date: Option<NaiveDate>,
    /// The language of letters and documents.
    #[serde(default)]
    language: Language,
}

/// The answer whether or not the address was known.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LetterSent {}

/// The code from the letter.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmAccount {
    /// The address that the letter went to.
    email: String,
    /// Six digits.
    #[schema(min_length = 6, max_length = 6, example = "012345")]
    code: String,
}

/// An account.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountView {
    id: Uuid,
    email: String,
    first_name: String,
    last_name: String,
    #[schema(required)]
    birth_date: Option<NaiveDate>,
    language: Language,
    role: Role,
}

/// Address and password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's address; case does not count.
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
}

/// A refresh token, which counts once.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The newest one of the session.
    refresh_token: String,
}

/// What a session is continued with.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// To be sent as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token counts, in seconds.
    expires_in: u64,
    /// Counts once, within 30 days, for the next pair.
    refresh_token: String,
}

/// Asks for an account. A letter brings the code, or the hint that the address has an account already.
#[utoipa::path(tag = "accounts", operation_id = "open_account", responses((status = 202, description = "A letter is on its way", body = LetterSent)))]
#[post("/api/v1/accounts")]
pub(super) async fn open(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<OpenAccount>,
) -> Result<HttpResponse, Problem> {
    let wish = body;
    let application = Application {
        email: wish.email,
        password: wish.password,
        names: Names { first: wish.first_name, last: wish.last_name },
        birth_date: wish.birth_date,
        language: wish.language,
    };
    let from = client_address(&request, &state.trusted_proxies);
    state.auth.register(application, from).await?;
    Ok(HttpResponse::Accepted().json(LetterSent {}))
}

/// Opens the account with the code from the letter. A code may be typed five times within half an hour.
#[utoipa::path(tag = "accounts", operation_id = "confirm_account", responses((status = 201, description = "The account is open", body = AccountView)))]
#[post("/api/v1/accounts/confirmation")]
pub(super) async fn confirm(
    state: web::Data<State>,
    Json(body): Json<ConfirmAccount>,
) -> Result<HttpResponse, Problem> {
    let ConfirmAccount { email, code } = body;
    refuse_control_characters(&email)?;
    let account = state.auth.confirm(&email, code).await?;
    Ok(HttpResponse::Created().json(AccountView::from(account)))
}

/// No address has any, and a database may refuse to look for one.
fn refuse_control_characters(email: &str) -> Result<(), Problem> {
    if email.contains(char::is_control) {
        return Err(Problem::invalid(both(
            "`email` must have no control characters.",
            "`email` darf keine Steuerzeichen enthalten.",
        )));
    }
    Ok(())
}

/// Logs in.
#[utoipa::path(tag = "sessions", operation_id = "log_in", responses((status = 201, description = "A session is open", body = Tokens)))]
#[post("/api/v1/sessions")]
pub(super) async fn log_in(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<LogIn>,
) -> Result<HttpResponse, Problem> {
    let LogIn { email, password } = body;
    refuse_control_characters(&email)?;
    let from = client_address(&request, &state.trusted_proxies);
    let pair = state.auth.log_in(&email, password, from).await?;
    Ok(HttpResponse::Created().json(Tokens::from(pair)))
}

/// Continues a session with a new pair. A refresh token that is used a second time ends the session.
#[utoipa::path(tag = "sessions", operation_id = "refresh_session", responses((status = 201, description = "A new pair", body = Tokens)))]
#[post("/api/v1/sessions/refresh")]
pub(super) async fn refresh(state: web::Data<State>, Json(body): Json<Refresh>) -> Result<HttpResponse, Problem> {
    let pair = state.auth.refresh(&body.refresh_token).await?;
    Ok(HttpResponse::Created().json(Tokens::from(pair)))
}

/// Ends the session, its access token included: at other replicas within five seconds.
#[utoipa::path(
    tag = "sessions", operation_id = "log_out",
    responses((status = 204, description = "The session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/sessions")]
pub(super) async fn log_out(state: web::Data<State>, customer: Customer) -> Result<HttpResponse, Problem> {
    state.auth.log_out(customer.session).await?;
    state.streams.end_session(customer.session);
    Ok(HttpResponse::NoContent().finish())
}

/// Ends every session of the account, this one included: at other replicas within five seconds.
#[utoipa::path(
    tag = "sessions", operation_id = "log_out_everywhere",
    responses((status = 204, description = "Every session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/sessions/all")]
pub(super) async fn log_out_everywhere(state: web::Data<State>, customer: Customer) -> Result<HttpResponse, Problem> {
    state.auth.log_out_everywhere(customer.account_id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The public keys that verify access tokens: the one that signs first, then others that are or will be believed.
#[utoipa::path(tag = "sessions", operation_id = "show_keys", responses((status = 200, description = "A JWK set, RFC 7517", body = Object)))]
#[get("/.well-known/jwks.json")]
pub(super) async fn show_keys(state: web::Data<State>) -> HttpResponse {
    let life = format!("public, max-age={}", PUBLISHED_BEFORE.as_secs());
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, life)).json(state.auth.published_keys())
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            first_name: account.names.first,
            last_name: account.names.last,
            birth_date: account.birth_date,
            language: account.language,
            role: account.role,
        }
    }
}

impl From<Pair> for Tokens {
    fn from(pair: Pair) -> Self {
        Self {
            access_token: pair.access_token,
            token_type: "Bearer",
            expires_in: pair.expires_in.as_secs(),
            refresh_token: pair.refresh_token,
        }
    }
}

impl From<auth::Error> for Problem {
    fn from(error: auth::Error) -> Self {
        use auth::Error as E;
        match error {
            E::Invalid(detail) => Self::invalid(detail),
            E::WrongPassword => Self::new(
                Kind::WrongPassword,
                both(
                    "Check both and try again. Without an account, open one first.",
                    "Prüfen Sie beide und versuchen Sie es noch einmal. Ohne Konto eröffnen Sie zuerst eines.",
                ),
            ),
            E::SessionOver => Self::new(Kind::SessionOver, both("Log in again.", "Melden Sie sich neu an.")),
            E::WrongOldPassword => Self::new(
                Kind::WrongOldPassword,
                both(
                    "Nothing was changed. Check the old password, or ask for a code by e-mail.",
                    "Es wurde nichts geändert. Prüfen Sie das alte Passwort oder fordern Sie einen Code per E-Mail an.",
                ),
            ),
            E::WrongToken | E::UnknownKey => Self::unauthenticated(both(
                "The access token does not count. Refresh the session or log in again.",
                "Das Zugangstoken gilt nicht. Erneuern Sie die Sitzung oder melden Sie sich neu an.",
            )),
            E::WrongCode => Self::new(
                Kind::WrongCode,
                both(
                    "It is wrong, too old or was tried too often. Check it, or ask for a new one.",
                    "Er ist falsch, zu alt oder wurde zu oft versucht. Prüfen Sie ihn oder fordern Sie einen neuen an.",
                ),
            ),
            E::Taken => Self::new(
                Kind::AddressTaken,
                both("Log in with this address.", "Melden Sie sich mit dieser Adresse an."),
            ),
            E::Throttled(wait) => Self::throttled(
                both(
                    "Too many attempts. Wait, then try again.",
                    "Zu viele Versuche. Warten Sie und versuchen Sie es dann noch einmal.",
                ),
                wait.as_secs().saturating_add(1),
            ),
            E::Busy => Self::unavailable(
                both(
                    "Many are logging in at the moment. Nothing was done, try again.",
                    "Gerade melden sich viele an. Es ist nichts geschehen, versuchen Sie es noch einmal.",
                ),
                2,
            ),
            E::Database(error) => error.into(),
            E::Fault(place) => {
                tracing::error!(place, "accounts are faulty");
                Self::internal()
            }
        }
    }
}
