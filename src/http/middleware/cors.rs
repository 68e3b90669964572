//! Shops on other origins: their pages may call the API when their origin is configured; all others
//! get no word of it.
//!
//! Nobody is known by a cookie here, so that no credentials are allowed along: a page sends the
//! token that it has.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use crate::http::state::State;

/// What a page may send besides what it always may.
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, accept-language, if-none-match, last-event-id, x-request-id";

/// What a page may read besides what it always may.
const ANSWER_HEADERS: &str =
    "location, retry-after, etag, allow, x-request-id, content-disposition";

/// For how many seconds a browser need not ask again.
const LIFE: &str = "600";

/// Answers a browser that asks whether a page may call, and tells it that the page may read the
/// answer.
///
/// # Errors
/// The handler's.
pub(in crate::http) async fn share(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(origin) = known_origin(&request) else { return next.call(request).await };
    let asks = request.method() == Method::OPTIONS;
    if asks && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        let mut answer = HttpResponse::NoContent().finish();
        let headers = answer.headers_mut();
        allow(headers, origin);
        let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(REQUEST_HEADERS),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(LIFE));
        return Ok(request.into_response(answer));
    }
    let mut answer = next.call(request).await?;
    allow(answer.headers_mut(), origin);
    Ok(answer)
}

/// The origin of the page that calls, when it is one that may.
fn known_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let state = request.app_data::<web::Data<State>>()?;
    let origin = request.headers().get(header::ORIGIN)?;
    let is_known = |known: &String| known.as_bytes() == origin.as_bytes();
    state.face.api_origins.iter().any(is_known).then(|| origin.clone())
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
