//! What may follow from what in an order's life: pure, without clock, database or anybody who is
//! asked.
//!
//! [`lifecycle`] holds the tables of states, [`advance`] walks them one step at a time, and the
//! model beside them tries every interleaving. The server loads an order, calls the rules, saves
//! what they say and asks what they want asked.

pub mod account_limits;
pub mod advance;
pub mod after_restore;
mod clock_steps;
pub mod conflict;
mod cover;
pub mod effects;
mod escalation;
pub mod ids;
pub mod intent;
pub mod lifecycle;
pub mod limits;
pub mod line;
mod line_lookup;
mod line_void;
#[cfg(test)]
mod model;
pub mod money;
pub mod payment;
pub mod payment_observed;
pub mod payment_pages;
pub mod port;
pub mod protection;
pub mod record;
pub mod returns;
pub mod staff_command;
pub mod standing;
mod status_calls;
mod transitions;
