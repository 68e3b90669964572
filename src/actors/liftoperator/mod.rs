//! The lift operators: what they sell at which price, whose cards they accept, and which cards an
//! account holds.
//!
//! `areas` is the map, `catalogue` what is sold, `offers` quotes from it, `lift` asks the
//! operators' systems and keeps cards.
//!
//! A [`Catalogue`] never changes, it is exchanged whole; [`Counter`] quotes from it and takes its
//! own quotes back without storing anything; [`Cards`] keeps the keycards of an account.
//!
//! Asks: supervision, supplier.

pub mod areas;
pub mod catalogue;
pub mod lift;
pub mod offers;

pub use catalogue::{Catalogue, Operator};
pub use lift::{Cards, Connect, Facade, MayWrite, for_order};
pub use offers::{Counter, FamilyOffer, GROUP_ID, Group, Offer, OfferError, QuotedLine};
