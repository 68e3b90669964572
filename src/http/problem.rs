//! Every error answer: `application/problem+json` as in RFC 9457, in our own words.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use sea_orm::DbErr;
use serde::Serialize;

use super::openapi;
use crate::io::IoError;

/// The media type of every error answer.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An answer that is not a success. The request id is added on the way out.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a problem looks like in JSON.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// A stable slug that programs may compare, for example `not-found`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The slug in words, the same for every occurrence.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened here and what to do about it.
    detail: &'a str,
    /// The id of the request, as in `X-Request-Id`; name it when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// How long to wait before asking again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with a stable slug, a title that never varies and a detail that says what to do.
    #[must_use]
    pub fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, slug, title, detail: detail.into(), retry_after_seconds: None, headers: Vec::new() }
    }

    /// 400: the request is not one this call can read.
    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    /// 401: nobody is logged in, or not any more.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Log in first", detail)
    }

    /// 403: logged in, but not somebody who may do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not for this account", detail)
    }

    /// 404: there is no such thing, or not for this customer.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 409: what was asked does not fit the present state; `slug` says which case it is.
    #[must_use]
    pub fn conflict(slug: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, slug, "Not possible in the present state", detail)
    }

    /// 422: readable, but a value is not acceptable.
    #[must_use]
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value is not acceptable", detail)
    }

    /// 429: asked too often; the wait is in whole seconds.
    #[must_use]
    pub fn throttled(detail: impl Into<Cow<'static, str>>, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Asked too often", detail)
            .retry_after(retry_after_seconds)
    }

    /// 503: cannot be done right now; nothing of it was begun unless `detail` says so.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available right now", detail)
            .retry_after(retry_after_seconds)
    }

    /// 500: a fault of ours. Whoever makes it has logged the cause.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "A fault on our side",
            "Something broke on our side. Look at the present state before you try again, and name the request id if you ask for help.",
        )
    }

    /// Says which part of the request the detail is about, for example a line of a basket.
    #[must_use]
    pub fn about(mut self, part: &str) -> Self {
        self.detail = format!("{part}: {}", self.detail).into();
        self
    }

    /// Adds how long to wait, in seconds, to the body and as `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The stable slug.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        self.slug
    }

    /// The answer; `instance` is the request's id.
    #[must_use]
    pub fn render(&self, instance: Option<&str>) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CONTENT_TYPE, MEDIA_TYPE)).insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        if let Some(seconds) = self.retry_after_seconds {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE].contains(&self.status) {
            answer.force_close(); // the rest of the body is not read
        }
        let document = Document {
            kind: self.slug,
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            retry_after_seconds: self.retry_after_seconds,
        };
        answer.body(serde_json::to_vec(&document).unwrap_or_default())
    }

    /// The words for a status that somebody below us answered without any.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::unauthenticated("Send an access token as `Authorization: Bearer …`."),
            StatusCode::FORBIDDEN => Self::forbidden("Log in with an account that may do this."),
            StatusCode::NOT_FOUND => Self::not_found("Nothing is at this address. Compare it with /api/openapi.json."),
            StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(),
            StatusCode::REQUEST_TIMEOUT => too_slow(),
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable("Try again in a moment.", 2),
            other if other.is_client_error() => {
                Self { status: other, ..Self::malformed("Compare the request with /api/openapi.json.") }
            }
            other => Self { status: other, ..Self::internal() },
        }
    }
}

/// 413: the body is longer than any call needs.
#[must_use]
pub fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "The body is too large",
        "Send at most 64 KiB, for example fewer lines in one order.",
    )
}

/// 408: the body did not arrive in time.
#[must_use]
pub fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "too-slow",
        "The body did not arrive in time",
        "Nothing was done. Send the request again over a better connection.",
    )
}

fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "This address knows other methods",
        "Use a method from the Allow header.",
    )
}

/// Answers what no route took: 405 with `Allow` where the path is known, 404 otherwise.
///
/// # Errors
/// Always; an error is the answer.
pub async fn unmatched(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let pattern = request.resource_map().match_pattern(request.path());
    let allow = pattern.and_then(|pattern| openapi::allowed_methods(&pattern));
    match allow.map(HeaderValue::try_from) {
        Some(Ok(allow)) => Err(method_not_allowed().header(header::ALLOW, allow)),
        Some(Err(_)) | None => Err(Problem::of_status(StatusCode::NOT_FOUND)),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.slug)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.render(None)
    }
}

impl From<IoError> for Problem {
    fn from(error: IoError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "the database failed a request");
        Self::unavailable(
            "Our database did not answer. Look at the present state before you send a change a second time.",
            2,
        )
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        IoError::from(error).into()
    }
}
