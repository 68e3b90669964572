//! Payments: the provider as an actor, and the sweep that heals lost callbacks.

mod desk;
mod reading;
mod sweep;

pub use desk::{Connect, Desk, PaymentQuestion};
pub use reading::{Cut, Reading};
pub use sweep::{Sweep, SweepSettings};
