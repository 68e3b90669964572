//! The actor layer: microservice-like isolation inside one process.
//!
//! An actor is a name with a bounded queue (`mailbox`), reached only through its [`Handle`]. Behind
//! the name lives one incarnation after another (`incarnation`), a task on an actix arbiter that
//! takes questions from the queue. A panic ends one question; the supervisor (`supervisor`, on an
//! arbiter of its own) asks the `policy` when to start a fresh incarnation, and the waiting
//! questions never notice. Failing answers open a `breaker` at the `admission`; a thread that stays
//! silent is left behind by the `watchdog` and its actors move. Every failed question says whether
//! it had begun.
//!
//! What this cannot do: out of memory, a stack overflow and a panic during a panic end the process,
//! and a supervisor outside starts it again; a spinning thread costs its share of the machine until
//! its actor has moved and beyond.
//!
//! Asks: nobody.

mod admission;
mod breaker;
mod dyn_actor;
#[cfg_attr(not(feature = "demonstration"), path = "no_faults.rs")]
mod faults;
mod handle;
mod incarnation;
mod latency;
mod mailbox;
mod message;
mod oddities;
mod policy;
mod single_thread;
mod status;
mod supervisor;
mod system;
mod threads;
mod watchdog;

pub use breaker::Settings as BreakerSettings;
#[cfg(feature = "demonstration")]
pub use faults::Fault;
pub use handle::{Handle, Placement, Service, Spec, StartError};
pub use latency::{Answers, BOUNDS_MS};
pub use message::{Call, Failure, Fence, Why};
pub use oddities::{Content, Oddities};
pub use policy::Policy;
pub use status::{BreakerPosition, LastFailure, MailboxStatus, Phase, Status};
pub use system::{System, UnknownActor};
pub use watchdog::Watch;
