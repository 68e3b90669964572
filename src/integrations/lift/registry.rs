//! Which suppliers there are, and whose card a number is.

use std::rc::Rc;

use super::believed::Believed;
use super::{Contract, LiftSupplier};
use crate::integrations::RateLimiter;
use crate::language::{Words, both};
use crate::typed;

/// Builds the client of one contract for one incarnation of its actor, which keeps the pace.
type Connect = fn(&Contract, Option<RateLimiter>) -> anyhow::Result<Rc<dyn LiftSupplier>>;

/// What the house knows of a supplier without asking it.
pub struct SupplierKind {
    /// The key in contracts, actor names and the database.
    pub key: &'static str,
    /// Builds the client of one contract for one incarnation of its actor.
    pub connect: Connect,
    /// Normalises and checks a keycard number; `None` when the text does not look like this
    /// supplier's.
    pub parse_card: fn(&str) -> Option<Result<String, CardNumberError>>,
}

/// Every supplier of this build.
pub const SUPPLIERS: &[SupplierKind] = &[super::dta::KIND, super::axess::KIND];

/// A keycard number in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardNumber {
    /// The key of the supplier whose card it is.
    pub vendor: String,
    /// The number in its normal form.
    pub number: String,
}

/// Why a keycard number is not one; the text tells the customer what to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct CardNumberError(pub Words);

/// Builds the client of `contract`, which keeps the contract's pace by itself.
///
/// # Errors
/// The supplier is unknown, or the contract lacks a credential or setting; the text names it.
pub fn connect(contract: &Contract) -> anyhow::Result<Rc<dyn LiftSupplier>> {
    connect_paced(contract, RateLimiter::new(contract.requests_per_second))
}

/// The same with another pace.
///
/// # Errors
/// As [`connect`].
pub fn connect_paced(
    contract: &Contract,
    pace: Option<RateLimiter>,
) -> anyhow::Result<Rc<dyn LiftSupplier>> {
    let kind = SUPPLIERS
        .iter()
        .find(|kind| kind.key == contract.supplier)
        .ok_or_else(|| anyhow::anyhow!("unknown supplier {}", contract.supplier))?;
    Ok(Rc::new(Believed::new((kind.connect)(contract, pace)?, &contract.operator)))
}

/// Normalises and checks a keycard number as the customer typed or pasted it; characters that show
/// nothing are not there.
///
/// # Errors
/// Says which group of digits or letters to look at.
pub fn parse_card_number(text: &str) -> Result<CardNumber, CardNumberError> {
    let text = &typed::visible(text);
    SUPPLIERS
        .iter()
        .find_map(|kind| {
            let number = (kind.parse_card)(text)?;
            Some(number.map(|number| CardNumber { vendor: kind.key.to_owned(), number }))
        })
        .unwrap_or_else(|| {
            Err(CardNumberError(both(
                "this is not a keycard number: enter the 23 digits that begin with 01-1614, or the 14 characters in groups of 8, 3 and 3",
                "das ist keine Keycard-Nummer: Geben Sie die 23 Ziffern ein, die mit 01-1614 beginnen, oder die 14 Zeichen in Gruppen zu 8, 3 und 3",
            )))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_with_the_invisible_characters_that_it_was_copied_with() {
        let plain = parse_card_number("01-16147133535030201464-3").unwrap();
        for pasted in
            ["\u{200e}01-1614 7133 5350 3020 1464-3", "01-161471\u{200b}33535030201464-3\u{feff}"]
        {
            assert_eq!(parse_card_number(pasted), Ok(plain.clone()), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_no_card_number_is_nobodys() {
        for text in ["", "hello", "S44069670815", "01-2167-30-92545", "4771234567", "\u{1f3bf}"] {
            assert!(parse_card_number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_supplier_has_a_key_of_its_own() {
        let keys: std::collections::BTreeSet<_> = SUPPLIERS.iter().map(|kind| kind.key).collect();
        assert_eq!(keys.len(), SUPPLIERS.len());
    }
}
