//! The security keys of whoever runs the shop: a second factor that no page but the shop's own can
//! ask for.

use actix_web::{HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::actors::auth::{self, SecurityKey, SecurityKeyError};
use crate::http::middleware::body::Json;
use crate::http::middleware::problem::Kind;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::ids;
use crate::language::both;

/// A new key, as the browser answered for it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecurityKey {
    /// What its owner calls it, 1 to 60 characters.
    nickname: String,
    /// What `toJSON()` of the created `PublicKeyCredential` answers.
    #[schema(value_type = Object)]
    credential: Value,
}

/// A security key of one's own account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SecurityKey)]
pub struct SecurityKeyView {
    id: Uuid,
    nickname: String,
    /// Since when it counts.
    added_at: DateTime<Utc>,
    /// When it was shown last.
    #[schema(required)]
    used_at: Option<DateTime<Utc>>,
}

/// Security keys.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SecurityKeyList {
    items: Vec<SecurityKeyView>,
}

/// What a browser has to ask a security key.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SecurityKeyOptions {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` where a key is added,
    /// `parseRequestOptionsFromJSON` where one is shown. The answer counts once, within five
    /// minutes, in this session.
    #[schema(value_type = Object)]
    options: Value,
}

/// One's own security keys, the oldest first, at most ten.
#[utoipa::path(tag = "admin", operation_id = "list_security_keys", security(("bearer" = [])),
    responses((status = 200, description = "The keys", body = SecurityKeyList)))]
#[get("/api/v1/admin/me/second-factor/security-keys")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    let keys = state.auth.security_keys(admin.account_id).await?;
    Ok(HttpResponse::Ok()
        .json(SecurityKeyList { items: keys.into_iter().map(SecurityKeyView::from).collect() }))
}

/// Says what the browser has to ask a new security key. As long as the account has one, the six
/// digits of its app do not count; its recovery codes do.
///
/// 403 `second-factor-needed-again` where the second factor was not shown within ten minutes, 409
/// `too-many-security-keys` after ten, 409 `security-keys-not-offered` where browsers speak to
/// none: they need `https` and a name.
#[utoipa::path(tag = "admin", operation_id = "ask_for_new_security_key", security(("bearer" = [])),
    responses((status = 201, description = "What to ask", body = SecurityKeyOptions)))]
#[post("/api/v1/admin/me/second-factor/security-key-options")]
pub(in crate::http) async fn ask_for_new(
    state: web::Data<State>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let options = state.auth.ask_for_new_key(admin.in_session()).await?;
    Ok(HttpResponse::Created().json(SecurityKeyOptions { options }))
}

/// Lets a new security key count from now on. Every other session of the account ends.
///
/// 422 `wrong-security-key` when this is no answer to what was asked in this session within five
/// minutes; 409 `security-key-there` when an account has this key already, `no-second-factor` when
/// the device was taken away meanwhile.
#[utoipa::path(tag = "admin", operation_id = "add_security_key", security(("bearer" = [])), request_body = NewSecurityKey,
    responses((status = 201, description = "It counts", body = SecurityKeyView)))]
#[post("/api/v1/admin/me/second-factor/security-keys")]
pub(in crate::http) async fn add(
    state: web::Data<State>,
    admin: Admin,
    Json(new): Json<NewSecurityKey>,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let id = ids::new_id();
    store::write_audit(&state.io, admin.audit_entry("security_key.add", id.to_string(), None))
        .await?;
    let NewSecurityKey { nickname, credential } = new;
    let new = auth::NewSecurityKey { id, nickname, credential };
    let (key, ended) = state.auth.add_security_key(admin.in_session(), new).await?;
    ended.into_iter().for_each(|session| state.streams.end_session(session));
    Ok(HttpResponse::Created().json(SecurityKeyView::from(key)))
}

/// Takes a security key away; with the last one the six digits of the app count again.
///
/// 403 `second-factor-needed-again` where the second factor was not shown within ten minutes.
#[utoipa::path(tag = "admin", operation_id = "remove_security_key", security(("bearer" = [])),
    responses((status = 204, description = "It does not count any more")))]
#[delete("/api/v1/admin/me/second-factor/security-keys/{id}")]
pub(in crate::http) async fn remove(
    state: web::Data<State>,
    admin: Admin,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let id = id.into_inner();
    store::write_audit(&state.io, admin.audit_entry("security_key.remove", id.to_string(), None))
        .await?;
    if state.auth.remove_security_key(admin.account_id, id).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::not_found(both(
        "You have no such security key.",
        "Sie haben keinen solchen Sicherheitsschlüssel.",
    )))
}

/// Says what the browser has to ask one of one's security keys, before
/// `POST /api/v1/admin/me/second-factor/proof`.
///
/// 409 `no-security-key` for an account that has none: show a code. 409 `security-keys-not-offered`
/// where browsers speak to none.
#[utoipa::path(tag = "admin", operation_id = "ask_for_security_key", security(("bearer" = [])),
    responses((status = 201, description = "What to ask", body = SecurityKeyOptions)))]
#[post("/api/v1/admin/me/second-factor/proof/options")]
pub(in crate::http) async fn ask_for_one(
    state: web::Data<State>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    let options = state.auth.ask_for_key(admin.in_session()).await?;
    Ok(HttpResponse::Created().json(SecurityKeyOptions { options }))
}

/// 422: the account has a security key.
pub(in crate::http) fn needed() -> Problem {
    Problem::new(
        Kind::SecurityKeyNeeded,
        both(
            "The account has a security key, so the digits of its app do not count. Show the key, or send a recovery code.",
            "Das Konto hat einen Sicherheitsschlüssel, deshalb gelten die Ziffern der App nicht. Zeigen Sie den Schlüssel oder senden Sie einen Ersatzcode.",
        ),
    )
}

/// What is refused of security keys.
pub(in crate::http) fn refused(error: SecurityKeyError) -> Problem {
    let (kind, detail) = match error {
        SecurityKeyError::Missing => (
            Kind::NoSecurityKey,
            both(
                "Send the six digits that the app shows.",
                "Senden Sie die sechs Ziffern, die die App zeigt.",
            ),
        ),
        SecurityKeyError::Wrong => (
            Kind::WrongSecurityKey,
            both(
                "It is no answer to what was asked in this session within five minutes, or not from the shop's own page. Ask for new options there and try again.",
                "Das ist keine Antwort auf das, was in dieser Sitzung in den letzten fünf Minuten gefragt wurde, oder nicht von der Seite des Shops selbst. Fordern Sie dort neue Optionen an und versuchen Sie es noch einmal.",
            ),
        ),
        SecurityKeyError::There => {
            (Kind::SecurityKeyThere, both("Add another one.", "Fügen Sie einen anderen hinzu."))
        }
        SecurityKeyError::TooMany => (
            Kind::TooManySecurityKeys,
            both("Take one of the ten away first.", "Nehmen Sie zuerst einen der zehn weg."),
        ),
        SecurityKeyError::NotOffered => (
            Kind::SecurityKeysNotOffered,
            both(
                "Browsers speak to security keys only where the shop has a name and https. Set `http.public_url` so.",
                "Browser sprechen mit Sicherheitsschlüsseln nur, wo der Shop einen Namen und https hat. Setzen Sie `http.public_url` so.",
            ),
        ),
    };
    Problem::new(kind, detail)
}

impl From<SecurityKey> for SecurityKeyView {
    fn from(key: SecurityKey) -> Self {
        Self { id: key.id, nickname: key.nickname, added_at: key.added_at, used_at: key.used_at }
    }
}
