//! What somebody types where a second factor is asked for: what a device shows, or a recovery code; and what it uses up.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::code::Code;
use super::desk::Desk;
use super::device::Device;
use super::error::Error;
use super::limits::SECOND_FACTORS;
use super::seal;
use super::second_factor::PURPOSE;
use super::store::{self, FactorRow};
use super::throttle::key;
use crate::language::both;

/// Digits that a device shows.
const DIGITS: usize = 6;

/// What somebody typed.
pub(super) enum Typed {
    Device(String),
    Recovery(Code),
}

/// What is used up by it.
pub(super) enum Use {
    Step(i64),
    Recovery(String),
}

impl Typed {
    /// Six digits or a recovery code; blanks and dashes do not count.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let bare: String = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '-').collect();
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
            Self::Step(step) => store::use_step(tx, account_id, *step).await?,
            Self::Recovery(hash) => store::use_recovery_code(tx, account_id, hash, now).await?,
        })
    }
}

impl Desk {
    /// What is used up by a code, if it counts: a device's is looked at here, a recovery code when it is used up. Each try is
    /// counted until one succeeds.
    pub(super) async fn recognise(&self, row: &FactorRow, typed: &Typed, now: DateTime<Utc>) -> Result<Use, Error> {
        let name = row.account_id.to_string();
        let secret = self.inner.secret.expose_secret();
        let code = match typed {
            Typed::Recovery(code) => return Ok(Use::Recovery(code.recovery_hash(secret, &name))),
            Typed::Device(code) => code,
        };
        let tried = (SECOND_FACTORS, key(&[&name]));
        self.count(&[tried]).await.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let opened = seal::open(secret, PURPOSE, &name, &row.sealed_secret);
        // under another secret no device counts any more, recovery codes neither: an admin's command takes the factor away
        let device = Device::of(opened.ok_or(Error::Fault("the seal of a second factor"))?, "", "");
        device?.step(code, now).map(Use::Step).ok_or(Error::WrongSecondFactor(row.account_id))
    }

    /// Forgets wrong codes of an account, after a right one.
    pub(super) fn forget_tries(&self, account_id: Uuid) {
        self.forget(&[(SECOND_FACTORS, key(&[&account_id.to_string()]))]);
    }
}
