//! U+0000, which is refused of a request before anybody reads it.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;

use super::fallback;
use super::problem::Problem;
use crate::language::both;

/// Refuses U+0000 in path and query: nothing here holds it, and PostgreSQL cannot even look for it.
///
/// # Errors
/// 404 for a path, 422 for a query; else the handler's.
pub(in crate::http) async fn refuse<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.uri().path().contains("%00") {
        return Err(fallback::of_status(StatusCode::NOT_FOUND).into());
    }
    if request.query_string().contains("%00") {
        return Err(Problem::invalid(both(
            "The query holds the character U+0000, which is nowhere acceptable. Leave it out.",
            "Die Abfrage enthält das Zeichen U+0000, das nirgends erlaubt ist. Lassen Sie es weg.",
        ))
        .into());
    }
    next.call(request).await
}

/// 422: a text of the body holds U+0000.
pub(in crate::http) fn in_body() -> Problem {
    Problem::invalid(both(
        "A text holds the character U+0000, which is nowhere acceptable. Leave it out.",
        "Ein Text enthält das Zeichen U+0000, das nirgends erlaubt ist. Lassen Sie es weg.",
    ))
}
