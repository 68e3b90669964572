//! Which suppliers there are, and whose card a number is.

use std::rc::Rc;

use super::{Contract, LiftSupplier};

/// What the house knows of a supplier without asking it.
pub struct SupplierKind {
    /// The key in contracts, actor names and the database.
    pub key: &'static str,
    /// Builds the client of one contract for one incarnation of its actor.
    pub connect: fn(&Contract) -> anyhow::Result<Rc<dyn LiftSupplier>>,
    /// Normalises and checks a keycard number; `None` when the text does not look like this supplier's.
    pub parse_card: fn(&str) -> Option<Result<String, CardNumberError>>,
}

/// Every supplier of this build.
pub const SUPPLIERS: &[SupplierKind] = &[];

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
#[error("{0}")]
pub struct CardNumberError(pub String);

/// Builds the client of `contract`.
///
/// # Errors
/// The supplier is unknown, or the contract lacks a credential or setting; the text names it.
pub fn connect(contract: &Contract) -> anyhow::Result<Rc<dyn LiftSupplier>> {
    let kind = SUPPLIERS
        .iter()
        .find(|kind| kind.key == contract.supplier)
        .ok_or_else(|| anyhow::anyhow!("unknown supplier {}", contract.supplier))?;
    (kind.connect)(contract)
}

/// Normalises and checks a keycard number as the customer typed it.
///
/// # Errors
/// Says which group of digits or letters to look at.
pub fn parse_card_number(text: &str) -> Result<CardNumber, CardNumberError> {
    SUPPLIERS
        .iter()
        .find_map(|kind| {
            let number = (kind.parse_card)(text)?;
            Some(number.map(|number| CardNumber { vendor: kind.key.to_owned(), number }))
        })
        .unwrap_or_else(|| {
            Err(CardNumberError(
                "this is not a keycard number: enter the 23 digits that begin with 01-1614, or the 14 characters in groups of 8, 3 and 3".into(),
            ))
        })
}
