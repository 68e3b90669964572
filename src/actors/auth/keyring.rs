//! The keys that sign access tokens, in the database: private halves sealed under the configured
//! secret, public ones in clear.
//!
//! A new key is published for five minutes before it signs, so that whoever keeps a copy of the
//! published keys has it in time; the one before it is believed until its last token has expired.
//! Every replica reads the keys every few seconds, and at once when it meets a token of a key that
//! it does not know.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;

use super::error::Error;
use super::seal;
use super::store::{self, KeyRow};
use super::token::Keys;
use crate::io::Io;

/// How long a new key is published before it signs: as long as a copy of the published keys may be
/// kept.
pub const PUBLISHED_BEFORE: Duration = Duration::from_secs(300);

/// How long a key is believed after it signed last: the life of its tokens, and a minute for the
/// replica that reads late.
const BELIEVED_AFTER: TimeDelta = TimeDelta::seconds(660);

/// How much the clocks of replicas may differ that begin together: whoever finds the first key may
/// sign with it.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// What signing keys are sealed for.
const PURPOSE: &str = "signing key seal";

/// Why the key changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// As a habit: nobody notices.
    Planned,
    /// Somebody else may have the key: it is not believed any more, and every access token is
    /// refreshed.
    Compromised,
}

/// A new signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its name in the published keys.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
}

/// The keys of this database; the first replica that asks draws the first one, also where several
/// ask in one moment.
pub(super) async fn load(io: &Io, secret: &[u8], now: DateTime<Utc>) -> Result<Keys, Error> {
    if let Some(keys) = read(io, secret, now).await? {
        return Ok(keys);
    }
    let row = draw(secret, now - CLOCKS)?;
    let sealed_under = secret.to_vec();
    let drawn = io.write(move |tx| {
        Box::pin(async move {
            store::one_writes_keys(tx).await?;
            if signing(&sealed_under, &store::keys(tx, now).await?, now).is_none() {
                tracing::info!(kid = row.kid, "a first signing key is drawn");
                store::write_key(tx, row).await?;
            }
            Ok::<_, Error>(())
        })
    });
    drawn.await?;
    read(io, secret, now).await?.ok_or(Error::Fault("the signing key that was just written"))
}

/// Draws the next signing key. Twice draws two; the newer one signs.
///
/// # Errors
/// The database's.
pub async fn rotate(
    io: &Io,
    secret: &[u8],
    rotation: Rotation,
    now: DateTime<Utc>,
) -> Result<NewKey, Error> {
    let lead = match rotation {
        Rotation::Planned => TimeDelta::from_std(PUBLISHED_BEFORE).unwrap_or_default(),
        Rotation::Compromised => TimeDelta::zero(),
    };
    let signs_from = now + lead;
    let row = draw(secret, signs_from)?;
    let new = NewKey { kid: row.kid.clone(), signs_from };
    let written = io.write(move |tx| {
        Box::pin(async move {
            match rotation {
                Rotation::Planned => store::retire_keys(tx, signs_from + BELIEVED_AFTER).await?,
                Rotation::Compromised => store::remove_keys(tx).await?,
            }
            Ok::<_, Error>(store::write_key(tx, row).await?)
        })
    });
    written.await?;
    Ok(new)
}

/// The newest key that may sign by now and can be opened, and all others that are believed; none
/// without a first.
async fn read(io: &Io, secret: &[u8], now: DateTime<Utc>) -> Result<Option<Keys>, Error> {
    let rows = io
        .read(move |db| Box::pin(async move { Ok::<_, Error>(store::keys(db, now).await?) }))
        .await?;
    let Some((signing, mut keys)) = signing(secret, &rows, now) else { return Ok(None) };
    for row in rows.iter().filter(|row| row.kid != *signing) {
        let jwk: Jwk = serde_json::from_str(&row.public_key)
            .map_err(|_error| Error::Fault("a stored public key"))?;
        keys = keys.with_public(jwk).map_err(|_error| Error::Fault("a stored public key"))?;
    }
    Ok(Some(keys))
}

/// The newest key that may sign by now and can be opened, with its name.
fn signing<'a>(
    secret: &[u8],
    rows: &'a [KeyRow],
    now: DateTime<Utc>,
) -> Option<(&'a String, Keys)> {
    rows.iter().filter(|row| row.signs_from.to_utc() <= now).find_map(|row| {
        let opened = open(secret, row).and_then(|der| Keys::from_pkcs8(&der).ok());
        if opened.is_none() {
            tracing::warn!(
                kid = row.kid,
                "a signing key cannot be opened: was it sealed under another secret?"
            );
        }
        Some((&row.kid, opened?))
    })
}

fn draw(secret: &[u8], signs_from: DateTime<Utc>) -> Result<KeyRow, Error> {
    const FAULT: Error = Error::Fault("a new signing key");
    let der = Keys::generate().map_err(|_error| FAULT)?;
    let keys = Keys::from_pkcs8(&der).map_err(|_error| FAULT)?;
    let public = keys.published().keys.first().and_then(|jwk| serde_json::to_string(jwk).ok());
    let kid = keys.kid().to_owned();
    Ok(KeyRow {
        public_key: public.ok_or(FAULT)?,
        sealed_key: seal::seal(secret, PURPOSE, &kid, der).ok_or(FAULT)?,
        signs_from: signs_from.into(),
        believed_until: None,
        kid,
    })
}

fn open(secret: &[u8], row: &KeyRow) -> Option<Vec<u8>> {
    seal::open(secret, PURPOSE, &row.kid, &row.sealed_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_sealed_key_opens_under_its_own_secret_and_name_only() {
        let row = draw(b"secret", clock::now()).unwrap();
        let der = open(b"secret", &row).unwrap();
        assert_eq!(Keys::from_pkcs8(&der).unwrap().kid(), row.kid);
        assert!(!row.public_key.contains("\"d\""), "a private part stands in the public half");
        assert_eq!(open(b"other", &row), None);
        assert_eq!(open(b"secret", &KeyRow { kid: "another".to_owned(), ..row.clone() }), None);
        assert_eq!(open(b"secret", &KeyRow { sealed_key: "no.seal".to_owned(), ..row }), None);
    }
}
