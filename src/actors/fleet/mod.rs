//! What replicas are to each other.
//!
//! ```text
//! replica    this process's incarnation, and the lease under which it may write orders
//! duty       what one replica does for all: lease and fence are the database's
//! news       what replicas tell each other at once; each also looks for itself
//! tree       every replica's actors, seen from each of them
//! breakers   a breaker that opens here opens elsewhere too
//! turns      the pace of a contract, kept by all together
//! room       whether the database has room for the connections of all
//! ```
//!
//! The database decides everything that must be right: who drives an order, who does a duty. Redis makes it quick, is never
//! asked whether something may be written, and whoever can write to it slows what is done and stops nothing.

mod breakers;
mod duty;
mod news;
pub mod replica;
mod room;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod tree;
mod turns;

pub use breakers::share_breakers;
pub use duty::{Duties, Fence, Held};
pub use news::{Heard, Listener, News};
pub use replica::{Lease, Replica};
pub use room::{CONNECTIONS, check_room};
pub use tree::{ReplicaActors, Tree, read_status};
pub use turns::FleetTurns;
