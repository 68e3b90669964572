//! What somebody shows where a second factor is asked for: the digits of a device, a recovery code,
//! or a security key; and what it uses up.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::code::Code;
use super::desk::Desk;
use super::device::Device;
use super::error::Error;
use super::limits::SECOND_FACTORS;
use super::seal;
use super::second_factor::PURPOSE;
use super::security_keys::no_answer;
use super::store::{self, FactorRow};
use super::throttle::key;
use super::webauthn;
use crate::language::both;
use crate::typed;

/// Digits that a device shows.
const DIGITS: usize = 6;

/// What somebody shows for a second factor, as it came.
pub enum Shown {
    /// The six digits of a device, or a recovery code.
    Code(String),
    /// What a browser answered for a security key.
    Key(Value),
}

/// The same once it is read.
pub(super) enum ReadFactor {
    Device(String),
    Recovery(Code),
    Key(Box<webauthn::Assertion>),
}

/// What is used up by it.
pub(super) enum Use {
    Step { step: i64, domain: Option<String> },
    Recovery(String),
    Key { challenge: Uuid, key: Uuid, before: String, after: String },
}

impl ReadFactor {
    /// Reads whatever was shown.
    pub(super) fn read(shown: &Shown) -> Result<Self, Error> {
        match shown {
            Shown::Code(text) => Self::typed(text),
            Shown::Key(answer) => webauthn::Assertion::read(answer)
                .map(|key| Self::Key(Box::new(key)))
                .ok_or_else(no_answer),
        }
    }

    /// Six digits or a recovery code; blanks and dashes do not count.
    pub(super) fn typed(text: &str) -> Result<Self, Error> {
        let bare = typed::unmixed(text);
        if bare.len() == DIGITS && bare.bytes().all(|sign| sign.is_ascii_digit()) {
            return Ok(Self::Device(bare));
        }
        Code::read(text).map(Self::Recovery).map_err(|_malformed| {
            Error::Invalid(both(
                "`code` must be the six digits that the app shows, or one of the recovery codes.",
                "`code` muss aus den sechs Ziffern bestehen, die die App zeigt, oder einer der Ersatzcodes sein.",
            ))
        })
    }
}

impl Use {
    /// Whether it had not been used; from now on it has.
    pub(super) async fn up(
        &self,
        tx: &DatabaseTransaction,
        account_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        Ok(match self {
            Self::Step { step, domain } => {
                // looked at again: a key may have been added since
                let has_key = match domain {
                    Some(domain) => !store::security_keys(tx, account_id, domain).await?.is_empty(),
                    None => false,
                };
                !has_key && store::use_step(tx, account_id, *step).await?
            }
            Self::Recovery(hash) => store::use_recovery_code(tx, account_id, hash, now).await?,
            Self::Key { challenge, key, before, after } => {
                store::use_challenge(tx, *challenge).await?
                    && store::use_security_key(tx, (*key, account_id), (before, after), now).await?
            }
        })
    }
}

impl Desk {
    /// What is used up by what was shown in a session, or in a log-in, if it counts: a device's
    /// code and a key's answer are looked at here, a recovery code when it is used up. Each code of
    /// a device is counted until one succeeds.
    pub(super) async fn recognise(
        &self,
        row: &FactorRow,
        (shown, session_id): (&ReadFactor, Option<Uuid>),
        now: DateTime<Utc>,
    ) -> Result<Use, Error> {
        let name = row.account_id.to_string();
        let secret = self.inner.secret.expose_secret();
        let code = match shown {
            ReadFactor::Recovery(code) => {
                return Ok(Use::Recovery(code.recovery_hash(secret, &name)));
            }
            ReadFactor::Key(answer) => {
                return self.recognise_key(row.account_id, session_id, (answer, now)).await;
            }
            ReadFactor::Device(_) if self.asks_for_key(row.account_id).await? => {
                return Err(Error::SecurityKeyNeeded(row.account_id));
            }
            ReadFactor::Device(code) => code,
        };
        let tried = (SECOND_FACTORS, key(&[&name]));
        self.count(&[tried]).await.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let opened = seal::open(secret, PURPOSE, &name, &row.sealed_secret);
        // under another secret no device counts any more, recovery codes neither: an admin's
        // command takes the factor away
        let device = Device::of(opened.ok_or(Error::Fault("the seal of a second factor"))?, "", "");
        let domain =
            self.inner.settings.relying_party.as_ref().map(|party| party.domain().to_owned());
        device?
            .step(code, now)
            .map(|step| Use::Step { step, domain })
            .ok_or(Error::WrongSecondFactor(row.account_id))
    }

    /// Forgets wrong codes of an account, after a right one.
    pub(super) fn forget_tries(&self, account_id: Uuid) {
        self.forget(&[(SECOND_FACTORS, key(&[&account_id.to_string()]))]);
    }
}
