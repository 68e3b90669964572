//! A new password: by the old one, or by a code from an e-mail.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::clean_email;
use super::account_email::AccountEmail;
use super::code::{Code, Purpose, keyed_hash};
use super::desk::Desk;
use super::error::Error;
use super::events::WRONG_CODES_IN_ALL;
use super::limits::{OLD_PASSWORDS, PAIR, RESET_EMAILS, RESETS};
use super::origin::Origin;
use super::store::{self, AccountRow, ResetRow};
use super::throttle::key;
use super::turns::Place;
use super::weak::check_password;
use crate::actors::jobs::store::enqueue;
use crate::clock;
use crate::ids;

impl Desk {
    /// Changes the password of somebody who is logged in; every other session of the account ends,
    /// and an e-mail tells. Right changes are limited like wrong ones: each is work, and an e-mail.
    ///
    /// # Errors
    /// `WrongOldPassword`; `Invalid` for the new one; `Throttled`, `Busy`.
    pub async fn change_password(
        &self,
        account_id: Uuid,
        session_id: Uuid,
        (old, new): (SecretString, SecretString),
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let tried = (OLD_PASSWORDS, key(&[&account_id.to_string()]));
        let row = self.inner.io.read(move |db| Box::pin(store::account(db, account_id))).await?;
        let row = row.ok_or(Error::SessionOver)?;
        check_password(&new, &row.email, &self.inner.settings.shop)?;
        self.count(&[tried]).await.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let old_hash = row.password_hash;
        // by where they come from: many accounts of one household have one place
        let place = Place::known(&Origin::of(from).widest());
        if !self.inner.hasher.check(place, old, Some(old_hash.clone())).await?.right {
            return Err(Error::WrongOldPassword);
        }
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

    /// Asks for an e-mail with a code that allows a new password. Answer and work are the same for
    /// an address without an account, which gets no e-mail. Codes of earlier requests go on
    /// counting.
    ///
    /// # Errors
    /// `Invalid`: not an address. `Throttled`: this network asks too often, or the whole shop sends
    /// too many e-mails.
    pub async fn ask_for_new_password(
        &self,
        email: &str,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let email = clean_email(email)?;
        let origin = Origin::of(from);
        let (_, is_known) = self.look_up(email.clone(), origin.network()).await?;
        if !self.may_send(&RESET_EMAILS, &email, (origin, is_known)).await? {
            return Ok(());
        }
        let desk = self.clone();
        let now = clock::now();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let account = store::account_of(tx, &email).await?;
                let row = desk.reset_row(&email, account.map(|account| account.id), now);
                let job = AccountEmail::PasswordResetCode { reset: row.id }
                    .job(&format!("reset:{}", row.id), now)?;
                store::forget_resets(tx, now).await?;
                store::write_reset(tx, row).await?;
                Ok::<_, Error>(enqueue(tx, job).await?)
            })
        });
        written.await
    }

    /// Sets a new password with the code from an e-mail; every session of the account ends, an
    /// e-mail tells, and the network is known from now on: whoever is slowed down because of others
    /// comes in this way. Nothing is written for a wrong code.
    ///
    /// # Errors
    /// `WrongCode`: whether the address is known is not said. `Invalid` for code or password:
    /// nothing was tried. `Throttled`, `Busy`.
    pub async fn reset_password(
        &self,
        email: &str,
        code: &str,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let email = clean_email(email)?;
        check_password(&password, &email, &self.inner.settings.shop)?;
        let code = Code::read(code)?;
        let origin = Origin::of(from);
        let now = clock::now();
        let address = email.clone();
        let found = self
            .inner
            .io
            .read(move |db| Box::pin(async move { store::account_of(db, &address).await }))
            .await?;
        let (id, old_hash) =
            found.as_ref().map_or((Uuid::nil(), ""), |row| (row.id, row.password_hash.as_str()));
        let secret = self.inner.secret.expose_secret();
        let id_text = id.to_string();
        // both are looked at, so that time does not tell which of the two it is
        let is_right = [Purpose::PasswordReset, Purpose::FirstPassword]
            .map(|purpose| code.counts(secret, purpose, &[&id_text, old_hash, &email], now))
            .contains(&true);
        // a right code is never refused for what unknown callers of the same network tried: it has
        // 50 bits
        let Some(account) = found.filter(|_| is_right) else {
            self.alarm_beyond(WRONG_CODES_IN_ALL);
            return Err(self.refused(RESETS, origin, Error::WrongCode).await);
        };
        let AccountRow { id, password_hash: old_hash, .. } = account;
        let hash = self.inner.hasher.hash(Place::known(&origin.widest()), password).await?;
        let now = clock::now();
        let network = self.network_hash(id, &origin.network());
        let address_of = email.clone();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let now_is = store::account_now(tx, id).await?;
                // used meanwhile, or the address is another one
                if now_is.is_none_or(|row| row.password_hash != old_hash || row.email != address_of)
                {
                    return Err(Error::WrongCode);
                }
                store::remove_resets(tx, id).await?;
                store::know_network(tx, id, network, now).await?;
                set_password(tx, id, hash, (None, now)).await
            })
        });
        self.note_ended(written.await?, now);
        // whoever has the code has made good what was typed wrong from here
        self.forget(&PAIR.events(origin, &email));
        Ok(())
    }

    /// A request: to whom its e-mail goes. The code and its tries are an older version's columns.
    fn reset_row(&self, email: &str, account_id: Option<Uuid>, now: DateTime<Utc>) -> ResetRow {
        let secret = self.inner.secret.expose_secret();
        ResetRow {
            id: ids::new_id(),
            address_hash: keyed_hash(secret, &["password reset address", email]),
            account_id,
            code_hash: String::new(),
            tries_left: 0,
            expires_at: Purpose::PasswordReset.ends(now).into(),
        }
    }
}

/// Sets the password, ends every session but `kept`, and asks for the e-mail that tells; answers
/// the ended sessions.
async fn set_password(
    tx: &DatabaseTransaction,
    account_id: Uuid,
    hash: String,
    (kept, now): (Option<Uuid>, DateTime<Utc>),
) -> Result<Vec<Uuid>, Error> {
    store::set_password(tx, account_id, hash).await?;
    let ended = store::revoke_all(tx, account_id, kept, now).await?;
    let mail = AccountEmail::PasswordChanged { account: account_id, at: now };
    enqueue(tx, mail.job(&format!("password:{account_id}:{}", now.timestamp_micros()), now)?)
        .await?;
    Ok(ended)
}
