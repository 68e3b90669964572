//! Opening an account: the wish, its letter, its code.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;
use starjack_entity::{account, registration};

use super::account::{Account, Role};
use super::application::Application;
use super::code::{self, Purpose};
use super::desk::{Desk, as_account};
use super::error::Error;
use super::letter::Letter;
use super::origin::Origin;
use super::store;
use super::throttle::{LETTERS, key};
use super::turns::Place;
use crate::actors::jobs::store::enqueue;
use crate::clock;
use crate::ids;

impl Desk {
    /// Writes down the wish for an account and asks for its letter: a code, or a hint when the address has an account.
    /// The answer and the work are the same in both cases. A second wish replaces the first and its code; after five
    /// in a quarter of an hour no further letter is sent.
    ///
    /// # Errors
    /// `Invalid`: which value and what is acceptable. `Busy`: in a moment again.
    pub async fn register(&self, application: Application, from: Option<IpAddr>) -> Result<(), Error> {
        let now = clock::now();
        let application = application.clean(now)?;
        let password_hash =
            self.inner.hasher.hash(Place::stranger(&Origin::of(from).widest()), application.password.clone()).await?;
        if self.inner.counter.count(LETTERS, key(&["letter", &application.email])).await.is_some() {
            tracing::warn!("an address asks for too many letters");
            return Ok(());
        }
        let row = self.registration_row(application, password_hash, now);
        self.inner.io.write(move |tx| Box::pin(write_wish(tx, row, now))).await
    }

    /// Opens the account whose registration has this code.
    ///
    /// # Errors
    /// `WrongCode`: whether a registration exists at all is not said.
    pub async fn confirm(&self, email: &str, code: String) -> Result<Account, Error> {
        let email = email.trim().to_ascii_lowercase();
        let desk = self.clone();
        let opened = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let Some(row) = store::take_try(tx, &email).await? else { return Ok(None) };
                let now = clock::now();
                let secret = desk.inner.secret.expose_secret();
                if row.expires_at.to_utc() <= now
                    || !code::matches(secret, Purpose::Registration, &email, &code, &row.code_hash)
                {
                    return Ok(None); // and the try is used up
                }
                store::remove_registration(tx, row.id).await?;
                let row = account_row(row, now);
                Ok::<_, Error>(store::open_account(tx, row.clone()).await?.then_some(row))
            })
        });
        opened.await?.map_or(Err(Error::WrongCode), as_account)
    }

    fn registration_row(&self, wish: Application, password_hash: String, now: DateTime<Utc>) -> registration::Model {
        let secret = self.inner.secret.expose_secret();
        let expires_at = now + code::LIFE;
        let code = code::draw(secret, Purpose::Registration, &wish.email, expires_at);
        registration::Model {
            id: ids::new_id(),
            code_hash: code::hash(secret, Purpose::Registration, &wish.email, &code),
            email: wish.email,
            password_hash,
            first_name: wish.names.first,
            last_name: wish.names.last,
            birth_date: wish.birth_date,
            language: wish.language.as_str().to_owned(),
            tries_left: code::TRIES,
            expires_at: expires_at.into(),
        }
    }
}

/// Writes a registration and asks for its letter. An address that has an account gets the same statements: a
/// registration that no code confirms and that says nothing about anybody.
async fn write_wish(tx: &DatabaseTransaction, mut row: registration::Model, now: DateTime<Utc>) -> Result<(), Error> {
    store::forget_registrations(tx, now).await?;
    let letter = match store::account_of(tx, &row.email).await? {
        None => Letter::AccountCode { registration: row.id },
        Some(account) => {
            row.tries_left = 0;
            row.password_hash.clear();
            row.first_name.clear();
            row.last_name.clear();
            row.birth_date = None;
            Letter::AccountExists { account: account.id }
        }
    };
    let job = letter.job(&format!("registration:{}", row.id), now)?;
    store::write_registration(tx, row).await?;
    Ok(enqueue(tx, job).await?)
}

fn account_row(row: registration::Model, now: DateTime<Utc>) -> account::Model {
    account::Model {
        id: ids::new_id(),
        email: row.email,
        password_hash: row.password_hash,
        first_name: row.first_name,
        last_name: row.last_name,
        birth_date: row.birth_date,
        language: row.language,
        role: Role::Customer.as_str().to_owned(),
        created_at: now.into(),
    }
}
