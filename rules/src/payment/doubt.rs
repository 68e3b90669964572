//! A move of money whose end is not known.

use crate::intent::Verb;
use crate::money::Cents;

/// A move of money whose end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoneyDoubt {
    /// Which move.
    pub verb: Verb,
    /// How much, where it was a part.
    pub amount: Cents,
    /// Why it is in doubt.
    pub why: DoubtCause,
}

/// Why a move of money is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubtCause {
    /// No clear answer came.
    Unanswered,
    /// A no that may mean "already done".
    Refused,
    /// Its asker died.
    AskerDied,
    /// Nothing was asked yet: the books are read before any money is credited.
    FirstLook,
    /// The method has no credits: the books are read once more before a bank transfer is owed.
    NotCreditable,
}

/// The causes and their words in the database.
const CAUSES: [(DoubtCause, &str); 5] = [
    (DoubtCause::Unanswered, "unanswered"),
    (DoubtCause::Refused, "refused"),
    (DoubtCause::AskerDied, "asker_died"),
    (DoubtCause::FirstLook, "first_look"),
    (DoubtCause::NotCreditable, "not_creditable"),
];

impl MoneyDoubt {
    /// The doubt's words in the database, for example `credit/asker_died`.
    #[must_use]
    pub fn words(&self) -> String {
        let cause = CAUSES
            .iter()
            .find(|(cause, _)| *cause == self.why)
            .map_or("unanswered", |(_, word)| word);
        format!("{}/{cause}", self.verb.word())
    }

    /// The doubt of its words; `None` for words of none.
    #[must_use]
    pub fn of(words: &str, amount: Cents) -> Option<Self> {
        let (verb, cause) = words.split_once('/')?;
        let why = CAUSES.iter().find(|(_, word)| *word == cause).map(|(cause, _)| *cause)?;
        Some(Self { verb: Verb::of(verb)?, amount, why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_doubt_fits_its_column_and_comes_back() {
        for (why, _) in CAUSES {
            for verb in [Verb::Capture, Verb::Reverse, Verb::Credit] {
                let doubt = MoneyDoubt { verb, amount: 7, why };
                assert!(doubt.words().len() <= 24, "{}", doubt.words());
                assert_eq!(MoneyDoubt::of(&doubt.words(), 7), Some(doubt));
            }
        }
    }
}
