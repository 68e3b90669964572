//! DTA numbers: chip type (2 digits), serial (20), check digit.

/// Chip types that the field knows. `Unproven:` the list is a French shop's.
const CHIP_TYPES: [&str; 3] = ["01", "25", "30"];
/// A serial is the chip's ISO 15693 identifier, E0 16 … as a decimal: these are EM
/// Microelectronic's.
const FIRST_SERIAL: u64 = 0xE016_0000_0000_0000;

/// Three groups as they come over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) chip: String,
    pub(crate) serial: String,
    pub(crate) luhn: String,
}

impl Number {
    /// `01-16147133534532385823-4`.
    pub(crate) fn printed(&self) -> String {
        format!("{}-{}-{}", self.chip, self.serial, self.luhn)
    }

    pub(crate) fn is_known_type(&self) -> bool {
        CHIP_TYPES.contains(&self.chip.as_str())
    }

    /// The check digit is right over all 23 digits, or over the serial alone as one number seen in
    /// the wild has it.
    pub(crate) fn is_right(&self) -> bool {
        let check = self.luhn.as_bytes().first().map(|digit| digit - b'0');
        check.is_some_and(|check| {
            check == luhn(&format!("{}{}", self.chip, self.serial)) || check == luhn(&self.serial)
        })
    }
}

/// The check digit that makes `digits` and itself pass Luhn.
fn luhn(digits: &str) -> u8 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| weighed(place, u32::from(digit - b'0')))
        .sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

const fn weighed(place: usize, digit: u32) -> u32 {
    let doubled = if place.is_multiple_of(2) { digit * 2 } else { digit };
    if doubled > 9 { doubled - 9 } else { doubled }
}

/// The `n`-th sample keycard number, printed `01-<20 digits>-<check digit>`; distinct for `n` below
/// 2^48, always the same.
#[must_use]
pub fn sample_dta_number(n: u64) -> String {
    let serial = (FIRST_SERIAL + (n & 0xFFFF_FFFF_FFFF)).to_string();
    let check = luhn(&format!("01{serial}"));
    format!("01-{serial}-{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(printed: &str) -> Number {
        let parts: Vec<&str> = printed.split('-').collect();
        Number { chip: parts[0].into(), serial: parts[1].into(), luhn: parts[2].into() }
    }

    #[test]
    fn public_numbers_pass_and_a_changed_digit_does_not() {
        for printed in
            ["01-16147133534532385823-4", "01-16147133535003177726-2", "01-16147133502847128343-7"]
        {
            assert!(number(printed).is_right(), "{printed}");
        }
        assert!(!number("01-16147133534532385825-4").is_right());
    }

    #[test]
    fn samples_are_valid_and_distinct() {
        let samples: std::collections::BTreeSet<String> =
            (0..1_000).map(sample_dta_number).collect();
        assert_eq!(samples.len(), 1_000);
        assert!(samples.iter().all(|printed| printed.len() == 25 && number(printed).is_right()));
    }
}
