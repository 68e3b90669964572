//! Sessions: a log-in, and the pairs of tokens that continue it.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::account::Role;
use super::desk::Desk;
use super::error::Error;
use super::origin::Origin;
use super::password::Checked;
use super::refresh::{SESSION_LIFE, draw_token, token_ends};
use super::store::{self, AccountRow};
use super::token::ACCESS_LIFE;
use super::turns::Place;
use crate::clock;
use crate::ids;

/// Most sessions that one question to the database names.
const MOST_AT_ONCE: usize = 500;

/// What a log-in or a refresh answers.
#[derive(Clone)]
pub struct Pair {
    /// The signed token that requests carry.
    pub access_token: String,
    /// How long it counts.
    pub expires_in: Duration,
    /// 256 random bits that count once, for the next pair, within 30 days of now and 90 days of the log-in.
    pub refresh_token: String,
}

/// A log-in that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: Uuid,
    /// When somebody logged in.
    pub opened_at: DateTime<Utc>,
    /// Until when its newest refresh token counts: 30 days after the session was last continued, and 90 days after the
    /// log-in at the latest.
    pub ends_at: DateTime<Utc>,
}

impl Desk {
    /// Opens a session. Takes as long for an unknown address as for a wrong password.
    ///
    /// # Errors
    /// `WrongPassword`; `Throttled` and `Besieged` after too many failures, as `limits` says; `Busy`.
    pub async fn log_in(&self, email: &str, password: SecretString, from: Option<IpAddr>) -> Result<Pair, Error> {
        let email = email.trim().to_ascii_lowercase();
        let origin = Origin::of(from);
        let (found, is_known) = self.look_up(email.clone(), origin.network()).await?;
        let end = self.try_password(&email, password, origin, (found, is_known)).await;
        self.note_log_in(&email, origin, is_known, &end);
        end
    }

    async fn try_password(
        &self,
        email: &str,
        password: SecretString,
        origin: Origin,
        (found, is_known): (Option<AccountRow>, bool),
    ) -> Result<Pair, Error> {
        let attempt = self.admit(email, origin, is_known).await?;
        let network = origin.network();
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let widest = origin.widest();
        let place = if is_known { Place::known(&widest) } else { Place::unknown(&widest) };
        let checked = self.inner.hasher.check(place, password, hash).await;
        match (found, checked) {
            (Some(account), Ok(Checked { right: true, anew })) => {
                attempt.succeeded(self);
                self.open_session(account, anew, &network).await
            }
            (_, Ok(_)) => Err(Error::WrongPassword),
            (_, Err(error)) => {
                attempt.did_not_count(self);
                Err(error)
            }
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

    /// The sessions of an account that go on, the newest first, at most 100.
    ///
    /// # Errors
    /// The database's.
    pub async fn sessions(&self, account_id: Uuid) -> Result<Vec<Session>, Error> {
        let now = clock::now();
        let find = self.inner.io.read(move |db| {
            Box::pin(
                async move { Ok::<_, Error>(store::open_sessions(db, account_id, now - SESSION_LIFE, now).await?) },
            )
        });
        let found = find.await?.into_iter();
        let found = found.map(|(row, ends_at)| Session { id: row.id, opened_at: row.created_at.to_utc(), ends_at });
        Ok(found.collect())
    }

    /// Ends one session of an account, as `log_out` does; `false` when the account has no such session. Twice changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, account_id: Uuid, session_id: Uuid) -> Result<bool, Error> {
        let row = self.inner.io.read(move |db| Box::pin(store::session(db, session_id))).await?;
        let is_theirs = row.is_some_and(|row| row.account_id == account_id);
        if is_theirs {
            self.log_out(session_id).await?;
        }
        Ok(is_theirs)
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
                Ok::<_, Error>(store::write_token(tx, (hash, None), session_id, token_ends(now, now)).await?)
            })
        });
        written.await?;
        self.pair(account_id, Role::stored(&account.role)?, session_id, token)
    }

    pub(super) fn pair(
        &self,
        account_id: Uuid,
        role: Role,
        session_id: Uuid,
        refresh_token: String,
    ) -> Result<Pair, Error> {
        let access_token = self.keys().sign(account_id, role, session_id, clock::now())?;
        Ok(Pair { access_token, expires_in: ACCESS_LIFE, refresh_token })
    }
}
