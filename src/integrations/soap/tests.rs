use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::integrations::client::Answer;

fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    Answer { status, content_type: content_type.into(), body: body.to_owned().into() }
}

fn enveloped(inner: &str) -> String {
    format!("<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Header/><e:Body>{inner}</e:Body></e:Envelope>")
}

#[test]
fn an_envelope_is_written_once_escaped_with_qualified_and_unqualified_children() {
    let body = Tag::new("etp:Pay")
        .prefix("etp", "urn:pay")
        .text("mdxi", "<Order a=\"1\">R&D</Order>")
        .child(Tag::new("payment").xsi_type("etp:Card").text("etp:brand", "X"))
        .maybe_text("none", None::<String>);
    let written = envelope(&[Tag::with_text("h:Who", "me").prefix("h", "urn:h")], body);
    assert_eq!(
        written,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <soap:Header><h:Who xmlns:h=\"urn:h\">me</h:Who></soap:Header><soap:Body><etp:Pay xmlns:etp=\"urn:pay\">\
         <mdxi>&lt;Order a=&quot;1&quot;&gt;R&amp;D&lt;/Order&gt;</mdxi>\
         <payment xsi:type=\"etp:Card\"><etp:brand>X</etp:brand></payment></etp:Pay></soap:Body></soap:Envelope>"
    );
    let root = parse(written.as_bytes()).unwrap();
    let pay = &root.child("Body").unwrap().children[0];
    assert!(pay.is("urn:pay", "Pay"));
    assert_eq!(pay.text_of("mdxi"), Some("<Order a=\"1\">R&D</Order>"));
    let payment = pay.child("payment").unwrap();
    assert_eq!((payment.namespace(), payment.xsi_type()), (None, Some("Card")));
}

#[test]
fn an_answer_is_read_by_namespace_and_missing_nil_and_blank_are_none() {
    let body = enveloped(
        "<x:R xmlns:x='urn:x' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><a> 1\n</a><b i:nil='true'>2</b><c/><a>&#50;<![CDATA[<3]]></a></x:R>",
    );
    let result = read(&answer(200, "text/xml", &body)).unwrap();
    assert!(result.is("urn:x", "R"));
    assert_eq!(result.text_of("a"), Some("1"));
    assert_eq!(result.children("a").map(|a| a.text.as_str()).collect::<Vec<_>>(), [" 1\n", "2<3"]);
    for missing in ["b", "c", "d"] {
        assert_eq!(result.text_of(missing), None, "{missing}");
    }
}

#[test]
fn a_fault_is_read_whatever_its_status() {
    let body = enveloped(
        "<e:Fault><faultcode>e:Client</faultcode><faultstring>no</faultstring><detail><d:F xmlns:d='urn:d'><d:Code>Q</d:Code></d:F></detail></e:Fault>",
    );
    for status in [200, 500] {
        let Err(SoapError::Fault(fault)) = read(&answer(status, "text/xml", &body)) else {
            panic!("no fault")
        };
        assert_eq!((fault.code.as_str(), fault.string.as_str()), ("Client", "no"));
        assert_eq!(fault.detail.unwrap().children[0].text_of("Code"), Some("Q"));
    }
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let fine = enveloped("<r/>");
    let soap12 = fine.replace(ENVELOPE, "http://www.w3.org/2003/05/soap-envelope");
    let not_xml = |status: u16, kind: &str| SoapError::NotXml { status, content_type: kind.into() };
    let cases = [
        (answer(401, "text/html", "<html>401"), SoapError::Unauthorized(401)),
        (answer(502, "text/html", "<html>"), not_xml(502, "text/html")),
        (answer(200, "text/xml", " <!doctype HTML><html>"), not_xml(200, "text/xml")),
        (answer(200, "text/xml", ""), not_xml(200, "text/xml")),
        (answer(200, "text/xml", &soap12), SoapError::NotSoap(200)),
        (answer(500, "text/xml", &fine), SoapError::NotSoap(500)),
        (answer(200, "text/xml", &enveloped("")), SoapError::NotSoap(200)),
        (answer(200, "text/xml", &enveloped("<a/><b/>")), SoapError::NotSoap(200)),
        (
            answer(200, "text/xml", &fine[..90]),
            SoapError::Broken { status: 200, cause: ParseError::Malformed(90) },
        ),
    ];
    for (answer, expected) in cases {
        let error = read(&answer).unwrap_err();
        let same = std::mem::discriminant(&error) == std::mem::discriminant(&expected);
        assert!(same, "{error:?} for {answer:?}");
    }
    assert!(read(&answer(200, "text/xml", &fine)).is_ok());
}

#[test]
fn what_soap_forbids_or_exceeds_a_bound_is_refused() {
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(parse(deep(64).as_bytes()).is_ok());
    let too_deep = deep(65);
    let too_long = " ".repeat((1 << 20) + 1);
    let many_attributes = (0..33).map(|no| format!(" a{no}='1'")).collect::<String>();
    let cases: [(&[u8], ParseError); 11] = [
        (too_deep.as_bytes(), ParseError::TooDeep),
        (too_long.as_bytes(), ParseError::TooLong),
        (&format!("<a{many_attributes}/>").into_bytes(), ParseError::TooMany),
        (&format!("<a xmlns:b='{}'/>", "u".repeat(513)).into_bytes(), ParseError::NamespaceTooLong),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", ParseError::Forbidden),
        (b"<a>&b;</a>", ParseError::Forbidden),
        (b"<a>&#0;</a>", ParseError::Forbidden),
        (b"<?run me?><a/>", ParseError::Forbidden),
        (b"<a>\xff</a>", ParseError::NotUtf8),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", ParseError::NotUtf8),
        (b"<p:a/>", ParseError::Malformed(6)),
    ];
    for (document, expected) in cases {
        assert_eq!(parse(document), Err(expected));
    }
    let broken =
        ["", "<a>", "<a/><b/>", "<a/>x", "x<a/>", "<a></b>", "<a b='1' b='2'/>", "<a>\u{1}</a>"];
    let misnamed =
        ["<a\0/>", "<a\u{1}b='1'/>", "<1/>", "<a\"/>", "<p:q:r xmlns:p='x'/>", "<p: xmlns:p='x'/>"];
    for document in broken.iter().chain(&misnamed) {
        assert!(
            matches!(parse(document.as_bytes()), Err(ParseError::Malformed(_))),
            "{document:?}"
        );
    }
}

/// Each is below 1 MiB, well-formed, and cheap for whoever sends it.
#[test]
fn a_short_document_does_not_become_a_large_tree() {
    let flood = |one: &str, times: usize| format!("<a>{}</a>", one.repeat(times));
    let names: String = (0..40_000).map(|no| format!("<n{no}/>")).collect();
    let uris: String = (0..15_000).map(|no| format!("<n xmlns='urn:{no}'/>")).collect();
    let bomb = format!("<a xmlns='{}'>{}</a>", "u".repeat(512), "<a/>".repeat(60_000));
    for document in [flood("<b/>", 60_000), flood("<b c='1' d='2'/>", 40_000), names, uris, bomb] {
        let document =
            if document.starts_with("<a") { document } else { format!("<a>{document}</a>") };
        assert_eq!(parse(document.as_bytes()), Err(ParseError::TooLarge), "{:.60}", document);
    }
    assert_eq!(parse(flood("<b>sixteen bytes</b>", 1 << 12).as_bytes()).map(|_| ()), Ok(()));
    // a comment costs the tree nothing
    let many = flood("<b/>", 1 << 16);
    let comment = format!("<a><!--{}-->", "c".repeat((1 << 20) - many.len() - 7));
    let many = many.replacen("<a>", &comment, 1);
    assert_eq!(parse(many.as_bytes()), Err(ParseError::TooMany));
}

/// Names and namespaces are kept once, not once an element.
#[test]
fn elements_of_one_name_share_it() {
    let root =
        parse(format!("<a xmlns='urn:a'>{}</a>", "<b>text of one</b>".repeat(1000)).as_bytes())
            .unwrap();
    assert!(root.children.iter().all(|child| Arc::ptr_eq(&child.name, &root.children[0].name)));
    assert!(root.children.iter().all(|child| child.is("urn:a", "b")));
}

fn xml_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..60).prop_map(|characters| {
        let carried = |c: &char| {
            matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        };
        characters.into_iter().filter(carried).collect()
    })
}

proptest! {
    #[test]
    fn texts_and_attributes_round_trip(text in xml_text(), value in xml_text()) {
        let written = Tag::with_text("a", text.clone()).attribute("b", value.clone()).write();
        let element = parse(written.as_bytes()).unwrap();
        prop_assert_eq!(element.text.as_str(), text);
        prop_assert_eq!(element.attribute("b"), Some(value.as_str()));
    }

    #[test]
    fn nothing_makes_the_parser_panic(document in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&document).is_ok() || parse(&document).is_err());
    }

    #[test]
    fn nothing_that_looks_like_xml_makes_the_parser_panic(document in "[<>/!?&;#x0-9a:='\" \\[\\]-]{0,80}") {
        prop_assert!(parse(document.as_bytes()).is_ok() || parse(document.as_bytes()).is_err());
    }
}
