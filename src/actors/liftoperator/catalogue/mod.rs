//! What is sold where, to whom and for how much: documents in the database, read into an immutable snapshot behind an
//! `Arc` that is exchanged whole when they change.
//!
//! [`import`] weighs a file against what is kept and takes it, [`store`] keeps it, [`Current`] is the newest snapshot.
//! [`Catalogue`] reads a file and answers look-ups, `operator` holds the words of the file, `check` refuses a file in
//! which some birth year or some day of the season would have no price or two.

mod changes;
mod check;
mod current;
pub mod import;
mod operator;
mod place;
mod sample;
mod snapshot;
pub mod store;

#[cfg(test)]
mod tests;

pub use current::Current;
pub use operator::{
    Band, CardFormat, Category, HolderField, Operator, Product, ProductKind, Season, Text, VatBand, Withdrawal,
};
pub use sample::sample;
pub use snapshot::{Catalogue, CatalogueError};
