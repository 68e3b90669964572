//! Who issues the invoices.

use serde::{Deserialize, Serialize};

/// The issuer, a section of the configuration; copied into each invoice, so that an old one keeps
/// its old issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// The legal entity's full name.
    pub name: String,
    /// Its address, one entry a line.
    pub address: Vec<String>,
    /// Its VAT identification number, for example `ATU12345678`.
    pub uid: String,
    /// What its invoice numbers begin with.
    pub short: ShortName,
}

/// An issuer's short name: 1 to 16 of `[A-Z0-9]`; it begins the invoice numbers, so it never
/// changes within a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShortName(String);

/// A short name that cannot begin an invoice number.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer's short name is 1 to 16 of A-Z and 0-9")]
pub struct BadShortName;

impl TryFrom<String> for ShortName {
    type Error = BadShortName;

    fn try_from(text: String) -> Result<Self, BadShortName> {
        let fits = (1..=16).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if fits && plain { Ok(Self(text)) } else { Err(BadShortName) }
    }
}

impl From<ShortName> for String {
    fn from(short: ShortName) -> Self {
        short.0
    }
}

impl ShortName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_short_and_plain() {
        for (text, good) in [
            ("STAR1", true),
            ("", false),
            ("star", false),
            ("A/B", false),
            ("A1234567890123456", false),
        ] {
            assert_eq!(ShortName::try_from(text.to_owned()).is_ok(), good, "{text}");
        }
    }
}
