//! What is sold where, to whom and for how much: read once at the start, then an immutable snapshot behind an `Arc`.
//!
//! [`Catalogue`] reads a file and answers look-ups, `operator` holds the words of the file, `check` refuses a file in
//! which some birth year or some day of the season would have no price or two.

mod check;
mod operator;
mod snapshot;

#[cfg(test)]
mod tests;

pub use operator::{
    Band, CardFormat, Category, HolderField, Operator, Product, ProductKind, Season, Text, VatBand, Withdrawal,
};
pub use snapshot::{Catalogue, CatalogueError};
