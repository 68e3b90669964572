//! The sample catalogue as it is written, for what tests reckon by themselves.

use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use starjack::actors::liftoperator::Catalogue;

/// The sample areas.
pub(crate) fn sample() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Catalogue::embedded().unwrap());
    &CATALOGUE
}

/// The keys of the sample areas.
pub(crate) fn areas() -> Vec<&'static str> {
    sample().operators().iter().map(|operator| operator.key.as_str()).collect()
}

/// What the price list says of an adult on a day, in cents.
pub(crate) fn listed(operator: &str, product: &str, day: NaiveDate) -> i64 {
    let product = sample().operator(operator).unwrap().product(product).unwrap();
    let band = product.bands.iter().find(|band| band.from <= day && day <= band.to);
    band.unwrap_or_else(|| panic!("{operator} has no {} on {day}", product.key)).price_cents["adult"]
}

/// The text of one sample area's file, which stands in `from` but for this replacement.
pub(crate) fn area_file(key: &str, from: &str, to: &str) -> String {
    let path = format!("{}/catalogue/areas/{key}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{key} has no {from}");
    text.replace(from, to)
}
