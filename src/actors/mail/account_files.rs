//! What e-mails about accounts say, as `auth` knows it.

use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretSlice};

use super::sender::AccountFiles;
use crate::actors::auth::{AccountEmail, EmailFacts};
use crate::clock;
use crate::io::Io;

/// The registrations and accounts of this database.
pub struct Registrations {
    io: Io,
    secret: SecretSlice<u8>,
}

impl Registrations {
    /// Reads behind `io`; `secret` is the one that the desk of `auth` lets codes follow from.
    #[must_use]
    pub fn new(io: Io, secret: SecretSlice<u8>) -> Self {
        Self { io, secret }
    }
}

impl AccountFiles for Registrations {
    fn facts(&self, email: AccountEmail) -> LocalBoxFuture<'_, Result<Option<EmailFacts>, String>> {
        Box::pin(async move {
            let facts = email.facts(&self.io, self.secret.expose_secret(), clock::now()).await;
            facts.map_err(|error| error.to_string())
        })
    }
}
