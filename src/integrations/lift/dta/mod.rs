//! SKIDATA DTA (Direct To Access) v10 over SOAP 1.1: a ticket is a sale order with the keycard's
//! number in it.
//!
//! Public are the endpoint's form, the authentication header, the catalogue's shape, the vocabulary
//! of orders, their states and the card's number. `Unproven:` the bodies of the order calls are our
//! own proposal in the same pattern; none of them was ever sent to a real DTA. No sandbox is
//! public.
//!
//! Quirks:
//! - Booking is asynchronous: the answer to `CreateOrder` is a promise, the order's state tells
//!   when it is kept.
//! - A cancellation is an order of its own; cancelling twice is answered with `AlreadyCanceled`.
//! - The newer "sweb" JSON interface replaces v10 step by step; it would be a folder of its own.
//!
//! Credentials: `client_name`, `user_name`, `password`. Settings: `catalog_id` (where the product
//! codes come from; only reading the catalogue needs it), `booked_suffices` (`true`: a booked order
//! counts before it has reached the resort's own system). Product and category codes are the
//! catalogue's `ProductId` and `ConsumerCategoryId`.
//!
//! Source: `SecuTix` integration pages for SKIDATA DTA (version 15, read 2026-11-23).

mod card;
mod catalog;
mod client;
mod config;
mod supplier;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

pub use supplier::KIND;
