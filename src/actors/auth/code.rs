//! Codes from e-mails: ten signs that follow from the server's secret, from whom they are for, and
//! from the minute in which they were asked for.
//!
//! Nothing of a code is stored. So an e-mail can be written later and again, whoever asks twice has
//! two codes that count, and no unknown caller's request or wrong guess makes anybody's code void.
//! They need no tries counted: they have 50 bits.

use std::fmt;

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use subtle::{Choice, ConstantTimeEq};

use super::error::Error;
use crate::language::both;
use crate::typed;

/// Without I, L, O and U: what is read wrong is read right all the same.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Signs of a code, five bits each.
const LENGTH: usize = 10;

/// What a code is for; one for the one never counts for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To open an account; the subject is the address.
    Registration,
    /// To set a new password; the subject is the account, its password as it is, so that a code
    /// counts once, and its address: a code that was sent to another one counts for nothing.
    PasswordReset,
    /// To set the first password of an account that was opened at the command line; the subject is
    /// as of a new password.
    FirstPassword,
    /// To change an account's address; the subject is the account, its address as it is, and the
    /// new one.
    AddressChange,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Registration => "registration code",
            Self::PasswordReset => "password reset code",
            Self::FirstPassword => "first password code",
            Self::AddressChange => "address change code",
        }
    }

    /// How long a step is, in seconds: codes that are asked for in one step are the same.
    fn step(self) -> i64 {
        match self {
            Self::Registration | Self::PasswordReset | Self::AddressChange => 60,
            Self::FirstPassword => 60 * 60,
        }
    }

    /// How many steps a code counts, from the one in which it was asked for.
    fn steps(self) -> i64 {
        match self {
            Self::Registration | Self::AddressChange => 30,
            Self::PasswordReset => 10,
            Self::FirstPassword => 24,
        }
    }

    /// The end of a code that is asked for now.
    pub(super) fn ends(self, asked_at: DateTime<Utc>) -> DateTime<Utc> {
        let step = asked_at.timestamp().div_euclid(self.step());
        DateTime::from_timestamp((step + self.steps()) * self.step(), 0).unwrap_or(asked_at)
    }
}

/// A code as it was typed, in its one form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Code([u8; LENGTH]);

impl Code {
    /// Reads a code as people copy it: case, blanks, dashes and signs that nobody sees do not
    /// count, O is 0, I and L are 1.
    ///
    /// # Errors
    /// `Invalid`: no code looks like this.
    pub(super) fn read(given: &str) -> Result<Self, Error> {
        let bare = typed::unmixed(given);
        let mut signs = bare.chars().filter(|sign| !sign.is_control()).map(|sign| {
            match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            }
        });
        let mut code = [0; LENGTH];
        for place in &mut code {
            let sign = signs
                .next()
                .and_then(|sign| u8::try_from(sign).ok())
                .filter(|sign| SIGNS.contains(sign));
            *place = sign.ok_or_else(malformed)?;
        }
        if signs.next().is_some() { Err(malformed()) } else { Ok(Self(code)) }
    }

    /// A code that follows from nothing: 50 random bits.
    pub(super) fn random() -> Result<Self, Error> {
        let mut code = [0; LENGTH];
        rand::fill(&mut code).map_err(|_unspecified| Error::Fault("the random source"))?;
        Ok(Self(code.map(|byte| SIGNS[usize::from(byte % 32)])))
    }

    /// What is kept of a recovery code of an account: it says nothing to whoever does not have the
    /// secret.
    pub(super) fn recovery_hash(&self, secret: &[u8], account: &str) -> String {
        keyed_hash(secret, &["recovery code", account, &self.to_string()])
    }

    /// Whether it is the code of this subject that was asked for in a step that is not too long
    /// ago.
    pub(super) fn counts(
        &self,
        secret: &[u8],
        purpose: Purpose,
        subject: &[&str],
        now: DateTime<Utc>,
    ) -> bool {
        let this_step = now.timestamp().div_euclid(purpose.step());
        let asked = this_step - purpose.steps() + 1..=this_step;
        // each step is looked at, so that time does not tell which
        let found = asked.fold(Choice::from(0), |found, step| {
            found | signs_of(secret, purpose, subject, step).ct_eq(&self.0)
        });
        found.into()
    }
}

impl fmt::Display for Code {
    /// As e-mails show it: `7ZQ4M-0K3XD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |signs: &[u8]| String::from_utf8_lossy(signs).into_owned();
        write!(f, "{}-{}", half(&self.0[..LENGTH / 2]), half(&self.0[LENGTH / 2..]))
    }
}

/// The code that ends at `ends`, as e-mails show it: `7ZQ4M-0K3XD`.
pub(super) fn draw(
    secret: &[u8],
    purpose: Purpose,
    subject: &[&str],
    ends: DateTime<Utc>,
) -> String {
    let step = ends.timestamp().div_euclid(purpose.step()) - purpose.steps();
    Code(signs_of(secret, purpose, subject, step)).to_string()
}

/// A hash that says nothing to whoever does not have the secret.
pub(super) fn keyed_hash(secret: &[u8], parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(sign(secret, parts))
}

/// 32 bytes that follow from the secret, for one use named by the parts.
pub(super) fn sign(secret: &[u8], parts: &[&str]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), parts.join("\0").as_bytes())
}

fn signs_of(secret: &[u8], purpose: Purpose, subject: &[&str], step: i64) -> [u8; LENGTH] {
    let step = step.to_string();
    let parts = [&[purpose.word()][..], subject, &[step.as_str()]].concat();
    let tag = sign(secret, &parts);
    let mut signs = [0; LENGTH];
    for (sign, byte) in signs.iter_mut().zip(tag.as_ref()) {
        *sign = SIGNS[usize::from(byte % 32)];
    }
    signs
}

fn malformed() -> Error {
    Error::Invalid(both(
        "`code` must be the ten letters and digits from the e-mail.",
        "`code` muss aus den zehn Buchstaben und Ziffern aus der E-Mail bestehen.",
    ))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const ANNA: &str = "anna@example.org";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_code_is_ten_signs_that_depend_on_secret_purpose_subject_and_minute() {
        use Purpose::{PasswordReset, Registration};
        let ends = Registration.ends(at("2026-12-19T08:00:59Z"));
        assert_eq!(ends, at("2026-12-19T08:30:00Z"));
        let code = draw(b"secret", Registration, &[ANNA], ends);
        assert!(
            code.len() == 11 && code.bytes().all(|b| b == b'-' || SIGNS.contains(&b)),
            "{code}"
        );
        assert_eq!(code, draw(b"secret", Registration, &[ANNA], ends));
        assert_ne!(code, draw(b"other", Registration, &[ANNA], ends));
        assert_ne!(code, draw(b"secret", PasswordReset, &[ANNA], ends));
        assert_ne!(code, draw(b"secret", Registration, &["berta@example.org"], ends));
        assert_ne!(code, draw(b"secret", Registration, &[ANNA], ends + TimeDelta::minutes(1)));
    }

    #[test]
    fn a_code_counts_for_its_minutes_and_only_where_it_is_for() {
        use Purpose::{FirstPassword, PasswordReset, Registration};
        let asked = at("2026-12-19T08:00:10Z");
        for (purpose, minutes) in
            [(Registration, 30), (PasswordReset, 10), (FirstPassword, 24 * 60)]
        {
            let code = Code::read(&draw(b"secret", purpose, &["x"], purpose.ends(asked))).unwrap();
            let counts = |after| code.counts(b"secret", purpose, &["x"], asked + after);
            assert!(
                counts(TimeDelta::zero())
                    && counts(TimeDelta::minutes(minutes) - TimeDelta::seconds(11))
            );
            assert!(!counts(TimeDelta::minutes(minutes)) && !counts(TimeDelta::minutes(-1)));
            let other = if purpose == Registration { PasswordReset } else { Registration };
            assert!(!code.counts(b"secret", other, &["x"], asked));
            assert!(!code.counts(b"secret", purpose, &["y"], asked));
        }
    }

    #[test]
    fn random_codes_differ_and_are_read_as_they_are_shown() {
        let one = Code::random().unwrap();
        let other = Code::random().unwrap();
        assert!(one != other && Code::read(&one.to_string()).is_ok_and(|read| read == one));
        let hash = one.recovery_hash(b"secret", "ada");
        assert_eq!(hash, one.recovery_hash(b"secret", "ada"));
        assert!(
            hash != one.recovery_hash(b"other", "ada")
                && hash != one.recovery_hash(b"secret", "eve")
        );
    }

    #[test]
    fn a_code_is_read_as_people_copy_it() {
        let code = Code::read("01ABC-DEF01").unwrap();
        for typed in [
            "01ABCDEF01",
            " 01abc def01\n",
            "0 1 A B C-D E F 0 1",
            "OIABC–DEFOL",
            "\u{feff}o\u{200b}labc\u{a0}defo\u{ad}i\u{200e}",
        ] {
            assert!(Code::read(typed).is_ok_and(|read| read == code), "{typed:?}");
        }
        for typed in
            ["", "01ABCDEF0", "01ABCDEF012", "01ABCDEFU1", "01ABC_DEF01", "012345", "०1ABCDEF01"]
        {
            assert!(matches!(Code::read(typed), Err(Error::Invalid(_))), "{typed:?}");
        }
    }
}
