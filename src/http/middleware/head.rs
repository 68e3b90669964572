//! HEAD: whatever can be read can be asked for without its body (RFC 9110, 9.3.2). Monitors and
//! balancers probe that way.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// Where the payment provider reports.
pub(in crate::http) const CALLBACKS: &str = "/callbacks/";

/// A body that is not sent, of the size that it would have.
struct Unsent(BodySize);

/// Answers a HEAD as the same GET, without its body; a stream ends at once.
///
/// # Errors
/// The handler's.
pub(in crate::http) async fn answer<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // what a callback tells is taken, so that it is no safe read although the provider sends it as
    // one
    if request.method() != Method::HEAD || request.path().starts_with(CALLBACKS) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    request.head_mut().method = Method::GET;
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| BoxBody::new(Unsent(body.size()))))
}

impl MessageBody for Unsent {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}
