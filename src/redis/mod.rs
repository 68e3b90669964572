//! Redis, for what replicas do together. It may be slow, emptied or gone at any moment: nothing in it decides what the
//! database does not also decide, and no request fails for it.
//!
//! ```text
//! address   where it is: one server, the master that sentinels name, or a cluster
//! link      the one connection, kept on the I/O runtime, and whether it answers
//! asking    what is asked: counts, turns, leases, and values with an end
//! news      what replicas tell each other; may be lost, so whoever listens also looks for itself now and then
//! ```

mod address;
mod asking;
mod link;
mod news;

pub use address::{NoAddress, Settings};
pub use asking::{Counted, Turn};
pub use link::{Away, Link, Redis, Talk};
