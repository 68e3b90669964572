//! What comes in is bounded, and refused in words when it does not fit.

use std::io;

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::web;
use serde::de::DeserializeOwned;

use super::problem::{self, Kind, Problem};
use crate::language::{Words, both};

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
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            let (words, line, column) = (explain(&error.to_string()), error.line(), error.column());
            Problem::invalid(both(
                format!("{} (line {line}, column {column})", words.en),
                format!("{} (Zeile {line}, Spalte {column})", words.de),
            ))
        }
        JsonPayloadError::Deserialize(error) => {
            let (line, column) = (error.line(), error.column());
            Problem::malformed(both(
                format!("The body is not JSON from line {line}, column {column} on. Correct it and send it again."),
                format!(
                    "Die Anfrage ist ab Zeile {line}, Spalte {column} kein JSON. Berichtigen Sie sie und senden Sie sie noch einmal."
                ),
            ))
        }
        _ => damaged(),
    }
}

/// 415: the body is not said to be JSON.
pub(super) fn not_json() -> Problem {
    let detail = both(
        "Send JSON and say so with `Content-Type: application/json`.",
        "Senden Sie JSON und sagen Sie es mit `Content-Type: application/json`.",
    );
    Problem::new(Kind::NotJson, detail)
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
        Some(_) | None => damaged(),
    }
}

fn damaged() -> Problem {
    Problem::malformed(both(
        "The body ended early or is damaged. Send it again.",
        "Die Anfrage endete zu früh oder ist beschädigt. Senden Sie sie noch einmal.",
    ))
}

fn refuse_query(error: &QueryPayloadError) -> Problem {
    let QueryPayloadError::Deserialize(error) = error else {
        return Problem::malformed(both(
            "The query cannot be read. Compare it with /api/openapi.json.",
            "Die Abfrage ist nicht lesbar. Vergleichen Sie sie mit /api/openapi.json.",
        ));
    };
    Problem::malformed(explain(&error.to_string()))
}

/// A path with an id that is none names nothing that exists.
fn refuse_path(_error: &PathError) -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}

/// Says in our words what the deserialiser said; values are never repeated, names only cut short.
fn explain(message: &str) -> Words {
    let name: String = message.split('`').nth(1).unwrap_or_default().chars().take(ECHO_CHARS).collect();
    if message.starts_with("unknown field") {
        both(
            format!("`{name}` is not known here. Leave it out, or compare its spelling with /api/openapi.json."),
            format!("`{name}` ist hier unbekannt. Lassen Sie es weg oder vergleichen Sie es mit /api/openapi.json."),
        )
    } else if message.starts_with("missing field") {
        both(format!("`{name}` is missing. Add it."), format!("`{name}` fehlt. Ergänzen Sie es."))
    } else if message.starts_with("duplicate field") {
        both(
            format!("`{name}` stands twice. Send it once."),
            format!("`{name}` steht zweimal da. Senden Sie es einmal."),
        )
    } else {
        both(
            "A value has the wrong form. Compare it with /api/openapi.json.",
            "Eine Angabe hat die falsche Form. Vergleichen Sie sie mit /api/openapi.json.",
        )
    }
}
