//! What admins see and do. Every deed is written down before it is done.

pub mod actors;
pub mod cases;
pub mod orders;
pub mod owed;
pub mod store;
