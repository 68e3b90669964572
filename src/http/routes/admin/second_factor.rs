//! The second factor of whoever runs the shop: set up once, shown at each log-in, and again before
//! money is moved.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actors::auth::{self, Shown};
use crate::http::middleware::body::Json;
use crate::http::middleware::problem::Kind;
use crate::http::middleware::session::AnyAdmin;
use crate::http::routes::sessions::Tokens;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// A second factor that is shown again: a code or a security key.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownFactor {
    /// The six digits that the app shows, or a recovery code; blanks and dashes do not count.
    #[schema(max_length = 100, example = "123456")]
    code: Option<String>,
    /// What a security key answered: `toJSON()` of the browser's `PublicKeyCredential`.
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
}

/// What the device shows.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownCode {
    /// The six digits that the app shows, or a recovery code where there are some; blanks and
    /// dashes do not count.
    #[schema(max_length = 100, example = "123456")]
    code: String,
}

/// How one's own account stands to its second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SecondFactor)]
pub struct FactorView {
    /// Since when it counts; `null` without one.
    #[schema(required)]
    confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    recovery_codes_left: u64,
    /// Until when money may be moved in this session without showing it again; may lie in the past.
    #[schema(required)]
    proven_until: Option<DateTime<Utc>>,
    /// Whether admins need one for everything else.
    is_required: bool,
}

/// What a device has to know; said once.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Enrolment)]
pub struct EnrolmentView {
    /// For typing, in base 32.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same as an address, for a picture that an app reads.
    #[schema(
        example = "otpauth://totp/Shop:ada%40shop.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Shop"
    )]
    address: String,
}

/// A second factor that counts from now on.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ConfirmedSecondFactor)]
pub struct ConfirmedView {
    /// Each lets in once instead of the device; said once, to be kept on paper.
    recovery_codes: Vec<String>,
    /// Of the session that goes on; those from before count no more.
    #[serde(flatten)]
    tokens: Tokens,
}

/// Codes for when the device is lost.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    /// Each lets in once instead of the device; said once, to be kept on paper.
    recovery_codes: Vec<String>,
}

/// How one's own account stands to its second factor.
#[utoipa::path(tag = "admin", operation_id = "show_second_factor", security(("bearer" = [])),
    responses((status = 200, description = "How it stands", body = FactorView)))]
#[get("/api/v1/admin/me/second-factor")]
pub(in crate::http) async fn show(
    state: web::Data<State>,
    who: AnyAdmin,
) -> Result<HttpResponse, Problem> {
    let factor = state.auth.factor(who.claims.sub, who.claims.sid).await?;
    Ok(HttpResponse::Ok().json(FactorView {
        confirmed_at: factor.confirmed_at,
        recovery_codes_left: factor.recovery_codes_left,
        proven_until: factor.proven_until,
        is_required: factor.is_required,
    }))
}

/// Draws the secret of a second factor; it counts once its first code is shown. Again before that
/// draws another one.
///
/// 409 `second-factor-there` when there is one that counts.
#[utoipa::path(tag = "admin", operation_id = "enrol_second_factor", security(("bearer" = [])),
    responses((status = 201, description = "What the device has to know", body = EnrolmentView)))]
#[post("/api/v1/admin/me/second-factor")]
pub(in crate::http) async fn enrol(
    state: web::Data<State>,
    who: AnyAdmin,
) -> Result<HttpResponse, Problem> {
    let subject = who.claims.sub.to_string();
    store::write_audit(&state.io, who.admin().audit_entry("second_factor.enrol", subject, None))
        .await?;
    let enrolment = state.auth.enrol(who.claims.sub, who.claims.sid).await?;
    Ok(HttpResponse::Created().json(EnrolmentView {
        secret: enrolment.secret.expose_secret().to_owned(),
        address: enrolment.address.expose_secret().to_owned(),
    }))
}

/// Lets the second factor count whose first code is shown. Every session of the account ends, this
/// one too; the tokens are of a new one.
///
/// 422 `wrong-second-factor` when the code does not count: compare the device's clock. 429 after
/// ten wrong ones in a quarter of an hour.
#[utoipa::path(tag = "admin", operation_id = "confirm_second_factor", security(("bearer" = [])), request_body = ShownCode,
    responses((status = 201, description = "It counts", body = ConfirmedView)))]
#[post("/api/v1/admin/me/second-factor/confirmation")]
pub(in crate::http) async fn confirm(
    state: web::Data<State>,
    who: AnyAdmin,
    Json(body): Json<ShownCode>,
) -> Result<HttpResponse, Problem> {
    let subject = who.claims.sub.to_string();
    store::write_audit(&state.io, who.admin().audit_entry("second_factor.confirm", subject, None))
        .await?;
    let confirmed = state.auth.confirm_factor(&who.claims, &body.code).await?;
    tracing::info!("an admin has set up a second factor");
    Ok(HttpResponse::Created().json(ConfirmedView {
        recovery_codes: confirmed.recovery_codes,
        tokens: confirmed.pair.into(),
    }))
}

/// Shows the second factor again: for ten minutes this session may move money.
///
/// 422 `wrong-second-factor` when it does not count, also because it was used before: wait for the
/// next code. 422 `security-key-needed` for the six digits of an account that has a security key.
#[utoipa::path(tag = "admin", operation_id = "prove_second_factor", security(("bearer" = [])), request_body = ShownFactor,
    responses((status = 204, description = "It was shown")))]
#[post("/api/v1/admin/me/second-factor/proof")]
pub(in crate::http) async fn prove(
    state: web::Data<State>,
    who: AnyAdmin,
    Json(body): Json<ShownFactor>,
) -> Result<HttpResponse, Problem> {
    let shown = shown(body.code, body.credential)?.ok_or_else(nothing_shown)?;
    let proved = state.auth.prove(who.claims.sub, who.claims.sid, &shown).await;
    if matches!(proved, Err(auth::Error::WrongSecondFactor(_) | auth::Error::SecurityKeyNeeded(_)))
    {
        let subject = who.claims.sub.to_string();
        store::write_audit(
            &state.io,
            who.admin().audit_entry("second_factor.refused", subject, None),
        )
        .await?;
    }
    proved?;
    Ok(HttpResponse::NoContent().finish())
}

/// Draws ten new recovery codes; none of the earlier ones counts any more.
///
/// 403 `second-factor-needed-again` where the second factor was not shown within ten minutes.
#[utoipa::path(tag = "admin", operation_id = "renew_recovery_codes", security(("bearer" = [])),
    responses((status = 201, description = "The new ones", body = RecoveryCodes)))]
#[post("/api/v1/admin/me/second-factor/recovery-codes")]
pub(in crate::http) async fn renew(
    state: web::Data<State>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    admin.check_proof(&state).await?;
    let entry =
        admin.audit_entry("second_factor.recovery_codes", admin.account_id.to_string(), None);
    store::write_audit(&state.io, entry).await?;
    let recovery_codes = state.auth.renew_recovery_codes(admin.account_id).await?;
    Ok(HttpResponse::Created().json(RecoveryCodes { recovery_codes }))
}

/// The one of both that came, if one did.
pub(in crate::http) fn shown(
    code: Option<String>,
    credential: Option<Value>,
) -> Result<Option<Shown>, Problem> {
    match (code, credential) {
        (Some(_), Some(_)) => Err(Problem::invalid(both(
            "Send either `code` or `credential`.",
            "Senden Sie entweder `code` oder `credential`.",
        ))),
        (Some(code), None) => Ok(Some(Shown::Code(code))),
        (None, Some(credential)) => Ok(Some(Shown::Key(credential))),
        (None, None) => Ok(None),
    }
}

fn nothing_shown() -> Problem {
    Problem::invalid(both("Send `code` or `credential`.", "Senden Sie `code` oder `credential`."))
}

/// 401: the password is right, and the second factor is asked for.
pub(in crate::http) fn required(asked: Option<Box<Value>>) -> Problem {
    let detail = match asked {
        None => both(
            "Send the same again with `code`: the six digits that the app shows, or a recovery code.",
            "Senden Sie dasselbe noch einmal mit `code`: den sechs Ziffern, die die App zeigt, oder einem Ersatzcode.",
        ),
        Some(_) => both(
            "Ask a security key what `security_key_options` says and send the same again with its answer as `credential`, or with a recovery code as `code`.",
            "Fragen Sie einen Sicherheitsschlüssel, was `security_key_options` sagt, und senden Sie dasselbe noch einmal mit seiner Antwort als `credential` oder mit einem Ersatzcode als `code`.",
        ),
    };
    let problem = Problem::new(Kind::SecondFactorRequired, detail);
    match asked {
        Some(options) => problem.with_security_key_options(options),
        None => problem,
    }
}

/// 422: what was shown of the second factor does not count.
pub(in crate::http) fn wrong() -> Problem {
    Problem::new(
        Kind::WrongSecondFactor,
        both(
            "It is wrong, too old or was used. Wait for the next code and compare the clock of the device, or ask the security key anew.",
            "Er ist falsch, zu alt oder wurde schon benutzt. Warten Sie auf den nächsten Code und vergleichen Sie die Uhr des Geräts, oder fragen Sie den Sicherheitsschlüssel neu.",
        ),
    )
}

/// 409: a second factor counts already.
pub(in crate::http) fn there() -> Problem {
    Problem::new(
        Kind::SecondFactorThere,
        both(
            "It counts already. To replace it, take it away with `POST /api/v1/admin/accounts/{id}/standing/forget-second-factor` first.",
            "Er gilt schon. Um ihn zu ersetzen, nehmen Sie ihn zuerst mit `POST /api/v1/admin/accounts/{id}/standing/forget-second-factor` weg.",
        ),
    )
}

/// 409: there is no second factor, or none that waits.
pub(in crate::http) fn none() -> Problem {
    Problem::new(
        Kind::NoSecondFactor,
        both(
            "Set one up with `POST /api/v1/admin/me/second-factor`, then confirm it with its first code.",
            "Richten Sie mit `POST /api/v1/admin/me/second-factor` einen ein und bestätigen Sie ihn mit seinem ersten Code.",
        ),
    )
}

/// 403: the account is disabled.
pub(in crate::http) fn disabled() -> Problem {
    Problem::new(
        Kind::AccountDisabled,
        both(
            "Nobody logs in with it. Ask the shop why.",
            "Mit ihm meldet sich niemand an. Fragen Sie den Shop nach dem Grund.",
        ),
    )
}

/// 409: nobody could run the shop any more.
pub(in crate::http) fn last_admin() -> Problem {
    Problem::new(
        Kind::LastAdmin,
        both(
            "Nobody could run the shop any more. Give another account the role first, or enable one.",
            "Niemand könnte den Shop mehr führen. Geben Sie zuerst einem anderen Konto die Rolle oder entsperren Sie eines.",
        ),
    )
}

/// 403: the second factor was not shown lately.
pub(in crate::http) fn needed_again() -> Problem {
    Problem::new(
        Kind::SecondFactorNeededAgain,
        both(
            "This needs a second factor that was shown within ten minutes. Send its code, or a security key's answer, to `POST /api/v1/admin/me/second-factor/proof`, then try again.",
            "Dies braucht einen zweiten Faktor, der in den letzten zehn Minuten gezeigt wurde. Senden Sie seinen Code oder die Antwort eines Sicherheitsschlüssels an `POST /api/v1/admin/me/second-factor/proof` und versuchen Sie es dann noch einmal.",
        ),
    )
}
