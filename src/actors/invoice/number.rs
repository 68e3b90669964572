//! What an invoice is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An invoice's number, `<short name>-<year>-<six digits>`, after a restore
/// `<short name>-<year><epoch letter>-<six digits>`: unique, without gaps within its series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InvoiceNumber(String);

impl InvoiceNumber {
    /// Takes a number that the database, a job or a URL holds.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
