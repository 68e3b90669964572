//! Who is asking: the signed access token in `Authorization: Bearer`, checked without asking anybody.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::problem::Problem;
use super::state::State;
use crate::actors::auth::Role;

/// Anybody who is logged in. After a log-out an access token still counts until it expires (10 minutes at most).
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
}

/// Somebody who is logged in with an account that runs this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    /// The account, for the audit.
    pub account_id: Uuid,
}

impl FromRequest for Customer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request).and_then(|customer| match customer.role {
            Role::Admin => Ok(Self { account_id: customer.account_id }),
            Role::Customer => Err(Problem::forbidden("Log in with an administrator's account.")),
        }))
    }
}

fn identify(request: &HttpRequest) -> Result<Customer, Problem> {
    let Some(state) = request.app_data::<web::Data<State>>() else {
        tracing::error!("a route was set up without its state");
        return Err(Problem::internal());
    };
    let token = bearer(request)
        .ok_or_else(|| Problem::unauthenticated("Log in and send the access token as `Authorization: Bearer …`."))?;
    let claims = state.auth.verify(token).map_err(|_refused| {
        Problem::unauthenticated("The access token is not valid any more. Refresh the session or log in again.")
    })?;
    tracing::Span::current().record("account.id", tracing::field::display(claims.sub));
    let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or_default();
    Ok(Customer { account_id: claims.sub, role: claims.role, session: claims.sid, expires_at })
}

/// The token of the one `Authorization`; whoever sends two might have either believed by somebody in between.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
