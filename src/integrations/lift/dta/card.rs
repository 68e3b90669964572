//! The DTA number on a keycard: chip type (2 digits), serial (20 digits), check digit.
//!
//! Printed `CC-SSSS SSSS SSSS SSSS SSSS-L`, sometimes without the chip type, sometimes with its
//! zero left out. The serial is the chip's ISO 15693 identifier as a decimal number, so cards of
//! type 01 begin with 1614 or close to it.
//!
//! `Unproven:` which digits the check digit covers. All 23 together pass Luhn on seven of eight
//! public numbers; the one that does not passes over the serial alone. Either is accepted, and no
//! number is refused for its serial's range alone.

use super::wire::Identification;
use crate::integrations::lift::CardNumberError;
use crate::integrations::lift::print_form;
use crate::language::{Words, both};

/// As printed: the chip type, five groups of the serial, the check digit.
const PRINTED: [usize; 7] = [2, 4, 4, 4, 4, 4, 1];
/// Serials whose chip identifier begins with E0, as every ISO 15693 chip's does.
const SERIALS: std::ops::Range<u64> = 0xE000_0000_0000_0000..0xE100_0000_0000_0000;

/// Normalises what a customer typed to `01-SSSSSSSSSSSSSSSSSSSS-L`; `None` when it does not look
/// like a DTA number.
pub(super) fn parse(text: &str) -> Option<Result<String, CardNumberError>> {
    let groups = print_form::groups(text)?;
    let number = groups.concat();
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits == number.len() && groups.iter().map(|group| group.len()).eq([2, 4, 2, 5]) {
        return Some(Err(CardNumberError(both(
            "this is the number of a ticket, which changes: enter the card's own number with 23 digits",
            "das ist die Nummer eines Tickets, die sich ändert: Geben Sie die Nummer der Karte selbst mit 23 Ziffern ein",
        ))));
    }
    if digits < 17 || number.starts_with("477") {
        return None;
    }
    if let Some(letter) = number.chars().find(char::is_ascii_alphabetic) {
        return Some(Err(CardNumberError(both(
            format!("the number has only digits, but there is a letter {letter}"),
            format!("die Nummer hat nur Ziffern, hier steht aber ein Buchstabe {letter}"),
        ))));
    }
    Some(normalise(&number, &groups))
}

fn normalise(number: &str, groups: &[&str]) -> Result<String, CardNumberError> {
    let whole = match number.len() {
        23 => number.to_owned(),
        22 if number.starts_with('1') => format!("0{number}"),
        21 => format!("01{number}"),
        length => {
            let odd = print_form::odd_group(groups, &PRINTED);
            let wrong = odd.unwrap_or_else(|| {
                both(
                    format!("there are {length} digits instead of 23"),
                    format!("es sind {length} statt 23 Ziffern"),
                )
            });
            return Err(CardNumberError(both(
                format!("{}: the groups have 2, 4, 4, 4, 4, 4 and 1 digits", wrong.en),
                format!("{}: Die Gruppen haben 2, 4, 4, 4, 4, 4 und 1 Ziffern", wrong.de),
            )));
        }
    };
    let (chip, rest) = whole.split_at(2);
    let (serial, check) = rest.split_at(20);
    if luhn_holds(&whole) || luhn_holds(rest) {
        return Ok(format!("{chip}-{serial}-{check}"));
    }
    Err(CardNumberError(look_at(chip, serial)))
}

/// Where the mistake most likely is.
fn look_at(chip: &str, serial: &str) -> Words {
    if !matches!(chip, "01" | "25" | "30" | "31") {
        return both(
            format!("look at the first group ({chip}): it is 01 on nearly every card"),
            format!(
                "sehen Sie sich die erste Gruppe an ({chip}): Sie lautet auf fast jeder Karte 01"
            ),
        );
    }
    if chip == "01" && !serial.parse().is_ok_and(|serial: u64| SERIALS.contains(&serial)) {
        let group = &serial[..4];
        return both(
            format!("look at the second group ({group}): it is 1614 on nearly every card"),
            format!(
                "sehen Sie sich die zweite Gruppe an ({group}): Sie lautet auf fast jeder Karte 1614"
            ),
        );
    }
    let groups: Vec<&str> = (4..20).step_by(4).filter_map(|at| serial.get(at..at + 4)).collect();
    let groups = groups.join(" ");
    both(
        format!(
            "a digit is wrong or two are swapped: compare the groups {groups} and the last digit with the card"
        ),
        format!(
            "eine Ziffer ist falsch oder zwei sind vertauscht: Vergleichen Sie die Gruppen {groups} und die letzte Ziffer mit der Karte"
        ),
    )
}

/// Luhn over all digits of `number`, its last being the check digit.
fn luhn_holds(number: &str) -> bool {
    let weigh = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        if doubled > 9 { doubled - 9 } else { doubled }
    };
    number.bytes().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

/// Splits a number in its normal form; `None` when it is not.
pub(super) fn identification(number: &str) -> Option<Identification> {
    let mut parts = number.split('-');
    let chip = parts.next()?;
    let serial = parts.next()?;
    let check = parts.next()?;
    let sized = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.next().is_some() || !sized(chip, 2) || !sized(serial, 20) || !sized(check, 1) {
        return None;
    }
    Some(Identification {
        chip_id: chip.into(),
        serial_number: serial.into(),
        luhn_number: check.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        parse(text).expect("looks like a DTA number").map_err(|error| error.to_string())
    }

    #[test]
    fn every_public_number_passes_in_every_form_it_is_typed_in() {
        let public = [
            "01-16147133534532385823-4",
            "01-16147133535003177726-2",
            "01-16147133534535310476-4",
            "01-16147133535030201464-3",
            "01-16147133534889429674-3",
            "01-16147133535016079240-5",
            "01-16147133534937083660-6",
            "01-16147133502847128343-7", // passes over the serial alone
        ];
        for number in public {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let printed = format!(
                "* {}-{} {} {}-{}",
                &digits[..2],
                &digits[2..6],
                &digits[6..14],
                &digits[14..22],
                &digits[22..]
            );
            for typed in [
                number,
                &digits,
                &digits[1..],
                &digits[2..],
                &printed,
                &number.replace('-', "\u{2013}"),
            ] {
                assert_eq!(read(typed).as_deref(), Ok(number), "{typed}");
            }
        }
    }

    #[test]
    fn a_wrong_number_says_which_group_to_look_at() {
        for (typed, hint) in [
            ("01-1614 7133 545 3238 5823-4", "group 4 (545) has 3 characters instead of 4"),
            ("01-1614713353453238582-4", "there are 22 digits instead of 23"),
            ("71-16147133534532385823-4", "the first group (71)"),
            ("01-16247133534532385823-4", "the second group (1624)"),
            ("01-16147133534532385825-4", "compare the groups 7133 5345 3238 5825"),
            ("01-1614713353453238582O-4", "a letter O"),
            ("01-2167-30-92545", "the number of a ticket"),
        ] {
            let error = read(typed).unwrap_err();
            assert!(error.contains(hint), "{typed}: {error}");
        }
    }

    #[test]
    fn what_is_no_dta_number_is_left_to_others() {
        for text in [
            "",
            "12345678-901-234",
            "A1B2C3D4-E5F-6G7",
            "S44069670815",
            "4771234567890123456",
            "skipass",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_typed_is_answered_and_a_normal_form_stays_itself(text in "[0-9 *-]{0,30}|.{0,30}") {
            if let Some(Ok(number)) = parse(&text) {
                proptest::prop_assert!(identification(&number).is_some());
                proptest::prop_assert_eq!(parse(&number), Some(Ok(number)));
            }
        }
    }
}
