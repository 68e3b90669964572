//! What the database keeps sealed: AES-256-GCM under a key that follows from the configured secret,
//! another one for each purpose, and bound to the name under which it is kept.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::code;

/// Seals bytes; `None` when the random source fails.
pub(super) fn seal(secret: &[u8], purpose: &str, name: &str, mut plain: Vec<u8>) -> Option<String> {
    let nonce = key(secret, purpose)?.seal_in_place_append_tag(Aad::from(name), &mut plain).ok()?;
    Some(format!("{}.{}", STANDARD.encode(nonce.as_ref()), STANDARD.encode(plain)))
}

/// Opens what was sealed; `None` under another secret, for another purpose, under another name, and
/// for anything else.
pub(super) fn open(secret: &[u8], purpose: &str, name: &str, sealed: &str) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_once('.')?;
    let nonce = Nonce::try_assume_unique_for_key(&STANDARD.decode(nonce).ok()?).ok()?;
    let mut sealed = STANDARD.decode(sealed).ok()?;
    let plain = key(secret, purpose)?.open_in_place(nonce, Aad::from(name), &mut sealed).ok()?;
    Some(plain.to_vec())
}

fn key(secret: &[u8], purpose: &str) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, code::sign(secret, &[purpose]).as_ref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_own_secret_purpose_and_name_only() {
        let sealed = seal(b"secret", "purpose", "name", b"plain".to_vec()).unwrap();
        assert!(!sealed.contains("plain"));
        assert_eq!(open(b"secret", "purpose", "name", &sealed), Some(b"plain".to_vec()));
        assert_eq!(open(b"other", "purpose", "name", &sealed), None);
        assert_eq!(open(b"secret", "other", "name", &sealed), None);
        assert_eq!(open(b"secret", "purpose", "other", &sealed), None);
        assert_eq!(open(b"secret", "purpose", "name", "no.seal"), None);
        assert_ne!(seal(b"secret", "purpose", "name", b"plain".to_vec()).unwrap(), sealed);
    }
}
