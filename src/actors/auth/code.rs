//! Six digits from a letter: a function of the server's secret, so that the letter can be written later and again
//! although nothing is stored in clear.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

/// How long a code counts.
pub(super) const LIFE: TimeDelta = TimeDelta::minutes(30);

/// How often a code may be typed.
pub(super) const TRIES: i32 = 5;

/// What a code is for; one for the one never counts for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Registration,
    PasswordReset,
}

impl Purpose {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Registration => ("registration code", "registration code hash"),
            Self::PasswordReset => ("password reset code", "password reset code hash"),
        }
    }
}

/// The six digits for `subject`, which is one person's; `expires_at` counts in whole microseconds.
pub(super) fn draw(secret: &[u8], purpose: Purpose, subject: &str, expires_at: DateTime<Utc>) -> String {
    let tag = sign(secret, &[purpose.words().0, subject, &expires_at.timestamp_micros().to_string()]);
    let mut first = [0; 8];
    first.copy_from_slice(&tag.as_ref()[..8]);
    format!("{:06}", u64::from_be_bytes(first) % 1_000_000)
}

/// What is stored of a code; without the secret a million guesses do not find it.
pub(super) fn hash(secret: &[u8], purpose: Purpose, subject: &str, code: &str) -> String {
    keyed_hash(secret, &[purpose.words().1, subject, code])
}

/// Compares a typed code with what is stored, in constant time.
pub(super) fn matches(secret: &[u8], purpose: Purpose, subject: &str, typed: &str, stored: &str) -> bool {
    hash(secret, purpose, subject, typed.trim()).as_bytes().ct_eq(stored.as_bytes()).into()
}

/// A hash that says nothing to whoever does not have the secret.
pub(super) fn keyed_hash(secret: &[u8], parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(sign(secret, parts))
}

/// 32 bytes that follow from the secret, for one use named by the parts.
pub(super) fn sign(secret: &[u8], parts: &[&str]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), parts.join("\0").as_bytes())
}

/// The code of a registration, for tests that were sent no letter.
#[cfg(test)]
pub(crate) fn registration_code(secret: &[u8], email: &str, expires_at: DateTime<Utc>) -> String {
    draw(secret, Purpose::Registration, email, expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: &str = "anna@example.org";

    #[test]
    fn a_code_is_six_digits_that_depend_on_secret_purpose_subject_and_time() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (secret, time) = (b"secret".as_slice(), at("2026-12-19T08:00:00.000001Z"));
        let code = draw(secret, Purpose::Registration, ANNA, time);
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert_eq!(code, draw(secret, Purpose::Registration, ANNA, time));
        assert_ne!(code, draw(b"other", Purpose::Registration, ANNA, time));
        assert_ne!(code, draw(secret, Purpose::PasswordReset, ANNA, time));
        assert_ne!(code, draw(secret, Purpose::Registration, "berta@example.org", time));
        assert_ne!(code, draw(secret, Purpose::Registration, ANNA, at("2026-12-19T08:00:00.000002Z")));
    }

    #[test]
    fn only_the_very_code_matches() {
        let stored = hash(b"secret", Purpose::Registration, ANNA, "012345");
        let typed = |purpose, subject, typed| matches(b"secret", purpose, subject, typed, &stored);
        assert!(typed(Purpose::Registration, ANNA, " 012345 "));
        assert!(!typed(Purpose::Registration, ANNA, "12345"));
        assert!(!typed(Purpose::Registration, "berta@example.org", "012345"));
        assert!(!typed(Purpose::PasswordReset, ANNA, "012345"));
    }
}
