//! The wish for an account.

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;

use super::account::{self, Names};
use super::error::Error;
use crate::language::Language;

/// What somebody sends who wants an account.
#[derive(Clone, Debug)]
pub struct Application {
    /// The address, as typed.
    pub email: String,
    /// 10 to 128 characters.
    pub password: SecretString,
    /// 1 to 80 characters each.
    pub names: Names,
    /// From 1900-01-01 to today.
    pub birth_date: Option<NaiveDate>,
    /// The language of letters.
    pub language: Language,
}

impl Application {
    /// Trims what may be trimmed and refuses what is not acceptable.
    pub(super) fn clean(self, now: DateTime<Utc>) -> Result<Self, Error> {
        account::check_password(&self.password)?;
        account::check_birth_date(self.birth_date, now)?;
        Ok(Self { email: account::clean_email(&self.email)?, names: account::clean_names(&self.names)?, ..self })
    }
}
