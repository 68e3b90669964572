//! The WTP number on a keycard: 14 letters and digits, printed in groups of 8, 3 and 3.
//!
//! There is no letter O in it, always a zero. Beside it some cards show another number that begins
//! with 477 and is worth nothing here. `Unproven:` how its check characters are made, so only the
//! service itself can say whether a number is right; here are its length and alphabet.

use crate::integrations::lift::CardNumberError;
use crate::integrations::lift::print_form;
use crate::language::both;

const PRINTED: [usize; 3] = [8, 3, 3];

/// Normalises what a customer typed to `XXXXXXXX-XXX-XXX`; `None` when it does not look like a WTP
/// number.
pub(super) fn parse(text: &str) -> Option<Result<String, CardNumberError>> {
    let groups = print_form::groups(text)?;
    let number = groups.concat().to_ascii_uppercase().replace('O', "0");
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if number.starts_with("477") && digits && number.len() >= 6 {
        return Some(Err(CardNumberError(both(
            "the number that begins with 477 is not the one: enter the other, 14 letters and digits in groups of 8, 3 and 3",
            "die Nummer, die mit 477 beginnt, ist es nicht: Geben Sie die andere ein, 14 Buchstaben und Ziffern in Gruppen zu 8, 3 und 3",
        ))));
    }
    if number.len() == 14 {
        return Some(Ok(format!("{}-{}-{}", &number[..8], &number[8..11], &number[11..])));
    }
    let near = groups.len() == PRINTED.len() && (11..=17).contains(&number.len());
    let slip = !digits && matches!(number.len(), 13 | 15);
    if !near && !slip {
        return None;
    }
    let odd = print_form::odd_group(&groups, &PRINTED);
    let wrong = odd.unwrap_or_else(|| {
        let length = number.len();
        both(
            format!("there are {length} letters and digits instead of 14"),
            format!("es sind {length} statt 14 Buchstaben und Ziffern"),
        )
    });
    Some(Err(CardNumberError(both(
        format!("{}: the groups have 8, 3 and 3", wrong.en),
        format!("{}: Die Gruppen haben 8, 3 und 3", wrong.de),
    ))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_upper_cased_and_its_letters_o_are_zeros() {
        for typed in
            ["A1B2C3D0-E5F-6G7", "*a1b2c3do e5f 6g7", "A1B2C3D0E5F6G7", " a1b2c3d0.e5f.6g7 "]
        {
            assert_eq!(parse(typed), Some(Ok("A1B2C3D0-E5F-6G7".into())), "{typed}");
        }
    }

    #[test]
    fn a_wrong_number_says_where_to_look() {
        for (typed, hint) in [
            ("A1B2C3D4-E5-6G7", "group 2 (E5) has 2 characters instead of 3"),
            ("A1B2C3D4-E5F-6G7H", "group 3 (6G7H) has 4 characters instead of 3"),
            ("A1B2C3D4E5F6G", "13 letters and digits instead of 14"),
            ("4771234567", "begins with 477 is not the one"),
            ("477-1234-5678-9012-3456-78", "begins with 477 is not the one"),
        ] {
            let error = parse(typed).expect("looks like a WTP number").unwrap_err();
            assert!(error.to_string().contains(hint), "{typed}: {error}");
        }
    }

    #[test]
    fn what_is_no_wtp_number_is_left_to_others() {
        for text in [
            "",
            "01-16147133534532385823-4",
            "S44069670815",
            "01-2167-30-92545",
            "A1B2C3D4-E5F-6Ü7",
            "skipass",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_typed_is_answered_and_a_normal_form_stays_itself(text in "[0-9A-Za-z *-]{0,20}|.{0,20}") {
            if let Some(Ok(number)) = parse(&text) {
                proptest::prop_assert_eq!(parse(&number), Some(Ok(number)));
            }
        }
    }
}
