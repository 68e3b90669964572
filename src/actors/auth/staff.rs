//! What whoever runs the shop does to accounts: ends them, lets them in again, gives and takes the
//! admins' role.
//!
//! Whatever changes of an account, its sessions end: what its access tokens say is not true any
//! more.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use uuid::Uuid;

use super::account::{Names, Role};
use super::code::{self, Purpose};
use super::desk::{Desk, new_account};
use super::error::Error;
use super::store::{self, AccountRow};
use crate::clock;
use crate::ids;
use crate::io::Io;
use crate::typed;

/// An account as admins see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The unguessable id.
    pub id: Uuid,
    /// Lower-case address.
    pub email: String,
    /// What the account may do.
    pub role: Role,
    /// Whether a second factor is asked for at its log-ins.
    pub has_second_factor: bool,
    /// Since when nobody logs in with it.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
}

/// How an account is to stand from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody logs in with it.
    Disabled,
    /// Its owner logs in.
    Enabled,
    /// It runs the shop.
    Admin,
    /// It buys tickets; its second factor is taken away.
    Customer,
    /// Its second factor is lost and taken away.
    WithoutSecondFactor,
}

impl Desk {
    /// Every account that runs the shop, in the order in which they were opened.
    ///
    /// # Errors
    /// The database's.
    pub async fn admins(&self) -> Result<Vec<Member>, Error> {
        let read = self.inner.io.read(|db| {
            Box::pin(async move {
                let rows = store::admins(db, Role::Admin.as_str()).await?;
                let with = store::with_factor(db, rows.iter().map(|row| row.id).collect()).await?;
                rows.into_iter().map(|row| member(row, &with)).collect::<Result<Vec<_>, Error>>()
            })
        });
        read.await
    }

    /// The account of an address, if it has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn member_of(&self, email: &str) -> Result<Option<Member>, Error> {
        let email = typed::address(email);
        let found = self
            .inner
            .io
            .read(move |db| Box::pin(async move { store::account_of(db, &email).await }))
            .await?;
        match found {
            Some(row) => self.member(row.id).await,
            None => Ok(None),
        }
    }

    /// An account, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn member(&self, id: Uuid) -> Result<Option<Member>, Error> {
        let read = self.inner.io.read(move |db| {
            Box::pin(async move {
                let Some(row) = store::account(db, id).await? else { return Ok(None) };
                let with = store::with_factor(db, vec![id]).await?;
                member(row, &with).map(Some)
            })
        });
        read.await
    }

    /// Whether an account may come to stand so; what is not is refused by `change_standing` too.
    ///
    /// # Errors
    /// `LastAdmin`.
    pub async fn may_change(&self, id: Uuid, to: Standing) -> Result<(), Error> {
        let admins = self.inner.io.read(|db| {
            Box::pin(async move { Ok::<_, Error>(store::admins(db, Role::Admin.as_str()).await?) })
        });
        refuse_last(&admins.await?, id, to)
    }

    /// Lets an account stand so from now on; every session of it ends, here at once and at other
    /// replicas within seconds. Answers which ended; `None`: there is no such account. Twice
    /// changes nothing more.
    ///
    /// # Errors
    /// `LastAdmin`.
    pub async fn change_standing(
        &self,
        id: Uuid,
        to: Standing,
    ) -> Result<Option<Vec<Uuid>>, Error> {
        let now = clock::now();
        let ended = self.inner.io.write(move |tx| Box::pin(change(tx, id, to, now))).await?;
        if let Some(ended) = &ended {
            self.note_ended(ended.clone(), now);
            self.forget_tries(id);
        }
        Ok(ended)
    }
}

async fn change(
    tx: &DatabaseTransaction,
    id: Uuid,
    to: Standing,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Uuid>>, Error> {
    // all admins are locked before the one: two who disable each other come one after the other
    let admins = store::admins_now(tx, Role::Admin.as_str()).await?;
    let Some(mut row) = store::account_now(tx, id).await? else { return Ok(None) };
    refuse_last(&admins, id, to)?;
    let before = row.clone();
    match to {
        Standing::Disabled => row.disabled_at = row.disabled_at.or(Some(now.into())),
        Standing::Enabled => row.disabled_at = None,
        Standing::Admin => Role::Admin.as_str().clone_into(&mut row.role),
        Standing::Customer => {
            Role::Customer.as_str().clone_into(&mut row.role);
            store::remove_factor(tx, id).await?;
        }
        Standing::WithoutSecondFactor => store::remove_factor(tx, id).await?,
    }
    if row == before && to != Standing::WithoutSecondFactor {
        return Ok(Some(Vec::new()));
    }
    store::set_standing(tx, &row).await?;
    Ok(Some(store::revoke_all(tx, id, None, now).await?))
}

/// The shop keeps an admin who can log in.
fn refuse_last(admins: &[AccountRow], id: Uuid, to: Standing) -> Result<(), Error> {
    let is_enabled = |row: &&AccountRow| row.disabled_at.is_none();
    let goes = matches!(to, Standing::Disabled | Standing::Customer);
    let is_one = admins.iter().filter(is_enabled).any(|row| row.id == id);
    let others = admins.iter().filter(is_enabled).filter(|row| row.id != id).count();
    if goes && is_one && others == 0 { Err(Error::LastAdmin) } else { Ok(()) }
}

fn member(row: AccountRow, with_factor: &[Uuid]) -> Result<Member, Error> {
    Ok(Member {
        id: row.id,
        role: Role::stored(&row.role)?,
        has_second_factor: with_factor.contains(&row.id),
        disabled_at: row.disabled_at.map(|at| at.to_utc()),
        opened_at: row.created_at.to_utc(),
        email: row.email,
    })
}

/// Opens an admin's account for the command line, with a password that nobody knows. Answers the
/// code with which its owner sets one, as after a request for a new password, and until when; the
/// code counts once.
///
/// # Errors
/// `Invalid`; `Taken` when the address has an account.
pub async fn create_admin(
    io: &Io,
    secret: &[u8],
    email: &str,
) -> Result<(SecretString, DateTime<Utc>), Error> {
    let names = Names { first: "Shop".to_owned(), last: "Admin".to_owned() };
    let row = new_account(io, email, ids::new_secret().into(), names, Role::Admin).await?;
    let ends = Purpose::FirstPassword.ends(clock::now());
    let subject = [row.id.to_string(), row.password_hash, row.email];
    let subject: Vec<&str> = subject.iter().map(String::as_str).collect();
    Ok((code::draw(secret, Purpose::FirstPassword, &subject, ends).into(), ends))
}

/// Takes the second factor of an account away for the command line, where the only admin has lost
/// it. Every session of the account ends within seconds; twice changes nothing more. `false`: there
/// is no such account.
///
/// # Errors
/// The database's.
pub async fn forget_second_factor(io: &Io, id: Uuid) -> Result<bool, Error> {
    let now = clock::now();
    let changed = io.write(move |tx| Box::pin(change(tx, id, Standing::WithoutSecondFactor, now)));
    Ok(changed.await?.is_some())
}

/// The id of an address's account, for the command line.
///
/// # Errors
/// The database's.
pub async fn account_id(io: &Io, email: &str) -> Result<Option<Uuid>, Error> {
    let email = typed::address(email);
    let found =
        io.read(move |db| Box::pin(async move { store::account_of(db, &email).await })).await?;
    Ok(found.map(|row| row.id))
}
