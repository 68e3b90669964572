//! The second factor of whoever runs the shop: a device, and ten recovery codes for when it is
//! lost.
//!
//! A code counts once. That it was used is written in the transaction that lets its owner in, so
//! that of two who show one code at any two replicas one is let in. Six digits are limited by
//! account; recovery codes have 50 bits and need no limit of their own.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::Role;
use super::code::Code;
use super::desk::{Desk, SecondFactor};
use super::device::Device;
use super::error::Error;
use super::refresh::{draw_token, token_ends};
use super::seal;
use super::sessions::Pair;
use super::shown_factor::{ReadFactor, Shown, Use};
use super::store::{self, AccountRow, FactorRow, SessionRow};
use super::token::{Bearer, Claims};
use crate::clock;
use crate::ids;

/// How long the second factor counts for what needs it again.
pub const PROVEN_FOR: TimeDelta = TimeDelta::minutes(10);

/// What devices' secrets are sealed for.
pub(super) const PURPOSE: &str = "second factor seal";

/// Codes for when the device is lost.
const RECOVERY_CODES: usize = 10;

/// How an account stands to its second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Since when it counts; `None` without one, or with one that waits for its first code.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: u64,
    /// Until when what needs it again is allowed in this session.
    pub proven_until: Option<DateTime<Utc>>,
    /// Whether admins need one.
    pub is_required: bool,
}

/// What a device has to know; said once.
pub struct Enrolment {
    /// The secret in base 32, as people type it.
    pub secret: SecretString,
    /// The same as an `otpauth://` address with the shop's name and the account's, as apps read it.
    pub address: SecretString,
}

/// A second factor that counts from now on.
pub struct Confirmed {
    /// Ten codes, each of which counts once; said once.
    pub recovery_codes: Vec<String>,
    /// The tokens of a new session, in which the second factor was shown; every earlier one has
    /// ended.
    pub pair: Pair,
}

impl Desk {
    /// Whether the bearer of a token may do what admins do: an admin, who has shown a second factor
    /// where that is required.
    #[must_use]
    pub fn lets_administer(&self, claims: &Claims) -> bool {
        claims.role == Role::Admin && (claims.second_factor || !self.requires_second_factor())
    }

    /// Whether this session may move money now.
    ///
    /// # Errors
    /// `SecondFactorNeededAgain`: it was not shown in this session within the last [`PROVEN_FOR`].
    pub async fn check_proof(&self, account_id: Uuid, session_id: Uuid) -> Result<(), Error> {
        let now = clock::now();
        let factor = self.factor(account_id, session_id).await?;
        let is_free = factor.confirmed_at.is_none() && !factor.is_required;
        if is_free || factor.proven_until.is_some_and(|until| until > now) {
            return Ok(());
        }
        Err(Error::SecondFactorNeededAgain)
    }

    /// How an account stands to its second factor, seen from one of its sessions.
    ///
    /// # Errors
    /// The database's.
    pub async fn factor(&self, account_id: Uuid, session_id: Uuid) -> Result<Factor, Error> {
        let is_required = self.requires_second_factor();
        let look = self.inner.io.read(move |db| {
            Box::pin(async move {
                let confirmed_at =
                    store::factor(db, account_id).await?.and_then(|row| row.confirmed_at);
                let session =
                    store::session(db, session_id).await?.filter(|row| row.revoked_at.is_none());
                Ok::<_, Error>(Factor {
                    confirmed_at: confirmed_at.map(|at| at.to_utc()),
                    recovery_codes_left: store::recovery_codes_left(db, account_id).await?,
                    proven_until: session
                        .and_then(|row| row.proved_at)
                        .map(|at| at.to_utc() + PROVEN_FOR),
                    is_required,
                })
            })
        });
        look.await
    }

    /// Draws the secret that a device is to know; it counts once a first code is shown. Again
    /// before that draws another one, and the earlier one never counts.
    ///
    /// # Errors
    /// `SecondFactorThere`: it has to be taken away first. `SessionOver`: the session ended, or its
    /// account is no admin's any more.
    pub async fn enrol(&self, account_id: Uuid, session_id: Uuid) -> Result<Enrolment, Error> {
        let desk = self.clone();
        let now = clock::now();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let (account, _) = admin_in(tx, account_id, session_id).await?;
                if store::factor(tx, account_id)
                    .await?
                    .is_some_and(|row| row.confirmed_at.is_some())
                {
                    return Err(Error::SecondFactorThere);
                }
                let device = Device::draw(&desk.inner.settings.shop, &account.email)?;
                let secret = desk.inner.secret.expose_secret();
                let sealed = seal::seal(secret, PURPOSE, &account_id.to_string(), device.secret());
                let row = FactorRow {
                    account_id,
                    sealed_secret: sealed.ok_or(Error::Fault("the seal of a second factor"))?,
                    created_at: now.into(),
                    confirmed_at: None,
                    last_step: 0,
                };
                // an older version takes a factor away without its keys
                store::remove_security_keys(tx, account_id).await?;
                store::write_factor(tx, row).await?;
                Ok(Enrolment { secret: device.base32().into(), address: device.address()?.into() })
            })
        });
        written.await
    }

    /// Lets the second factor count that waits for its first code. Every session of the account
    /// ends, this one too: whoever copied its refresh token must not be believed to have shown the
    /// factor. Another one begins.
    ///
    /// # Errors
    /// `WrongSecondFactor`; `NoSecondFactor`: none waits; `SessionOver`; `Invalid`; `Throttled`.
    pub async fn confirm_factor(&self, bearer: &Claims, code: &str) -> Result<Confirmed, Error> {
        let account_id = bearer.sub;
        let session_id = bearer.sid;
        let typed = ReadFactor::typed(code)?;
        let now = clock::now();
        let row = self.inner.io.read(move |db| Box::pin(store::factor(db, account_id))).await?;
        let row = row.filter(|row| row.confirmed_at.is_none()).ok_or(Error::NoSecondFactor)?;
        let Use::Step { step, .. } = self.recognise(&row, (&typed, Some(session_id)), now).await?
        else {
            return Err(Error::WrongSecondFactor(account_id));
        };
        let (codes, hashes) = self.draw_recovery_codes(account_id)?;
        let shown = row.sealed_secret;
        let anew = ids::new_id();
        let (token, hash) = draw_token()?;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let (_, session) = admin_in(tx, account_id, session_id).await?;
                // the code is of the secret that is there now
                let is_same = store::factor(tx, account_id)
                    .await?
                    .is_some_and(|row| row.sealed_secret == shown);
                if !is_same || !store::confirm_factor(tx, account_id, (step, now)).await? {
                    return Err(Error::NoSecondFactor);
                }
                store::write_recovery_codes(tx, account_id, hashes).await?;
                let ended = store::revoke_all(tx, account_id, None, now).await?;
                let row = SessionRow {
                    id: anew,
                    created_at: now.into(),
                    used_at: Some(now.into()),
                    proved_at: Some(now.into()),
                    ..session
                };
                store::open_session(tx, row).await?;
                store::write_token(tx, (hash, None), anew, token_ends(now, now)).await?;
                Ok(ended)
            })
        });
        self.note_ended(written.await?, now);
        self.forget_tries(account_id);
        let bearer =
            Bearer { account: account_id, role: bearer.role, session: anew, second_factor: true };
        Ok(Confirmed { recovery_codes: codes, pair: self.pair(bearer, token)? })
    }

    /// Shows the second factor once more in a session, for what needs it again.
    ///
    /// # Errors
    /// `WrongSecondFactor`; `SecurityKeyNeeded`; `NoSecondFactor`; `Invalid`; `Throttled`.
    pub async fn prove(
        &self,
        account_id: Uuid,
        session_id: Uuid,
        shown: &Shown,
    ) -> Result<(), Error> {
        let shown = ReadFactor::read(shown)?;
        let now = clock::now();
        let row = self.inner.io.read(move |db| Box::pin(store::factor(db, account_id))).await?;
        let row = row.filter(|row| row.confirmed_at.is_some()).ok_or(Error::NoSecondFactor)?;
        let used = self.recognise(&row, (&shown, Some(session_id)), now).await?;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                store::account_now(tx, account_id).await?;
                if !used.up(tx, account_id, now).await? {
                    return Err(Error::WrongSecondFactor(account_id));
                }
                Ok(store::note_proof(tx, session_id, now).await?)
            })
        });
        written.await?;
        self.forget_tries(account_id);
        Ok(())
    }

    /// Draws ten new recovery codes; none of the earlier ones counts any more.
    ///
    /// # Errors
    /// `NoSecondFactor`.
    pub async fn renew_recovery_codes(&self, account_id: Uuid) -> Result<Vec<String>, Error> {
        let (codes, hashes) = self.draw_recovery_codes(account_id)?;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                store::account_now(tx, account_id).await?;
                let row =
                    store::factor(tx, account_id).await?.filter(|row| row.confirmed_at.is_some());
                row.ok_or(Error::NoSecondFactor)?;
                Ok::<_, Error>(store::write_recovery_codes(tx, account_id, hashes).await?)
            })
        });
        written.await?;
        Ok(codes)
    }

    pub(super) fn requires_second_factor(&self) -> bool {
        self.inner.settings.second_factor == SecondFactor::Required
    }

    /// Ten codes, and what is kept of them.
    fn draw_recovery_codes(&self, account_id: Uuid) -> Result<(Vec<String>, Vec<String>), Error> {
        let secret = self.inner.secret.expose_secret();
        let drawn = (0..RECOVERY_CODES).map(|_no| Code::random()).collect::<Result<Vec<_>, _>>()?;
        let hashes =
            drawn.iter().map(|code| code.recovery_hash(secret, &account_id.to_string())).collect();
        Ok((drawn.iter().map(Code::to_string).collect(), hashes))
    }
}

/// An admin's account, kept from changing until the transaction ends, and a session of it that
/// counts: a token outlives both elsewhere for seconds.
pub(super) async fn admin_in(
    tx: &DatabaseTransaction,
    account_id: Uuid,
    session_id: Uuid,
) -> Result<(AccountRow, SessionRow), Error> {
    let account = store::account_now(tx, account_id).await?;
    let account =
        account.filter(|row| row.disabled_at.is_none() && row.role == Role::Admin.as_str());
    let session = store::session(tx, session_id).await?;
    let session = session.filter(|row| row.account_id == account_id && row.revoked_at.is_none());
    account.zip(session).ok_or(Error::SessionOver)
}
