//! E-mails: asked for by a row in the commit they follow from, rendered when they leave, sent until
//! the provider has them.
//!
//! ```text
//! order, auth ── in their commit ──▶ job `letter` ──▶ Sender ── Post ──▶ MailActor, the actor `mail`
//!                                                      reads names and amounts only now      └─▶ integrations/mail
//! ```
//!
//! An e-mail in doubt is sent again under the same Message-Id: better twice than never. Each kind
//! is a folder in `templates/` with one folder a language, chosen by the account when it leaves; a
//! failing e-mail never changes what it tells of.
//!
//! Asks: auth, invoice, jobs, supervision, supplier.

mod account_files;
mod actor;
mod order_facts;
mod payload;
pub mod reasons;
mod sender;
mod store;
mod templates;
#[cfg(test)]
mod tests;

pub use account_files::Registrations;
pub use actor::{MailActor, Post, start};
pub use order_facts::{Describe, Described, plain_title};
pub use payload::{OrderEmail, order_email};
pub use sender::{AccountFiles, Notices, Sender};
pub use templates::Letterhead;
