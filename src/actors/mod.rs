//! Who may ask whom.
//!
//! ```text
//! http ──▶ order ──▶ liftoperator ──▶ one actor per operator contract ──▶ integrations/lift
//!            │  └──▶ payment ─────────▶ integrations/payment
//!            └─rows─▶ jobs ──▶ invoice (documents), mail ──▶ integrations/mail
//! http ──▶ reconcile ──▶ order, liftoperator, payment, jobs
//! order, jobs, auth, reconcile ──▶ fleet (who may write, and what one replica does for all)
//! http ──▶ auth, liftoperator (catalogue, offers, cards)
//! http ──▶ customer ──▶ auth, rows of every table that knows a person
//! ```

pub mod auth;
pub mod customer;
pub mod fleet;
pub mod invoice;
pub mod jobs;
pub mod liftoperator;
pub mod mail;
pub mod order;
pub mod payment;
pub mod reconcile;
pub mod supervision;
