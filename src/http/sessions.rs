//! Sessions, and the keys that verify their access tokens.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::body::Json;
use super::network::client_address;
use super::problem::Problem;
use super::session::Customer;
use super::state::State;
use crate::actors::auth::{PUBLISHED_BEFORE, Pair};
use crate::language::both;
use crate::typed;

/// Address and password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's address; case does not count.
    #[serde(deserialize_with = "typed::read_address")]
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
    /// Counts once, within 30 days of now and 90 days of the log-in, for the next pair.
    refresh_token: String,
}

/// A log-in and what follows from it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionView {
    id: Uuid,
    /// When somebody logged in.
    opened_at: DateTime<Utc>,
    /// Until when it can be continued: 30 days after it last was, and 90 days after the log-in at the latest.
    ends_at: DateTime<Utc>,
    /// Whether this call belongs to it.
    is_this: bool,
}

/// Sessions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionList {
    items: Vec<SessionView>,
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

/// Continues a session with a new pair, for 90 days after the log-in.
///
/// A refresh token counts once. Within half a minute it is also answered to a second time, where the same network asks: two
/// tabs did at once, or an answer was lost. Any other second use ends the session. 429 after 100 refused ones from one
/// network in a quarter of an hour.
#[utoipa::path(tag = "sessions", operation_id = "refresh_session", responses((status = 201, description = "A new pair", body = Tokens)))]
#[post("/api/v1/sessions/refresh")]
pub(super) async fn refresh(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<Refresh>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.trusted_proxies);
    let pair = state.auth.refresh(&body.refresh_token, from).await?;
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

/// One's own sessions that go on, the newest first, at most 100.
#[utoipa::path(
    tag = "sessions", operation_id = "list_sessions",
    responses((status = 200, description = "The sessions", body = SessionList)),
    security(("bearer" = []))
)]
#[get("/api/v1/accounts/me/sessions")]
pub(super) async fn list(state: web::Data<State>, customer: Customer) -> Result<HttpResponse, Problem> {
    let sessions = state.auth.sessions(customer.account_id).await?;
    let items = sessions.into_iter().map(|session| SessionView {
        id: session.id,
        opened_at: session.opened_at,
        ends_at: session.ends_at,
        is_this: session.id == customer.session,
    });
    Ok(HttpResponse::Ok().json(SessionList { items: items.collect() }))
}

/// Ends one of one's own sessions, its access token included: at other replicas within five seconds. Twice changes nothing.
#[utoipa::path(
    tag = "sessions", operation_id = "end_session",
    responses((status = 204, description = "The session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/accounts/me/sessions/{id}")]
pub(super) async fn end(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    if !state.auth.end_session(customer.account_id, id).await? {
        return Err(Problem::not_found(both("You have no such session.", "Sie haben keine solche Sitzung.")));
    }
    state.streams.end_session(id);
    Ok(HttpResponse::NoContent().finish())
}

/// The public keys that verify access tokens: the one that signs first, then others that are or will be believed.
#[utoipa::path(tag = "sessions", operation_id = "show_keys", responses((status = 200, description = "A JWK set, RFC 7517", body = Object)))]
#[get("/.well-known/jwks.json")]
pub(super) async fn show_keys(state: web::Data<State>) -> HttpResponse {
    let life = format!("public, max-age={}", PUBLISHED_BEFORE.as_secs());
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, life)).json(state.auth.published_keys())
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
