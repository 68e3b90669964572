//! How a session goes on: each refresh token counts once, and the pair that follows from it has the
//! next.
//!
//! A token that is used again is a thief's or its owner's, and ends the session. Two tabs that ask
//! at once, and whoever lost an answer, use one again as well: for half a minute, from the same
//! network, while nothing that follows from it was used, the token that was just replaced is
//! answered to with one more pair. A thief who is as quick and as near is not told from a second
//! tab.

use std::net::IpAddr;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DatabaseTransaction;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::account::Role;
use super::code::keyed_hash;
use super::desk::{Desk, digest};
use super::error::Error;
use super::limits::{REFRESHES, SESSION_REFRESHES};
use super::origin::Origin;
use super::sessions::Pair;
use super::store::{self, Shown, TokenRow};
use super::throttle::key;
use super::token::Bearer;
use crate::clock;

/// How long a refresh token counts.
pub(super) const REFRESH_LIFE: TimeDelta = TimeDelta::days(30);

/// How long a session goes on without another log-in.
pub(super) const SESSION_LIFE: TimeDelta = TimeDelta::days(90);

/// How long the token that was just replaced is answered to.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// Pairs that one token is answered with in its grace.
const MOST_PAIRS: u64 = 10;

/// What a transaction found about a refresh token.
enum Renewal {
    Granted(Bearer),
    Reused { session_id: Uuid },
    Refused,
}

/// A token that is shown, and what follows from it.
struct Shows {
    hash: String,
    /// Says whether two came from one network, and not from which.
    from: String,
    /// From where the session is used now, as its owner is shown it.
    network: String,
    next_hash: String,
}

impl Desk {
    /// Gives a new pair for a refresh token, which counts once; in the half minute after its use
    /// once more, as said above. Any other second use ends the whole session. What counts is never
    /// refused for what unknown callers of the network tried.
    ///
    /// # Errors
    /// `SessionOver`; `Throttled`: too many were refused to this network, or this session was
    /// refreshed too often.
    pub async fn refresh(&self, refresh_token: &str, from: Option<IpAddr>) -> Result<Pair, Error> {
        let origin = Origin::of(from);
        let hash = token_hash(refresh_token);
        let looked_up = hash.clone();
        // nonsense, and what is over, is refused without a turn at writing, of which there may be
        // only one
        let now = clock::now();
        let open = self.inner.io.read(move |db| {
            Box::pin(async move { Ok::<_, Error>(store::session_of(db, &looked_up, now).await?) })
        });
        let Some(session_id) = open.await? else {
            return Err(self.refused(REFRESHES, origin, Error::SessionOver).await);
        };
        let asked = (SESSION_REFRESHES, key(&[&session_id.to_string()]));
        self.count(&[asked]).await.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let from = keyed_hash(
            self.inner.secret.expose_secret(),
            &["refreshed from", &hash, &origin.network()],
        );
        let (next, next_hash) = draw_token()?;
        let shows = Shows { hash, from, network: origin.masked(), next_hash };
        let renewal = self.inner.io.write(move |tx| Box::pin(renew(tx, shows, now))).await?;
        match renewal {
            Renewal::Granted(bearer) => self.pair(bearer, next),
            Renewal::Reused { session_id } => {
                self.note_ended(vec![session_id], now);
                tracing::warn!(session.id = %session_id, "a refresh token was used twice, its session is over");
                Err(self.refused(REFRESHES, origin, Error::SessionOver).await)
            }
            Renewal::Refused => Err(self.refused(REFRESHES, origin, Error::SessionOver).await),
        }
    }
}

async fn renew(
    tx: &DatabaseTransaction,
    shows: Shows,
    now: DateTime<Utc>,
) -> Result<Renewal, Error> {
    let token = match store::use_token(tx, &shows.hash, &shows.from, now).await? {
        Shown::Fresh(token) => token,
        Shown::Used(token) if has_grace(tx, &token, &shows.from, now).await? => token,
        Shown::Used(token) => {
            store::revoke(tx, token.session_id, now).await?;
            return Ok(Renewal::Reused { session_id: token.session_id });
        }
        Shown::Unknown => return Ok(Renewal::Refused),
    };
    let session =
        store::session(tx, token.session_id).await?.filter(|session| session.revoked_at.is_none());
    let Some(session) = session.filter(|_| token.expires_at.to_utc() > now) else {
        return Ok(Renewal::Refused);
    };
    let ends = token_ends(session.created_at.to_utc(), now);
    let account = store::account(tx, session.account_id).await?;
    let account = account.filter(|account| ends > now && account.disabled_at.is_none());
    let Some(account) = account else { return Ok(Renewal::Refused) };
    // the session first, as whoever ends it does: so neither waits for the other for ever
    store::note_use(tx, session.id, shows.network, now).await?;
    store::write_token(tx, (shows.next_hash, Some(shows.hash)), session.id, ends).await?;
    Ok(Renewal::Granted(Bearer {
        account: account.id,
        role: Role::stored(&account.role)?,
        session: session.id,
        second_factor: session.proved_at.is_some(),
    }))
}

/// Whether a used token is one that was just replaced.
async fn has_grace(
    tx: &DatabaseTransaction,
    token: &TokenRow,
    from: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(used_at) = token.used_at.map(|at| at.to_utc()) else { return Ok(false) };
    if used_at + GRACE <= now || token.used_from.as_deref() != Some(from) {
        return Ok(false);
    }
    let followers = store::followers(tx, token.session_id, &token.token_hash).await?;
    Ok(followers.used == 0 && followers.all < MOST_PAIRS)
}

/// Until when a token of now counts, of a session that was opened then.
pub(super) fn token_ends(opened_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    (now + REFRESH_LIFE).min(opened_at + SESSION_LIFE)
}

/// A new refresh token and what is stored of it.
pub(super) fn draw_token() -> Result<(String, String), Error> {
    let mut bits = [0; 32];
    rand::fill(&mut bits).map_err(|_unspecified| Error::Fault("the random source"))?;
    let token = URL_SAFE_NO_PAD.encode(bits);
    let hash = token_hash(&token);
    Ok((token, hash))
}

fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(token))
}
