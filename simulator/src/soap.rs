//! SOAP 1.1 envelopes, the little that the suppliers share.

use crate::http::{Answer, Asked};
use crate::shape;
use crate::xml::{Element, leaf, node};

/// Source: SOAP 1.1, <https://www.w3.org/TR/2000/NOTE-SOAP-20000508/>, section 4.1.2.
pub(crate) const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const XML: &str = "text/xml; charset=utf-8";

/// An opened envelope: its header blocks and the one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened<'a> {
    pub(crate) header: Option<&'a Element>,
    pub(crate) call: &'a Element,
}

/// Opens `Envelope/(Header?, Body/(one call))`; the error says what is wrong with it.
pub(crate) fn open(asked: &Asked) -> Result<Opened<'_>, String> {
    let envelope = asked.xml()?;
    if (envelope.namespace.as_str(), envelope.name.as_str()) != (ENVELOPE, "Envelope") {
        return Err(format!(
            "root is {{{}}}{}, expected a SOAP 1.1 Envelope",
            envelope.namespace, envelope.name
        ));
    }
    let frame = [
        shape::maybe(&["Header"], shape::Holds::Anything),
        shape::one(&["Body"], shape::Holds::Anything),
    ];
    shape::check(envelope, ENVELOPE, &frame)?;
    let body = envelope.child("Body").ok_or("no Body")?;
    let [call] = body.children.as_slice() else {
        return Err("Body must hold exactly one call".to_owned());
    };
    shape::attributes(call, &[])?;
    Ok(Opened { header: envelope.child("Header"), call })
}

/// What a request to the wrong place, with the wrong method or media type is answered.
pub(crate) fn misplaced(asked: &Asked, path: &str) -> Option<Answer> {
    let page = |status, says: &str| {
        Some(Answer::html(status, format!("<html><body>{says}</body></html>\n")))
    };
    if asked.path != path {
        page(404, "not found")
    } else if asked.method != "POST" {
        page(405, "POST only")
    } else if asked.media_type() != "text/xml" {
        page(415, "Content-Type must be text/xml")
    } else {
        None
    }
}

/// The name of the call, if the request is an envelope at all.
pub(crate) fn operation(asked: &Asked) -> Option<&str> {
    let body = asked.xml().ok()?.child("Body")?;
    body.children.first().map(|call| call.name.as_str())
}

/// The `SOAPAction` without its quotes.
pub(crate) fn action(asked: &Asked) -> &str {
    asked.header("soapaction").trim().trim_matches('"')
}

/// Puts `content` into an envelope and answers 200.
pub(crate) fn answer(content: &str) -> Answer {
    Answer::new(200, XML, envelope(content))
}

/// A SOAP fault, HTTP 500; `code` is `Client` or `Server`, `detail` markup.
pub(crate) fn fault(code: &str, says: &str, detail: &str) -> Answer {
    let detail = if detail.is_empty() { String::new() } else { node("detail", detail) };
    let inner = format!(
        "{}{}{detail}",
        leaf("faultcode", format!("soap:{code}")),
        leaf("faultstring", says)
    );
    Answer::new(500, XML, envelope(&node("soap:Fault", &inner)))
}

fn envelope(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"{ENVELOPE}\"><soap:Body>{content}</soap:Body></soap:Envelope>"
    )
}
