//! The SOAP reader: whatever a supplier answers ends as an element or a typed error, within its
//! bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use starjack::integrations::client::Answer;
use starjack::integrations::soap::{self, Element};

/// As the reader promises.
const DEEPEST: usize = 64;

fuzz_target!(|data: &[u8]| {
    let answer = |status| Answer {
        status,
        content_type: "text/xml".to_owned(),
        body: bytes::Bytes::copy_from_slice(data),
    };
    let first = soap::read(&answer(200));
    assert_eq!(first, soap::read(&answer(200)), "the same bytes are read in two ways");
    if let Ok(content) = &first {
        bounded(content, 2);
        assert!(soap::read(&answer(500)).is_err(), "a server's failure is no result");
        assert!(soap::read(&answer(401)).is_err(), "refused credentials are no result");
    }
    if let Ok(root) = soap::parse(data) {
        bounded(&root, 0);
        assert!(size(&root) <= data.len(), "more came out than went in");
    }
});

fn bounded(element: &Element, depth: usize) {
    assert!(depth < DEEPEST, "an element at depth {depth}");
    assert!(
        !element.name().is_empty() && !element.name().contains(':'),
        "a name {:?}",
        element.name()
    );
    let control = |c: char| c < ' ' && !matches!(c, '\t' | '\r' | '\n');
    assert!(!element.text.contains(control), "text that XML forbids");
    element.children.iter().for_each(|child| bounded(child, depth + 1));
}

/// Bytes of names and texts; only predefined entities and character references exist, and each is
/// longer than what it stands for.
fn size(element: &Element) -> usize {
    element.name().len() + element.text.len() + element.children.iter().map(size).sum::<usize>()
}
