//! Passwords that are refused: too short, or among the first that anybody tries.

use secrecy::{ExposeSecret, SecretString};

use super::error::Error;
use super::password::one_form;
use crate::language::both;

/// The commonest passwords that are long enough, in lower case, sorted by their bytes.
const COMMONEST: &str = include_str!("commonest.txt");

/// The commonest passwords and words of any length: what is made of one of them and a year is tried
/// first too. In lower case, sorted by their bytes.
const WORDS: &str = include_str!("common_words.txt");

/// A password of fewer signs that differ is one sign or a short word again and again.
const DIFFERENT_SIGNS: usize = 4;

/// Checks a new password: 10 to 128 characters in their one form, none of the commonest, not made
/// of the address or the shop's name.
///
/// # Errors
/// `Invalid`: what is wrong with it.
pub(super) fn check_password(given: &SecretString, email: &str, shop: &str) -> Result<(), Error> {
    let form = one_form(given);
    let form = form.expose_secret();
    if !(10..=128).contains(&form.chars().count()) {
        return Err(Error::Invalid(both(
            "`password` must have 10 to 128 characters.",
            "`password` muss 10 bis 128 Zeichen haben.",
        )));
    }
    let folded = form.trim().to_lowercase();
    if is_commonest(&folded) {
        return Err(Error::Invalid(both(
            "`password` is one of those that are tried first. Three or four words that have nothing to do with each other are better.",
            "`password` ist eines von denen, die zuerst probiert werden. Besser sind drei oder vier Wörter, die nichts miteinander zu tun haben.",
        )));
    }
    let own = [email, email.split('@').next().unwrap_or_default(), shop];
    if own.iter().any(|own| is_made_of(&folded, own)) {
        return Err(Error::Invalid(both(
            "`password` must be more than the address or the shop's name.",
            "`password` muss mehr sein als die Adresse oder der Name des Shops.",
        )));
    }
    Ok(())
}

fn is_commonest(folded: &str) -> bool {
    let mut signs: Vec<char> = folded.chars().filter(|sign| !sign.is_whitespace()).collect();
    signs.sort_unstable();
    signs.dedup();
    signs.len() < DIFFERENT_SIGNS || is_listed(COMMONEST, folded) || is_word(folded)
}

/// More signs than this beside the letters are no decoration.
const DECORATION: usize = 6;

/// Whether it is one common word with digits and punctuation around or in it, or with other signs
/// for its letters.
fn is_word(folded: &str) -> bool {
    let letters: String = folded.chars().filter(|sign| sign.is_alphabetic()).collect();
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    let bare = folded.trim_matches(|sign: char| !sign.is_alphabetic());
    let meant: String = bare.chars().map(meant).collect();
    let is_word = |word: &str| word.chars().count() >= 4 && is_listed(WORDS, word);
    let signs = folded.chars().count();
    let is_decorated = |word: &str| signs - word.chars().count() <= DECORATION && is_word(word);
    is_decorated(&letters)
        || is_decorated(&meant)
        || (letters.chars().count() <= 2 && is_word(&digits))
}

/// The letter that is meant by a sign that looks like it.
fn meant(sign: char) -> char {
    match sign {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn is_listed(list: &str, folded: &str) -> bool {
    let mut from = 0;
    let mut to = list.len();
    // halves of the text, cut at the ends of lines
    while from < to {
        let middle = from + (to - from) / 2;
        let start = list.as_bytes()[from..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(from, |at| from + at + 1);
        let end = list.as_bytes()[middle..to]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(to, |at| middle + at);
        match list.as_bytes()[start..end].cmp(folded.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

/// Whether nothing but digits and punctuation is left without `own`.
fn is_made_of(folded: &str, own: &str) -> bool {
    let letters = |text: &str| {
        text.to_lowercase().chars().filter(|sign| sign.is_alphabetic()).collect::<String>()
    };
    let own = letters(own);
    let all = letters(folded);
    own.chars().count() >= 3 && all.contains(&own) && all.replace(&own, "").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(password: &str) -> bool {
        check_password(&password.to_owned().into(), "anna.berg@example.org", "Snow Shop").is_ok()
    }

    #[test]
    fn passwords_are_counted_in_characters_of_one_form() {
        assert!(is_fine("äöüäöüäöüx") && is_fine(&"äöüx".repeat(32)));
        assert!(!is_fine("12345678a") && !is_fine(&"äöüx".repeat(33)));
        assert!(
            !is_fine("a\u{308}o\u{308}u\u{308}a\u{308}b"),
            "nine characters were typed as five"
        );
    }

    #[test]
    fn what_everybody_tries_first_is_refused_in_any_case() {
        for weak in [
            "1234567890",
            "password123",
            "PassWord123",
            "qwertzuiop",
            "Passwort2026",
            "  password123  ",
            "password123",
            "aaaaaaaaaa",
            "1212121212",
            "abcabcabcabc",
            "winter2027",
            "Sommer 2027!",
            "schatz123456",
            "123456789a",
            "P@ssw0rd2024",
            "Willkommen1!",
            "2026-Gletscher",
            "          ",
            "\u{a0}\u{2003} \t       ",
        ] {
            assert!(!is_fine(weak), "{weak:?}");
        }
    }

    #[test]
    fn the_own_address_and_the_shops_name_are_refused_with_any_digits_around_them() {
        for weak in [
            "anna.berg@example.org",
            "Anna.Berg1990!",
            "annaberg-annaberg",
            "SnowShop2026",
            "snow shop 1!",
        ] {
            assert!(!is_fine(weak), "{weak:?}");
        }
        for fine in [
            "anna sells skis",
            "snowshop-otter",
            "correct horse",
            "grüne Wiese Dampf",
            "dragon83059172",
            "8305917264",
            "3kf-93m-xo2",
        ] {
            assert!(is_fine(fine), "{fine:?}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_each_of_it_is_found() {
        for list in [COMMONEST, WORDS] {
            let all: Vec<&str> = list.lines().collect();
            assert!(
                all.len() >= 3_000
                    && all.is_sorted_by(|one, next| one.as_bytes() < next.as_bytes())
            );
            for word in all {
                assert!(is_listed(list, word) && word == word.to_lowercase(), "{word}");
            }
        }
        assert!(COMMONEST.lines().all(|word| word.chars().count() >= 10));
        for other in ["", "0", "zzzzzzzzzzzz", "password12\n", "1234567890\n1234567891"] {
            assert!(!is_listed(COMMONEST, other), "{other:?}");
        }
    }
}
