//! Payments: the provider as an actor, and the sweep that heals lost callbacks.
//!
//! Asks: fleet, supervision, supplier.

mod desk;
mod questions;
mod reading;
mod sweep;
mod sweep_task;

pub use desk::{Connect, Desk};
pub use questions::MoneyMove;
pub use reading::{Cut, Reading};
pub use sweep::{Sweep, SweepSettings};
pub use sweep_task::keep_sweeping;
