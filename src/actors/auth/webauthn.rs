//! What a security key is asked through a browser, and whether its answer counts.
//!
//! A key is a second factor here: the password was right before, so the key is not asked to verify
//! its user itself, and no attestation of its maker is asked for.
//!
//! Source: Web Authentication Level 3 (W3C), sections 7.1 and 7.2, as `webauthn_rp` does it; what
//! browsers read and write are `PublicKeyCredentialCreationOptionsJSON`,
//! `PublicKeyCredentialRequestOptionsJSON` and what `PublicKeyCredential.toJSON()` answers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use uuid::Uuid;
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::{
    AllowedCredentials, AuthenticationVerificationOptions, NonDiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle, Username,
};
use webauthn_rp::request::{AsciiDomain, Credentials as _, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, NonDiscoverableAuthentication,
    NonDiscoverableAuthenticationServerState, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
};

use super::error::{Error, SecurityKeyError};

/// Bytes of an account's id, which a key is told as its user's handle: it says nothing of a person.
const HANDLE: usize = 16;

type Handle = UserHandle<HANDLE>;
/// One of the four kinds of public keys, as it is kept.
type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Whom keys answer: the name and the origin under which browsers reach the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    domain: String,
    origin: String,
}

/// What a browser is to ask a key, and what has to be kept until it answers.
pub(super) struct Ceremony {
    /// The challenge, which the answer repeats.
    pub(super) id: Uuid,
    /// For the browser.
    pub(super) options: Value,
    /// Kept here.
    pub(super) state: String,
}

/// What is kept of a key.
pub(super) struct Kept {
    pub(super) credential_id: String,
    pub(super) transports: u8,
    pub(super) public_key: String,
    pub(super) state: String,
}

/// An answer with a new key: of its maker nothing is attested.
pub(super) struct Attestation(Registration);

/// An answer of a key that is known.
pub(super) struct Assertion(NonDiscoverableAuthentication<HANDLE>);

impl RelyingParty {
    /// Under this address, if browsers speak to keys there: `https` and a name, or `localhost`.
    #[must_use]
    pub fn at(public_url: &str) -> Option<Self> {
        let url = reqwest::Url::parse(public_url).ok()?;
        let domain = url.domain()?;
        let is_local = domain == "localhost" || domain.ends_with(".localhost");
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_local);
        AsciiDomain::try_from(domain.to_owned()).ok().filter(|_ascii| is_secure)?;
        Some(Self { domain: domain.to_owned(), origin: url.origin().ascii_serialization() })
    }

    /// The name under which browsers reach the shop.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    fn id(&self) -> Result<RpId, Error> {
        AsciiDomain::try_from(self.domain.clone())
            .map(RpId::Domain)
            .map_err(|_error| Error::Fault("the shop's domain"))
    }

    /// Asks a browser for a new key of an account, which must be none of those that it has.
    pub(super) fn ask_for_new(
        &self,
        account: Uuid,
        email: &str,
        known: &[Kept],
    ) -> Result<Ceremony, Error> {
        let id = self.id()?;
        let user = handle(account)?;
        let account_name = account.to_string();
        // an address that is no name for a key
        let name =
            Username::try_from(email).or_else(|_error| Username::try_from(account_name.as_str()));
        let name = name.map_err(|_error| Error::Fault("a key's user"))?;
        let user = PublicKeyCredentialUserEntity { name, id: &user, display_name: None };
        let known = known.iter().map(Kept::descriptor).collect::<Result<Vec<_>, _>>()?;
        let asked = PublicKeyCredentialCreationOptions::second_factor(&id, user, known);
        let challenge = Uuid::from_u128(asked.challenge.as_data());
        let begun = asked.start_ceremony();
        let (server, client) = begun.map_err(|_error| Error::Fault("what a new key is asked"))?;
        let options = serde_json::to_value(client)
            .map_err(|_error| Error::Fault("what a new key is asked"))?;
        let state = server.encode().map_err(|_error| Error::Fault("what a new key was asked"))?;
        Ok(Ceremony { id: challenge, options, state: BASE64.encode(state) })
    }

    /// Asks a browser for one of these keys.
    pub(super) fn ask_for_one(&self, keys: &[Kept]) -> Result<Ceremony, Error> {
        let id = self.id()?;
        let mut allowed = AllowedCredentials::with_capacity(keys.len());
        for key in keys {
            allowed.push(key.descriptor()?.into());
        }
        let asked = NonDiscoverableCredentialRequestOptions::second_factor(&id, allowed);
        let mut asked = asked.map_err(|_error| SecurityKeyError::Missing)?;
        let challenge = Uuid::from_u128(asked.options().challenge.as_data());
        let (server, client) =
            asked.start_ceremony().map_err(|_error| Error::Fault("what a key is asked"))?;
        let options =
            serde_json::to_value(client).map_err(|_error| Error::Fault("what a key is asked"))?;
        let state = server.encode().map_err(|_error| Error::Fault("what a key was asked"))?;
        Ok(Ceremony { id: challenge, options, state: BASE64.encode(state) })
    }

    /// What is to be kept of a new key, if its answer is one to what was asked; `None` when it is
    /// not.
    pub(super) fn accept_new(
        &self,
        answer: &Attestation,
        state: &str,
    ) -> Result<Option<Kept>, Error> {
        let state = bytes(state)?;
        // what was asked of a known key is no question to a new one
        let Ok(asked) = RegistrationServerState::<HANDLE>::decode(&state) else { return Ok(None) };
        let origins = [self.origin.as_str()];
        let rules = RegistrationVerificationOptions::<'_, '_, &str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let id = self.id()?;
        let new = match asked.verify(&id, &answer.0, &rules) {
            Ok(new) => new,
            Err(error) => {
                tracing::info!(%error, "a new security key was refused");
                return Ok(None);
            }
        };
        let public_key =
            new.static_state().encode().map_err(|_error| Error::Fault("a key's public half"))?;
        let transports =
            new.transports().encode().map_err(|_error| Error::Fault("a key's transports"))?;
        let state = new.dynamic_state().encode().map_err(|_error| Error::Fault("a key's state"))?;
        Ok(Some(Kept {
            credential_id: BASE64.encode(new.id().as_ref()),
            transports,
            public_key: BASE64.encode(public_key),
            state: BASE64.encode(state),
        }))
    }

    /// The state that a key has from now on, if its answer is one to what was asked; `None` when it
    /// is not.
    pub(super) fn accept_shown(
        &self,
        account: Uuid,
        key: &Kept,
        (answer, state): (&Assertion, &str),
    ) -> Result<Option<String>, Error> {
        let state = bytes(state)?;
        let user = handle(account)?;
        let id = self.id()?;
        // what was asked of a new key is no question to a known one
        let Ok(asked) = NonDiscoverableAuthenticationServerState::decode(&state) else {
            return Ok(None);
        };
        let credential = bytes(&key.credential_id)?;
        let public_key = bytes(&key.public_key)?;
        let before = bytes(&key.state)?;
        let credential = CredentialId::<&[u8]>::decode(&credential)
            .map_err(|_error| Error::Fault("a key's id"))?;
        let public_key = StaticState::<PublicKey>::decode(&public_key);
        let public_key = public_key.map_err(|_error| Error::Fault("a key's public half"))?;
        let before = before.try_into().ok().and_then(|before| DynamicState::decode(before).ok());
        let before = before.ok_or(Error::Fault("a key's state"))?;
        let known = AuthenticatedCredential::new(credential, &user, public_key, before);
        let mut known = known.map_err(|_error| Error::Fault("a key"))?;
        let origins = [self.origin.as_str()];
        let rules = AuthenticationVerificationOptions::<'_, '_, &str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        if let Err(error) = asked.verify(&id, &answer.0, &mut known, &rules) {
            // perhaps a copy of a key, whose counter goes back
            tracing::warn!(%error, "the answer of a security key was refused");
            return Ok(None);
        }
        let after =
            known.dynamic_state().encode().map_err(|_error| Error::Fault("a key's state"))?;
        Ok(Some(BASE64.encode(after)))
    }
}

impl Kept {
    fn descriptor(&self) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, Error> {
        let id = CredentialId::decode(bytes(&self.credential_id)?)
            .map_err(|_error| Error::Fault("a key's id"))?;
        let transports = AuthTransports::decode(self.transports)
            .map_err(|_error| Error::Fault("a key's transports"))?;
        Ok(PublicKeyCredentialDescriptor { id, transports })
    }
}

impl Attestation {
    /// Reads what a browser answered; `None` when no browser answers so.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        Registration::from_json_relaxed(answer.to_string().as_bytes()).ok().map(Self)
    }

    /// Which question this answers.
    pub(super) fn challenge(&self) -> Option<Uuid> {
        self.0.challenge_relaxed().ok().map(|challenge| Uuid::from_u128(challenge.0))
    }
}

impl Assertion {
    /// Reads what a browser answered; `None` when no browser answers so.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        NonDiscoverableAuthentication::from_json_relaxed(answer.to_string().as_bytes())
            .ok()
            .map(Self)
    }

    /// Which question this answers.
    pub(super) fn challenge(&self) -> Option<Uuid> {
        self.0.challenge_relaxed().ok().map(|challenge| Uuid::from_u128(challenge.0))
    }

    /// Which key answers.
    pub(super) fn credential_id(&self) -> String {
        BASE64.encode(self.0.raw_id().as_ref())
    }
}

fn handle(account: Uuid) -> Result<Handle, Error> {
    Handle::decode(account.into_bytes()).map_err(|_error| Error::Fault("a key's user"))
}

fn bytes(kept: &str) -> Result<Vec<u8>, Error> {
    BASE64.decode(kept).map_err(|_error| Error::Fault("what is kept of a key"))
}
