//! Opening an account: the request, which is an address and nothing else, and the account, which
//! comes with the e-mail's code.
//!
//! Whoever has the code has the address's e-mails, and what he brings with it is what the account
//! is. So an unknown caller who asks for an account with another's address leaves nothing behind,
//! and asking costs no hash.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;

use super::account::{Account, Role, clean_email};
use super::account_email::AccountEmail;
use super::code::{Code, Purpose};
use super::desk::{Desk, as_account};
use super::error::Error;
use super::limits::{CONFIRMATIONS, OPENING_EMAILS};
use super::origin::Origin;
use super::sign_up_request::SignUpRequest;
use super::store;
use super::turns::Place;
use crate::actors::jobs::store::enqueue;
use crate::clock;
use crate::ids;
use crate::language::Language;

impl Desk {
    /// Writes down the request for an account and asks for its e-mail: a code, or a hint when the
    /// address has an account. The answer and the work are the same in both cases. Codes of earlier
    /// requests go on counting.
    ///
    /// # Errors
    /// `Invalid`: not an address. `Throttled`: this network asks too often, or the whole shop sends
    /// too many e-mails.
    pub async fn register(
        &self,
        email: &str,
        language: Language,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let email = clean_email(email)?;
        if !self.may_send(&OPENING_EMAILS, &email, (Origin::of(from), false)).await? {
            return Ok(());
        }
        let now = clock::now();
        let row = registration_row(email, language, now);
        self.inner.io.write(move |tx| Box::pin(write_request(tx, row, now))).await
    }

    /// Opens the account of whoever has the code. A code may be asked for and typed any number of
    /// times, it opens one account; nothing is written for a wrong one.
    ///
    /// # Errors
    /// `Invalid`: which value and what is acceptable; nothing was tried. `WrongCode`: whether
    /// anybody asked for an account with this address, or has one, is not said. `Throttled`,
    /// `Busy`.
    pub async fn confirm(
        &self,
        application: SignUpRequest,
        code: &str,
        from: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let now = clock::now();
        let application = application.clean(&self.inner.settings.shop, now)?;
        let code = Code::read(code)?;
        let origin = Origin::of(from);
        let address = application.email.clone();
        let look = self
            .inner
            .io
            .read(move |db| Box::pin(async move { store::account_of(db, &address).await }));
        let is_taken = look.await?.is_some();
        let secret = self.inner.secret.expose_secret();
        if !code.counts(secret, Purpose::Registration, &[&application.email], now) || is_taken {
            return Err(self.refused(CONFIRMATIONS, origin, Error::WrongCode).await);
        }
        let hash = self
            .inner
            .hasher
            .hash(Place::known(&origin.widest()), application.password.clone())
            .await?;
        let row = account_row(application, hash, now);
        let network = (row.id, self.network_hash(row.id, &origin.network()));
        let opened = self.inner.io.write(move |tx| {
            Box::pin(async move {
                store::remove_registration(tx, &row.email).await?;
                if !store::open_account(tx, row.clone()).await? {
                    return Err(Error::WrongCode); // the same code was quicker
                }
                store::know_network(tx, network.0, network.1, now).await?;
                Ok::<_, Error>(row)
            })
        });
        as_account(opened.await?)
    }
}

/// A request: where its e-mail goes and in which language. The columns of a person are an older
/// version's.
fn registration_row(
    email: String,
    language: Language,
    now: DateTime<Utc>,
) -> store::RegistrationRow {
    store::RegistrationRow {
        id: ids::new_id(),
        email,
        password_hash: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        birth_date: None,
        language: language.as_str().to_owned(),
        code_hash: String::new(),
        tries_left: 0,
        expires_at: Purpose::Registration.ends(now).into(),
    }
}

/// Writes a request and asks for its e-mail; for an address that has an account with the same
/// statements.
async fn write_request(
    tx: &DatabaseTransaction,
    row: store::RegistrationRow,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::forget_registrations(tx, now).await?;
    let mail = match store::account_of(tx, &row.email).await? {
        None => AccountEmail::AccountCode { registration: row.id },
        Some(account) => AccountEmail::AccountExists { account: account.id },
    };
    let job = mail.job(&format!("registration:{}", row.id), now)?;
    store::write_registration(tx, row).await?;
    Ok(enqueue(tx, job).await?)
}

fn account_row(
    application: SignUpRequest,
    password_hash: String,
    now: DateTime<Utc>,
) -> store::AccountRow {
    store::AccountRow {
        id: ids::new_id(),
        email: application.email,
        password_hash,
        first_name: application.names.first,
        last_name: application.names.last,
        birth_date: application.birth_date,
        language: application.language.as_str().to_owned(),
        role: Role::Customer.as_str().to_owned(),
        created_at: now.into(),
        disabled_at: None,
        billing: None,
        erased_at: None,
    }
}
