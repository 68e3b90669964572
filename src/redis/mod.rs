//! Redis, for what replicas do together. It may be slow, emptied or gone at any moment: nothing in
//! it decides what the database does not also decide, and no request fails for it.
//!
//! ```text
//! address   where it is, and whether it is reached by TLS
//! several   the same for the master that sentinels name, and for a cluster
//! link      the one connection, kept on the I/O runtime, and whether it answers
//! asking    how it is asked: turns, and texts with an end; what cannot be ours counts as not there
//! limits    counts that replicas share, and how far they are believed
//! pubsub    what replicas tell each other; may be lost, so listeners look for themselves as well
//! ```

mod address;
mod asking;
mod limits;
mod link;
mod pubsub;
mod several;

pub use address::{NoAddress, Settings};
pub use asking::Turn;
pub use limits::{Limit, Reached};
pub use link::{Away, Link, Redis, Talk};
