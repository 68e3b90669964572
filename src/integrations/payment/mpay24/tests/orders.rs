use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::page;
use crate::ids::Reference;
use crate::integrations::payment::PageOrder;
use crate::integrations::payment::mpay24::mdxi::{Unorderable, order};
use crate::integrations::payment::mpay24::wire;
use crate::integrations::soap;

/// Asks the reference validator; one run for all documents. Says what is wrong with them.
fn validate(documents: &[String]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let files = documents.iter().enumerate().map(|(index, document)| {
        let file = folder.path().join(format!("{index}.xml"));
        std::fs::write(&file, document).unwrap();
        file
    });
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/MDXI.xsd");
    let run = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .args(files)
        .output();
    let run =
        run.expect("xmllint is missing: install it (Debian and Ubuntu: apt install libxml2-utils)");
    if run.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    }
}

#[test]
fn case_01_every_order_is_valid_by_the_providers_schema() {
    let mut pages: Vec<PageOrder> = [
        "",
        "Tageskarte",
        "Sölden & Gurgl <ÖVP> \"quoted\" 'single' ]]> €",
        "&amp; stays literal &lt;",
        "line\nfeed\ttab\r\u{0}\u{1f}\u{7f}\u{fffe}\u{85}",
        "日本語 🎿 e\u{301}",
        "   ",
    ]
    .into_iter()
    .map(|description| PageOrder { description: description.into(), ..page() })
    .collect();
    pages.push(PageOrder { description: "ß".repeat(400), ..page() });
    pages.extend(
        [10, 11, 99, 100, 101, 1_999, 8_450, 123_456_789, 4_294_967_295]
            .map(|amount| PageOrder { amount, ..page() }),
    );
    pages.extend(
        ["de", "EN", "it", "sl", "xx", "", "d&"]
            .map(|language| PageOrder { language: language.into(), ..page() }),
    );
    pages.push(PageOrder {
        confirmation_url: format!("https://a.example/?{}", "x".repeat(2000)),
        ..page()
    });
    let documents: Vec<String> = pages.iter().map(|page| order(page).unwrap()).collect();
    assert_eq!(validate(&documents), Ok(()));
}

#[test]
fn the_validator_does_refuse_what_the_schema_forbids() {
    let swapped = order(&page()).unwrap().replace("<Tid>", "<Price>1.00</Price><Tid>");
    let why = validate(&[swapped]).unwrap_err();
    assert!(why.contains("Element 'Price': This element is not expected"), "{why}");
}

#[test]
fn an_order_reads_as_written_here() {
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Order><Tid>A0123456789-P1</Tid><TemplateSet Language=\"DE\"></TemplateSet>\
        <ShoppingCart><Item><Number>1</Number><Description>Tageskarte Sölden &amp; 2 weitere</Description><Quantity>1</Quantity>\
        <ItemPrice>84.50</ItemPrice><Price>84.50</Price></Item></ShoppingCart><Price>84.50</Price><Currency>EUR</Currency>\
        <URL><Success>https://shop.example/orders/1</Success><Error>https://shop.example/orders/1</Error>\
        <Confirmation>https://shop.example/callbacks?secret=a&amp;b=c</Confirmation><Cancel>https://shop.example/orders/1</Cancel></URL></Order>";
    assert_eq!(order(&page()).unwrap(), expected);
}

#[test]
fn case_27_amounts_are_decimal_text_with_two_places() {
    for (amount, text) in [
        (10, "0.10"),
        (29, "0.29"),
        (115, "1.15"),
        (1_999, "19.99"),
        (1_000, "10.00"),
        (4_294_967_295, "42949672.95"),
    ] {
        let written = order(&PageOrder { amount, ..page() }).unwrap();
        assert_eq!(written.matches(&format!("Price>{text}</")).count(), 3, "{written}");
    }
}

#[test]
fn what_the_schema_would_refuse_never_leaves_us() {
    let long = "https://a.example/".to_owned() + &"x".repeat(2041);
    for wrong in [
        PageOrder { amount: 0, ..page() },
        PageOrder { amount: 9, ..page() },
        PageOrder { amount: -100, ..page() },
        PageOrder { amount: 4_294_967_296, ..page() },
        PageOrder { currency: "eur".into(), ..page() },
        PageOrder { currency: "EURO".into(), ..page() },
        PageOrder { reference: Reference::stored(String::new()), ..page() },
        PageOrder { reference: Reference::stored("x".repeat(33)), ..page() },
        PageOrder { confirmation_url: long, ..page() },
        PageOrder { return_url: "ftp://a.example/1".into(), ..page() },
        PageOrder { return_url: "https://a.example/ 1".into(), ..page() },
    ] {
        let refused: Result<String, Unorderable> = order(&wrong);
        assert!(refused.is_err(), "{wrong:?}");
    }
}

/// The description as the payer will read it: two unescapings after two escapings.
fn as_the_payer_reads(description: &str) -> Option<String> {
    let page = PageOrder { description: description.into(), ..page() };
    let envelope = soap::envelope(&[], wire::select_payment(90_000, order(&page).unwrap()).body);
    let root = soap::parse(envelope.as_bytes()).unwrap();
    let mdxi = root.child("Body")?.child("SelectPayment")?.child("mdxi")?.text.clone();
    let order = soap::parse(mdxi.as_bytes()).unwrap();
    Some(order.child("ShoppingCart")?.child("Item")?.child("Description")?.text.clone())
}

#[test]
fn case_02_a_text_is_escaped_exactly_twice_in_total() {
    for text in ["R&D <b> \"x\" 'y' ]]>", "&amp; and &lt;amp;", "Grüße €"] {
        assert_eq!(as_the_payer_reads(text).as_deref(), Some(text));
    }
    let envelope = soap::envelope(
        &[],
        wire::select_payment(
            90_000,
            order(&PageOrder { description: "R&D".into(), ..page() }).unwrap(),
        )
        .body,
    );
    assert!(envelope.contains("R&amp;amp;D"), "{envelope}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_description_reaches_the_payer_as_it_is(text in "[^\\p{C}\\s][^\\p{C}]{0,253}[^\\p{C}\\s]") {
        prop_assert_eq!(as_the_payer_reads(&text), Some(text));
    }
}

#[test]
fn orders_of_arbitrary_texts_and_amounts_are_valid() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = (".{0,300}", 10_i64..4_294_967_295, "[A-Z0-9-]{1,24}");
    let documents: Vec<String> = (0..100)
        .map(|_| {
            let (description, amount, reference) = drawn.new_tree(&mut runner).unwrap().current();
            order(&PageOrder {
                description,
                amount,
                reference: Reference::stored(reference),
                ..page()
            })
            .unwrap()
        })
        .collect();
    assert_eq!(validate(&documents), Ok(()));
}
