//! Who is asking: the signed access token in `Authorization: Bearer`, checked without asking anybody.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::language::{Reader, asked};
use super::problem::Problem;
use super::state::State;
use crate::actors::auth::{self, Role};
use crate::language::{Language, both};

/// Anybody who is logged in. After a log-out an access token still counts for seconds at other replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The account.
    pub account_id: Uuid,
    /// What the account may do.
    pub role: Role,
    /// The log-in that the token belongs to.
    pub session: Uuid,
    /// Until when the token counts.
    pub expires_at: DateTime<Utc>,
    /// What `Accept-Language` asks for.
    pub asked: Option<Language>,
}

/// Somebody who is logged in with an account that runs this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    /// The account, for the audit.
    pub account_id: Uuid,
    asked: Option<Language>,
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
    pub fn reader(self) -> Reader {
        Reader { account_id: self.account_id, asked: self.asked }
    }
}

impl FromRequest for Customer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await })
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let customer = identify(&request).await?;
            match customer.role {
                Role::Admin => Ok(Self { account_id: customer.account_id, asked: customer.asked }),
                Role::Customer => Err(Problem::forbidden(both(
                    "Log in with an administrator's account.",
                    "Melden Sie sich mit einem Administratorkonto an.",
                ))),
            }
        })
    }
}

async fn identify(request: &HttpRequest) -> Result<Customer, Problem> {
    let Some(state) = request.app_data::<web::Data<State>>() else {
        tracing::error!("a route was set up without its state");
        return Err(Problem::internal());
    };
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
    let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or_default();
    Ok(Customer {
        account_id: claims.sub,
        role: claims.role,
        session: claims.sid,
        expires_at,
        asked: asked(request.headers()),
    })
}

/// The token of the one `Authorization`; whoever sends two might have either believed by somebody in between.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
