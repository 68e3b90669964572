//! SKIDATA DTA v10, its `OrderService` as far as lift tickets need it: check a card, order, look, find, cancel.
//!
//! Only the header's namespace, the endpoint's form and the vocabulary are public; the rest is `Unproven:`, our own
//! proposal in the same pattern. What this server wants, exactly:
//! - `POST …/services/OrderService`, `Content-Type: text/xml`, `SOAPAction: "<order namespace>/<Operation>"`.
//! - Header `AuthenticationHeader{ClientName, UserName, Password}` in `…/v10/soapheader` on every call.
//! - Wrapper and all members in `…/v10/order`, in the order of `shapes.rs`; answers likewise, `<Operation>Response` with
//!   the members directly in it; `DtaFault{Code, Message}` in the detail of a fault is in `…/v10/common`.
//! - The operator's own list (`goods`) says which products and categories there are, at which time of the day a product
//!   begins and how long it is valid. Prices are not simulated: every price is right when the total is the sum.
mod book;
mod content;
mod number;
mod orders;
mod refusal;
mod service;
mod shapes;

pub use number::sample_dta_number;
pub(crate) use refusal::is_refusal;
pub(crate) use service::Dta;
