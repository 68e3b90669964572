//! What suppliers answer, in our words; how they are asked is the house's own affair.
//!
//! Every question ends in one of the five ways of [`Outcome`], from the socket up to HTTP.

pub mod lift;
mod outcome;
pub mod payment;

pub use outcome::{Outcome, Refusal, RefusalKind};
