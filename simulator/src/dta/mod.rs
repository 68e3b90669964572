//! SKIDATA DTA v10 as far as lift tickets need it: its `OrderService` checks a card, orders, looks,
//! finds, cancels; its `InventoryService` lists what is sold.
//!
//! Only the header's namespace, the endpoint's form, the catalogue and the vocabulary are public;
//! the rest is `Unproven:`, our own proposal in the same pattern. What this server wants, exactly:
//! - `POST …/services/OrderService`, `Content-Type: text/xml`,
//!   `SOAPAction: "<order namespace>/<Operation>"`; for `GetCatalog` `…/services/InventoryService`
//!   and `…/v10/inventory` instead.
//! - Header `AuthenticationHeader{ClientName, UserName, Password}` in `…/v10/soapheader` on every
//!   call.
//! - Wrapper and all members in `…/v10/order`, in the order of `shapes.rs`; answers likewise,
//!   `<Operation>Response` with the members directly in it; `DtaFault{Code, Message}` in the detail
//!   of a fault is in `…/v10/common`.
//! - The operator's own list (`goods`) says which products and categories there are, at which time
//!   of the day a product begins and how long it is valid. Prices are listed, not enforced: every
//!   price is right when the total is the sum.
mod book;
mod catalog;
mod content;
mod number;
mod orders;
mod refusal;
mod service;
mod shapes;
mod start;

pub use number::sample_dta_number;
use refusal::is_refusal;
pub use start::DtaAccess;
pub(crate) use start::SUPPLIER;
