//! A change of an account's address: its password asks for it, a code sent to the new address makes
//! it, and the old address is told.
//!
//! Whoever asks does not learn whether the new address has an account: answer and work are the
//! same, and an address that has one gets a notice instead of a code.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::{Account, clean_email};
use super::account_email::AccountEmail;
use super::code::{Code, Purpose};
use super::desk::{Desk, as_account};
use super::error::Error;
use super::limits::{ADDRESS_EMAILS, CHANGES_TO_ONE, CONFIRMATIONS, OLD_PASSWORDS};
use super::origin::Origin;
use super::store::{self, AccountRow, ChangeRow};
use super::throttle::key;
use super::turns::Place;
use crate::actors::jobs::store::enqueue;
use crate::clock;
use crate::ids;

/// How long an address that was an account's is kept for the notice to it, which is tried again for
/// hours.
pub(super) const KEEP_OLD_ADDRESS: TimeDelta = TimeDelta::days(7);

impl Desk {
    /// Asks for another address. A code goes to it, for half an hour; to one that has an account a
    /// hint instead, which whoever asks is not told. Codes of earlier requests go on counting until
    /// one was used.
    ///
    /// # Errors
    /// `Invalid`: not an address. `WrongOldPassword`: nothing was sent. `Throttled`: too many tries
    /// of the account, or too many e-mails for this network. `Busy`.
    pub async fn ask_for_new_address(
        &self,
        account_id: Uuid,
        email: &str,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let email = clean_email(email)?;
        let account = self.check_owner(account_id, password, from).await?;
        // of this account alone: its codes count for no other, so what others ask for must not use
        // its e-mails up
        let about = format!("{account_id} {email}");
        let to_one = [(CHANGES_TO_ONE, key(&[&email]))];
        if self.count(&to_one).await.is_err() {
            tracing::warn!(
                rule = CHANGES_TO_ONE.name,
                "many accounts ask for e-mails to one address"
            );
            return Ok(());
        }
        let may_send = self.may_send(&ADDRESS_EMAILS, &about, (Origin::of(from), false)).await;
        if !matches!(may_send, Ok(true)) {
            self.take_back(&to_one);
            return may_send.map(drop);
        }
        let now = clock::now();
        let row = ChangeRow {
            id: ids::new_id(),
            account_id,
            old_email: account.email,
            new_email: Some(email),
            language: account.language,
            changed_at: None,
            expires_at: Purpose::AddressChange.ends(now).into(),
        };
        self.inner.io.write(move |tx| Box::pin(write_change(tx, row, now))).await
    }

    /// Changes the address to the one that the code was sent to. Every other session ends, and the
    /// old address is told. A code counts once; nothing is written for a wrong one.
    ///
    /// # Errors
    /// `Invalid`: no code looks like this; nothing was tried. `WrongCode`, also when the address
    /// has got an account in the meantime. `Throttled`: too many wrong codes from this network.
    pub async fn change_address(
        &self,
        account_id: Uuid,
        session_id: Uuid,
        code: &str,
        from: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let code = Code::read(code)?;
        let now = clock::now();
        let read = self.inner.io.read(move |db| {
            Box::pin(async move {
                let account = store::account(db, account_id).await?;
                Ok::<_, Error>((account, store::open_changes(db, account_id, now).await?))
            })
        });
        let (account, asked) = read.await?;
        let account = account.ok_or(Error::SessionOver)?;
        let secret = self.inner.secret.expose_secret();
        let found = asked.into_iter().find(|change| {
            let email = change.new_email.as_deref().unwrap_or_default();
            let subject = subject_of(&account, email);
            code.counts(
                secret,
                Purpose::AddressChange,
                &subject.each_ref().map(String::as_str),
                now,
            )
        });
        let Some(change) = found else {
            return Err(self.refused(CONFIRMATIONS, Origin::of(from), Error::WrongCode).await);
        };
        let written = self
            .inner
            .io
            .write(move |tx| Box::pin(set_address(tx, (account, change), session_id, now)));
        let (account, ended) = written.await?;
        self.note_ended(ended, now);
        as_account(account)
    }

    /// The account, once its password was typed again. Right passwords are limited like wrong ones.
    ///
    /// # Errors
    /// `WrongOldPassword`, `SessionOver`, `Throttled`, `Busy`.
    pub(super) async fn check_owner(
        &self,
        account_id: Uuid,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<AccountRow, Error> {
        let tried = (OLD_PASSWORDS, key(&[&account_id.to_string()]));
        let row = self.inner.io.read(move |db| Box::pin(store::account(db, account_id))).await?;
        let row = row.ok_or(Error::SessionOver)?;
        self.count(&[tried]).await.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let place = Place::known(&Origin::of(from).widest());
        let checked =
            self.inner.hasher.check(place, password, Some(row.password_hash.clone())).await?;
        if checked.right { Ok(row) } else { Err(Error::WrongOldPassword) }
    }
}

/// Whom a code is for: the account as it is, so that a code counts once and not after its password
/// was changed, and the address that it is sent to.
pub(super) fn subject_of(account: &AccountRow, new_email: &str) -> [String; 4] {
    [
        account.id.to_string(),
        account.email.clone(),
        new_email.to_owned(),
        account.password_hash.clone(),
    ]
}

/// Writes a request and asks for its e-mail; for an address that has an account with the same
/// statements.
async fn write_change(
    tx: &DatabaseTransaction,
    row: ChangeRow,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::forget_changes(tx, now).await?;
    let email = row.new_email.clone().unwrap_or_default();
    let mail = match store::account_of(tx, &email).await? {
        None => AccountEmail::AddressCode { change: row.id },
        Some(account) => AccountEmail::AddressTaken { account: account.id },
    };
    let job = mail.job(&format!("address:{}", row.id), now)?;
    store::write_change(tx, row).await?;
    Ok(enqueue(tx, job).await?)
}

/// Sets the address, ends every session but `kept`, and asks for the notice to the old address.
async fn set_address(
    tx: &DatabaseTransaction,
    (shown, change): (AccountRow, ChangeRow),
    kept: Uuid,
    now: DateTime<Utc>,
) -> Result<(AccountRow, Vec<Uuid>), Error> {
    // two changes at once come one after the other, and a password that was changed meanwhile ends
    // them
    let account = store::account_now(tx, change.account_id).await?;
    let account = account.filter(|now| {
        now.erased_at.is_none()
            && now.disabled_at.is_none()
            && now.password_hash == shown.password_hash
    });
    let mut account = account.ok_or(Error::WrongCode)?;
    let email = change.new_email.clone().unwrap_or_default();
    // another change was quicker, or somebody has opened an account with the address
    if account.email != change.old_email || !store::set_email(tx, account.id, &email).await? {
        return Err(Error::WrongCode);
    }
    account.email.clone_from(&email);
    store::remove_registration(tx, &email).await?;
    store::remove_resets(tx, account.id).await?;
    store::end_change(tx, change.id, now, now + KEEP_OLD_ADDRESS).await?;
    let mail = AccountEmail::AddressChanged { change: change.id };
    enqueue(tx, mail.job(&format!("address-changed:{}", change.id), now)?).await?;
    let ended = store::revoke_all(tx, account.id, Some(kept), now).await?;
    Ok((account, ended))
}
