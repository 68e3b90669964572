//! Answers that are the same for everybody: they may be kept, and are asked about anew before they
//! are shown again.

use std::io::Write as _;
use std::sync::OnceLock;

use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _};
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// From this length on an answer is compressed, in bytes; below, its head weighs more.
const WORTH_IT: usize = 1024;

/// Answers JSON that anyone may read.
pub(in crate::http) fn json(
    request: &HttpRequest,
    value: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(event = "server.fault", %error, "an answer cannot be written");
        Problem::internal()
    })?;
    Ok(answer(request, &Text::of(text.into())))
}

/// A text that is JSON already, with what is made of it once.
pub(in crate::http) struct Text {
    text: web::Bytes,
    /// Weak: the same for both encodings.
    tag: String,
    packed: OnceLock<Option<web::Bytes>>,
}

impl Text {
    pub(in crate::http) fn of(text: web::Bytes) -> Self {
        let tag = format!("W/\"{}\"", hex(&Sha256::digest(&text)[..16]));
        Self { text, tag, packed: OnceLock::new() }
    }

    /// Compressed, where that is worth it.
    fn packed(&self) -> Option<web::Bytes> {
        let pack = || {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(&self.text).ok()?;
            packer.finish().ok().map(web::Bytes::from)
        };
        let packed = self.packed.get_or_init(|| (self.text.len() >= WORTH_IT).then(pack).flatten());
        packed.clone()
    }
}

/// Answers a text that anyone may read. 304 without it for whoever has it; compressed for whoever
/// can read that.
pub(in crate::http) fn answer(request: &HttpRequest, text: &Text) -> HttpResponse {
    let has = has(request, &text.tag);
    let mut answer = if has { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, text.tag.clone()))
        .insert_header((header::CACHE_CONTROL, "public, no-cache"))
        .append_header((header::VARY, "accept-encoding"));
    if has {
        return answer.finish();
    }
    answer.content_type("application/json");
    let packed = if reads_packed(request) { text.packed() } else { None };
    match packed {
        Some(packed) => answer.insert_header(ContentEncoding::Gzip).body(packed),
        None => answer.body(text.text.clone()),
    }
}

/// Whether the client says that it has this answer.
fn has(request: &HttpRequest, tag: &str) -> bool {
    let tags =
        request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.flat_map(|tags| tags.split(','))
        .any(|given| given.trim() == "*" || weak(given) == weak(tag))
}

fn reads_packed(request: &HttpRequest) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    let chosen = accepted
        .and_then(|accepted| accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()));
    chosen == Some(Encoding::gzip())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
