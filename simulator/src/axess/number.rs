//! WTP numbers, printed `XXXXXXXX-XXX-XXX`: chip id, CRC, acceptance number.
//!
//! The real formulas are not public. `Unproven:` ours: symbols are `0`–`9` and `A`–`Z` without `O`,
//! each worth its place (0 to 34). Over the eight symbols of the chip id,
//! `h = (h × 31 + place + 1) mod 35³`, begun with 7 for the CRC and with 11 for the acceptance
//! number; `h` is written as three symbols, the highest first.

const ALPHABET: &[u8; 35] = b"0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ";
const CRC_START: u64 = 7;
const ACCEPTANCE_START: u64 = 11;
const CHECK_RANGE: u64 = 35 * 35 * 35;
const SAMPLES: u64 = CHECK_RANGE * CHECK_RANGE * 35;

/// Why a number is not accepted, with Axess's error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Form,
    Crc,
    Acceptance,
}

/// Says the first flaw of a printed number.
pub(crate) fn check(printed: &str) -> Result<(), Flaw> {
    let parts: Vec<&str> = printed.split('-').collect();
    let [chip, crc, acceptance] = parts.as_slice() else { return Err(Flaw::Form) };
    let symbols = parts.concat();
    if [chip, crc, acceptance].map(|part| part.len()) != [8, 3, 3]
        || symbols.bytes().any(|byte| place(byte).is_none())
    {
        return Err(Flaw::Form);
    }
    if *crc != digest(chip, CRC_START) {
        return Err(Flaw::Crc);
    }
    if *acceptance == digest(chip, ACCEPTANCE_START) { Ok(()) } else { Err(Flaw::Acceptance) }
}

/// The chip's identifier: E0 04 01 (NXP) and 40 bits, 16 hexadecimal digits. `Unproven:` the
/// mapping is ours.
pub(crate) fn media_id(printed: &str) -> String {
    let chip = printed.split('-').next().unwrap_or_default();
    let value = chip.bytes().filter_map(place).fold(0_u64, |value, place| value * 35 + place);
    format!("E00401{:010X}", value & 0xFF_FFFF_FFFF)
}

fn place(symbol: u8) -> Option<u64> {
    ALPHABET.iter().position(|known| *known == symbol).map(|place| place as u64)
}

fn digest(chip: &str, start: u64) -> String {
    let hash = chip
        .bytes()
        .filter_map(place)
        .fold(start, |hash, place| (hash * 31 + place + 1) % CHECK_RANGE);
    written(hash, 3)
}

fn written(mut value: u64, width: usize) -> String {
    let mut symbols = vec!['0'; width];
    for symbol in symbols.iter_mut().rev() {
        let index = usize::try_from(value % 35).unwrap_or_default();
        *symbol = char::from(*ALPHABET.get(index).unwrap_or(&b'0'));
        value /= 35;
    }
    symbols.into_iter().collect()
}

/// The `n`-th sample keycard number, printed `XXXXXXXX-XXX-XXX`; distinct for `n` below 35^7,
/// always the same.
#[must_use]
pub fn sample_wtp_number(n: u64) -> String {
    let chip = format!("S{}", written(n % SAMPLES, 7));
    format!("{chip}-{}-{}", digest(&chip, CRC_START), digest(&chip, ACCEPTANCE_START))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_valid_and_distinct() {
        let samples: std::collections::BTreeSet<String> =
            (0..1_000).map(sample_wtp_number).collect();
        assert_eq!(samples.len(), 1_000);
        assert!(samples.iter().all(|printed| printed.len() == 16 && check(printed).is_ok()));
    }

    #[test]
    fn one_wrong_symbol_is_seen() {
        assert_eq!(check("S0000001"), Err(Flaw::Form));
        assert_eq!(check(&sample_wtp_number(1).replacen('S', "O", 1)), Err(Flaw::Form));
        assert_eq!(check(&sample_wtp_number(1).replacen('S', "T", 1)), Err(Flaw::Crc));
        let mut number = sample_wtp_number(1);
        let last = if number.pop() == Some('0') { '1' } else { '0' };
        number.push(last);
        assert_eq!(check(&number), Err(Flaw::Acceptance));
    }
}
