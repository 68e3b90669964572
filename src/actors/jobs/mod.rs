//! What is not an order's own step: e-mails and documents, written in the commit they follow from
//! and worked off later.
//!
//! ```text
//! waiting ──claim──▶ running ──Done──▶ done ──purge──▶ (gone)
//!    ▲                 │ Again, Later, panic, deadline, lost lease
//!    ├─────────────────┤
//!    └──redrive── dead ◀── Dead, or as many attempts as may be
//! ```
//!
//! A committed job is handed out until it is acknowledged or dead; nothing else ends it. It may be
//! handed out twice, so every handler is harmless to repeat. The attempt is counted when it begins:
//! a job that kills its worker ends too.
//!
//! Asks: fleet.

#[cfg(test)]
mod lane_tests;
mod queue;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;
mod worker;

pub use queue::{Jobs, Settings};
pub use store::{Depth, Job, JobState, Listed, NewJob, enqueue};
pub use worker::{Handler, JobEnd, work_off, work_off_lanes};
