//! How long a supplier's texts may be: what is stored or shown of an answer fits, or the answer is
//! not believed.

use super::Outcome;

/// The longest number of a ticket or of a serial, in characters.
pub(super) const NUMBER: usize = 80;
/// The longest handle of a booking, in characters; the database keeps 255.
pub(super) const HANDLE: usize = 250;
/// The longest other text, in characters.
pub(super) const TEXT: usize = 255;
/// The longest address, in characters: what browsers take everywhere.
pub(super) const ADDRESS: usize = 2048;

/// A text of an answer: what it is, what it says, and how many characters it may have.
pub(super) type Told<'a> = (&'static str, &'a str, usize);

/// What of these is too long or holds control characters.
pub(super) fn misfit(texts: &[Told<'_>]) -> Option<&'static str> {
    let fits =
        |text: &str, most: usize| text.chars().count() <= most && !text.contains(char::is_control);
    texts.iter().find(|(_, text, most)| !fits(text, *most)).map(|(what, ..)| *what)
}

/// The same answer, or one that is not believed because of `wrong`, which says what does not fit.
pub(super) fn believed<T>(
    (supplier, verb): (&str, &'static str),
    outcome: Outcome<T>,
    wrong: impl FnOnce(&T) -> Option<&'static str>,
) -> Outcome<T> {
    let Outcome::Done(value) = &outcome else { return outcome };
    let Some(what) = wrong(value) else { return outcome };
    tracing::warn!(
        supplier,
        verb,
        what,
        "the supplier's answer contradicts its document: a text does not fit"
    );
    Outcome::Unknown(format!("the answer to {verb} contradicts its document: {what} does not fit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_up_to_its_length_in_characters_and_without_control_characters() {
        let longest = "ö".repeat(NUMBER);
        assert_eq!(misfit(&[("a", &longest, NUMBER), ("b", "", TEXT)]), None);
        let longer = format!("{longest}x");
        assert_eq!(misfit(&[("a", "1", NUMBER), ("b", &longer, NUMBER)]), Some("b"));
        assert_eq!(misfit(&[("a", "one\ntwo", NUMBER)]), Some("a"));
    }
}
