//! Names of people and nicknames: what will stand in e-mails, on invoices and in operators'
//! systems.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::pasted::steers;
use crate::fonts;
use crate::language::{Words, both};

/// Longest first or last name in characters.
const LONGEST_NAME: usize = 80;

/// Longest nickname in characters.
const LONGEST_NICKNAME: usize = 60;

/// A person's first and last name, trimmed, of characters that documents can show. Many people have
/// one name only: one of the two may be empty.
///
/// # Errors
/// Says which one, and what is acceptable.
pub fn persons_name(first: &str, last: &str) -> Result<(String, String), Words> {
    let part = |field: &str, given: &str| {
        let name = given.trim();
        let fits =
            name.is_empty() || is_name(name, LONGEST_NAME) && !name.contains(['/', ':', '@']);
        if fits { drawn(field, name) } else { Err(no_name(field)) }
    };
    let first = part("first_name", first)?;
    let last = part("last_name", last)?;
    if first.is_empty() && last.is_empty() {
        return Err(both(
            "`first_name` and `last_name` must not both be empty. Who has one name only sends one of them.",
            "`first_name` und `last_name` dürfen nicht beide leer sein. Wer nur einen Namen hat, sendet einen davon.",
        ));
    }
    Ok((first, last))
}

/// A line of an address, trimmed: 1 to `longest` characters that documents can show.
///
/// # Errors
/// Says what is acceptable.
pub(super) fn line_of(field: &str, given: &str, longest: usize) -> Result<String, Words> {
    let line = given.trim();
    if is_name(line, longest) {
        return drawn(field, line);
    }
    Err(both(
        format!(
            "`{field}` must have 1 to {longest} characters on one line, at least one of them visible."
        ),
        format!(
            "`{field}` muss 1 bis {longest} Zeichen in einer Zeile haben, mindestens ein sichtbares."
        ),
    ))
}

/// The text, when documents can show each of its characters.
fn drawn(field: &str, text: &str) -> Result<String, Words> {
    fonts::first_missing(text)
        .map_or_else(|| Ok(text.to_owned()), |sign| Err(no_glyph(field, sign)))
}

/// What to say of a text with a character that documents cannot show; `place` names it, for example
/// `first_name`.
#[must_use]
pub fn no_glyph(place: &str, sign: char) -> Words {
    both(
        format!(
            "`{place}`: invoices cannot show `{sign}`. Write it in Latin letters, as in the passport."
        ),
        format!(
            "`{place}`: Rechnungen können `{sign}` nicht darstellen. Schreiben Sie es in lateinischen Buchstaben wie im Reisepass."
        ),
    )
}

/// A nickname, trimmed: 1 to 60 characters.
///
/// # Errors
/// Says what is acceptable.
pub fn nickname(given: &str) -> Result<String, Words> {
    let name = given.trim();
    if is_name(name, LONGEST_NICKNAME) {
        return Ok(name.to_owned());
    }
    Err(both(
        format!(
            "`nickname` must have 1 to {LONGEST_NICKNAME} characters on one line, at least one of them visible, and none that turns the direction of writing."
        ),
        format!(
            "`nickname` muss 1 bis {LONGEST_NICKNAME} Zeichen in einer Zeile haben, mindestens ein sichtbares und keines, das die Schreibrichtung ändert."
        ),
    ))
}

/// Both parts of a name, of which one may be empty.
#[must_use]
pub fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.chars().count())
        && !name.chars().any(is_unwritten)
        && name.chars().any(is_seen)
}

/// Whether a character stands in nobody's name. The two joiners are written in Persian and Indian
/// names, and in emoji.
fn is_unwritten(sign: char) -> bool {
    let joins = matches!(sign, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    let is_none = matches!(u32::from(sign) & 0xffff, 0xfffe | 0xffff)
        || matches!(sign, '\u{fdd0}'..='\u{fdef}');
    let is_private = sign.general_category() == GeneralCategory::PrivateUse;
    is_none || is_private || sign == '\u{fffd}' || (steers(sign) && !joins)
}

/// Whether a character shows something; a few letters and symbols are blanks in truth.
fn is_seen(sign: char) -> bool {
    let is_blank = matches!(sign, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    let group = sign.general_category_group();
    !is_blank
        && matches!(
            group,
            GeneralCategoryGroup::Letter
                | GeneralCategoryGroup::Number
                | GeneralCategoryGroup::Punctuation
                | GeneralCategoryGroup::Symbol
        )
}

fn no_name(field: &str) -> Words {
    both(
        format!(
            "`{field}` must have at most {LONGEST_NAME} characters on one line, at least one of them visible, without control characters, characters that turn the direction of writing, `/`, `:` or `@`."
        ),
        format!(
            "`{field}` darf höchstens {LONGEST_NAME} Zeichen in einer Zeile haben, mindestens ein sichtbares, ohne Steuerzeichen, Zeichen, die die Schreibrichtung ändern, `/`, `:` oder `@`."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: [&str; 15] = [
        "a\u{7}b",
        "a\nb",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{2067}b",
        "a\u{200e}b",
        "\u{200b}",
        "a\u{200b}b",
        "\u{200d}",
        "\u{3164}",
        "\u{2800}",
        "\u{301}",
        "a\u{e000}b",
        "a\u{ffff}",
        "a\u{0}",
    ];

    #[test]
    fn every_name_and_nickname_shows_something_and_steers_nothing() {
        for wrong in WRONG {
            assert!(persons_name(wrong, "Berg").is_err(), "{wrong:?}");
            assert!(persons_name("Anna", wrong).is_err(), "{wrong:?}");
            assert!(nickname(wrong).is_err(), "{wrong:?}");
        }
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for right in ["Änne-Marie", "O'Brien", "محمد", "ʻOkina", "Zoë 2", "می\u{200c}خواهم"]
        {
            assert_eq!(persons_name(&format!(" {right} "), "Berg").unwrap().0, right);
            assert_eq!(nickname(right).unwrap(), right);
        }
        assert_eq!(nickname(family).unwrap(), family);
    }

    #[test]
    fn a_name_that_no_invoice_can_show_is_asked_for_in_latin_letters() {
        let words = persons_name("小明", "Berg").unwrap_err();
        assert!(
            words.en.contains("first_name")
                && words.en.contains('小')
                && words.en.contains("passport"),
            "{words:?}"
        );
        assert!(
            persons_name("Li", "สมชาย")
                .unwrap_err()
                .de
                .contains("`last_name`: Rechnungen können `ส`")
        );
        assert_eq!(nickname("小明").unwrap(), "小明", "it stands on no document");
    }

    #[test]
    fn a_name_has_bounds_and_holds_no_link() {
        assert!(
            persons_name(&"ä".repeat(80), "Berg").is_ok()
                && persons_name(&"ä".repeat(81), "Berg").is_err()
        );
        assert!(
            nickname(&"ä".repeat(60)).is_ok()
                && nickname(&"ä".repeat(61)).is_err()
                && nickname(" ").is_err()
        );
        for link in ["http://evil.example", "you@evil.example", "win: here"] {
            assert!(persons_name(link, "Berg").is_err(), "{link}");
        }
    }

    #[test]
    fn who_has_one_name_only_sends_one() {
        assert_eq!(persons_name("Sukarno", " ").unwrap(), ("Sukarno".to_owned(), String::new()));
        assert_eq!(persons_name("", "Sukarno").unwrap(), (String::new(), "Sukarno".to_owned()));
        assert!(persons_name(" ", "").is_err());
        assert_eq!(
            (full_name("Sukarno", ""), full_name("", "Sukarno")),
            ("Sukarno".into(), "Sukarno".into())
        );
    }
}
