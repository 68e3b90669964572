//! Invoices: an immutable row with a gap-free number, taken in the last statements of the commit
//! that finishes an order; the PDF is rendered afterwards, by a job, from that row alone, and
//! written once.
//!
//! ```text
//! order's finishing commit ── issue ──▶ row ── job `invoice_document` ──▶ <folder>/<number>.pdf
//!                                        └── e-mail, download: ensure_written ──▶ the same file
//! ```
//!
//! Asks: jobs.

mod archive;
mod buyer;
mod document;
#[cfg(test)]
mod document_tests;
mod labels;
mod number;
mod pdf;
mod seller;
pub mod store;
#[cfg(test)]
mod tests;
mod totals;
mod writer;

pub use archive::{Archive, ArchiveError};
pub use buyer::{ADDRESS_ABOVE, Buyer};
pub use number::InvoiceNumber;
pub use seller::{Seller, ShortName};
pub use store::{
    Invoice, Line, NewInvoice, issue, last_numbers, number_of_order, numbers_of_orders, read,
};
pub use totals::{RateTotal, per_rate};
pub use writer::{Writer, document_job};
