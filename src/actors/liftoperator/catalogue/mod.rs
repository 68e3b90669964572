//! What is sold where, to whom and for how much: documents in the database, read into an immutable
//! snapshot behind an `Arc` that is exchanged whole when they change.
//!
//! [`import`] weighs a file against what is kept and takes it, [`refresh`] does so with a
//! supplier's own list, [`store`] keeps it, [`Current`] is the newest snapshot. [`Catalogue`] reads
//! the documents and answers look-ups; `operator`, `product` and `family` hold their words and what
//! these mean for a price; `check` and `check_product` refuse what would leave a birth year or a
//! day without a price, or with two.

mod changes;
mod check;
mod check_product;
mod current;
mod differences;
mod family;
pub mod import;
mod operator;
mod place;
mod product;
pub mod refresh;
mod sample;
mod snapshot;
pub mod store;

#[cfg(test)]
mod tests;

pub use current::Current;
pub use differences::Difference;
pub use family::{Family, NoFamily};
pub use operator::{Access, CardFormat, Category, Operator, Season, Text, VatBand, WhenDown};
pub use product::{Band, HolderField, Product, ProductKind, SaleOpens, Withdrawal};
pub use sample::sample;
pub use snapshot::{Catalogue, CatalogueError};
