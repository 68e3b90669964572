//! Sessions: a log-in, and the pairs of tokens that continue it.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use uuid::Uuid;

use super::account::Role;
use super::desk::{Desk, digest};
use super::error::Error;
use super::origin::Origin;
use super::password::Checked;
use super::store::{self, AccountRow, Shown};
use super::token::ACCESS_LIFE;
use super::turns::Place;
use crate::clock;
use crate::ids;

/// How long a refresh token counts.
const REFRESH_LIFE: TimeDelta = TimeDelta::days(30);

/// Most sessions that one question to the database names.
const MOST_AT_ONCE: usize = 500;

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
    /// Opens a session. Takes as long for an unknown address as for a wrong password.
    ///
    /// # Errors
    /// `WrongPassword`; `Throttled` after too many failures, as `throttle` says; `Busy`.
    pub async fn log_in(&self, email: &str, password: SecretString, from: Option<IpAddr>) -> Result<Pair, Error> {
        let email = email.trim().to_ascii_lowercase();
        let origin = Origin::of(from);
        let network = origin.network();
        let (found, is_known) = self.look_up(email.clone(), network.clone()).await?;
        let attempt = self.admit(&email, &network, is_known).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let place = if is_known { Place::known(&network) } else { Place::stranger(&origin.widest()) };
        let checked = self.inner.hasher.check(place, password, hash).await;
        match (found, checked) {
            (Some(account), Ok(Checked { right: true, anew })) => {
                attempt.succeeded(self).await;
                self.open_session(account, anew, &network).await
            }
            (_, Ok(_)) => Err(Error::WrongPassword),
            (_, Err(error)) => {
                attempt.did_not_count(self).await;
                Err(error)
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
                self.inner.ended.add([(session_id, now)], now);
                tracing::warn!(session.id = %session_id, "a refresh token was used twice, its session is over");
                Err(Error::SessionOver)
            }
            Renewal::Refused => Err(Error::SessionOver),
        }
    }

    /// Ends a session; twice changes nothing. Its access token does not count any more: here at once, at other replicas
    /// within seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out(&self, session_id: Uuid) -> Result<(), Error> {
        let now = clock::now();
        let end = self
            .inner
            .io
            .write(move |tx| Box::pin(async move { Ok::<_, Error>(store::revoke(tx, session_id, now).await?) }));
        end.await?;
        self.inner.ended.add([(session_id, now)], now);
        Ok(())
    }

    /// Ends every session of an account, as `log_out` ends one.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out_everywhere(&self, account_id: Uuid) -> Result<(), Error> {
        let now = clock::now();
        let ended = self.inner.io.write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(store::revoke_all(tx, account_id, None, now).await?) })
        });
        self.note_ended(ended.await?, now);
        Ok(())
    }

    /// Those of these sessions that are over.
    ///
    /// # Errors
    /// The database's.
    pub async fn ended(&self, sessions: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
        let find = self.inner.io.read(move |db| {
            Box::pin(async move {
                let mut ended = Vec::new();
                for some in sessions.chunks(MOST_AT_ONCE) {
                    let open = store::open_of(db, some).await?;
                    ended.extend(some.iter().filter(|session| !open.contains(session)));
                }
                Ok::<_, Error>(ended)
            })
        });
        find.await
    }

    pub(super) fn note_ended(&self, sessions: Vec<Uuid>, now: DateTime<Utc>) {
        self.inner.ended.add(sessions.into_iter().map(|session| (session, now)), now);
    }

    /// The account of an address, and whether it was logged in from this network before. An address without an account
    /// costs the same looks.
    pub(super) async fn look_up(&self, email: String, network: String) -> Result<(Option<AccountRow>, bool), Error> {
        let desk = self.clone();
        let look = self.inner.io.read(move |db| {
            Box::pin(async move {
                let found = store::account_of(db, &email).await?;
                let id = found.as_ref().map(|account| account.id).unwrap_or_default();
                let is_known = store::knows_network(db, id, desk.network_hash(id, &network)).await?;
                Ok::<_, Error>((found, is_known))
            })
        });
        look.await
    }

    async fn open_session(&self, account: AccountRow, anew: Option<String>, network: &str) -> Result<Pair, Error> {
        let (session_id, account_id, now) = (ids::new_id(), account.id, clock::now());
        let (token, hash) = draw_token()?;
        let network = self.network_hash(account_id, network);
        let checked = account.password_hash;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                // a password that was changed while the old one was being checked opens nothing
                if store::password_now(tx, account_id).await?.is_none_or(|now| now != checked) {
                    return Err(Error::WrongPassword);
                }
                if let Some(hash) = anew {
                    store::set_password(tx, account_id, hash).await?;
                }
                store::open_session(tx, session_id, account_id, now).await?;
                store::know_network(tx, account_id, network, now).await?;
                Ok::<_, Error>(store::write_token(tx, hash, session_id, now + REFRESH_LIFE).await?)
            })
        });
        written.await?;
        self.pair(account_id, Role::stored(&account.role)?, session_id, token)
    }

    fn pair(&self, account_id: Uuid, role: Role, session_id: Uuid, refresh_token: String) -> Result<Pair, Error> {
        let access_token = self.keys().sign(account_id, role, session_id, clock::now())?;
        Ok(Pair { access_token, expires_in: ACCESS_LIFE, refresh_token })
    }
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
