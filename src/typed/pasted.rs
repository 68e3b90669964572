//! What is typed from a card or an e-mail, or pasted from anywhere: addresses, codes, numbers.

use serde::{Deserialize, Deserializer};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a character shows nothing, such as a mark of direction that a number was copied with.
fn is_unseen(sign: char) -> bool {
    // the variation selectors are marks, and change at most how the character before them looks
    sign.general_category() == GeneralCategory::Format
        || matches!(sign, '\u{fe00}'..='\u{fe0f}' | '\u{034f}')
}

/// Whether a character shows nothing or steers a terminal or a page.
pub(super) fn steers(sign: char) -> bool {
    let category = sign.general_category();
    is_unseen(sign)
        || matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

/// The text without characters that show nothing; blanks stay, and so do control characters, for
/// others to refuse.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().filter(|sign| !is_unseen(*sign)).collect()
}

/// The text without blanks, dashes and characters that show nothing: how a code is meant, however
/// it is cut into groups.
#[must_use]
pub fn unmixed(text: &str) -> String {
    let is_dash = |sign: char| {
        sign.general_category() == GeneralCategory::DashPunctuation || sign == '\u{2212}'
    };
    text.chars()
        .filter(|sign| !sign.is_whitespace() && !is_dash(*sign) && !is_unseen(*sign))
        .collect()
}

/// An address as it is looked for: trimmed, in lower case, a domain in other letters as its `xn--`
/// form. What cannot be one stays as it is, for others to refuse.
#[must_use]
pub fn address(text: &str) -> String {
    let text = visible(text).trim().to_ascii_lowercase();
    match text.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => match idna::domain_to_ascii(domain) {
            Ok(domain) => format!("{local}@{domain}"),
            Err(_) => text,
        },
        Some(_) | None => text,
    }
}

/// For `deserialize_with`: an address, see [`address`].
///
/// # Errors
/// It is no text.
pub fn read_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(address(&String::deserialize(deserializer)?))
}

/// The last four letters and digits of a card's number: the same wherever the card is shown.
#[must_use]
pub fn last_four(number: &str) -> String {
    let signs: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    signs[signs.len().saturating_sub(4)..].iter().collect()
}

/// A card's number with all but its last four letters and digits hidden.
#[must_use]
pub fn masked(number: &str) -> String {
    format!("****{}", last_four(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_not_there() {
        assert_eq!(visible("a\u{7}b"), "a\u{7}b", "a mistake is not corrected unseen");
        assert_eq!(visible("\u{200e}01-16\u{200b}14 \u{feff}71\u{ad}"), "01-1614 71");
        for code in [
            "123456",
            "123 456",
            "\u{a0}123-456\u{200b}",
            "12\u{2013}34\u{2009}56\n",
            "123\u{2212}456",
        ] {
            assert_eq!(unmixed(code), "123456", "{code:?}");
        }
        assert_eq!(unmixed("ABCD-efgh 12"), "ABCDefgh12");
    }

    #[test]
    fn an_address_has_one_form() {
        for (typed, meant) in [
            ("  Anna.Berg+ski@Example.ORG ", "anna.berg+ski@example.org"),
            ("anna@m\u{fc}nchen.example", "anna@xn--mnchen-3ya.example"),
            ("anna@M\u{dc}NCHEN.example", "anna@xn--mnchen-3ya.example"),
            ("anna@mu\u{308}nchen.example", "anna@xn--mnchen-3ya.example"),
            ("\u{200e}anna@example.org\u{200b}", "anna@example.org"),
            ("\u{e4}nna@example.org", "\u{e4}nna@example.org"),
            ("anna", "anna"),
            ("anna@", "anna@"),
        ] {
            assert_eq!(address(typed), meant, "{typed}");
        }
    }

    #[test]
    fn only_the_last_four_signs_of_a_number_are_shown() {
        for (number, shown) in [
            ("01-16147133535030201464-3", "****4643"),
            ("0A1B2C3D-4E5-6F7", "****56F7"),
            ("", "****"),
            ("12", "****12"),
        ] {
            assert_eq!(masked(number), shown);
        }
    }
}
