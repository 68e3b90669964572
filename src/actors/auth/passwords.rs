//! A new password: by the old one, or by a code from a letter.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::{check_password, clean_email};
use super::code::{self, Purpose};
use super::desk::Desk;
use super::error::Error;
use super::letter::Letter;
use super::origin::Origin;
use super::store::{self, ResetRow};
use super::throttle::{LETTERS, OLD_PASSWORDS, RESETS, Rule, key};
use super::turns::Place;
use crate::actors::jobs::store::enqueue;
use crate::clock;
use crate::ids;

impl Desk {
    /// Changes the password of somebody who is logged in; every other session of the account ends, and a letter tells.
    ///
    /// # Errors
    /// `WrongOldPassword`; `Invalid` for the new one; `Throttled`, `Busy`.
    pub async fn change_password(
        &self,
        account_id: Uuid,
        session_id: Uuid,
        old: SecretString,
        new: SecretString,
    ) -> Result<(), Error> {
        check_password(&new)?;
        let tried = key(&["old password", &account_id.to_string()]);
        self.count(OLD_PASSWORDS, tried).await?;
        let row = self.inner.io.read(move |db| Box::pin(store::account(db, account_id))).await?;
        let old_hash = row.ok_or(Error::SessionOver)?.password_hash;
        let place = Place::known(&account_id.to_string());
        if !self.inner.hasher.check(place, old, Some(old_hash.clone())).await?.right {
            return Err(Error::WrongOldPassword);
        }
        self.inner.counter.forget(OLD_PASSWORDS, tried).await;
        let new_hash = self.inner.hasher.hash(place, new).await?;
        let now = clock::now();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                if store::password_now(tx, account_id).await?.is_none_or(|now| now != old_hash) {
                    return Err(Error::WrongOldPassword); // another change was quicker
                }
                set_password(tx, account_id, new_hash, (Some(session_id), now)).await
            })
        });
        self.note_ended(written.await?, now);
        Ok(())
    }

    /// Asks for a letter with a code that allows a new password. Answer and work are the same for an address without an
    /// account, which gets no letter. A second wish replaces the first and its code.
    ///
    /// # Errors
    /// `Invalid`: not an address. `Throttled`: this network asks too often.
    pub async fn ask_for_new_password(&self, email: &str, from: Option<IpAddr>) -> Result<(), Error> {
        let email = clean_email(email)?;
        self.count(RESETS, key(&["resets", &Origin::of(from).network()])).await?;
        if self.inner.counter.count(LETTERS, key(&["reset letter", &email])).await.is_some() {
            tracing::warn!("an address asks for too many letters");
            return Ok(());
        }
        let (desk, now) = (self.clone(), clock::now());
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let account = store::account_of(tx, &email).await?;
                let row = desk.reset_row(&email, account.map(|account| account.id), now);
                let job = Letter::PasswordResetCode { reset: row.id }.job(&format!("reset:{}", row.id), now)?;
                store::forget_resets(tx, now).await?;
                store::write_reset(tx, row).await?;
                Ok::<_, Error>(enqueue(tx, job).await?)
            })
        });
        written.await
    }

    /// Sets a new password with the code from a letter; every session of the account ends, and a letter tells.
    ///
    /// # Errors
    /// `WrongCode`: whether the address is known is not said. `Invalid` for the password; `Throttled`, `Busy`.
    pub async fn reset_password(
        &self,
        email: &str,
        code: String,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        check_password(&password)?;
        self.count(RESETS, key(&["resets", &Origin::of(from).network()])).await?;
        let address = self.address_hash(&email.trim().to_ascii_lowercase());
        let (desk, now) = (self.clone(), clock::now());
        let tried = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let Some(row) = store::take_reset_try(tx, &address).await? else { return Ok(None) };
                let secret = desk.inner.secret.expose_secret();
                let subject = row.id.to_string();
                let right = row.expires_at.to_utc() > now
                    && code::matches(secret, Purpose::PasswordReset, &subject, &code, &row.code_hash);
                Ok::<_, Error>(right.then_some(row)) // and the try is used up
            })
        });
        let (reset, account_id) =
            tried.await?.and_then(|row| Some((row.id, row.account_id?))).ok_or(Error::WrongCode)?;
        let hash = self.inner.hasher.hash(Place::known(&Origin::of(from).widest()), password).await?;
        let now = clock::now();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                if !store::remove_reset(tx, reset).await? {
                    return Err(Error::WrongCode); // used or replaced meanwhile
                }
                set_password(tx, account_id, hash, (None, now)).await
            })
        });
        self.note_ended(written.await?, now);
        Ok(())
    }

    async fn count(&self, rule: Rule, key: [u8; 32]) -> Result<(), Error> {
        self.inner.counter.count(rule, key).await.map_or(Ok(()), |wait| Err(Error::Throttled(wait)))
    }

    fn reset_row(&self, email: &str, account_id: Option<Uuid>, now: DateTime<Utc>) -> ResetRow {
        let secret = self.inner.secret.expose_secret();
        let (id, expires_at) = (ids::new_id(), now + code::LIFE);
        let subject = id.to_string();
        let code = code::draw(secret, Purpose::PasswordReset, &subject, expires_at);
        ResetRow {
            id,
            address_hash: self.address_hash(email),
            account_id,
            code_hash: code::hash(secret, Purpose::PasswordReset, &subject, &code),
            tries_left: if account_id.is_some() { code::TRIES } else { 0 },
            expires_at: expires_at.into(),
        }
    }

    fn address_hash(&self, email: &str) -> String {
        code::keyed_hash(self.inner.secret.expose_secret(), &["password reset address", email])
    }
}

/// Sets the password, ends every session but `kept`, and asks for the letter that tells; answers the ended sessions.
async fn set_password(
    tx: &DatabaseTransaction,
    account_id: Uuid,
    hash: String,
    (kept, now): (Option<Uuid>, DateTime<Utc>),
) -> Result<Vec<Uuid>, Error> {
    store::set_password(tx, account_id, hash).await?;
    let ended = store::revoke_all(tx, account_id, kept, now).await?;
    let letter = Letter::PasswordChanged { account: account_id, at: now };
    enqueue(tx, letter.job(&format!("password:{account_id}:{}", now.timestamp_micros()), now)?).await?;
    Ok(ended)
}
