//! From the wish for an account to its code, without the code ever being stored in clear.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::DbErr;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::account::{self, Language, Names};
use super::error::Error;
use super::store;
use crate::io::Io;

/// The kind of the jobs that ask for a letter.
pub const LETTER_JOB: &str = "letter";

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

/// The payload of a letter that accounts ask for: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// The code that confirms a registration.
    AccountCode {
        /// The registration's row.
        registration: Uuid,
    },
    /// The hint that an account exists already.
    AccountExists {
        /// The account's row.
        account: Uuid,
    },
}

/// What a letter of ours says, read when it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterFacts {
    /// Where it goes.
    pub email: String,
    /// The person's names.
    pub names: Names,
    /// The language to write in.
    pub language: Language,
    /// The six digits, in `Letter::AccountCode`.
    pub code: Option<String>,
    /// Until when the code counts.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Letter {
    /// Reads what the letter says. `None`: it is not wanted any more, because the registration was confirmed, replaced
    /// by a newer one or is too old; then nothing is sent. Asking twice answers the same code.
    ///
    /// # Errors
    /// The database's.
    pub async fn facts(&self, io: &Io, secret: &[u8], now: DateTime<Utc>) -> Result<Option<LetterFacts>, Error> {
        let facts = match *self {
            Self::AccountCode { registration } => {
                let row = io.read(move |db| Box::pin(store::registration(db, registration))).await;
                row?.filter(|row| row.expires_at.to_utc() > now && row.tries_left > 0).map(|row| LetterFacts {
                    code: Some(registration_code(secret, &row.email, row.expires_at.to_utc())),
                    expires_at: Some(row.expires_at.to_utc()),
                    email: row.email,
                    names: Names { first: row.first_name, last: row.last_name },
                    language: Language::stored(&row.language),
                })
            }
            Self::AccountExists { account } => {
                let row = io.read(move |db| Box::pin(store::account(db, account))).await;
                row?.map(|row| LetterFacts {
                    email: row.email,
                    names: Names { first: row.first_name, last: row.last_name },
                    language: Language::stored(&row.language),
                    code: None,
                    expires_at: None,
                })
            }
        };
        Ok::<_, Error>(facts)
    }

    pub(super) fn payload(&self) -> Result<String, DbErr> {
        serde_json::to_string(self).map_err(|error| DbErr::Json(error.to_string()))
    }
}

/// The six digits that confirm a registration: a function of the server's secret, so that the letter can be written
/// later and again although nothing is stored in clear. `expires_at` counts in whole microseconds.
#[must_use]
pub fn registration_code(secret: &[u8], email: &str, expires_at: DateTime<Utc>) -> String {
    let tag = sign(secret, &["registration code", email, &expires_at.timestamp_micros().to_string()]);
    let mut first = [0; 8];
    first.copy_from_slice(&tag.as_ref()[..8]);
    format!("{:06}", u64::from_be_bytes(first) % 1_000_000)
}

/// What is stored of a code; without the secret a million guesses do not find it.
pub(super) fn code_hash(secret: &[u8], email: &str, code: &str) -> String {
    URL_SAFE_NO_PAD.encode(sign(secret, &["registration code hash", email, code]))
}

/// Compares a typed code with what is stored, in constant time.
pub(super) fn code_matches(secret: &[u8], email: &str, typed: &str, stored: &str) -> bool {
    code_hash(secret, email, typed.trim()).as_bytes().ct_eq(stored.as_bytes()).into()
}

fn sign(secret: &[u8], parts: &[&str]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), parts.join("\0").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_that_depend_on_secret_address_and_time() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (secret, email, time) = (b"secret".as_slice(), "anna@example.org", at("2026-12-19T08:00:00.000001Z"));
        let code = registration_code(secret, email, time);
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert_eq!(code, registration_code(secret, email, time));
        assert_ne!(code, registration_code(b"other", email, time));
        assert_ne!(code, registration_code(secret, "berta@example.org", time));
        assert_ne!(code, registration_code(secret, email, at("2026-12-19T08:00:00.000002Z")));
    }

    #[test]
    fn only_the_very_code_matches() {
        let stored = code_hash(b"secret", "anna@example.org", "012345");
        assert!(code_matches(b"secret", "anna@example.org", " 012345 ", &stored));
        assert!(!code_matches(b"secret", "anna@example.org", "12345", &stored));
        assert!(!code_matches(b"secret", "berta@example.org", "012345", &stored));
    }

    #[test]
    fn a_letter_is_asked_for_by_ids() {
        let letter = Letter::AccountCode { registration: Uuid::nil() };
        let payload = letter.payload().unwrap();
        assert_eq!(payload, r#"{"letter":"account_code","registration":"00000000-0000-0000-0000-000000000000"}"#);
        assert_eq!(serde_json::from_str::<Letter>(&payload).unwrap(), letter);
    }
}
