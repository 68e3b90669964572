//! The port to the operators' access-control systems: check a card, issue a ticket onto it, find and cancel bookings.
//!
//! A supplier is one folder beside this file. Adding one costs its `pub mod` line and its entry in [`SUPPLIERS`].

pub mod axess;
mod believed;
mod contract;
#[cfg(test)]
mod contract_tests;
pub mod dta;
mod goods;
mod port;
mod print_form;
mod registry;

pub use contract::Contract;
pub use goods::{Goods, Named, Tariff, Wanted, WantedProduct};
pub use port::{
    Booking, Capabilities, CheckedCard, Found, FoundState, Holder, LiftSupplier, Sold, SoldPage, TicketOrder,
};
pub use registry::{CardNumber, CardNumberError, SUPPLIERS, SupplierKind, connect, connect_paced, parse_card_number};
