//! One request from its id to its log line: every answer leaves through here.

use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use futures_util::FutureExt;
use tracing::Instrument;

use super::body_timeout::{self, hold};
use super::fallback;
use super::headers;
use super::language::asked;
use super::problem::Problem;
use crate::clock;
use crate::ids;
use crate::language::Language;

/// The header that carries the client's id in and ours out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, in its extensions: ours, so that no two are alike and audit and log can be
/// believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The id by which the client or a proxy calls the request, for whoever compares logs; only when it
/// is harmless: at most 64 of `[A-Za-z0-9._-]`.
fn given(headers: &HeaderMap) -> Option<&str> {
    let harmless = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(harmless)
}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(|| Self(ids::new_id().to_string()))))
    }
}

/// Gives the request its id, span and deadline, turns panics and bare errors into problems, and
/// writes one log line.
///
/// # Errors
/// Only after a panic; the error then is the finished answer.
pub async fn watch<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId(ids::new_id().to_string());
    let language = asked(request.headers()).unwrap_or_default();
    let begun = clock::instant();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = id.0,
        request.given_id = given(request.headers()),
        account.id = tracing::field::Empty,
        order.id = tracing::field::Empty,
        order.number = tracing::field::Empty,
    );
    request.extensions_mut().insert(id.clone());
    let rest = body_timeout::set_deadline(&mut request, body_timeout::PATIENCE);

    let handled =
        AssertUnwindSafe(async move { next.call(request).await }.instrument(span.clone()))
            .catch_unwind()
            .await;

    let (answer, route) = match handled {
        Ok(Ok(answer)) => {
            let route = answer.request().match_pattern();
            (Ok(finish(answer, &id, language)), route)
        }
        Ok(Err(error)) => (Err(problem_of(&error).render(Some(&id.0), language)), None),
        Err(_panic) => {
            span.in_scope(
                || tracing::error!(event = "server.fault", %method, "a request handler panicked"),
            );
            (Err(Problem::internal().render(Some(&id.0), language)), None)
        }
    };
    let status =
        answer.as_ref().map_or_else(|error| error.status(), ServiceResponse::status).as_u16();
    let route = route.as_deref().unwrap_or("none");
    let micros = u64::try_from(clock::since(begun).as_micros()).unwrap_or(u64::MAX);
    span.in_scope(
        || tracing::info!(%method, route, status, duration_us = micros, "request answered"),
    );

    let value = HeaderValue::try_from(id.0).unwrap_or(HeaderValue::from_static("none"));
    match answer {
        Ok(mut answer) => {
            answer.headers_mut().insert(HEADER, value);
            Ok(answer.map_body(|_, body| hold(rest, body)))
        }
        Err(mut answer) => {
            headers::complete(answer.headers_mut());
            answer.headers_mut().insert(HEADER, value);
            let answer = answer.map_body(|_, body| hold(rest, body));
            Err(InternalError::from_response("the answer could not take the usual way", answer)
                .into())
        }
    }
}

/// Writes the request's id into a problem, and words into a failure that has none.
fn finish<B: MessageBody + 'static>(
    answer: ServiceResponse<B>,
    id: &RequestId,
    language: Language,
) -> ServiceResponse<BoxBody> {
    let problem = match answer.response().error() {
        Some(error) => Some(problem_of(error)),
        None if is_mute(&answer) => Some(fallback::of_status(answer.status())),
        None => None,
    };
    match problem {
        Some(problem) => {
            let rendered = problem.render(Some(&id.0), language);
            answer.into_response(rendered)
        }
        None => answer.map_into_boxed_body(),
    }
}

fn problem_of(error: &Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => fallback::of_status(error.as_response_error().status_code()),
    }
}

fn is_mute<B: MessageBody>(answer: &ServiceResponse<B>) -> bool {
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    failed && matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0))
}
