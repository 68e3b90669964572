//! Whom we ask outside: one folder per port, in it one folder per supplier.
//!
//! Every question ends in one of the five ways of [`Outcome`], from the socket up to HTTP.

pub mod client;
mod gate;
pub mod lift;
pub mod mail;
pub mod payment;
mod permit;
mod rate_limiter;
pub mod soap;
mod text;

pub use permit::Permit;
pub use rate_limiter::{AHEAD, Agreed, RateLimiter, Turns};
pub use starjack_rules::port::{Outcome, Refusal, RefusalKind};
