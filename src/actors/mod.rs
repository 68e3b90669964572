//! Who may ask whom.
//!
//! ```text
//! http ──▶ order ──▶ liftoperator ──▶ one actor per operator contract ──▶ integrations/lift
//!            │  └──▶ payment ─────────▶ integrations/payment
//!            └─rows─▶ jobs ──▶ invoice (documents), mail ──▶ integrations/mail
//! http ──▶ reconcile ──▶ order, liftoperator, payment, jobs, cases
//! http, order ──▶ cases (what staff must close)
//! http ──▶ auth ──rows─▶ jobs; liftoperator (catalogue, offers, cards), invoice, jobs, payment
//! http ──▶ customer ──▶ auth, order, rows of every table that knows a person
//! mail ──▶ auth, invoice (what an e-mail tells and brings)
//! liftoperator, payment, mail ──▶ supplier, the shell of whoever asks outside ──▶ supervision
//! order, payment, jobs, auth, customer, reconcile, http ──▶ fleet (who may write, and what one replica does for all)
//! ```

pub mod auth;
pub mod cases;
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
pub mod supplier;
