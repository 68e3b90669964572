//! The port to the operators' access-control systems: check a card, issue a ticket onto it, find
//! and cancel bookings.
//!
//! A supplier is one folder beside this file. Adding one costs its `pub mod` line and its entry in
//! [`SUPPLIERS`].

pub mod axess;
mod believed;
mod contract;
#[cfg(test)]
mod contract_tests;
pub mod dta;
mod port;
mod price_list;
mod print_form;
mod registry;

pub use contract::Contract;
pub use port::{Capabilities, LiftSupplier, Sold, SoldPage, TicketOrder};
pub use price_list::{Named, PriceList, Tariff, Wanted, WantedProduct};
pub use registry::{
    CardNumber, CardNumberError, SUPPLIERS, SupplierKind, connect, connect_paced, parse_card_number,
};
pub use starjack_rules::port::lift::{Booking, CheckedCard, Found, FoundState, Holder};
