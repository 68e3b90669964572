//! What the mail provider can be asked, in our words.

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use crate::integrations::{Outcome, Permit};

/// The mail provider; lives on its actor's own thread.
pub trait MailProvider: 'static {
    /// Hands an e-mail over. An e-mail in doubt is sent again under the same Message-Id: better
    /// twice than never.
    fn send(&self, letter: OutgoingEmail, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;
}

/// An e-mail ready to leave; `Debug` is not derived because it holds personal data.
#[derive(Clone)]
pub struct OutgoingEmail {
    /// The Message-Id without angle brackets, the same in every repeat.
    pub message_id: String,
    /// The receiver's address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
    /// Files that travel with it.
    pub attachments: Vec<Attachment>,
}

/// A file that travels with an e-mail.
#[derive(Clone)]
pub struct Attachment {
    /// Its file name.
    pub name: String,
    /// Its media type, for example `application/pdf`.
    pub media_type: &'static str,
    /// Its content.
    pub content: Bytes,
}
