//! What is to be found out about a payment because somebody said so: the provider's report, a
//! restored backup, staff.

use crate::record::Moment;

/// What is to be found out about a payment. It is kept until the provider's own answers say yes or
/// no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What was said.
    pub kind: ClaimKind,
    /// Since when it is looked for.
    pub since: Moment,
}

/// What was said of a payment; a later one says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimKind {
    /// Nothing: one answer, whatever it says, is enough.
    Look,
    /// Its money was taken.
    Billed,
    /// Its money went back or was released, wholly or in part.
    Credited,
    /// The payer's bank took its money back.
    ChargedBack,
}

/// The kinds and their words in the database.
const KINDS: [(ClaimKind, &str); 4] = [
    (ClaimKind::Look, "look"),
    (ClaimKind::Billed, "billed"),
    (ClaimKind::Credited, "credited"),
    (ClaimKind::ChargedBack, "charged_back"),
];

impl ClaimKind {
    /// The kind's one word in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("look", |(_, word)| word)
    }

    /// The kind of a word; a look for a word of none.
    #[must_use]
    pub fn of(word: &str) -> Self {
        KINDS.iter().find(|(_, known)| *known == word).map_or(Self::Look, |(kind, _)| *kind)
    }
}
