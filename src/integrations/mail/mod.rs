//! The port to the mail provider: hand an e-mail over.
//!
//! The provider is one folder; the rest of the house knows it only by the neutral names below.

mod mailgun;
mod port;

pub use mailgun::{Config as ProviderConfig, connect};
pub use port::{Attachment, MailProvider, OutgoingEmail};
