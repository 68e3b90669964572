//! Prices that are shown and can be ordered for an hour, alone or as a family's.

mod family;
mod offer;
mod seal;

pub use family::{FamilyOffer, GROUP_ID};
pub use offer::{Counter, Group, Offer, OfferError, QuotedLine};
