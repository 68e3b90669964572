//! Names that leave the house: order numbers and the references that suppliers know an order by.

use std::fmt;

use uuid::Uuid;

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new unguessable id for a row that the outside may name.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// A new secret of 244 random bits, as 64 hexadecimal digits.
#[must_use]
pub fn new_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The epoch letter of a database: begins every order number, so every reference, and names the
/// series of its invoices. A restored backup does not know what was given out after it, so each
/// restore moves on to a letter that never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(char);

impl Epoch {
    /// Until a backup is restored.
    pub const FIRST: Self = Self('A');

    /// The letter that a number or a reference begins with, or the letter itself; `None` for
    /// anything else.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        text.chars().next().filter(|first| Self::all().any(|letter| letter == *first)).map(Self)
    }

    /// The letter after this one; `None` after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::all().find(|letter| *letter > self.0).map(Self)
    }

    fn all() -> impl Iterator<Item = char> {
        ALPHABET.iter().copied().map(char::from).filter(char::is_ascii_uppercase)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An order's number: the epoch letter of the database and ten random characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderNumber(String);

impl OrderNumber {
    /// Draws a new number under the database's epoch letter.
    #[must_use]
    pub fn draw(epoch: Epoch) -> Self {
        let mut bits = Uuid::new_v4().as_u128() >> 72;
        let mut text = String::from(epoch.0);
        for _ in 0..10 {
            text.push(char::from(ALPHABET[usize::try_from(bits & 31).unwrap_or_default()]));
            bits >>= 5;
        }
        Self(text)
    }

    /// Takes a number that the database holds.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The reference under which line `line` (1 to 20) is booked, the same in every repeat.
    #[must_use]
    pub fn ticket(&self, line: i32) -> Reference {
        Reference(format!("{}-{line}", self.0))
    }

    /// The reference of payment page `page` (from 1).
    #[must_use]
    pub fn page(&self, page: i32) -> Reference {
        Reference(format!("{}-P{page}", self.0))
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Our key at a supplier: unique, at most 24 of `[A-Z0-9-]`, made once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(String);

impl Reference {
    /// Takes a reference that the database or a supplier holds.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The reference as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is a ticket's reference as [`OrderNumber::ticket`] makes it, of whatever
/// database.
#[must_use]
pub fn is_ticket(text: &str) -> bool {
    let line = |rest: &str| rest.parse::<u8>().is_ok_and(|line| (1..=20).contains(&line));
    text.split_once('-').is_some_and(|(number, rest)| is_number(number) && line(rest))
}

/// Whether a text is a payment page's reference as [`OrderNumber::page`] makes it, of whatever
/// database.
#[must_use]
pub fn is_page(text: &str) -> bool {
    let page = |rest: &str| rest.parse::<u32>().is_ok_and(|page| page > 0);
    text.split_once("-P").is_some_and(|(number, rest)| is_number(number) && page(rest))
}

fn is_number(text: &str) -> bool {
    text.len() == 11
        && text.starts_with(|epoch: char| epoch.is_ascii_uppercase())
        && text.bytes().skip(1).all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_short_plain_and_the_same_in_every_repeat() {
        let number = OrderNumber::draw(Epoch::FIRST);
        for reference in [number.ticket(20), number.page(12)] {
            assert!(reference.as_str().len() <= 24);
            assert!(
                reference
                    .as_str()
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
            );
        }
        assert!(is_ticket(number.ticket(20).as_str()) && is_page(number.page(12).as_str()));
        assert!(!is_ticket(number.page(1).as_str()) && !is_page(number.ticket(1).as_str()));
        for other in [
            "",
            "A-1",
            "A0123456789-0",
            "A0123456789-21",
            "a0123456789-1",
            "A012345678U-1",
            "shop-17",
        ] {
            assert!(!is_ticket(other), "{other}");
        }
        assert_eq!(number.ticket(3), number.ticket(3));
        assert_ne!(OrderNumber::draw(Epoch::FIRST), OrderNumber::draw(Epoch::FIRST));
    }
    #[test]
    fn a_letter_is_followed_by_each_of_the_others_and_in_the_end_by_none() {
        let mut letters = vec![Epoch::FIRST];
        while let Some(next) = letters.last().and_then(|last| last.next()) {
            letters.push(next);
        }
        let all: String = letters.iter().map(Epoch::to_string).collect();
        assert_eq!(all, "ABCDEFGHJKMNPQRSTVWXYZ");
        assert_eq!(
            Epoch::of(&OrderNumber::draw(letters[3]).ticket(1).to_string()),
            Some(letters[3])
        );
        for text in ["", "a", "7K2M9QX4TBC", "I", "U"] {
            assert_eq!(Epoch::of(text), None, "{text}");
        }
    }
}
