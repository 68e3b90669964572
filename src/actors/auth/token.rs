//! Access tokens: signed with Ed25519, checked without asking anybody, their public keys published.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::Role;
use super::error::Error;

/// How long an access token counts.
pub const ACCESS_LIFE: Duration = Duration::from_secs(600);

/// Who signs, and for whom.
const ISSUER: &str = "starjack";

/// How far the clocks of two replicas may differ, in seconds.
const LEEWAY_SECONDS: i64 = 5;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: Uuid,
    /// What the account may do.
    pub role: Role,
    /// The session, that is the family of refresh tokens.
    pub sid: Uuid,
    /// Whether the session's owner has shown a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// Always `starjack`.
    pub iss: String,
    /// Always `starjack`.
    pub aud: String,
    /// Signed at, in seconds since 1970.
    pub iat: i64,
    /// Counts until, in seconds since 1970.
    pub exp: i64,
}

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bearer {
    pub(super) account: Uuid,
    pub(super) role: Role,
    pub(super) session: Uuid,
    pub(super) second_factor: bool,
}

/// A signing key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not an Ed25519 key as PKCS#8 version 1 in DER, as
    /// `openssl genpkey -algorithm ed25519 -outform DER` writes it.
    #[error("the key is not an ed25519 key as PKCS#8 version 1 in DER")]
    Unreadable(#[source] jsonwebtoken::errors::Error),
    /// The random source failed.
    #[error("no key could be drawn")]
    NotDrawn,
}

/// The key that signs, and the public keys that are believed: the current one and, while keys
/// change, others.
#[derive(Clone)]
pub struct Keys {
    kid: String,
    signing: EncodingKey,
    believed: Vec<(String, DecodingKey)>,
    published: JwkSet,
}

impl Keys {
    /// Draws a new key and answers it as PKCS#8 in DER, to be kept secret.
    ///
    /// # Errors
    /// `NotDrawn` when the random source fails.
    pub fn generate() -> Result<Vec<u8>, KeyError> {
        let drawn = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_unspecified| KeyError::NotDrawn)?;
        Ok(drawn.as_ref().to_vec())
    }

    /// Reads the current signing key from PKCS#8 in DER.
    ///
    /// # Errors
    /// `Unreadable` for anything but an Ed25519 key of PKCS#8 version 1.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let signing = EncodingKey::from_ed_der(der);
        let jwk = public_half(&signing)?;
        let kid = jwk.common.key_id.clone().unwrap_or_default();
        let believed = DecodingKey::from_jwk(&jwk).map_err(KeyError::Unreadable)?;
        Ok(Self {
            kid: kid.clone(),
            signing,
            believed: vec![(kid, believed)],
            published: JwkSet { keys: vec![jwk] },
        })
    }

    /// Believes another key too; it is published behind the current one.
    ///
    /// # Errors
    /// `Unreadable` for a key that cannot verify.
    pub fn with_public(mut self, jwk: Jwk) -> Result<Self, KeyError> {
        let kid = jwk.common.key_id.clone().unwrap_or_default();
        self.believed.push((kid, DecodingKey::from_jwk(&jwk).map_err(KeyError::Unreadable)?));
        self.published.keys.push(jwk);
        Ok(self)
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public keys, the current one first.
    #[must_use]
    pub fn published(&self) -> &JwkSet {
        &self.published
    }

    /// Signs a token for one session.
    pub(super) fn sign(&self, bearer: Bearer, now: DateTime<Utc>) -> Result<String, Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        let iat = now.timestamp();
        let exp = iat + i64::try_from(ACCESS_LIFE.as_secs()).unwrap_or_default();
        let Bearer { account: sub, role, session: sid, second_factor } = bearer;
        let claims = Claims {
            sub,
            role,
            sid,
            second_factor,
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            iat,
            exp,
        };
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .map_err(|_unsigned| Error::Fault("the signing key"))
    }

    /// Checks signature, algorithm, issuer, audience and time of a token; `UnknownKey` for one that
    /// a newer key may have signed.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Error> {
        let wrong = |_: jsonwebtoken::errors::Error| Error::WrongToken;
        let kid =
            jsonwebtoken::decode_header(token).map_err(wrong)?.kid.ok_or(Error::WrongToken)?;
        let (_, key) =
            self.believed.iter().find(|(own, _)| *own == kid).ok_or(Error::UnknownKey)?;
        let claims =
            jsonwebtoken::decode::<Claims>(token, key, &validation()).map_err(wrong)?.claims;
        let seconds = now.timestamp();
        let counts =
            claims.iat - LEEWAY_SECONDS <= seconds && seconds < claims.exp + LEEWAY_SECONDS;
        if counts { Ok(claims) } else { Err(Error::WrongToken) }
    }
}

/// The public half of a signing key, under its thumbprint.
fn public_half(signing: &EncodingKey) -> Result<Jwk, KeyError> {
    let mut jwk =
        Jwk::from_encoding_key(signing, Algorithm::EdDSA).map_err(KeyError::Unreadable)?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256).map_err(KeyError::Unreadable)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}

/// Time is checked by `Keys::verify` against our own clock.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[ISSUER]);
    validation
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::TimeDelta;
    use jsonwebtoken::decode;

    use super::*;
    use crate::clock;

    fn keys() -> Keys {
        Keys::from_pkcs8(&Keys::generate().unwrap()).unwrap()
    }

    fn token(keys: &Keys) -> String {
        let account = Uuid::now_v7();
        let session = Uuid::now_v7();
        keys.sign(
            Bearer { account, role: Role::Customer, session, second_factor: false },
            clock::now(),
        )
        .unwrap()
    }

    #[test]
    fn the_published_key_verifies_a_token() {
        let keys = keys();
        let token = token(&keys);
        let text = serde_json::to_string(keys.published()).unwrap();
        let published: JwkSet = serde_json::from_str(&text).unwrap();
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(published.find(&kid).unwrap()).unwrap();
        let claims = decode::<Claims>(&token, &key, &validation()).unwrap().claims;
        assert_eq!(claims, keys.verify(&token, clock::now()).unwrap());
        assert!(!text.contains("\"d\""), "a private part was published");
    }

    #[test]
    fn a_token_of_another_key_counts_while_that_is_believed() {
        let old = keys();
        let signed = token(&old);
        let new = keys();
        assert!(matches!(new.verify(&signed, clock::now()), Err(Error::UnknownKey)));
        let both = new.with_public(old.published().keys[0].clone()).unwrap();
        assert!(both.verify(&signed, clock::now()).is_ok());
        assert!(both.verify(&token(&both), clock::now()).is_ok());
        assert_eq!(both.published().keys.len(), 2);
    }

    #[test]
    fn a_foreign_key_under_our_key_id_is_refused() {
        let ours = keys();
        let mut foreign = keys();
        foreign.kid.clone_from(&ours.kid);
        assert!(ours.verify(&token(&foreign), clock::now()).is_err());
    }

    #[test]
    fn a_token_counts_from_its_signing_to_its_end_and_no_longer() {
        let keys = keys();
        let token = token(&keys);
        let at = |seconds| keys.verify(&token, clock::now() + TimeDelta::seconds(seconds)).is_ok();
        assert!(at(0) && at(599));
        assert!(!at(606));
        assert!(!at(-60));
    }

    #[test]
    fn other_algorithms_and_none_are_refused() {
        let keys = keys();
        let good = token(&keys);
        let parts: Vec<&str> = good.split('.').collect();
        let forge = |alg: &str| {
            let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"{}"}}"#, keys.kid);
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), parts[1])
        };
        assert!(keys.verify(&format!("{}.", forge("none")), clock::now()).is_err());
        assert!(keys.verify(&format!("{}.{}", forge("HS256"), parts[2]), clock::now()).is_err());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(keys.kid.clone());
        let claims = keys.verify(&good, clock::now()).unwrap();
        let x = serde_json::to_value(keys.published()).unwrap()["keys"][0]["x"]
            .as_str()
            .unwrap()
            .to_owned();
        let public = URL_SAFE_NO_PAD.decode(x).unwrap();
        let confused =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&public)).unwrap();
        assert!(keys.verify(&confused, clock::now()).is_err());
        assert!(
            keys.verify("", clock::now()).is_err() && keys.verify("a.b.c", clock::now()).is_err()
        );
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        assert!(matches!(Keys::from_pkcs8(b"not a key"), Err(KeyError::Unreadable(_))));
        assert!(Keys::from_pkcs8(&[0; 48]).is_err());
    }
}
