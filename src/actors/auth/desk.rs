//! The one handle to accounts and sessions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use secrecy::{SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use starjack_entity::account;

use super::account::{Account, Language, Names, Role, check_password, clean_email, clean_names};
use super::error::Error;
use super::password::Hasher;
use super::store;
use super::throttle::Throttle;
use super::token::{Claims, Keys};
use crate::actors::fleet::Fence;
use crate::clock;
use crate::ids;
use crate::io::Io;

/// The window in which failures and letters are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Failed log-ins of one account from one place in a window.
const FAILURES_OF_A_PAIR: u32 = 10;

/// Failed log-ins from one place in a window, whatever the account.
const FAILURES_OF_A_PLACE: u32 = 100;

/// Letters to one address in a window; the five tries of each code leave a guesser 25 in a million.
const LETTERS_TO_AN_ADDRESS: u32 = 5;

/// How many keys a throttle remembers, about 100 bytes each.
const REMEMBERED: usize = 10_000;

/// The way to accounts and sessions; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) io: Io,
    pub(super) keys: Keys,
    /// From it the codes in letters follow.
    pub(super) secret: SecretSlice<u8>,
    pub(super) hasher: Hasher,
    pub(super) failures_of_pairs: Throttle<([u8; 32], IpAddr)>,
    pub(super) failures_of_places: Throttle<IpAddr>,
    pub(super) letters: Throttle<[u8; 32]>,
}

impl Desk {
    /// A desk over the database, with the keys that sign and the secret that codes follow from. All replicas need the
    /// same of both.
    #[must_use]
    pub fn new(io: Io, keys: Keys, secret: SecretSlice<u8>) -> Self {
        let inner = Inner {
            io,
            keys,
            secret,
            hasher: Hasher::new(),
            failures_of_pairs: Throttle::new(FAILURES_OF_A_PAIR, WINDOW, REMEMBERED),
            failures_of_places: Throttle::new(FAILURES_OF_A_PLACE, WINDOW, REMEMBERED),
            letters: Throttle::new(LETTERS_TO_AN_ADDRESS, WINDOW, REMEMBERED),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Checks an access token without asking anybody.
    ///
    /// # Errors
    /// `WrongToken`.
    pub fn verify(&self, access_token: &str) -> Result<Claims, Error> {
        self.inner.keys.verify(access_token, clock::now())
    }

    /// Forgets registrations and refresh tokens that are too old to count, and sessions that have no token left. Meant
    /// for once a day; twice changes nothing.
    ///
    /// # Errors
    /// The database's; also when another replica does this now.
    pub async fn forget_old(&self, fence: Fence) -> Result<(), Error> {
        let now = clock::now();
        self.inner
            .io
            .write(move |tx| {
                Box::pin(async move {
                    fence.check(tx).await?;
                    Ok(store::forget_old(tx, now).await?)
                })
            })
            .await
    }

    /// The public keys that verify access tokens, the current one first.
    #[must_use]
    pub fn published_keys(&self) -> &JwkSet {
        self.inner.keys.published()
    }
}

/// Opens an account without a letter, for the command line and the demo.
///
/// # Errors
/// `Invalid`; `Taken` when the address has an account.
pub async fn create_account(
    io: &Io,
    email: &str,
    password: SecretString,
    names: Names,
    role: Role,
) -> Result<Account, Error> {
    check_password(&password)?;
    let (email, names) = (clean_email(email)?, clean_names(&names)?);
    let row = account::Model {
        id: ids::new_id(),
        email,
        password_hash: Hasher::new().hash(password).await?,
        first_name: names.first,
        last_name: names.last,
        birth_date: None,
        language: Language::default().as_str().to_owned(),
        role: role.as_str().to_owned(),
        created_at: clock::now().into(),
    };
    let written = row.clone();
    let opened = io.write(move |tx| Box::pin(async move { store::open_account(tx, written).await })).await?;
    if opened { as_account(row) } else { Err(Error::Taken) }
}

pub(super) fn as_account(row: account::Model) -> Result<Account, Error> {
    Ok(Account {
        id: row.id,
        role: Role::stored(&row.role)?,
        language: Language::stored(&row.language),
        email: row.email,
        names: Names { first: row.first_name, last: row.last_name },
        birth_date: row.birth_date,
    })
}

pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
