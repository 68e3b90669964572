//! Whoever is over a limit waits for the refusal: it costs a flood its pace, and others nothing.

use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;

use crate::clock;

/// How long a refusal waits. A connection that only asks to be refused is answered five times a
/// second instead of hundreds of times; a person does not notice.
const PAUSE: Duration = Duration::from_millis(200);

/// Holds back every 429. What waits is a connection, of which each peer has a bounded number; a
/// trusted proxy bounds those of its clients itself.
///
/// # Errors
/// The handler's.
pub(in crate::http) async fn hold<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        clock::sleep(PAUSE).await;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    #[actix_rt::test]
    async fn a_refusal_for_too_many_requests_is_held_back() {
        let app = App::new()
            .route("/refused", web::get().to(HttpResponse::TooManyRequests))
            .wrap(from_fn(hold));
        let app = init_service(app).await;
        let asked = clock::instant();
        let request = TestRequest::get().uri("/refused").to_request();
        assert_eq!(call_service(&app, request).await.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(clock::since(asked) >= PAUSE);
    }
}
