//! The order that opens a payment page: one small XML text inside the SOAP body.
//!
//! The members stand in the strict order of the schema, values are escaped once here and once more
//! when the text becomes a SOAP member. Source: MDXI.xsd v3.0 (`tests/schemas/MDXI.xsd`);
//! docs.mpay24.com/docs/redirect-integration.

use crate::integrations::payment::PageOrder;
use crate::integrations::soap::Tag;
use crate::money::{Cents, decimal};

/// Why no page can be ordered for this `PageOrder`; always a mistake of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unorderable(pub(super) &'static str);

/// Longest text that the interface takes (docs.mpay24.com/docs/soap-interface).
const LONGEST: usize = 8192;
/// Least amount: two digits.
const LEAST: Cents = 10;
/// Largest amount that a later capture can name (`unsignedInt` of cents), less than what a price
/// could say.
const MOST: Cents = 4_294_967_295;
/// Languages of the page (`LanguageType` of the schema).
const LANGUAGES: [&str; 26] = [
    "EN", "DE", "BG", "FR", "HU", "NL", "ES", "IT", "CS", "HR", "SK", "SL", "SR", "RO", "RU", "PL",
    "PT", "TR", "ZH", "JA", "DA", "FI", "SV", "NO", "UK", "EL",
];

/// Writes the order. It holds no personal data; one cart item carries the description, and its
/// price equals the sum, because a cart that does not add up is silently dropped.
pub(super) fn order(page: &PageOrder) -> Result<String, Unorderable> {
    check(page)?;
    let price = decimal(page.amount);
    let mut order = Tag::new("Order").text("Tid", page.reference.as_str());
    let language = page.language.to_ascii_uppercase();
    if LANGUAGES.contains(&language.as_str()) {
        order = order.child(Tag::new("TemplateSet").attribute("Language", language));
    }
    let description = one_line(&page.description);
    if !description.is_empty() {
        order = order.child(Tag::new("ShoppingCart").child(item(description, &price)));
    }
    let urls = Tag::new("URL")
        .text("Success", &page.return_url)
        .text("Error", &page.return_url)
        .text("Confirmation", &page.confirmation_url)
        .text("Cancel", &page.return_url);
    let order = order.text("Price", price).text("Currency", &page.currency).child(urls);
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", order.write());
    if text.chars().count() > LONGEST {
        return Err(Unorderable("the order is longer than 8192 characters"));
    }
    Ok(text)
}

fn item(description: String, price: &str) -> Tag {
    Tag::new("Item")
        .text("Number", "1")
        .text("Description", description)
        .text("Quantity", "1")
        .text("ItemPrice", price)
        .text("Price", price)
}

/// Refuses what the schema would refuse, before anything leaves us.
fn check(page: &PageOrder) -> Result<(), Unorderable> {
    if !(LEAST..=MOST).contains(&page.amount) {
        return Err(Unorderable("the amount is not between 0.10 and 42949672.95"));
    }
    if page.currency.len() != 3 || !page.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Unorderable("the currency is not three capital letters"));
    }
    let tid = page.reference.as_str();
    if tid.is_empty() || tid.len() > 32 || !tid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unorderable("the reference is not 1 to 32 plain characters"));
    }
    if ![&page.confirmation_url, &page.return_url].into_iter().all(|url| is_address(url)) {
        return Err(Unorderable("an address is not http(s) with at most 2040 characters"));
    }
    Ok(())
}

/// Whether the schema's `URLType` takes the text.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        (5..=2040).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// The description as XML can hold it: at most 255 characters, control characters become spaces.
fn one_line(text: &str) -> String {
    let plain = |letter: char| {
        if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') { ' ' } else { letter }
    };
    text.trim().chars().take(255).map(plain).collect()
}
