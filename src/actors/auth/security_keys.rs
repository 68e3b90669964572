//! Security keys: a second factor that answers nobody but this shop's own pages, so that its owner
//! cannot be tricked into showing it to another page.
//!
//! They stand beside a second factor that counts, whose recovery codes let in when a key is lost.
//! As long as an account has a key, the six digits of its app do not count: whoever tricks its
//! owner into typing them has nothing. What a key is asked is kept for five minutes and used up by
//! the first right answer, at whichever replica. A key answers to the name of the shop for which it
//! was added: under another one it does not count, and the digits do.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use uuid::Uuid;

use super::desk::Desk;
use super::error::{Error, SecurityKeyError};
use super::second_factor::admin_in;
use super::shown_factor::Use;
use super::store::{self, ChallengeRow, SecurityKeyRow};
use super::webauthn::{Assertion, Attestation, Ceremony, Kept, RelyingParty};
use crate::clock;
use crate::language::both;
use crate::typed;

/// How long a key may take to answer.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// Most questions of an account that wait for their answer; the oldest give way.
const MOST_ASKED: u64 = 200;
/// Most keys of an account.
const MOST_KEYS: usize = 10;

/// An account, in one of its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InSession {
    /// The account.
    pub account_id: Uuid,
    /// The session.
    pub session_id: Uuid,
}

/// A security key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityKey {
    /// The unguessable id.
    pub id: Uuid,
    /// What its owner calls it.
    pub nickname: String,
    /// Since when it counts.
    pub added_at: DateTime<Utc>,
    /// When it was shown last.
    pub used_at: Option<DateTime<Utc>>,
}

/// A key that is to be added.
pub struct NewSecurityKey {
    /// The id that it is to have.
    pub id: Uuid,
    /// What its owner calls it.
    pub nickname: String,
    /// What the browser answered for it.
    pub credential: Value,
}

impl Desk {
    /// The security keys of an account, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn security_keys(&self, account_id: Uuid) -> Result<Vec<SecurityKey>, Error> {
        let rows = self.security_key_rows(account_id).await?;
        Ok(rows.into_iter().map(SecurityKey::from).collect())
    }

    /// What a browser has to ask a new key of the bearer's account. Each time is another question.
    ///
    /// # Errors
    /// `NoSecondFactor`: one that counts has to be there first; `SecurityKeyError::NotOffered` and
    /// `TooMany`; `SessionOver`.
    pub async fn ask_for_new_key(&self, bearer: InSession) -> Result<Value, Error> {
        let party = self.relying_party()?.clone();
        let InSession { account_id, session_id } = bearer;
        let now = clock::now();
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let (account, _) = admin_in(tx, account_id, session_id).await?;
                let known = room_for_one(tx, account_id, party.domain()).await?;
                let known: Vec<_> = known.into_iter().map(kept).collect::<Result<_, _>>()?;
                let question = party.ask_for_new(account_id, &account.email, &known)?;
                keep(tx, question, (account_id, Some(session_id)), now).await
            })
        });
        written.await
    }

    /// Lets a new key count from now on, with what the browser answered for it. Every other session
    /// of the account ends: in one of them the digits may have been shown that count no more. They
    /// are answered too.
    ///
    /// # Errors
    /// `Invalid`: its nickname, or what no browser answers; `SecurityKeyError::Wrong`: no answer to
    /// what was asked in this session within five minutes; `SecurityKeyError::There` and `TooMany`;
    /// `NoSecondFactor`; `SessionOver`.
    pub async fn add_security_key(
        &self,
        bearer: InSession,
        new: NewSecurityKey,
    ) -> Result<(SecurityKey, Vec<Uuid>), Error> {
        let NewSecurityKey { id, nickname, credential } = new;
        let party = self.relying_party()?;
        let domain = party.domain().to_owned();
        let nickname = typed::nickname(&nickname).map_err(Error::Invalid)?;
        let answer = Attestation::read(&credential).ok_or_else(no_answer)?;
        let InSession { account_id, session_id } = bearer;
        let now = clock::now();
        let asked = answer.challenge().ok_or_else(no_answer)?;
        let state = self
            .asked(asked, (account_id, Some(session_id)), now)
            .await?
            .ok_or(SecurityKeyError::Wrong)?;
        let new = party.accept_new(&answer, &state)?.ok_or(SecurityKeyError::Wrong)?;
        let row = SecurityKeyRow {
            id,
            account_id,
            nickname,
            domain,
            credential_id: new.credential_id,
            transports: new.transports.into(),
            public_key: new.public_key,
            state: new.state,
            created_at: now.into(),
            used_at: None,
        };
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                admin_in(tx, account_id, session_id).await?;
                let since = confirmed_at(tx, account_id).await?;
                room_for_one(tx, account_id, &row.domain).await?;
                // clocks of two replicas differ, and no key counts that is older than its factor
                let row = SecurityKeyRow { created_at: row.created_at.max(since), ..row };
                if !store::use_challenge(tx, asked).await? {
                    return Err(Error::from(SecurityKeyError::Wrong));
                }
                let key = SecurityKey::from(row.clone());
                if !store::write_security_key(tx, row).await? {
                    return Err(SecurityKeyError::There.into());
                }
                Ok((key, store::revoke_all(tx, account_id, Some(session_id), now).await?))
            })
        });
        let (key, ended) = written.await?;
        self.note_ended(ended.clone(), now);
        Ok((key, ended))
    }

    /// Takes one key away; with the last one the digits of the app count again. `false`: the
    /// account has no such key.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_security_key(&self, account_id: Uuid, id: Uuid) -> Result<bool, Error> {
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(store::remove_security_key(tx, account_id, id).await?)
            })
        });
        written.await
    }

    /// What a browser has to ask one of the bearer's keys, for what needs the second factor again.
    ///
    /// # Errors
    /// `SecurityKeyError::Missing`; `SecurityKeyError::NotOffered`.
    pub async fn ask_for_key(&self, bearer: InSession) -> Result<Value, Error> {
        self.relying_party()?;
        let asked = self.question(bearer.account_id, Some(bearer.session_id), clock::now()).await?;
        asked.ok_or(SecurityKeyError::Missing.into())
    }

    /// What one of an account's keys is asked, in a session or in a log-in; `None` for an account
    /// that has none, or where none are offered any more.
    pub(super) async fn question(
        &self,
        account_id: Uuid,
        session_id: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<Option<Value>, Error> {
        let Some(party) = &self.inner.settings.relying_party else { return Ok(None) };
        let rows = self.security_key_rows(account_id).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let keys: Vec<_> = rows.into_iter().map(kept).collect::<Result<_, _>>()?;
        let question = party.ask_for_one(&keys)?;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move { keep(tx, question, (account_id, session_id), now).await })
        });
        written.await.map(Some)
    }

    /// What is used up by the answer of one of an account's keys, if it counts.
    pub(super) async fn recognise_key(
        &self,
        account_id: Uuid,
        session_id: Option<Uuid>,
        (answer, now): (&Assertion, DateTime<Utc>),
    ) -> Result<Use, Error> {
        let wrong = || Error::WrongSecondFactor(account_id);
        let party = self.relying_party()?;
        let challenge = answer.challenge().ok_or_else(wrong)?;
        let state =
            self.asked(challenge, (account_id, session_id), now).await?.ok_or_else(wrong)?;
        let shown = answer.credential_id();
        let rows = self.security_key_rows(account_id).await?;
        let row = rows.into_iter().find(|row| row.credential_id == shown).ok_or_else(wrong)?;
        let key = row.id;
        let known = kept(row)?;
        let after = party.accept_shown(account_id, &known, (answer, &state))?.ok_or_else(wrong)?;
        Ok(Use::Key { challenge, key, before: known.state, after })
    }

    /// Whether the digits of an account's app do not count, because it has a key that is asked
    /// instead.
    pub(super) async fn asks_for_key(&self, account_id: Uuid) -> Result<bool, Error> {
        Ok(!self.security_key_rows(account_id).await?.is_empty())
    }

    fn relying_party(&self) -> Result<&RelyingParty, Error> {
        self.inner.settings.relying_party.as_ref().ok_or(SecurityKeyError::NotOffered.into())
    }

    async fn security_key_rows(&self, account_id: Uuid) -> Result<Vec<SecurityKeyRow>, Error> {
        let Some(party) = self.inner.settings.relying_party.clone() else { return Ok(Vec::new()) };
        let read = self.inner.io.read(move |db| {
            Box::pin(async move {
                Ok::<_, Error>(store::security_keys(db, account_id, party.domain()).await?)
            })
        });
        read.await
    }

    /// What was asked of this account in this session, or in a log-in, if there is time left to
    /// answer.
    async fn asked(
        &self,
        challenge: Uuid,
        (account_id, session_id): (Uuid, Option<Uuid>),
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let read = self.inner.io.read(move |db| {
            Box::pin(async move { Ok::<_, Error>(store::challenge(db, challenge).await?) })
        });
        let is_of_this =
            |row: &ChallengeRow| row.account_id == account_id && row.session_id == session_id;
        Ok(read.await?.filter(|row| is_of_this(row) && row.expires_at > now).map(|row| row.state))
    }
}

/// The keys of an account whose second factor counts and that may have one more.
async fn room_for_one(
    tx: &DatabaseTransaction,
    account_id: Uuid,
    domain: &str,
) -> Result<Vec<SecurityKeyRow>, Error> {
    confirmed_at(tx, account_id).await?;
    let keys = store::security_keys(tx, account_id, domain).await?;
    if keys.len() >= MOST_KEYS { Err(SecurityKeyError::TooMany.into()) } else { Ok(keys) }
}

/// Since when the second factor of an account counts.
async fn confirmed_at(
    tx: &DatabaseTransaction,
    account_id: Uuid,
) -> Result<DateTime<FixedOffset>, Error> {
    store::factor(tx, account_id)
        .await?
        .and_then(|row| row.confirmed_at)
        .ok_or(Error::NoSecondFactor)
}

async fn keep(
    tx: &DatabaseTransaction,
    question: Ceremony,
    (account_id, session_id): (Uuid, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<Value, Error> {
    let Ceremony { id, options, state } = question;
    let row = ChallengeRow {
        id,
        account_id,
        session_id,
        state,
        expires_at: (now + ANSWERED_WITHIN).into(),
    };
    store::write_challenge(tx, row).await?;
    store::forget_challenges_of(tx, account_id, (now, MOST_ASKED)).await?;
    Ok(options)
}

fn kept(row: SecurityKeyRow) -> Result<Kept, Error> {
    let SecurityKeyRow { credential_id, public_key, state, transports, .. } = row;
    let transports =
        u8::try_from(transports).map_err(|_error| Error::Fault("a key's transports"))?;
    Ok(Kept { credential_id, transports, public_key, state })
}

/// What came is nothing that a browser answers for a key.
pub(super) fn no_answer() -> Error {
    Error::Invalid(both(
        "`credential` must be what `toJSON()` of the browser's `PublicKeyCredential` answers.",
        "`credential` muss sein, was `toJSON()` der `PublicKeyCredential` des Browsers antwortet.",
    ))
}

impl From<SecurityKeyRow> for SecurityKey {
    fn from(row: SecurityKeyRow) -> Self {
        Self {
            id: row.id,
            nickname: row.nickname,
            added_at: row.created_at.to_utc(),
            used_at: row.used_at.map(|at| at.to_utc()),
        }
    }
}
