//! What replicas are to each other.
//!
//! ```text
//! replica            this process's incarnation, and the lease under which it may write orders
//! singleton          tasks that one replica does for all: lease and fence are the database's
//! tasks              what this replica does by itself, on one list for admins
//! broadcast          what replicas tell each other at once; each also polls for itself
//! actor_view         every replica's actors, seen from each of them
//! breakers           a breaker that opens here opens at the others too
//! rate_limit         the rate limit of a contract, kept by all together
//! connection_budget  whether the database has room for the connections of all
//! ```
//!
//! The database decides everything that must be right: who drives an order, who does a singleton
//! task. Redis makes it quick, is never asked whether something may be written, and whoever can
//! write to it slows what is done and stops nothing.
//!
//! Asks: supervision.

mod actor_view;
mod breakers;
mod broadcast;
mod connection_budget;
mod rate_limit;
pub mod replica;
mod singleton;
mod store;
mod tasks;
#[cfg(test)]
pub(crate) mod tests;

pub use actor_view::{ActorView, ReplicaActors, read_status};
pub use breakers::share_breakers;
pub use broadcast::{Broadcast, FleetEvent, Listener};
pub use connection_budget::{CONNECTIONS, check_room};
pub use rate_limit::FleetRateLimit;
pub use replica::{Lease, RENEWAL, Replica};
pub use singleton::{Fence, Held, SingletonTasks};
pub use tasks::{LastRun, Run, Runs, TaskStatus, Tasks};
