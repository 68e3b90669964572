//! The lift operators: what they sell at which price, whose cards they accept, and which cards an account holds.
//!
//! The [`Catalogue`] is read once and never changes; [`Counter`] quotes from it and takes its own quotes back without
//! storing anything; [`Cards`] keeps the keycards of an account.

pub mod area;
pub mod card;
mod card_limit;
pub mod catalogue;
mod facade;
pub mod offer;
mod offer_family;
mod offer_seal;
pub mod store;
mod supplier;
mod turns;

pub use card::{Cards, for_order};
pub use catalogue::{Catalogue, Operator};
pub use facade::{Facade, MayWrite};
pub use offer::{Counter, Group, Offer, OfferError, QuotedLine};
pub use offer_family::{FamilyOffer, GROUP_ID};
pub use supplier::Connect;
