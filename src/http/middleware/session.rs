//! Who is asking: the signed access token in `Authorization: Bearer`, checked without asking
//! anybody.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::language::{Reader, asked};
use super::problem::{Kind, Problem};
use super::request_id::RequestId;
use crate::actors::auth::{self, Claims, InSession, Role};
use crate::http::state::State;
use crate::http::store::AuditEntry;
use crate::language::{Language, both};

/// Anybody who is logged in. After a log-out an access token still counts for seconds at other
/// replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The account.
    pub account_id: Uuid,
    /// Whether the account runs this shop, and has shown the second factor where one is required.
    pub is_admin: bool,
    /// The log-in that the token belongs to.
    pub session: Uuid,
    /// Until when the token counts.
    pub expires_at: DateTime<Utc>,
    /// What `Accept-Language` asks for.
    pub asked: Option<Language>,
}

/// Somebody who is logged in with an account that runs this shop, and has shown a second factor
/// where one is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// The account, for the audit.
    pub account_id: Uuid,
    session: Uuid,
    asked: Option<Language>,
    request_id: Option<String>,
}

/// Somebody who is logged in with an account that runs this shop, also without the second factor
/// that is required: for the calls that set one up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyAdmin {
    /// What the token says.
    pub claims: Claims,
    admin: Admin,
}

impl Customer {
    /// Who reads the answer.
    #[must_use]
    pub fn reader(self) -> Reader {
        Reader { account_id: self.account_id, asked: self.asked }
    }
}

impl Admin {
    /// Who reads the answer.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { account_id: self.account_id, asked: self.asked }
    }

    /// What is about to be done, or read, in this request, for the audit.
    #[must_use]
    pub fn audit_entry(
        &self,
        action: &'static str,
        subject: impl Into<String>,
        reason: Option<String>,
    ) -> AuditEntry {
        let account_id = self.account_id;
        let request_id = self.request_id.clone();
        AuditEntry { account_id, action, subject: subject.into(), reason, request_id }
    }

    /// The account, in the session of this call.
    #[must_use]
    pub fn in_session(&self) -> InSession {
        InSession { account_id: self.account_id, session_id: self.session }
    }

    /// Whether the second factor was shown in this session lately: asked before money is moved.
    ///
    /// # Errors
    /// 403 that says what to do; the database's.
    pub async fn check_proof(&self, state: &State) -> Result<(), Problem> {
        Ok(state.auth.check_proof(self.account_id, self.session).await?)
    }
}

impl AnyAdmin {
    /// As whoever has shown a second factor.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }
}

impl FromRequest for Customer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let claims = identify(&request).await?;
            Ok(Self {
                is_admin: state_of(&request)?.auth.lets_administer(&claims),
                account_id: claims.sub,
                session: claims.sid,
                expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or_default(),
                asked: asked(request.headers()),
            })
        })
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, any) = (request.clone(), AnyAdmin::from_request(request, payload));
        Box::pin(async move {
            let AnyAdmin { claims, admin } = any.await?;
            if state_of(&request)?.auth.lets_administer(&claims) {
                return Ok(admin);
            }
            Err(Problem::new(
                Kind::SecondFactorMissing,
                both(
                    "Set up a second factor with `POST /api/v1/admin/me/second-factor`; until then nothing else is open.",
                    "Richten Sie mit `POST /api/v1/admin/me/second-factor` einen zweiten Faktor ein; bis dahin ist sonst nichts offen.",
                ),
            ))
        })
    }
}

impl FromRequest for AnyAdmin {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let claims = identify(&request).await?;
            if claims.role != Role::Admin {
                return Err(Problem::forbidden(both(
                    "Log in with an administrator's account.",
                    "Melden Sie sich mit einem Administratorkonto an.",
                )));
            }
            let admin = Admin {
                account_id: claims.sub,
                session: claims.sid,
                asked: asked(request.headers()),
                request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
            };
            Ok(Self { claims, admin })
        })
    }
}

fn state_of(request: &HttpRequest) -> Result<&web::Data<State>, Problem> {
    request.app_data::<web::Data<State>>().ok_or_else(|| {
        tracing::error!(event = "server.fault", "a route was set up without its state");
        Problem::internal()
    })
}

async fn identify(request: &HttpRequest) -> Result<Claims, Problem> {
    let state = state_of(request)?;
    let token = bearer(request).ok_or_else(|| {
        Problem::unauthenticated(both(
            "Log in and send the access token as `Authorization: Bearer …`.",
            "Melden Sie sich an und senden Sie das Zugangstoken als `Authorization: Bearer …`.",
        ))
    })?;
    let verified = match state.auth.verify(token) {
        Err(auth::Error::UnknownKey) => state.auth.verify_anew(token).await,
        verified => verified,
    };
    let claims = verified?;
    tracing::Span::current().record("account.id", tracing::field::display(claims.sub));
    Ok(claims)
}

/// The token of the one `Authorization`; whoever sends two might have either believed by somebody
/// in between.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
