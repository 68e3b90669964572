//! Reconciliation: what we believe, compared with what the payment provider and each operator say,
//! daily and on demand.
//!
//! ```text
//! a day's request ──job──▶ run ──▶ compare (pure) ──▶ a case a difference ──staff agrees──▶ apply, a job
//! ```
//!
//! A list makes suspicions, a look under the reference (or into the provider's transaction history)
//! decides, so that what is being driven right now is no difference. Nothing is corrected that
//! nobody agreed to; what is repaired goes by the order's own rules, and its case is closed only
//! once both sides say the same.
//!
//! Asks: cases, fleet, liftoperator, payment, jobs, order.

mod apply;
pub mod compare;
mod daily;
mod desk;
mod listing;
mod orphans;
mod run;
pub mod store;
mod wait;

pub use daily::Settings;
pub use desk::{AgreeError, ReconcileDesk};
pub use store::Run;
pub use wait::{DayToCompare, request_and_wait};
