//! Sessions: a log-in, and the pairs of tokens that continue it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::Role;
use super::desk::Desk;
use super::error::Error;
use super::refresh::SESSION_LIFE;
use super::store;
use super::token::{ACCESS_LIFE, Bearer};
use crate::clock;

/// Most sessions that one question to the database names.
const MOST_AT_ONCE: usize = 500;

/// What a log-in or a refresh answers.
#[derive(Clone)]
pub struct Pair {
    /// The signed token that requests carry.
    pub access_token: String,
    /// How long it counts.
    pub expires_in: Duration,
    /// 256 random bits that count once, for the next pair, within 30 days of now and 90 days of the
    /// log-in.
    pub refresh_token: String,
    /// Whose it is.
    pub account_id: Uuid,
    /// What the account may do.
    pub role: Role,
    /// The session.
    pub session_id: Uuid,
}

/// A log-in that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: Uuid,
    /// When somebody logged in.
    pub opened_at: DateTime<Utc>,
    /// When it was last continued.
    pub used_at: DateTime<Utc>,
    /// From where that was: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one.
    pub network: Option<String>,
    /// Until when its newest refresh token counts: 30 days after the session was last continued,
    /// and 90 days after the log-in at the latest.
    pub ends_at: DateTime<Utc>,
}

impl Desk {
    /// Ends a session; twice changes nothing. Its access token does not count any more: here at
    /// once, at other replicas within seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out(&self, session_id: Uuid) -> Result<(), Error> {
        let now = clock::now();
        let end = self.inner.io.write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(store::revoke(tx, session_id, now).await?) })
        });
        end.await?;
        self.note_ended(vec![session_id], now);
        Ok(())
    }

    /// Ends every session of an account, as `log_out` ends one.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out_everywhere(&self, account_id: Uuid) -> Result<(), Error> {
        let now = clock::now();
        let ended = self.inner.io.write(move |tx| {
            Box::pin(
                async move { Ok::<_, Error>(store::revoke_all(tx, account_id, None, now).await?) },
            )
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
            Box::pin(async move {
                Ok::<_, Error>(store::open_sessions(db, account_id, now - SESSION_LIFE, now).await?)
            })
        });
        let found = find.await?.into_iter();
        let found = found.map(|(row, ends_at)| Session {
            id: row.id,
            opened_at: row.created_at.to_utc(),
            used_at: row.used_at.unwrap_or(row.created_at).to_utc(),
            network: row.network,
            ends_at,
        });
        Ok(found.collect())
    }

    /// Ends one session of an account, as `log_out` does; `false` when the account has no such
    /// session. Twice changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, account_id: Uuid, session_id: Uuid) -> Result<bool, Error> {
        let is_theirs = self.has_session(account_id, session_id).await?;
        if is_theirs {
            self.log_out(session_id).await?;
        }
        Ok(is_theirs)
    }

    /// Whether it is a session of this account, ended or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_session(&self, account_id: Uuid, session_id: Uuid) -> Result<bool, Error> {
        let row = self.inner.io.read(move |db| Box::pin(store::session(db, session_id))).await?;
        Ok(row.is_some_and(|row| row.account_id == account_id))
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

    /// Believes no access token of these sessions any more, and has the other replicas read of it.
    pub(super) fn note_ended(&self, sessions: Vec<Uuid>, now: DateTime<Utc>) {
        if !sessions.is_empty() {
            self.inner.ended.add(sessions.into_iter().map(|session| (session, now)), now);
            self.have_others_learn();
        }
    }

    pub(super) fn pair(&self, bearer: Bearer, refresh_token: String) -> Result<Pair, Error> {
        Ok(Pair {
            access_token: self.keys().sign(bearer, clock::now())?,
            expires_in: ACCESS_LIFE,
            refresh_token,
            account_id: bearer.account,
            role: bearer.role,
            session_id: bearer.session,
        })
    }
}
