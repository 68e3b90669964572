//! Payments: the provider as an actor, and the sweep that heals lost callbacks.

mod desk;
mod sweep;

pub use desk::{Connect, Desk, PaymentQuestion};
pub use sweep::{Sweep, SweepSettings};
