//! The port to the mail provider.

mod port;

pub use port::{Attachment, MailProvider, OutgoingLetter};
