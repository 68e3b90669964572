//! Why an admin does something: the body of every command.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;

use crate::http::middleware::body;
use crate::http::middleware::problem::Problem;
use crate::language::both;

/// Longest reason in characters.
const LONGEST: usize = 200;

/// Why something is done; stands in the audit.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenReason {
    /// 1 to 200 characters, without names or addresses of customers.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "the operator confirmed by phone that the gate is repaired"
    )]
    reason: String,
}

/// Why something is done, where that may be left unsaid.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionalReason {
    /// At most 200 characters, without names or addresses of customers.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// The reason of a command that needs one.
#[derive(Debug)]
pub struct Reason(pub String);

/// The reason of a command that may do without; an empty body and `null` are none.
#[derive(Debug)]
pub struct MaybeReason(pub Option<String>);

impl FromRequest for Reason {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = web::Bytes::from_request(request, payload);
        async move {
            let bytes = whole.await.map_err(|error| body::refuse_bytes(&error))?;
            let missing = || {
                Problem::invalid(both(
                    "Say why: send `{\"reason\": \"…\"}` with 1 to 200 characters.",
                    "Sagen Sie, warum: Senden Sie `{\"reason\": \"…\"}` mit 1 bis 200 Zeichen.",
                ))
            };
            if bytes.is_empty() {
                return Err(missing());
            }
            let GivenReason { reason } = body::read_json(&bytes)?;
            clean(&reason)?.map(Self).ok_or_else(missing)
        }
        .boxed_local()
    }
}

impl FromRequest for MaybeReason {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = web::Bytes::from_request(request, payload);
        async move {
            let bytes = whole.await.map_err(|error| body::refuse_bytes(&error))?;
            let because: Option<OptionalReason> =
                if bytes.is_empty() { None } else { body::read_json(&bytes)? };
            Ok(Self(clean(&because.and_then(|because| because.reason).unwrap_or_default())?))
        }
        .boxed_local()
    }
}

/// The text without blanks around it; `None` when nothing is left.
fn clean(reason: &str) -> Result<Option<String>, Problem> {
    let reason = reason.trim();
    if reason.chars().count() > LONGEST || reason.chars().any(char::is_control) {
        return Err(Problem::invalid(both(
            "`reason` must be one line of at most 200 characters.",
            "`reason` muss eine Zeile von höchstens 200 Zeichen sein.",
        )));
    }
    Ok(Some(reason.to_owned()).filter(|reason| !reason.is_empty()))
}
