//! What a replica that is about to end answers while a proxy has time to notice.
//!
//! A proxy that passes requests on notices by a failed one, and may ask another replica for what
//! changes nothing. So reads are turned away before they begin, with a status that is used for
//! nothing else, and the proxy sends nothing more here. All other requests are served as ever: a
//! proxy must not repeat them. Every connection ends with its next answer.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::problem::{Kind, Problem};
use crate::http::state::State;
use crate::language::both;

/// Turns reads away and lets connections go while the replica is leaving; else does nothing.
///
/// # Errors
/// The handler's; a problem for what is turned away.
pub(in crate::http) async fn turn_away<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let state = request.app_data::<web::Data<State>>();
    if !state.is_some_and(|state| state.readiness.is_leaving()) {
        return next.call(request).await;
    }
    if request.method().is_safe() && !matches!(request.path(), "/livez" | "/readyz") {
        return Err(left().into());
    }
    let mut answer = next.call(request).await?;
    answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    Ok(answer)
}

/// 504, which is said at no other time: after a 503 another replica would know no better.
fn left() -> Problem {
    let says = both(
        "This replica ends in a moment and has begun nothing. Ask again: another one answers.",
        "Dieser Server hört gleich auf und hat nichts begonnen. Fragen Sie noch einmal: ein anderer antwortet.",
    );
    Problem::new(Kind::Leaving, says).retry_after(1)
}
