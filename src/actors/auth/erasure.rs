//! What of an account is erased when its owner deletes it, in the transaction of whoever erases the
//! rest.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use uuid::Uuid;

use super::account::Role;
use super::account_email::AccountEmail;
use super::addresses::KEEP_OLD_ADDRESS;
use super::desk::Desk;
use super::error::Error;
use super::store::{self, AccountRow, ChangeRow};
use super::throttle::{Rule, key};
use crate::actors::jobs::store::enqueue;
use crate::ids;

/// Exports of an account.
const EXPORTS: Rule = Rule { name: "exports", limit: 1, window: Duration::from_secs(60) };

/// An account whose owner has typed its password once more.
pub struct Owner(AccountRow);

impl Owner {
    /// Whether the account runs the shop.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0.role == Role::Admin.as_str()
    }
}

impl Desk {
    /// The owner of an account, who types its password once more.
    ///
    /// # Errors
    /// `WrongOldPassword`, `SessionOver`, `Throttled` after ten tries in a quarter of an hour,
    /// `Busy`.
    pub async fn owner(
        &self,
        id: Uuid,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<Owner, Error> {
        self.check_owner(id, password, from).await.map(Owner)
    }

    /// Lets no token of these sessions count any more: here at once, at other replicas within
    /// seconds.
    pub fn end_sessions(&self, sessions: Vec<Uuid>, now: DateTime<Utc>) {
        self.note_ended(sessions, now);
    }

    /// Counts an export of an account.
    ///
    /// # Errors
    /// `Throttled`: there was one less than a minute ago.
    pub async fn may_export(&self, id: Uuid) -> Result<(), Error> {
        let counted = self.count(&[(EXPORTS, key(&[&id.to_string()]))]).await;
        counted.map_err(|refusal| Error::Throttled(refusal.wait))
    }
}

/// Keeps others from changing the account until the transaction ends, so that no order is placed
/// meanwhile.
///
/// # Errors
/// `WrongOldPassword`: password or role were changed since it was typed, or the account was erased
/// or disabled.
pub async fn lock(tx: &DatabaseTransaction, owner: &Owner) -> Result<(), Error> {
    let is_same =
        |now: &AccountRow| now.password_hash == owner.0.password_hash && now.role == owner.0.role;
    let now = store::account_now(tx, owner.0.id)
        .await?
        .filter(|now| now.erased_at.is_none() && now.disabled_at.is_none() && is_same(now));
    now.map(drop).ok_or(Error::WrongOldPassword)
}

/// Erases all that accounts know of a person, ends every session, and asks for the e-mail that says
/// so; answers the sessions that ended. The row stays, under an address that nobody can have, so
/// that the address may be used for another account.
///
/// # Errors
/// The database's.
pub async fn erase(
    tx: &DatabaseTransaction,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    let Owner(account) = owner;
    let ended = store::revoke_all(tx, account.id, None, now).await?;
    store::remove_registration(tx, &account.email).await?;
    store::remove_resets(tx, account.id).await?;
    store::remove_changes(tx, account.id).await?;
    store::remove_networks(tx, account.id).await?;
    store::remove_factor(tx, account.id).await?;
    store::erase_account(tx, account.id, now).await?;
    let farewell = ChangeRow {
        id: ids::new_id(),
        account_id: account.id,
        old_email: account.email.clone(),
        new_email: None,
        language: account.language.clone(),
        changed_at: Some(now.into()),
        expires_at: (now + KEEP_OLD_ADDRESS).into(),
    };
    let mail = AccountEmail::AccountDeleted { change: farewell.id };
    enqueue(tx, mail.job(&format!("account-deleted:{}", account.id), now)?).await?;
    store::write_change(tx, farewell).await?;
    Ok(ended)
}
