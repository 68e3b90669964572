//! What an account says of its person, and what that person may change of it.

use chrono::NaiveDate;
use uuid::Uuid;

use super::account::{Account, Names, check_birth_date, clean_names};
use super::desk::{Desk, as_account};
use super::error::Error;
use super::store;
use crate::clock;
use crate::io::Io;
use crate::language::Language;
use crate::typed::Billing;

/// What is to be changed; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Given names, as they will stand on invoices to come.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// From 1900-01-01 to today.
    pub birth_date: Option<NaiveDate>,
    /// The language of e-mails and documents to come.
    pub language: Option<Language>,
}

impl Desk {
    /// An account.
    ///
    /// # Errors
    /// `SessionOver` when there is no such account any more.
    pub async fn account(&self, id: Uuid) -> Result<Account, Error> {
        let row = self.inner.io.read(move |db| Box::pin(store::account(db, id))).await?;
        row.map_or(Err(Error::SessionOver), as_account)
    }

    /// Changes an account and answers what it is now. Twice is once.
    ///
    /// # Errors
    /// `Invalid`: which value and what is acceptable.
    pub async fn change_account(&self, id: Uuid, change: Change) -> Result<Account, Error> {
        check_birth_date(change.birth_date, clock::now())?;
        let changed = self.inner.io.write(move |tx| {
            Box::pin(async move {
                store::password_now(tx, id).await?; // two changes at once come one after the other
                let mut row = store::account(tx, id).await?.ok_or(Error::SessionOver)?;
                // names may be older than what is asked of them now
                if change.first_name.is_some() || change.last_name.is_some() {
                    let first = change.first_name.unwrap_or(row.first_name);
                    let names = clean_names(&Names {
                        first,
                        last: change.last_name.unwrap_or(row.last_name),
                    })?;
                    row.first_name = names.first;
                    row.last_name = names.last;
                }
                row.birth_date = change.birth_date.or(row.birth_date);
                if let Some(language) = change.language {
                    language.as_str().clone_into(&mut row.language);
                }
                store::set_person(tx, row.clone()).await?;
                Ok::<_, Error>(row)
            })
        });
        as_account(changed.await?)
    }

    /// Sets where an account's invoices go, or takes it out, and answers what the account is now.
    /// Twice is once.
    ///
    /// # Errors
    /// `SessionOver` when there is no such account any more.
    pub async fn set_billing(&self, id: Uuid, billing: Option<Billing>) -> Result<Account, Error> {
        set_billing(&self.inner.io, id, billing).await
    }
}

/// The same without a desk, for the demonstration.
///
/// # Errors
/// As [`Desk::set_billing`].
pub async fn set_billing(io: &Io, id: Uuid, billing: Option<Billing>) -> Result<Account, Error> {
    let text = billing.map(|billing| serde_json::to_string(&billing)).transpose();
    let text = text.map_err(|_unwritable| Error::Fault("an address"))?;
    let changed = io.write(move |tx| {
        Box::pin(async move {
            store::set_billing(tx, id, text).await?;
            store::account(tx, id).await?.ok_or(Error::SessionOver)
        })
    });
    as_account(changed.await?)
}
