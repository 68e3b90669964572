//! Answers that are the same for everybody: they may be kept, and are asked about anew before they are shown again.

use std::io::Write as _;

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
pub(super) fn json(request: &HttpRequest, value: &impl Serialize) -> Result<HttpResponse, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::internal()
    })?;
    Ok(text_of_json(request, text.into()))
}

/// The same of a text that is JSON already. 304 without it for whoever has it; compressed for whoever can read that.
pub(super) fn text_of_json(request: &HttpRequest, text: web::Bytes) -> HttpResponse {
    // weak: the same for both encodings
    let tag = format!("W/\"{}\"", hex(&Sha256::digest(&text)[..16]));
    let mut answer = if has(request, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, tag.clone()))
        .insert_header((header::CACHE_CONTROL, "public, no-cache"))
        .append_header((header::VARY, "accept-encoding"));
    if has(request, &tag) {
        return answer.finish();
    }
    answer.content_type("application/json");
    match compressed(request, &text) {
        Some(packed) => answer.insert_header(ContentEncoding::Gzip).body(packed),
        None => answer.body(text),
    }
}

/// Whether the client says that it has this answer.
fn has(request: &HttpRequest, tag: &str) -> bool {
    let tags = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.flat_map(|tags| tags.split(',')).any(|given| given.trim() == "*" || weak(given) == weak(tag))
}

fn compressed(request: &HttpRequest, text: &[u8]) -> Option<Vec<u8>> {
    let accepted = AcceptEncoding::parse(request).ok()?;
    let chosen = accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter())?;
    if text.len() < WORTH_IT || chosen != Encoding::gzip() {
        return None;
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).ok()?;
    packer.finish().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
