//! What may follow from what in an order's life; pure: no clock, no database, nobody asked.

pub mod account_limits;
pub mod advance;
pub(super) mod after_restore;
mod clock_steps;
mod cover;
pub mod effects;
mod escalation;
pub mod intent;
pub mod lifecycle;
pub mod limits;
pub mod line;
mod line_lookup;
mod line_void;
pub mod payment;
pub mod payment_observed;
pub mod payment_pages;
pub mod protection;
pub mod record;
pub mod returns;
pub mod staff_command;
mod status_calls;
mod transitions;
