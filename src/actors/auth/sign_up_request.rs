//! What somebody brings who opens an account.

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;

use super::account::{self, Names};
use super::error::Error;
use super::weak;
use crate::language::Language;

/// An account to be, sent together with the code that the address was sent: so that nothing in it
/// is another's.
#[derive(Clone, Debug)]
pub struct SignUpRequest {
    /// The address, as typed.
    pub email: String,
    /// 10 to 128 characters, none of the commonest passwords.
    pub password: SecretString,
    /// 1 to 80 characters each.
    pub names: Names,
    /// From 1900-01-01 to today.
    pub birth_date: Option<NaiveDate>,
    /// The language of e-mails.
    pub language: Language,
}

impl SignUpRequest {
    /// Trims what may be trimmed and refuses what is not acceptable.
    pub(super) fn clean(self, shop: &str, now: DateTime<Utc>) -> Result<Self, Error> {
        let email = account::clean_email(&self.email)?;
        weak::check_password(&self.password, &email, shop)?;
        account::check_birth_date(self.birth_date, now)?;
        Ok(Self { email, names: account::clean_names(&self.names)?, ..self })
    }
}
