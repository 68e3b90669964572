//! What a replica that is about to end answers while a proxy has time to notice.
//!
//! A proxy that passes requests on notices by a failed one, and may ask another replica for what changes nothing. So reads are
//! turned away before they begin, with a status that is used for nothing else, and the proxy sends nothing more here. All other
//! requests are served as ever: a proxy must not repeat them. Every connection ends with its next answer.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use super::problem::Problem;
use super::request_id::RequestId;
use super::state::State;

/// Turns reads away and lets connections go while the replica is leaving; else does nothing.
///
/// # Errors
/// The handler's.
pub(super) async fn turn_away<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let state = request.app_data::<web::Data<State>>();
    let is_leaving = state.is_some_and(|state| state.readiness.is_leaving());
    if !is_leaving {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let mut answer = if request.method().is_safe() && !matches!(request.path(), "/livez" | "/readyz") {
        let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
        request.into_response(left().render(id.as_deref())).map_into_right_body()
    } else {
        next.call(request).await?.map_into_left_body()
    };
    answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    Ok(answer)
}

/// 502, which is said at no other time: 503 says that another replica would not know better.
fn left() -> Problem {
    let says = "This replica ends in a moment and has begun nothing. Ask again: another one answers.";
    Problem::new(StatusCode::BAD_GATEWAY, "leaving", "Ask another replica", says).retry_after(1)
}
