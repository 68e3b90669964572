//! Letters: asked for by a row in the commit they follow from, rendered when they leave, sent until the provider has them.
//!
//! ```text
//! order, auth ── in their commit ──▶ job `letter` ──▶ Sender ── Post ──▶ Office, the actor `mail`
//!                                                      reads names and amounts only now      └─▶ integrations/mail
//! ```
//!
//! A letter in doubt is sent again under the same Message-Id: better twice than never. A letter is a folder in
//! `letters/` with one folder a language, chosen by the account when it leaves; a failing letter never changes what it tells of.

mod account_files;
mod letters;
mod office;
mod order_facts;
mod payload;
pub mod reasons;
mod sender;
mod store;
#[cfg(test)]
mod tests;

pub use account_files::Registrations;
pub use letters::Letterhead;
pub use office::{Office, Post, spec};
pub use order_facts::{Describe, Described, plain_title};
pub use payload::{OrderLetter, order_letter};
pub use sender::{AccountFiles, Notices, Sender};
