//! The keys that sign access tokens.

use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::actors::auth::{NewKey, Rotation};
use crate::http::middleware::body::Json;
use crate::http::store;
use crate::http::{Admin, Problem, State};

/// Why the key changes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeys {
    /// Somebody else may have the old key: the new one signs at once, and nothing the old ones
    /// signed is believed; `false` when absent.
    compromised: Option<bool>,
}

/// A new signing key.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SigningKey)]
pub struct KeyView {
    /// Its name in `/.well-known/jwks.json`.
    kid: String,
    /// From when on it signs; it is published already.
    signs_from: DateTime<Utc>,
}

/// Draws the next signing key. It is published at once and signs five minutes later; the tokens of
/// the one before it are believed until they expire.
#[utoipa::path(tag = "admin", operation_id = "rotate_keys", security(("bearer" = [])),
    responses((status = 201, description = "Published", body = KeyView)))]
#[post("/api/v1/admin/keys")]
pub(in crate::http) async fn rotate(
    state: web::Data<State>,
    admin: Admin,
    Json(body): Json<RotateKeys>,
) -> Result<HttpResponse, Problem> {
    if body.compromised.unwrap_or_default() {
        // it logs everybody out
        admin.check_proof(&state).await?;
    }
    let (rotation, action) = match body.compromised.unwrap_or_default() {
        false => (Rotation::Planned, "rotate_keys"),
        true => (Rotation::Compromised, "replace_keys"),
    };
    store::write_audit(&state.io, admin.audit_entry(action, "signing keys", None)).await?;
    let NewKey { kid, signs_from } = state.auth.rotate_keys(rotation).await?;
    tracing::warn!(kid, %signs_from, action, "an admin drew a new signing key");
    Ok(HttpResponse::Created().json(KeyView { kid, signs_from }))
}
