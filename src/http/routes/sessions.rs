//! Sessions, and the keys that verify their access tokens.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::admin::second_factor;
use crate::actors::auth::{self, PUBLISHED_BEFORE, Pair, Role, Session};
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::Problem;
use crate::http::middleware::request_id::RequestId;
use crate::http::middleware::session::Customer;
use crate::http::middleware::shared;
use crate::http::state::State;
use crate::http::store::{AuditEntry, write_audit};
use crate::language::both;
use crate::typed;

/// Address and password, and what the second factor shows.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's address; case does not count.
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
    /// Where the account has a second factor: the six digits that the app shows, or a recovery
    /// code. Each counts once.
    #[schema(max_length = 100, example = "123456")]
    code: Option<String>,
    /// What a security key of the account answered to `security_key_options`: `toJSON()` of the
    /// browser's `PublicKeyCredential`.
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
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
    /// When it was last continued.
    used_at: DateTime<Utc>,
    /// From where that was, masked: the first 24 bits of an IPv4 address, the first 48 of an IPv6
    /// one; `null` when it is not known.
    #[schema(required, example = "192.0.2.0/24")]
    network: Option<String>,
    /// Until when it can be continued: 30 days after it last was, and 90 days after the log-in at
    /// the latest.
    ends_at: DateTime<Utc>,
    /// Whether this call belongs to it.
    is_this: bool,
}

/// Sessions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionList {
    items: Vec<SessionView>,
}

impl SessionList {
    /// Sessions, one of which may be that of whoever reads the list.
    pub(in crate::http) fn new(sessions: Vec<Session>, this: Option<Uuid>) -> Self {
        let view = |session: Session| SessionView {
            id: session.id,
            opened_at: session.opened_at,
            used_at: session.used_at,
            is_this: Some(session.id) == this,
            network: session.network,
            ends_at: session.ends_at,
        };
        Self { items: sessions.into_iter().map(view).collect() }
    }
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

/// Logs in; of all sessions of the account the 20 that were used last go on (or as many as the
/// server is set to).
///
/// 401 `second-factor-required` says that the password is right and the account has a second
/// factor: send the same again with its `code`, or with the `credential` of a security key where
/// `security_key_options` came. 422 `wrong-second-factor` when that does not count, also because it
/// was used before; 422 `security-key-needed` for six digits where the account has a security key.
#[utoipa::path(tag = "sessions", operation_id = "log_in", responses((status = 201, description = "A session is open", body = Tokens)))]
#[post("/api/v1/sessions")]
pub(in crate::http) async fn log_in(
    state: web::Data<State>,
    request: HttpRequest,
    request_id: RequestId,
    Json(body): Json<LogIn>,
) -> Result<HttpResponse, Problem> {
    let LogIn { email, password, code, credential } = body;
    refuse_control_characters(&email)?;
    let from = client_address(&request, &state.face.trusted_proxies);
    let shown = second_factor::shown(code, credential)?;
    let outcome = state.auth.log_in_with(auth::LogIn { email, password, shown }, from).await;
    note_admin(&state, &outcome, request_id).await?;
    let pair = outcome?;
    Ok(HttpResponse::Created().json(Tokens::from(pair)))
}

/// Writes an admin's log-in down, and a second factor that was refused; whoever could not be
/// written down is not let in.
async fn note_admin(
    state: &State,
    outcome: &Result<Pair, auth::Error>,
    RequestId(request_id): RequestId,
) -> Result<(), Problem> {
    let (account_id, action, subject) = match outcome {
        Ok(pair) if pair.role == Role::Admin => (pair.account_id, "log_in", pair.session_id),
        Err(auth::Error::WrongSecondFactor(account) | auth::Error::SecurityKeyNeeded(account)) => {
            (*account, "log_in.refused", *account)
        }
        Ok(_) | Err(_) => return Ok(()),
    };
    let subject = subject.to_string();
    let request_id = Some(request_id);
    write_audit(&state.io, AuditEntry { account_id, action, subject, reason: None, request_id })
        .await?;
    Ok(())
}

/// Continues a session with a new pair, for 90 days after the log-in.
///
/// A refresh token counts once. Within half a minute it is also answered to a second time, where
/// the same network asks: two tabs did at once, or an answer was lost. Any other second use ends
/// the session. 429 after 100 refused ones from one network in a quarter of an hour, and after 60
/// pairs of one session.
#[utoipa::path(tag = "sessions", operation_id = "refresh_session", responses((status = 201, description = "A new pair", body = Tokens)))]
#[post("/api/v1/sessions/refresh")]
pub(in crate::http) async fn refresh(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<Refresh>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.face.trusted_proxies);
    let pair = state.auth.refresh(&body.refresh_token, from).await?;
    Ok(HttpResponse::Created().json(Tokens::from(pair)))
}

/// Ends the session, its access token included: at other replicas in a moment, without Redis within
/// five seconds.
#[utoipa::path(
    tag = "sessions", operation_id = "log_out",
    responses((status = 204, description = "The session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/sessions")]
pub(in crate::http) async fn log_out(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    state.auth.log_out(customer.session).await?;
    state.streams.end_session(customer.session);
    Ok(HttpResponse::NoContent().finish())
}

/// Ends every session of the account, this one included: at other replicas in a moment, without
/// Redis within five seconds.
#[utoipa::path(
    tag = "sessions", operation_id = "log_out_everywhere",
    responses((status = 204, description = "Every session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/sessions/all")]
pub(in crate::http) async fn log_out_everywhere(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
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
pub(in crate::http) async fn list(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let sessions = state.auth.sessions(customer.account_id).await?;
    Ok(HttpResponse::Ok().json(SessionList::new(sessions, Some(customer.session))))
}

/// Ends one of one's own sessions, its access token included: at other replicas in a moment,
/// without Redis within five seconds. Twice changes nothing.
#[utoipa::path(
    tag = "sessions", operation_id = "end_session",
    responses((status = 204, description = "The session is over")),
    security(("bearer" = []))
)]
#[delete("/api/v1/accounts/me/sessions/{id}")]
pub(in crate::http) async fn end(
    state: web::Data<State>,
    customer: Customer,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    if !state.auth.end_session(customer.account_id, id).await? {
        return Err(Problem::not_found(both(
            "You have no such session.",
            "Sie haben keine solche Sitzung.",
        )));
    }
    state.streams.end_session(id);
    Ok(HttpResponse::NoContent().finish())
}

/// The public keys that verify access tokens: the one that signs first, then others that are or
/// will be believed.
#[utoipa::path(tag = "sessions", operation_id = "show_keys", responses(
    (status = 200, description = "A JWK set, RFC 7517", body = Object),
    (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/.well-known/jwks.json")]
pub(in crate::http) async fn show_keys(
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut answer = shared::json(&request, &state.auth.published_keys())?;
    if let Ok(life) =
        HeaderValue::try_from(format!("public, max-age={}", PUBLISHED_BEFORE.as_secs()))
    {
        answer.headers_mut().insert(header::CACHE_CONTROL, life);
    }
    Ok(answer)
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
