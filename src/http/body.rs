//! What comes in is bounded, and refused in words when it does not fit.

use std::io;

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::web;
use serde::de::DeserializeOwned;

use super::problem::{self, Problem};

/// The longest body that is read, in bytes.
pub const LIMIT_BYTES: usize = 64 * 1024;

/// How much of a client's own word is repeated to it.
const ECHO_CHARS: usize = 60;

/// Sets the limits of all extractors and makes their refusals problems.
pub fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::PayloadConfig::new(LIMIT_BYTES))
        .app_data(web::JsonConfig::default().limit(LIMIT_BYTES).error_handler(|error, _| refuse_json(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| refuse_query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| refuse_path(&error).into()));
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enums of actix-web are not exhaustive")]
fn refuse_json(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => problem::too_large(),
        JsonPayloadError::Payload(PayloadError::Overflow) => problem::too_large(),
        JsonPayloadError::Payload(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            problem::too_slow()
        }
        JsonPayloadError::ContentType => not_json(),
        JsonPayloadError::Deserialize(error) if error.is_data() => Problem::invalid(format!(
            "{} (line {}, column {})",
            explain(&error.to_string()),
            error.line(),
            error.column()
        )),
        JsonPayloadError::Deserialize(error) => Problem::malformed(format!(
            "The body is not JSON from line {}, column {} on. Correct it and send it again.",
            error.line(),
            error.column()
        )),
        _ => Problem::malformed("The body ended early or is damaged. Send it again."),
    }
}

/// 415: the body is not said to be JSON.
pub(super) fn not_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-json",
        "The body must be JSON",
        "Send JSON and say so with `Content-Type: application/json`.",
    )
}

/// Reads JSON from a body that was kept whole, with the same refusals as `web::Json`.
///
/// # Errors
/// 400 or 422 in our words.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| refuse_json(&JsonPayloadError::Deserialize(error)))
}

/// Why a body that is to be kept whole did not arrive.
pub fn refuse_bytes(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => problem::too_large(),
        Some(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => problem::too_slow(),
        Some(_) | None => Problem::malformed("The body ended early or is damaged. Send it again."),
    }
}

fn refuse_query(error: &QueryPayloadError) -> Problem {
    let QueryPayloadError::Deserialize(error) = error else {
        return Problem::malformed("The query cannot be read. Compare it with /api/openapi.json.");
    };
    Problem::malformed(explain(&error.to_string()))
}

/// A path with an id that is none names nothing that exists.
fn refuse_path(_error: &PathError) -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}

/// Says in our words what the deserialiser said; values are never repeated, names only cut short.
fn explain(message: &str) -> String {
    let name: String = message.split('`').nth(1).unwrap_or_default().chars().take(ECHO_CHARS).collect();
    if message.starts_with("unknown field") {
        format!("`{name}` is not known here. Leave it out, or compare its spelling with /api/openapi.json.")
    } else if message.starts_with("missing field") {
        format!("`{name}` is missing. Add it.")
    } else if message.starts_with("duplicate field") {
        format!("`{name}` stands twice. Send it once.")
    } else {
        "A value has the wrong form. Compare it with /api/openapi.json.".to_owned()
    }
}
