//! What makes a request repeatable: its `Idempotency-Key` and its body, byte for byte.

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use sha2::{Digest, Sha256};

use super::body;
use super::problem::{Kind, Problem};
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
    /// SHA-256 of the body in hex.
    pub body_hash: String,
    /// The body as it came.
    pub body: web::Bytes,
}

impl FromRequest for Repeatable {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = read_key(request);
        let is_json = body::is_json(request);
        let whole = web::Bytes::from_request(request, payload).map_err(|error| body::refuse_bytes(&error));
        async move {
            let key = key?;
            if !is_json {
                return Err(body::not_json());
            }
            let body = whole.await?;
            Ok(Self { key, body_hash: hex_sha256(&body), body })
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
    let visible = (1..=LONGEST).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if visible && keys.next().is_none() => Ok(key.to_owned()),
        Ok(_) | Err(_) => Err(Problem::malformed(both(
            "`Idempotency-Key` must be one key of 1 to 255 visible ASCII characters.",
            "`Idempotency-Key` muss ein einziger Schlüssel aus 1 bis 255 sichtbaren ASCII-Zeichen sein.",
        ))),
    }
}

fn hex_sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}
