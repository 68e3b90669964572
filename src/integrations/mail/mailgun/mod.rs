//! Mailgun: e-mails over one multipart `POST`, read 2026-11-23 at documentation.mailgun.com.
//!
//! Quirks to know:
//! - The region (US or EU) belongs to the domain: the wrong host answers 404 or 401.
//! - 200 means queued, not delivered.
//! - There is no idempotency key; our own Message-Id is honoured, so an e-mail that is sent twice
//!   looks the same.
//! - Limits of new domains come as 420 (undocumented) or 429, and say in a sentence when they end.

mod client;
mod config;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

pub use client::connect;
pub use config::Config;
