//! What every answer says to a browser, on both listeners; a handler's own words stay.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::DefaultHeaders;

/// An answer is data or a page without scripts; it is shown in nobody's frame, guessed as nothing
/// else, kept by nobody.
const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
];

/// For a year, subdomains left to whoever owns the domain.
const STRICT: (HeaderName, HeaderValue) = (
    HeaderName::from_static("strict-transport-security"),
    HeaderValue::from_static("max-age=31536000"),
);

/// The headers of every answer. `https` says that browsers reach this listener by https alone: only
/// there may it be demanded.
pub(in crate::http) fn defaults(https: bool) -> DefaultHeaders {
    let all = ALWAYS.into_iter().chain(https.then_some(STRICT));
    all.fold(DefaultHeaders::new(), |headers, pair| headers.add(pair))
}

/// The same for an answer that cannot take the usual way.
pub(in crate::http) fn complete(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}
