//! The loop that drives orders: `scheduler` finds the next that is due, `driver` walks it,
//! `dispatch` asks what was committed.

pub(super) mod actor;
pub mod dispatch;
pub mod driver;
mod due;
pub(super) mod scheduler;
