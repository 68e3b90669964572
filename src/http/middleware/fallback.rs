//! Answers to what none of our routes answered: an address or method that is none, a body that did
//! not come, a status of the library below us.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{Kind, Problem};
use crate::http::openapi;
use crate::language::both;

/// The words for a status that somebody below us answered without any.
#[must_use]
pub fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::UNAUTHORIZED => Problem::unauthenticated(both(
            "Send an access token as `Authorization: Bearer …`.",
            "Senden Sie ein Zugangstoken als `Authorization: Bearer …`.",
        )),
        StatusCode::FORBIDDEN => Problem::forbidden(both(
            "Log in with an account that may do this.",
            "Melden Sie sich mit einem Konto an, das dies darf.",
        )),
        StatusCode::NOT_FOUND => Problem::not_found(both(
            "Nothing is at this address. Compare it with /api/openapi.json.",
            "Unter dieser Adresse ist nichts. Vergleichen Sie sie mit /api/openapi.json.",
        )),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(),
        StatusCode::REQUEST_TIMEOUT => too_slow(),
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::SERVICE_UNAVAILABLE => Problem::unavailable(
            both("Try again in a moment.", "Versuchen Sie es gleich noch einmal."),
            2,
        ),
        other if other.is_client_error() => {
            let detail = both(
                "Compare the request with /api/openapi.json.",
                "Vergleichen Sie die Anfrage mit /api/openapi.json.",
            );
            Problem::malformed(detail).with_status(other)
        }
        other => Problem::internal().with_status(other),
    }
}

/// 413: the body is longer than any call needs.
#[must_use]
pub fn too_large() -> Problem {
    let detail = both(
        "Send at most 64 KiB, for example fewer lines in one order.",
        "Senden Sie höchstens 64 KiB, zum Beispiel weniger Zeilen in einer Bestellung.",
    );
    Problem::new(Kind::TooLarge, detail)
}

/// 408: the body did not arrive in time.
#[must_use]
pub fn too_slow() -> Problem {
    let detail = both(
        "Nothing was done. Send the request again over a better connection.",
        "Es ist nichts geschehen. Senden Sie die Anfrage über eine bessere Verbindung noch einmal.",
    );
    Problem::new(Kind::TooSlow, detail)
}

fn method_not_allowed() -> Problem {
    let detail = both(
        "Use a method from the Allow header.",
        "Verwenden Sie eine Methode, die in der Kopfzeile Allow steht.",
    );
    Problem::new(Kind::MethodNotAllowed, detail)
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
        Some(Err(_)) | None => Err(of_status(StatusCode::NOT_FOUND)),
    }
}
