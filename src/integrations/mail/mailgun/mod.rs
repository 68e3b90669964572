//! Mailgun: letters over one multipart `POST`, read 2026-11-23 at documentation.mailgun.com.
//!
//! Quirks to know:
//! - The region (US or EU) belongs to the domain: the wrong host answers 404 or 401.
//! - 200 means queued, not delivered.
//! - There is no idempotency key; our own Message-Id is honoured, so a letter that is sent twice looks the same.
//! - Limits of new domains come as 420 (undocumented) or 429, and say in a sentence when they end.

mod client;
mod config;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

use std::rc::Rc;

pub use config::Config;

use super::MailProvider;

/// Builds the client of one sending domain for one incarnation; opens no connection.
///
/// # Errors
/// Base address, domain or sender cannot be used, or there is no TLS configuration.
pub fn connect(config: &Config) -> anyhow::Result<Rc<dyn MailProvider>> {
    Ok(Rc::new(client::Mailgun::new(config)?))
}
