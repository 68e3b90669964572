//! The one handle to accounts and sessions.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::account::{Account, Names, Role, clean_email, clean_names};
use super::error::Error;
use super::events::LogIns;
use super::keyring::{self, NewKey, Rotation};
use super::password::{Hasher, Memory};
use super::revoked_sessions::{self, RevokedSessions};
use super::store::{self, Old};
use super::throttle::Counts;
use super::token::{Claims, Keys};
use super::weak::check_password;
use super::webauthn::RelyingParty;
use crate::actors::fleet::{Broadcast, Fence, FleetEvent, Listener, Runs};
use crate::clock::{self, Deadline};
use crate::ids;
use crate::io::Io;
use crate::language::Language;
use crate::redis::Redis;
use crate::typed::Billing;

/// How often a replica reads which keys are believed and which sessions ended, also when nobody
/// tells it to: without Redis an access token of a session that ended on another replica counts for
/// this much longer.
pub const LEARN_EVERY: Duration = Duration::from_secs(5);

/// Whoever is told to read waits so long before it listens again: what is told meanwhile is one
/// reading.
const TOGETHER: Duration = Duration::from_millis(100);

/// Tokens of unknown keys make a replica read the keys at once, but not more often than this.
const LEARN_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The way to accounts and sessions; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) io: Io,
    /// From it the codes in e-mails follow, and what seals the signing keys.
    pub(super) secret: SecretSlice<u8>,
    keys: RwLock<Arc<Keys>>,
    learned: Mutex<Instant>,
    pub(super) ended: RevokedSessions,
    pub(super) hasher: Hasher,
    pub(super) counts: Counts,
    pub(super) redis: Redis,
    pub(super) log_ins: LogIns,
    pub(super) settings: Settings,
}

/// What can be set of accounts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the shop is called: nobody may have it as a password, and apps show it beside their
    /// codes.
    pub shop: String,
    /// Whether an admin needs a second factor.
    pub second_factor: SecondFactor,
    /// Most open sessions of an account; the one unused for longest ends when one more begins.
    pub most_sessions: u32,
    /// Whom security keys answer; `None` where browsers speak to none.
    pub relying_party: Option<RelyingParty>,
}

/// Whether an admin needs a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// Without one an admin may set one up and nothing else.
    #[default]
    Required,
    /// Whoever has one is asked for it.
    Optional,
}

impl Desk {
    /// A desk over the database, with the secret that codes follow from; all replicas need the
    /// same, and share limits by Redis. The first one draws the first signing key.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(
        io: Io,
        redis: Redis,
        secret: SecretSlice<u8>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let keys = keyring::load(&io, secret.expose_secret(), clock::now()).await?;
        let inner = Inner {
            io,
            secret,
            keys: RwLock::new(Arc::new(keys)),
            learned: Mutex::new(clock::instant()),
            ended: RevokedSessions::default(),
            hasher: Hasher::start()?,
            counts: Counts::default(),
            redis,
            log_ins: LogIns::default(),
            settings,
        };
        let desk = Self { inner: Arc::new(inner) };
        desk.learn().await?;
        desk.recall_counts().await?;
        Ok(desk)
    }

    /// Checks an access token without asking anybody.
    ///
    /// # Errors
    /// `WrongToken`, also once its session has ended; `UnknownKey`: ask `verify_anew`.
    pub fn verify(&self, access_token: &str) -> Result<Claims, Error> {
        let claims = self.keys().verify(access_token, clock::now())?;
        if self.inner.ended.contains(claims.sid) { Err(Error::WrongToken) } else { Ok(claims) }
    }

    /// Checks an access token whose key was not known: reads the keys first, at most once a second.
    ///
    /// # Errors
    /// `WrongToken`, or the database's.
    pub async fn verify_anew(&self, access_token: &str) -> Result<Claims, Error> {
        if self.may_learn() {
            self.learn().await?;
        }
        match self.verify(access_token) {
            Err(Error::UnknownKey) => Err(Error::WrongToken),
            verified => verified,
        }
    }

    /// Reads which keys are believed and which sessions ended lately. Any number of times changes
    /// nothing.
    ///
    /// # Errors
    /// The database's: what was known goes on.
    pub async fn learn(&self) -> Result<(), Error> {
        let now = clock::now();
        let keys = keyring::load(&self.inner.io, self.inner.secret.expose_secret(), now).await?;
        *self.inner.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        let since = now - revoked_sessions::REMEMBERED;
        let ended = self.inner.io.read(move |db| {
            Box::pin(async move { Ok::<_, Error>(store::ended_since(db, since).await?) })
        });
        self.inner.ended.add(ended.await?, now);
        Ok(())
    }

    /// Learns for ever: at once when another replica says that sessions ended, and every few
    /// seconds.
    pub async fn keep_learning(&self, runs: &Runs) {
        let mut news = self.listen();
        loop {
            _ = until_told_of_sessions(&mut news, LEARN_EVERY).await;
            if let Err(error) = runs.watch(self.learn()).await {
                tracing::warn!(%error, "signing keys and ended sessions could not be read");
            }
        }
    }

    /// What other replicas say.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Broadcast::new(self.inner.redis.clone()).listen()
    }

    pub(super) fn have_others_learn(&self) {
        Broadcast::new(self.inner.redis.clone()).publish(&FleetEvent::Sessions);
    }

    /// Draws the next signing key; known here at once, everywhere within seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_keys(&self, rotation: Rotation) -> Result<NewKey, Error> {
        let secret = self.inner.secret.expose_secret();
        let new = keyring::rotate(&self.inner.io, secret, rotation, clock::now()).await?;
        self.learn().await?;
        self.have_others_learn();
        Ok(new)
    }

    /// Forgets registrations, requests for a password, refresh tokens and keys that are too old to
    /// count, sessions that have no token left, and networks not seen for half a year. Meant for
    /// once a day; twice changes nothing.
    ///
    /// # Errors
    /// The database's; also when another replica does this now.
    pub async fn forget_old(&self, fence: Fence) -> Result<(), Error> {
        let now = clock::now();
        // each on its own: what takes too long must not keep the rest
        let mut failed = None;
        for old in Old::ALL {
            let fence = fence.clone();
            let forget = self.inner.io.write(move |tx| {
                Box::pin(async move {
                    fence.check(tx).await?;
                    Ok::<_, Error>(old.forget(tx, now).await?)
                })
            });
            failed = forget.await.err().or(failed);
        }
        failed.map_or(Ok(()), Err)
    }

    /// The public keys that verify access tokens, the current one first.
    #[must_use]
    pub fn published_keys(&self) -> JwkSet {
        self.keys().published().clone()
    }

    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.inner.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn may_learn(&self) -> bool {
        let mut learned = self.inner.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let may = clock::since(*learned) >= LEARN_AT_MOST_EVERY;
        if may {
            *learned = clock::instant();
        }
        may
    }
}

/// Opens an account without an e-mail, for the command line and the demo.
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
    as_account(new_account(io, email, password, names, role).await?)
}

/// The same, and its whole row.
pub(super) async fn new_account(
    io: &Io,
    email: &str,
    password: SecretString,
    names: Names,
    role: Role,
) -> Result<store::AccountRow, Error> {
    let email = clean_email(email)?;
    let names = clean_names(&names)?;
    check_password(&password, &email, "")?;
    let hashing = tokio::task::spawn_blocking(move || Memory::new().hash(&password));
    let row = store::AccountRow {
        id: ids::new_id(),
        email,
        password_hash: hashing.await.map_err(|_panicked| Error::Fault("password hashing"))??,
        first_name: names.first,
        last_name: names.last,
        birth_date: None,
        language: Language::default().as_str().to_owned(),
        role: role.as_str().to_owned(),
        created_at: clock::now().into(),
        disabled_at: None,
        billing: None,
        erased_at: None,
    };
    let written = row.clone();
    let opened =
        io.write(move |tx| Box::pin(async move { store::open_account(tx, written).await })).await?;
    if opened { Ok(row) } else { Err(Error::Taken) }
}

pub(super) fn as_account(row: store::AccountRow) -> Result<Account, Error> {
    Ok(Account {
        id: row.id,
        role: Role::stored(&row.role)?,
        billing: row.billing.as_deref().map(billing_of).transpose()?,
        language: Language::stored(&row.language),
        email: row.email,
        names: Names { first: row.first_name, last: row.last_name },
        birth_date: row.birth_date,
    })
}

fn billing_of(text: &str) -> Result<Billing, Error> {
    serde_json::from_str(text).map_err(|_unreadable| Error::Fault("a stored address"))
}

pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Waits until another replica says that sessions ended, for `patience` at most; at most ten times
/// a second. Answers whether one said so.
pub async fn until_told_of_sessions(news: &mut Listener, patience: Duration) -> bool {
    let told = async { while news.next().await != FleetEvent::Sessions {} };
    let is_told = clock::timeout_at(Deadline::after(patience), told).await.is_ok();
    if is_told {
        clock::sleep(TOGETHER).await;
    }
    is_told
}
