//! What makes a request repeatable: its `Idempotency-Key` and what it asks for.

use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::body;
use super::problem::{Kind, Problem};
use crate::actors::order::Marks;
use crate::language::both;

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key in characters.
const LONGEST: usize = 255;

/// A request that its client may send again: the same key and body answer the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeatable {
    /// 1 to 255 visible ASCII characters, chosen by the client.
    pub key: String,
    /// Knows the request again.
    pub marks: Marks,
    /// The body as it came.
    pub body: web::Bytes,
}

impl FromRequest for Repeatable {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = read_key(request);
        let is_json = body::is_json(request);
        let whole =
            web::Bytes::from_request(request, payload).map_err(|error| body::refuse_bytes(&error));
        async move {
            let key = key?;
            if !is_json {
                return Err(body::not_json());
            }
            let body = whole.await?;
            Ok(Self { key, marks: marks(&body), body })
        }
        .boxed_local()
    }
}

fn read_key(request: &HttpRequest) -> Result<String, Problem> {
    let mut keys = request.headers().get_all(HEADER);
    let Some(key) = keys.next() else {
        return Err(Problem::new(
            Kind::IdempotencyKeyMissing,
            both(
                "Choose a new key for each order, for example a UUID, and send the same one when you repeat the request.",
                "Wählen Sie für jede Bestellung einen neuen Schlüssel, zum Beispiel eine UUID, und senden Sie denselben, wenn Sie die Anfrage wiederholen.",
            ),
        ));
    };
    let visible =
        (1..=LONGEST).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if visible && keys.next().is_none() => Ok(key.to_owned()),
        Ok(_) | Err(_) => Err(Problem::malformed(both(
            "`Idempotency-Key` must be one key of 1 to 255 visible ASCII characters.",
            "`Idempotency-Key` muss ein einziger Schlüssel aus 1 bis 255 sichtbaren ASCII-Zeichen sein.",
        ))),
    }
}

/// What a body is known again by. Clients write the same anew when they repeat it: members in
/// another order, other blanks and escapes, blanks around a text, ids in capitals, `null` or what
/// holds anyway for what was left out.
fn marks(body: &[u8]) -> Marks {
    let asked = serde_json::from_slice(body).map(|asked| canonical(&asked).to_string());
    let bytes = hex_sha256(body);
    Marks {
        asked: asked.map_or_else(|_no_json| bytes.clone(), |asked| hex_sha256(asked.as_bytes())),
        bytes,
    }
}

/// What holds for an order that does not say it.
const DEFAULT: (&str, &str) = ("on_refusal", "undo");

/// The same value with its members sorted, without those that say nothing, and texts as they are
/// read.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let says_nothing = |name: &str, value: &Value| {
                value.is_null() || (name, value.as_str()) == (DEFAULT.0, Some(DEFAULT.1))
            };
            let said = members.iter().filter(|(name, value)| !says_nothing(name, value));
            let sorted: BTreeMap<_, _> =
                said.map(|(name, value)| (name.clone(), canonical(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::String(text) => match Uuid::try_parse(text.trim()) {
            Ok(id) => Value::String(id.to_string()),
            Err(_) => Value::String(text.trim().to_owned()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn hex_sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_known_again_however_it_is_written() {
        let first = marks(br#"{"lines":[{"a":1,"b":"\u00e4"}],"x":{"y":2}}"#);
        for same in [
            r#"{ "x": {"y":2}, "lines": [ {"b":"ä", "a":1} ] }"#,
            r#"{"x":{"y":2,"z":null},"lines":[{"b":"ä","a":1}],"language":null}"#,
            r#"{"x":{"y":2},"lines":[{"b":" ä ","a":1}],"on_refusal":"undo"}"#,
        ] {
            let again = marks(same.as_bytes());
            assert_eq!(again.asked, first.asked, "{same}");
            assert_ne!(again.bytes, first.bytes, "a version that compares bytes still does");
        }
        let id = |text: &str| marks(format!(r#"{{"card_id":"{text}"}}"#).as_bytes()).asked;
        assert_eq!(
            id("01A22E5D-EE23-75AD-8BBF-15D95519EC51"),
            id("01a22e5d-ee23-75ad-8bbf-15d95519ec51")
        );
        for other in [
            r#"{"lines":[{"a":1,"b":"ä"}],"x":{"y":2},"on_refusal":"keep"}"#,
            r#"{"lines":[{"a":2,"b":"ä"}],"x":{"y":2}}"#,
            r#"{"lines":[{"a":1,"b":"ä"},null],"x":{"y":2}}"#,
            "no",
        ] {
            assert_ne!(marks(other.as_bytes()).asked, first.asked, "{other}");
        }
    }
}
