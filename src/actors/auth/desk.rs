//! The one handle to accounts and sessions.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use starjack_entity::{account, registration};
use uuid::Uuid;

use super::account::{Account, Language, Names, Role, check_password, clean_email, clean_names};
use super::error::Error;
use super::password::Hasher;
use super::registration::{Application, LETTER_JOB, Letter, code_hash, code_matches, registration_code};
use super::store::{self, Shown};
use super::throttle::{Throttle, neighbourhood};
use super::token::{ACCESS_LIFE, Claims, Keys};
use crate::actors::jobs::store::{NewJob, enqueue};
use crate::clock;
use crate::ids;
use crate::io::Io;

/// How long a code counts.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(30);

/// How often a code may be typed.
const CODE_TRIES: i32 = 5;

/// How long a refresh token counts.
const REFRESH_LIFE: TimeDelta = TimeDelta::days(30);

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
    inner: Arc<Inner>,
}

struct Inner {
    io: Io,
    keys: Keys,
    /// From it the codes in letters follow.
    secret: SecretSlice<u8>,
    hasher: Hasher,
    failures_of_pairs: Throttle<([u8; 32], IpAddr)>,
    failures_of_places: Throttle<IpAddr>,
    letters: Throttle<[u8; 32]>,
}

/// What a log-in or a refresh answers.
#[derive(Clone)]
pub struct Pair {
    /// The signed token that requests carry.
    pub access_token: String,
    /// How long it counts.
    pub expires_in: Duration,
    /// 256 random bits that count once, for the next pair, within 30 days.
    pub refresh_token: String,
}

/// What a transaction found about a refresh token.
enum Renewal {
    Granted { account_id: Uuid, role: Role, session_id: Uuid },
    Reused { session_id: Uuid },
    Refused,
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

    /// Writes down the wish for an account and asks for its letter: a code, or a hint when the address has an account.
    /// The answer and the work are the same in both cases. A second wish replaces the first and its code; after five
    /// in a quarter of an hour no further letter is sent.
    ///
    /// # Errors
    /// `Invalid`: which value and what is acceptable. `Busy`: in a moment again.
    pub async fn register(&self, application: Application) -> Result<(), Error> {
        let now = clock::now();
        let application = application.clean(now)?;
        let password_hash = self.inner.hasher.hash(application.password.clone()).await?;
        let address = digest(&application.email);
        if self.inner.letters.wait(&address, clock::instant()).is_some() {
            tracing::warn!("an address asks for too many letters");
            return Ok(());
        }
        self.inner.letters.record(address, clock::instant());
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
                if row.expires_at.to_utc() <= now || !code_matches(secret, &email, &code, &row.code_hash) {
                    return Ok(None); // and the try is used up
                }
                store::remove_registration(tx, row.id).await?;
                let row = account_row(row, now);
                Ok::<_, Error>(store::open_account(tx, row.clone()).await?.then_some(row))
            })
        });
        opened.await?.map_or(Err(Error::WrongCode), as_account)
    }

    /// Opens a session. Takes as long for an unknown address as for a wrong password.
    ///
    /// # Errors
    /// `WrongPassword`; `Throttled` after ten failures of this account from this place in a quarter of an hour; `Busy`.
    pub async fn log_in(&self, email: &str, password: SecretString, from: Option<IpAddr>) -> Result<Pair, Error> {
        let email = email.trim().to_ascii_lowercase();
        let place = neighbourhood(from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        let pair = (digest(&email), place);
        let (pairs, places) = (&self.inner.failures_of_pairs, &self.inner.failures_of_places);
        let asked = clock::instant();
        if let Some(wait) = pairs.wait(&pair, asked).or_else(|| places.wait(&place, asked)) {
            return Err(Error::Throttled(wait));
        }
        let found = self.inner.io.read(move |db| Box::pin(async move { store::account_of(db, &email).await })).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let right = self.inner.hasher.check(password, hash).await?;
        match found {
            Some(account) if right => {
                pairs.forget(&pair);
                self.open_session(account).await
            }
            Some(_) | None => {
                pairs.record(pair, clock::instant());
                places.record(place, clock::instant());
                Err(Error::WrongPassword)
            }
        }
    }

    /// Gives a new pair for a refresh token, which counts once. One that was used before ends its whole session, also
    /// when the answer to the first use was lost: a thief cannot be told from a bad connection.
    ///
    /// # Errors
    /// `SessionOver`.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Pair, Error> {
        let shown = token_hash(refresh_token);
        let (next, next_hash) = draw_token()?;
        let now = clock::now();
        let renewal = self.inner.io.write(move |tx| Box::pin(renew(tx, shown, next_hash, now))).await?;
        match renewal {
            Renewal::Granted { account_id, role, session_id } => self.pair(account_id, role, session_id, next),
            Renewal::Reused { session_id } => {
                tracing::warn!(session.id = %session_id, "a refresh token was used twice, its session is over");
                Err(Error::SessionOver)
            }
            Renewal::Refused => Err(Error::SessionOver),
        }
    }

    /// Ends a session; twice changes nothing. Its last access token counts until it expires.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out(&self, session_id: Uuid) -> Result<(), Error> {
        let end = self.inner.io.write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(store::revoke(tx, session_id, clock::now()).await?) })
        });
        end.await
    }

    /// Checks an access token without asking anybody.
    ///
    /// # Errors
    /// `WrongToken`.
    pub fn verify(&self, access_token: &str) -> Result<Claims, Error> {
        self.inner.keys.verify(access_token, clock::now())
    }

    /// The public keys that verify access tokens, the current one first.
    #[must_use]
    pub fn published_keys(&self) -> &JwkSet {
        self.inner.keys.published()
    }

    fn registration_row(&self, wish: Application, password_hash: String, now: DateTime<Utc>) -> registration::Model {
        let secret = self.inner.secret.expose_secret();
        let expires_at = now + CODE_LIFE;
        let code = registration_code(secret, &wish.email, expires_at);
        registration::Model {
            id: ids::new_id(),
            code_hash: code_hash(secret, &wish.email, &code),
            email: wish.email,
            password_hash,
            first_name: wish.names.first,
            last_name: wish.names.last,
            birth_date: wish.birth_date,
            language: wish.language.as_str().to_owned(),
            tries_left: CODE_TRIES,
            expires_at: expires_at.into(),
        }
    }

    async fn open_session(&self, account: account::Model) -> Result<Pair, Error> {
        let (session_id, account_id, now) = (ids::new_id(), account.id, clock::now());
        let (token, hash) = draw_token()?;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                store::open_session(tx, session_id, account_id, now).await?;
                Ok::<_, Error>(store::write_token(tx, hash, session_id, now + REFRESH_LIFE).await?)
            })
        });
        written.await?;
        self.pair(account_id, Role::stored(&account.role)?, session_id, token)
    }

    fn pair(&self, account_id: Uuid, role: Role, session_id: Uuid, refresh_token: String) -> Result<Pair, Error> {
        let access_token = self.inner.keys.sign(account_id, role, session_id, clock::now())?;
        Ok(Pair { access_token, expires_in: ACCESS_LIFE, refresh_token })
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
    let job = NewJob {
        kind: LETTER_JOB,
        payload: letter.payload()?,
        dedup_key: format!("letter:registration:{}", row.id),
        run_at: now,
    };
    store::write_registration(tx, row).await?;
    Ok(enqueue(tx, job).await?)
}

async fn renew(
    tx: &DatabaseTransaction,
    shown: String,
    next_hash: String,
    now: DateTime<Utc>,
) -> Result<Renewal, Error> {
    let token = match store::use_token(tx, &shown, now).await? {
        Shown::Fresh(token) => token,
        Shown::Used(token) => {
            store::revoke(tx, token.session_id, now).await?;
            return Ok(Renewal::Reused { session_id: token.session_id });
        }
        Shown::Unknown => return Ok(Renewal::Refused),
    };
    let session = store::session(tx, token.session_id).await?.filter(|session| session.revoked_at.is_none());
    let Some(session) = session.filter(|_| token.expires_at.to_utc() > now) else { return Ok(Renewal::Refused) };
    let Some(account) = store::account(tx, session.account_id).await? else { return Ok(Renewal::Refused) };
    store::write_token(tx, next_hash, session.id, now + REFRESH_LIFE).await?;
    Ok(Renewal::Granted { account_id: account.id, role: Role::stored(&account.role)?, session_id: session.id })
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

fn as_account(row: account::Model) -> Result<Account, Error> {
    Ok(Account {
        id: row.id,
        role: Role::stored(&row.role)?,
        language: Language::stored(&row.language),
        email: row.email,
        names: Names { first: row.first_name, last: row.last_name },
        birth_date: row.birth_date,
    })
}

/// A new refresh token and what is stored of it.
fn draw_token() -> Result<(String, String), Error> {
    let mut bits = [0; 32];
    rand::fill(&mut bits).map_err(|_unspecified| Error::Fault("the random source"))?;
    let token = URL_SAFE_NO_PAD.encode(bits);
    let hash = token_hash(&token);
    Ok((token, hash))
}

fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(token))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
