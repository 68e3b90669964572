//! What admins see and do. Every deed is written down before it is done.

pub mod actors;
pub mod faults;
pub mod orders;
pub mod store;
