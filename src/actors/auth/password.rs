//! Password hashes: slow on purpose, computed by two threads that own their memory.
//!
//! A password has one form, NFKC, before it is hashed: an umlaut is typed as one character here and
//! as two there. Hashes of another form, or of other parameters, are still valid, and are replaced
//! at the next log-in.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use super::error::Error;
use super::hashing::Threads;
use super::turns::Place;

/// The hash of no password, with the parameters of all others: checked when the address is unknown,
/// so that it takes the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The memory of one hash at a time; it stays as large as the largest one needed.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// Whether the password is the hash's.
    pub(super) right: bool,
    /// The hash to keep from now on, where the stored one is not made as hashes are made now.
    pub(super) anew: Option<String>,
}

/// Computes and checks hashes; cheap to clone.
#[derive(Clone)]
pub(super) struct Hasher(Threads);

impl Hasher {
    /// Starts the threads; they end with the last clone.
    ///
    /// # Errors
    /// `Fault` when the system has no thread to give.
    pub(super) fn start() -> Result<Self, Error> {
        Ok(Self(Threads::start()?))
    }

    /// Hashes a new password with a salt of its own.
    ///
    /// # Errors
    /// `Busy`: too much waits at this place.
    pub(super) async fn hash(&self, place: Place, password: SecretString) -> Result<String, Error> {
        self.0.in_turn(place, move |memory| memory.hash(&password)).await
    }

    /// Whether the password is the hash's; `None` takes as long as a wrong password and is never
    /// right.
    ///
    /// # Errors
    /// `Busy`: too much waits at this place.
    pub(super) async fn check(
        &self,
        place: Place,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<Checked, Error> {
        self.0.in_turn(place, move |memory| memory.check(&password, hash.as_deref())).await
    }
}

impl Memory {
    /// As much as one hash of today's parameters needs, all of it taken from the system at once.
    pub(super) fn new() -> Self {
        Self(vec![Block::new(); Params::DEFAULT.block_count()])
    }

    pub(super) fn hash(&mut self, password: &SecretString) -> Result<String, Error> {
        let fault = || Error::Fault("password hashing");
        let argon = Argon2::default();
        let salt = Salt::generate();
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.derive(&argon, one_form(password).expose_secret().as_bytes(), &salt, &mut output)?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: ParamsString::try_from(argon.params()).map_err(|_too_long| fault())?,
            salt: Some(salt),
            hash: Some(Output::new(&output).map_err(|_too_long| fault())?),
        };
        Ok(hash.to_string())
    }

    fn check(&mut self, password: &SecretString, stored: Option<&str>) -> Result<Checked, Error> {
        let hash =
            PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|_unreadable| unreadable())?;
        let form = one_form(password);
        let in_one_form = self.fits(&hash, form.expose_secret())?;
        // hashed before passwords had one form; how often is looked depends on nothing but what was
        // typed
        let as_typed = form.expose_secret() != password.expose_secret()
            && self.fits(&hash, password.expose_secret())?;
        let right = stored.is_some() && (in_one_form || as_typed);
        let anew = if right && (as_typed || is_outdated(&hash)) {
            Some(self.hash(password)?)
        } else {
            None
        };
        Ok(Checked { right, anew })
    }

    fn fits(&mut self, hash: &PasswordHash, password: &str) -> Result<bool, Error> {
        let algorithm =
            Algorithm::try_from(hash.algorithm.as_str()).map_err(|_unknown| unreadable())?;
        let version = hash
            .version
            .map_or(Ok(Version::default()), Version::try_from)
            .map_err(|_unknown| unreadable())?;
        let argon = Argon2::new(
            algorithm,
            version,
            Params::try_from(hash).map_err(|_unusable| unreadable())?,
        );
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else { return Err(unreadable()) };
        let mut output = vec![0; expected.len()];
        self.derive(&argon, password.as_bytes(), &salt, &mut output)?;
        Ok(output.ct_eq(expected.as_bytes()).into())
    }

    fn derive(
        &mut self,
        argon: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let blocks = argon.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        let derived = argon.hash_password_into_with_memory(password, salt, output, &mut self.0);
        derived.map_err(|_unusable| Error::Fault("password hashing"))
    }
}

/// The one form of a password, whatever keyboard it was typed on.
pub(super) fn one_form(password: &SecretString) -> SecretString {
    password.expose_secret().nfkc().collect::<String>().into()
}

fn is_outdated(hash: &PasswordHash) -> bool {
    let today = ParamsString::try_from(&Params::DEFAULT).map(|params| params.to_string());
    let is_todays = hash.algorithm == ARGON2ID_IDENT
        && hash.version == Some(Version::default().into())
        && today.is_ok_and(|today| today == hash.params.to_string());
    !is_todays
}

fn unreadable() -> Error {
    Error::Fault("a stored password hash")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        Memory::default()
    }

    fn text(password: &str) -> SecretString {
        password.to_owned().into()
    }

    fn params(phc: &str) -> String {
        PasswordHash::new(phc).unwrap().params.to_string()
    }

    /// A hash of these bytes as they are, with parameters of another time.
    fn older(password: &str, params: Params) -> String {
        use argon2::password_hash::PasswordHasher;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password(password.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn a_password_matches_only_its_own_hash() {
        let mut memory = memory();
        let hash = memory.hash(&text("correct horse")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"));
        assert_ne!(
            hash,
            memory.hash(&text("correct horse")).unwrap(),
            "each has a salt of its own"
        );
        let mut right = |password: &str, hash| memory.check(&text(password), hash).unwrap();
        assert_eq!(
            right("correct horse", Some(hash.as_str())),
            Checked { right: true, anew: None }
        );
        assert!(!right("Correct horse", Some(hash.as_str())).right);
        assert!(!right("correct horse", None).right);
        assert!(memory.check(&text("correct horse"), Some("no hash")).is_err());
    }

    #[test]
    fn the_hash_of_nobody_costs_as_much_as_a_real_one() {
        let real = memory().hash(&text("correct horse")).unwrap();
        assert_eq!(params(&real), params(NOBODY));
        assert_eq!(real.len(), NOBODY.len());
    }

    #[test]
    fn an_umlaut_is_the_same_however_it_was_typed_and_older_hashes_are_replaced() {
        let mut memory = memory();
        let composed = "Grüße-aus-Tirol";
        let decomposed = "Gru\u{308}ße-aus-Tirol";
        let hash = memory.hash(&text(decomposed)).unwrap();
        for typed in [composed, decomposed] {
            assert_eq!(
                memory.check(&text(typed), Some(&hash)).unwrap(),
                Checked { right: true, anew: None },
                "{typed}"
            );
        }
        let typed_bytes = older(decomposed, Params::DEFAULT);
        let checked = memory.check(&text(decomposed), Some(&typed_bytes)).unwrap();
        assert!(checked.right, "a hash of the bytes as they were typed");
        let anew = checked.anew.unwrap();
        assert_eq!(
            memory.check(&text(composed), Some(&anew)).unwrap(),
            Checked { right: true, anew: None }
        );
    }

    #[test]
    fn a_hash_of_other_parameters_is_valid_and_replaced_once() {
        let mut memory = memory();
        for params in [
            Params::new(8 * 1024, 1, 1, None).unwrap(),
            Params::new(24 * 1024, 1, 1, None).unwrap(),
        ] {
            let hash = older("correct horse", params);
            let checked = memory.check(&text("correct horse"), Some(&hash)).unwrap();
            let anew = checked.anew.expect("other parameters");
            assert_eq!(memory.check(&text("correct horse"), Some(&anew)).unwrap().anew, None);
            assert_eq!(
                memory.check(&text("wrong horse"), Some(&hash)).unwrap(),
                Checked { right: false, anew: None }
            );
        }
    }
}
