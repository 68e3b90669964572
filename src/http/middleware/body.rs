//! What comes in is bounded, and refused in words when it does not fit.

use std::io;

use actix_web::dev::Payload;
use actix_web::error::{PathError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::fallback;
use super::nul;
use super::problem::{Kind, Problem};
use crate::language::{Words, both};

/// The longest body that is read, in bytes.
pub const LIMIT_BYTES: usize = 64 * 1024;

/// How much of a client's own word is repeated to it.
const ECHO_CHARS: usize = 60;

/// A body of JSON, read strictly; a refusal names the place of what does not fit.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let whole = web::Bytes::from_request(request, payload);
        async move {
            if !is_json {
                return Err(not_json());
            }
            let bytes = whole.await.map_err(|error| refuse_bytes(&error))?;
            read_json(&bytes).map(Self)
        }
        .boxed_local()
    }
}

/// Sets the limits of all extractors and makes their refusals problems.
pub fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::PayloadConfig::new(LIMIT_BYTES))
        .app_data(web::QueryConfig::default().error_handler(|error, _| refuse_query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| refuse_path(&error).into()));
}

/// Whether the body is said to be JSON.
pub(in crate::http) fn is_json(request: &HttpRequest) -> bool {
    request.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json")
}

/// 415: the body is not said to be JSON.
pub(in crate::http) fn not_json() -> Problem {
    let detail = both(
        "Send JSON and say so with `Content-Type: application/json`.",
        "Senden Sie JSON und sagen Sie es mit `Content-Type: application/json`.",
    );
    Problem::new(Kind::NotJson, detail)
}

/// Reads JSON from a body that was kept whole.
///
/// # Errors
/// 400 for what is no JSON, 422 for what is none of ours, with its place.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut source = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut source)
        .map_err(|error| refuse_json(error.inner(), error.path(), body))?;
    source.end().map_err(|error| damaged_from(&error))?;
    if holds_nul(body) { Err(nul::in_body()) } else { Ok(read) }
}

fn refuse_json(error: &serde_json::Error, path: &Path, body: &[u8]) -> Problem {
    // the reader calls some values that do not fit, such as `null` for a word, broken JSON
    if error.is_data() || is_whole(body) {
        return Problem::invalid(explain(&error.to_string(), &place(path)));
    }
    damaged_from(error)
}

/// Whether a body is JSON, whatever it says.
fn is_whole(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok() && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// Whether a text of a JSON body holds U+0000. Outside of texts JSON has no backslash, and in them
/// none but before an escape.
fn holds_nul(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

fn damaged_from(error: &serde_json::Error) -> Problem {
    let line = error.line();
    let column = error.column();
    Problem::malformed(both(
        format!(
            "The body is not JSON from line {line}, column {column} on. Correct it and send it again."
        ),
        format!(
            "Die Anfrage ist ab Zeile {line}, Spalte {column} kein JSON. Berichtigen Sie sie und senden Sie sie noch einmal."
        ),
    ))
}

/// Why a body that is to be kept whole did not arrive.
pub fn refuse_bytes(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => fallback::too_large(),
        Some(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            fallback::too_slow()
        }
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
    Problem::malformed(explain(&error.to_string(), ""))
}

/// A path with an id that is none names nothing that exists.
fn refuse_path(_error: &PathError) -> Problem {
    fallback::of_status(StatusCode::NOT_FOUND)
}

/// Where in the body something stands, for example `lines[0].holder`; empty for the body itself.
fn place(path: &Path) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => place.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.extend(key.chars().take(ECHO_CHARS));
            }
            Segment::Unknown => {}
        }
    }
    place
}

/// Says in our words what the deserialiser said of a place; values are never repeated, names only
/// cut short.
fn explain(message: &str, place: &str) -> Words {
    let field: String =
        message.split('`').nth(1).unwrap_or_default().chars().take(ECHO_CHARS).collect();
    let name = match place.rsplit('.').next() {
        Some(last) if !last.is_empty() && last != field => format!("{place}.{field}"),
        Some(_) if !place.is_empty() => place.to_owned(),
        Some(_) | None => field,
    };
    if message.starts_with("unknown field") {
        both(
            format!(
                "`{name}` is not known here. Leave it out, or compare its spelling with /api/openapi.json."
            ),
            format!(
                "`{name}` ist hier unbekannt. Lassen Sie es weg oder vergleichen Sie es mit /api/openapi.json."
            ),
        )
    } else if message.starts_with("missing field") {
        both(format!("`{name}` is missing. Add it."), format!("`{name}` fehlt. Ergänzen Sie es."))
    } else if message.starts_with("duplicate field") {
        both(
            format!("`{name}` stands twice. Send it once."),
            format!("`{name}` steht zweimal da. Senden Sie es einmal."),
        )
    } else if place.is_empty() {
        both(
            "A value has the wrong form. Compare it with /api/openapi.json.",
            "Eine Angabe hat die falsche Form. Vergleichen Sie sie mit /api/openapi.json.",
        )
    } else {
        both(
            format!("`{place}` has the wrong form. Compare it with /api/openapi.json."),
            format!("`{place}` hat die falsche Form. Vergleichen Sie es mit /api/openapi.json."),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::basket::PlaceOrder;

    #[track_caller]
    fn refused(body: &str) -> (&'static str, Words) {
        let Err(problem) = read_json::<PlaceOrder>(body.as_bytes()) else {
            panic!("taken: {body}")
        };
        (problem.slug(), problem.detail().clone())
    }

    #[test]
    fn a_refusal_names_the_place_in_both_languages_and_repeats_no_value() {
        let line = r#""offer_id": "x", "card_id": "018f0000-0000-7000-8000-000000000000""#;
        let holder =
            r#""holder": {"first_name": "A", "last_name": "B", "birth_date": "1990-05-01"}"#;
        let long = "k".repeat(1000);
        for (body, named) in [
            (r"{}".to_owned(), "`lines` is missing"),
            (r#"{"lines": 7}"#.to_owned(), "`lines` has the wrong form"),
            (format!(r#"{{"lines": [{{{line}}}]}}"#), "`lines[0].holder` is missing"),
            (
                format!(r#"{{"lines": [{{{line}, {holder}}}, {{{line}, {holder}, "gift": 1}}]}}"#),
                "`lines[1].gift` is not known",
            ),
            (
                format!(
                    r#"{{"lines": [{{{line}, "holder": {{"first_name": "A", "last_name": "B", "birth_date": "1st of May"}}}}]}}"#
                ),
                "`lines[0].holder.birth_date` has the wrong form",
            ),
            (r#"{"lines": null}"#.to_owned(), "`lines` has the wrong form"),
            (r#"{"lines": [], "on_refusal": 1e999}"#.to_owned(), "`on_refusal` has the wrong form"),
            (
                r#"{"lines": [], "return_url": "\ud800"}"#.to_owned(),
                "`return_url` has the wrong form",
            ),
            (
                r#"{"lines": [], "on_refusal": "secret"}"#.to_owned(),
                "`on_refusal` has the wrong form",
            ),
            (r#"{"lines": [], "lines": []}"#.to_owned(), "`lines` stands twice"),
            (format!(r#"{{"{long}": 1}}"#), &format!("`{}` is not known", "k".repeat(ECHO_CHARS))),
            ("7".to_owned(), "A value has the wrong form"),
        ] {
            let (slug, words) = refused(&body);
            assert_eq!(slug, "invalid");
            assert!(words.en.starts_with(named), "{body}: {}", words.en);
            let place = |text: &str| text.split('`').nth(1).map(str::to_owned);
            assert_eq!(place(&words.en), place(&words.de), "{body}");
            assert!(!words.en.contains("secret") && !words.en.contains("May"), "{}", words.en);
        }
    }

    #[test]
    fn no_text_holds_nul_and_an_escaped_backslash_is_none() {
        for body in [
            r#"{"lines": [], "return_url": "a\u0000"}"#,
            r#"{"lines": [], "return_url": "\\\u0000"}"#,
        ] {
            assert!(refused(body).1.en.contains("U+0000"), "{body}");
        }
        assert!(read_json::<PlaceOrder>(br#"{"lines": [], "return_url": "\\u0000"}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_or_goes_on_behind_it_is_refused_with_its_line() {
        for (body, line) in [
            ("{", "line 1"),
            ("{\n\"lines\": [}", "line 2"),
            (r#"{"lines": []} x"#, "line 1"),
            ("", "line 1"),
        ] {
            let (slug, words) = refused(body);
            assert_eq!(slug, "malformed", "{body}");
            assert!(words.en.contains(line), "{}", words.en);
        }
    }
}
