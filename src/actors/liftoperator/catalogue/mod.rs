//! What is sold where, to whom and for how much: read once at the start, then an immutable snapshot behind an `Arc`.
//!
//! [`Catalogue`] reads the files and answers look-ups; `operator`, `product` and `family` hold their words and what these
//! mean for a price; `check` and `check_product` refuse what would leave a birth year or a day without a price, or with two.

mod check;
mod check_product;
mod family;
mod operator;
mod product;
mod sample;
mod snapshot;

#[cfg(test)]
mod tests;

pub use family::{Family, NoFamily};
pub use operator::{Access, CardFormat, Category, Operator, Season, Text, VatBand};
pub use product::{Band, HolderField, Product, ProductKind, SaleOpens, Withdrawal};
pub use sample::sample;
pub use snapshot::{Catalogue, CatalogueError};
