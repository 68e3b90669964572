//! What a supplier is asked and what it answers, free of sockets.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::{Value, json};

use crate::xml::{self, Element};

/// One whole request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    parsed: OnceLock<Result<Element, String>>,
}

impl Asked {
    pub(crate) fn new(method: &str, uri: &hyper::Uri, headers: HeaderMap, body: Bytes) -> Self {
        let method = method.to_owned();
        let path = uri.path().to_owned();
        Self { method, path, headers, body, parsed: OnceLock::new() }
    }

    /// A header's value, empty when absent or not text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as XML, parsed once.
    pub(crate) fn xml(&self) -> Result<&Element, &str> {
        self.parsed.get_or_init(|| xml::parse(&self.body)).as_ref().map_err(String::as_str)
    }

    /// Whether the request carries HTTP Basic with exactly this pair.
    pub(crate) fn is_from(&self, user: &str, password: &str) -> bool {
        let expected = STANDARD.encode(format!("{user}:{password}"));
        let (scheme, given) = self.header("authorization").split_once(' ').unwrap_or_default();
        scheme.eq_ignore_ascii_case("basic") && given.trim() == expected
    }

    /// The media type without parameters, lower case.
    pub(crate) fn media_type(&self) -> String {
        let header = self.header("content-type");
        header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// One whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// RFC 9457: what did not fit and why.
    pub(crate) fn problem(status: u16, slug: &str, detail: &str) -> Self {
        let body = json!({
            "type": format!("urn:starjack:simulator:{slug}"),
            "title": slug.replace('-', " "),
            "status": status,
            "detail": detail,
        });
        Self::new(status, "application/problem+json", body.to_string())
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
