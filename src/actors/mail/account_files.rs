//! What letters about accounts say, as `auth` knows it.

use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretSlice};

use super::payload::AccountLetter;
use super::sender::{AccountFacts, AccountFiles};
use crate::actors::auth;
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
    fn facts(&self, letter: AccountLetter) -> LocalBoxFuture<'_, Result<Option<AccountFacts>, String>> {
        let letter = match letter {
            AccountLetter::Code(registration) => auth::Letter::AccountCode { registration },
            AccountLetter::Exists(account) => auth::Letter::AccountExists { account },
        };
        Box::pin(async move {
            let facts = letter.facts(&self.io, self.secret.expose_secret(), clock::now()).await;
            let known = |facts: auth::LetterFacts| AccountFacts {
                email: facts.email,
                first_name: facts.names.first,
                code: facts.code,
                expires_at: facts.expires_at,
            };
            facts.map(|facts| facts.map(known)).map_err(|error| error.to_string())
        })
    }
}
