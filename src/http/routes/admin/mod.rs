//! What admins see and do. Every command is written down, with its reason, before it is carried
//! out.

pub mod accounts;
pub mod actors;
pub mod audit;
pub mod cases;
pub mod differences;
#[cfg(feature = "demonstration")]
pub mod faults;
pub mod jobs;
pub mod keys;
pub mod order;
pub mod order_view;
pub mod orders;
pub mod owed;
pub mod reason;
pub mod reconciliations;
pub mod remote_actors;
pub mod returns;
pub mod second_factor;
pub mod security_keys;
pub mod suppliers;
pub mod tasks;
