//! What a supplier may answer to harm whoever asked it: each costs it a megabyte at most, or
//! nothing but time.

use std::sync::Arc;

/// An answer, and what comes after it.
#[derive(Clone)]
pub(crate) struct Lie {
    pub(crate) name: &'static str,
    pub(crate) answer: Arc<[u8]>,
    pub(crate) after: After,
}

/// How a lie goes on.
#[derive(Clone)]
pub(crate) enum After {
    Close,
    /// This, byte by byte, until nobody listens.
    Slowly(&'static [u8]),
    /// This, again and again, until nobody listens.
    Endlessly(Arc<[u8]>),
}

const XML: &str = "text/xml; charset=utf-8";
const JSON: &str = "application/json";
/// What fits into a megabyte beside an envelope.
const ROOM: usize = (1 << 20) - 1024;

pub(crate) fn all() -> Vec<Lie> {
    [trees(), documents(), texts(), wires()].concat()
}

/// Short documents that want to become large trees.
fn trees() -> Vec<Lie> {
    let many = |one: &str| one.repeat(ROOM / one.len());
    let counted = |one: fn(usize) -> String| {
        let mut all = String::new();
        for one in (0..).map(one) {
            if all.len() + one.len() > ROOM {
                break;
            }
            all.push_str(&one);
        }
        all
    };
    let bomb = |uri: usize, elements: usize| {
        format!("<x xmlns=\"{}\">{}</x>", "u".repeat(uri), "<a/>".repeat(elements))
    };
    let attributes = (0..40_000).map(|no| format!(" a{no}=\"1\"")).collect::<String>();
    let wide = (0..30).map(|no| format!(" a{no}=\"{}\"", "v".repeat(30_000))).collect::<String>();
    [
        ("a namespace for 130,000 elements", bomb(500_000, 130_000)),
        ("a short namespace for 200,000 elements", bomb(500, 200_000)),
        ("a namespace that is just not too long", bomb(512, 60_000)),
        ("200,000 elements", "<a/>".repeat(200_000)),
        ("elements with a letter each", many("<a>b</a>")),
        ("elements with an attribute each", many("<a b='c'/>")),
        ("a namespace for each element", counted(|no| format!("<a xmlns='urn:{no}'/>"))),
        ("a name for each element", counted(|no| format!("<n{no}/>"))),
        ("elements within elements", many("<a>")),
        ("40,000 attributes", format!("<a{attributes}/>")),
        ("attributes of 30,000 letters", format!("<a{wide}/>")),
        ("an attribute of a megabyte", format!("<a b=\"{}\"/>", "v".repeat(ROOM - 16))),
        ("a name of a megabyte", format!("<{}/>", "n".repeat(ROOM - 8))),
        ("a text of a megabyte", format!("<a>{}</a>", "t".repeat(ROOM - 8))),
        (
            "a text of a megabyte in pieces",
            format!("<a>{}</a>", "t&amp;<!---->".repeat(ROOM / 13 - 1)),
        ),
    ]
    .map(|(name, inner)| whole(name, XML, enveloped(&inner).into_bytes()))
    .into()
}

/// What is no document of ours at all.
fn documents() -> Vec<Lie> {
    let laughs = "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>";
    let latin =
        [b"<?xml version='1.0' encoding='ISO-8859-1'?><a>".as_slice(), &[0xff; 4096], b"</a>"]
            .concat();
    let utf16: Vec<u8> = enveloped("<a/>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        whole("entities of its own", XML, format!("{laughs}<a>&c;</a>").into_bytes()),
        whole("a NUL", XML, enveloped("<a>\0</a>").into_bytes()),
        whole("another charset", XML, latin),
        whole("UTF-16", XML, utf16),
        whole("nothing", XML, Vec::new()),
        whole("a megabyte of NULs", XML, vec![0; ROOM]),
        whole("a page of a megabyte", "text/html", vec![b'<'; ROOM]),
        whole("more than a megabyte", XML, vec![b' '; 3 << 20]),
    ]
}

/// The same for whoever reads JSON.
fn texts() -> Vec<Lie> {
    let many = |one: &str| one.repeat(ROOM / one.len());
    let long = "m".repeat(ROOM - 64);
    vec![
        whole("lists within lists", JSON, many("[").into_bytes()),
        whole("200,000 members", JSON, format!("{{{}\"a\":1}}", many("\"a\":1,")).into_bytes()),
        whole("200,000 lists", JSON, format!("{{\"a\":[{}[]]}}", many("[],")).into_bytes()),
        whole("a message of a megabyte", JSON, format!("{{\"message\":\"{long}\"}}").into_bytes()),
        whole(
            "a message of escapes",
            JSON,
            format!("{{\"message\":\"{}\"}}", many("\\u0000")).into_bytes(),
        ),
        whole("a NUL in JSON", JSON, b"{\"message\":\"\0\"}".to_vec()),
    ]
}

/// What the connection itself lies about.
fn wires() -> Vec<Lie> {
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {XML}\r\n{rest}");
    let lie = |name, answer: String, after| Lie { name, answer: answer.into_bytes().into(), after };
    let piece: Arc<[u8]> = format!("4000\r\n{}\r\n", " ".repeat(0x4000)).into_bytes().into();
    let blanks: Arc<[u8]> = vec![b' '; 0x4000].into();
    vec![
        lie("an answer without an end", head("\r\n"), After::Endlessly(blanks.clone())),
        lie(
            "pieces without an end",
            head("transfer-encoding: chunked\r\n\r\n"),
            After::Endlessly(piece),
        ),
        lie("a head without an end", head("x-a: b"), After::Endlessly(blanks)),
        lie("a head of many lines", head(""), After::Endlessly(b"x-a: b\r\n".repeat(64).into())),
        lie(
            "20,000 heads before its own",
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000),
            After::Close,
        ),
        lie("a byte now and then", head("content-length: 1000000\r\n\r\n"), After::Slowly(b" ")),
        lie("a byte of its head now and then", String::new(), After::Slowly(b"HTTP/1.1 200 OK ")),
        lie("less than it says", head("content-length: 5000\r\n\r\n<a/>"), After::Close),
        lie(
            "more than it says",
            head(&format!("content-length: 4\r\n\r\n<a/>{}", " ".repeat(ROOM))),
            After::Close,
        ),
        lie(
            "a length beyond all numbers",
            head("content-length: 99999999999999999999\r\n\r\n<a/>"),
            After::Close,
        ),
        lie(
            "a length of exabytes",
            head("content-length: 9223372036854775807\r\n\r\n<a/>"),
            After::Close,
        ),
        lie(
            "two lengths",
            head("content-length: 4\r\ncontent-length: 5\r\n\r\n<a/>"),
            After::Close,
        ),
        lie("a length below zero", head("content-length: -4\r\n\r\n<a/>"), After::Close),
        lie(
            "a piece of exabytes",
            head("transfer-encoding: chunked\r\n\r\n7fffffffffffffff\r\n"),
            After::Close,
        ),
        lie("what is no HTTP", "\0\0\0\0\r\n\r\n".to_owned(), After::Close),
        lie(
            "packed",
            head("content-encoding: gzip\r\ncontent-length: 2\r\n\r\n\u{1f}\u{8}"),
            After::Close,
        ),
    ]
}

fn enveloped(inner: &str) -> String {
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    format!("<s:Envelope xmlns:s=\"{soap}\"><s:Body><r>{inner}</r></s:Body></s:Envelope>")
}

fn whole(name: &'static str, content_type: &str, body: Vec<u8>) -> Lie {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    Lie { name, answer: [head.into_bytes(), body].concat().into(), after: After::Close }
}
