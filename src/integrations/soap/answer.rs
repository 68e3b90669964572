//! Asking over HTTP and taking the answer apart.

use super::{ENVELOPE, Element, ParseError, parse};
use crate::integrations::client::{Answer, Request};

/// Makes the request: `envelope` to the client's endpoint followed by `path`, with its `SOAPAction`
/// in quotes.
pub fn post(path: impl Into<String>, action: &str, envelope: String) -> Request {
    Request::post(path, "text/xml; charset=utf-8", envelope)
        .header("soapaction", &format!("\"{action}\""))
}

/// A server's fault, as SOAP 1.1 section 4.4 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code without its prefix, for example `Client`.
    pub code: String,
    /// The server's sentence; may name what we sent, so it is not for logs.
    pub string: String,
    /// The `detail` element with what the operation itself says.
    pub detail: Option<Element>,
}

/// Why an answer carries no result. Its texts carry nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoapError {
    /// The server refuses our credentials (HTTP 401 or 403): nothing was done.
    #[error("the server refuses our credentials with HTTP {0}")]
    Unauthorized(u16),
    /// The answer is no XML at all: a proxy's page, an empty body.
    #[error("the answer with HTTP {status} is not XML but {content_type:?}")]
    NotXml {
        /// The HTTP status.
        status: u16,
        /// The media type.
        content_type: String,
    },
    /// The answer is broken XML, or XML that SOAP forbids.
    #[error("the answer with HTTP {status} is broken: {cause}")]
    Broken {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// The answer is XML but no SOAP 1.1 envelope with one element in its body, or its status
    /// contradicts it.
    #[error("the answer with HTTP {0} is no SOAP 1.1 envelope")]
    NotSoap(u16),
    /// The server's fault.
    #[error("the server answers with a fault")]
    Fault(Box<Fault>),
}

/// Takes an answer apart and returns the one element in its body.
///
/// # Errors
/// See [`SoapError`]; which of its variants are refusals is the supplier's to say.
pub fn read(answer: &Answer) -> Result<Element, SoapError> {
    let status = answer.status;
    if matches!(status, 401 | 403) {
        return Err(SoapError::Unauthorized(status));
    }
    if !is_xml(answer) {
        return Err(SoapError::NotXml { status, content_type: answer.content_type.clone() });
    }
    let root = parse(&answer.body).map_err(|cause| SoapError::Broken { status, cause })?;
    if !root.is(ENVELOPE, "Envelope") {
        return Err(SoapError::NotSoap(status));
    }
    let mut bodies = root.children.into_iter().filter(|child| child.is(ENVELOPE, "Body"));
    let (Some(mut body), None) = (bodies.next(), bodies.next()) else {
        return Err(SoapError::NotSoap(status));
    };
    let (Some(content), true) = (body.children.pop(), body.children.is_empty()) else {
        return Err(SoapError::NotSoap(status));
    };
    if content.is(ENVELOPE, "Fault") {
        return Err(SoapError::Fault(Box::new(fault(content))));
    }
    if status == 200 { Ok(content) } else { Err(SoapError::NotSoap(status)) }
}

fn fault(mut element: Element) -> Fault {
    let code = element.text_of("faultcode").unwrap_or_default();
    Fault {
        code: code.rsplit(':').next().unwrap_or_default().to_owned(),
        string: element.text_of("faultstring").unwrap_or_default().to_owned(),
        detail: element
            .children
            .iter()
            .position(|child| child.name() == "detail")
            .map(|at| element.children.swap_remove(at)),
    }
}

fn is_xml(answer: &Answer) -> bool {
    let named = matches!(
        answer.content_type.as_str(),
        "text/xml" | "application/xml" | "application/soap+xml"
    );
    let beginning = answer.body.trim_ascii_start();
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let page = |mark: &[u8]| {
        beginning.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark))
    };
    named && beginning.starts_with(b"<") && !page(b"<!doctype html") && !page(b"<html")
}
