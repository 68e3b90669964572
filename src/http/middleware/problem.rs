//! Every error answer: `application/problem+json` as in RFC 9457, in our own words.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use sea_orm::DbErr;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub use super::problem_kind::Kind;
use crate::io::IoError;
use crate::language::{Language, Words, both};

/// The media type of every error answer.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An answer that is not a success. The request id is added on the way out.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    /// The kind's own but for what others below us answered.
    status: StatusCode,
    detail: Words,
    retry_after_seconds: Option<u64>,
    order_id: Option<Uuid>,
    security_key_options: Option<Box<Value>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a problem looks like in JSON.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// A stable slug that programs may compare, for example `not-found`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The slug in words, the same for every occurrence; in the language of `Accept-Language`,
    /// English or German.
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
    /// The customer's own order that stands in the way: it may be paid, or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Uuid>,
    /// What the browser has to ask a security key of the account, for
    /// `PublicKeyCredential.parseRequestOptionsFromJSON`. The answer counts once, within five
    /// minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    security_key_options: Option<&'a Value>,
}

impl Problem {
    /// A problem of a kind, with a detail that says what to do.
    #[must_use]
    pub fn new(kind: Kind, detail: Words) -> Self {
        let status = kind.status();
        let headers = Vec::new();
        Self {
            kind,
            status,
            detail,
            retry_after_seconds: None,
            order_id: None,
            security_key_options: None,
            headers,
        }
    }

    /// 400: the request is not one this call can read.
    #[must_use]
    pub fn malformed(detail: Words) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// 401: nobody is logged in, or not any more.
    #[must_use]
    pub fn unauthenticated(detail: Words) -> Self {
        Self::new(Kind::Unauthenticated, detail)
    }

    /// 403: logged in, but not somebody who may do this.
    #[must_use]
    pub fn forbidden(detail: Words) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// 404: there is no such thing, or not for this customer.
    #[must_use]
    pub fn not_found(detail: Words) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// 422: readable, but a value is not acceptable.
    #[must_use]
    pub fn invalid(detail: Words) -> Self {
        Self::new(Kind::Invalid, detail)
    }

    /// 429: asked too often; the wait is in whole seconds.
    #[must_use]
    pub fn throttled(detail: Words, retry_after_seconds: u64) -> Self {
        Self::new(Kind::TooManyRequests, detail).retry_after(retry_after_seconds)
    }

    /// 503: cannot be done right now; nothing of it was begun unless `detail` says so.
    #[must_use]
    pub fn unavailable(detail: Words, retry_after_seconds: u64) -> Self {
        Self::new(Kind::Unavailable, detail).retry_after(retry_after_seconds)
    }

    /// 500: a fault of ours. Whoever makes it has logged the cause.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Kind::Internal,
            both(
                "Something broke on our side. Look at the present state before you try again, and name the request id if you ask for help.",
                "Bei uns ist etwas kaputtgegangen. Sehen Sie nach, wie es jetzt steht, bevor Sie es noch einmal versuchen, und nennen Sie die Nummer der Anfrage, wenn Sie um Hilfe bitten.",
            ),
        )
    }

    /// Says which part of the request the detail is about, for example a line of a basket.
    #[must_use]
    pub fn about(mut self, part: &Words) -> Self {
        let said = |language| format!("{}: {}", part.of(language), self.detail.of(language));
        self.detail = both(said(Language::En), said(Language::De));
        self
    }

    /// Adds how long to wait, in seconds, to the body and as `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Names the customer's own order that the problem is about.
    #[must_use]
    pub fn of_order(mut self, id: Uuid) -> Self {
        self.order_id = Some(id);
        self
    }

    /// The same with the status that others below us answered.
    pub(in crate::http) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Says what a security key is to be asked.
    #[must_use]
    pub fn with_security_key_options(mut self, options: Box<Value>) -> Self {
        self.security_key_options = Some(options);
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
        self.kind.slug()
    }

    /// What happened here and what to do about it.
    #[must_use]
    pub fn detail(&self) -> &Words {
        &self.detail
    }

    /// The answer in one language; `instance` is the request's id.
    #[must_use]
    pub fn render(&self, instance: Option<&str>, language: Language) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer
            .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
            .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        if let Some(seconds) = self.retry_after_seconds {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if [Kind::TooSlow, Kind::TooLarge, Kind::Leaving].contains(&self.kind) {
            answer.force_close(); // the rest of the body is not read, or nobody is there any more
        }
        let title = self.kind.title();
        let document = Document {
            kind: self.kind.slug(),
            title: title.of(language),
            status: self.status.as_u16(),
            detail: self.detail.of(language),
            instance,
            retry_after_seconds: self.retry_after_seconds,
            order_id: self.order_id,
            security_key_options: self.security_key_options.as_deref(),
        };
        answer.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.slug())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.render(None, Language::default())
    }
}

impl From<IoError> for Problem {
    fn from(error: IoError) -> Self {
        // not its source, whose text may quote what a customer wrote
        tracing::error!(event = "database.failed", %error, "the database failed a request");
        Self::unavailable(
            both(
                "Our database did not answer. Look at the present state before you send a change a second time.",
                "Unsere Datenbank hat nicht geantwortet. Sehen Sie nach, wie es jetzt steht, bevor Sie eine Änderung noch einmal senden.",
            ),
            2,
        )
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        IoError::from(error).into()
    }
}
