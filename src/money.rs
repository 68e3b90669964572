//! Money as integer minor units beside a currency, never a float.

use serde::{Deserialize, Serialize};

pub use starjack_rules::money::Cents;

/// An amount beside its currency, as it stands in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units, for example 8450 for 84.50 EUR.
    pub amount: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
}

impl Money {
    /// An amount of euro cents.
    #[must_use]
    pub fn euro(amount: Cents) -> Self {
        Self { amount, currency: "EUR".into() }
    }
}

/// Writes minor units as decimal text with two places, for example `84.50`.
#[must_use]
pub fn decimal(cents: Cents) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let amount = cents.unsigned_abs();
    format!("{sign}{}.{:02}", amount / 100, amount % 100)
}

/// Reads decimal text that is not negative and is whole cents, for example `84.5` or `84.50000`;
/// `None` for anything else.
#[must_use]
pub fn read_decimal(text: &str) -> Option<Cents> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(places) || whole.len() > 9 {
        return None;
    }
    let (counted, beyond) = places.split_at_checked(2).unwrap_or((places, ""));
    if beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let cents: Cents = format!("{counted:0<2}").parse().ok()?;
    Some(whole.parse::<Cents>().ok()? * 100 + cents)
}

/// The net part of a gross amount at a rate in per mille (100 is 10 %), rounded half up to the
/// cent.
#[must_use]
pub fn net(gross: Cents, rate_permille: i64) -> Cents {
    let divisor = 1000 + rate_permille;
    (gross * 2000 + divisor).div_euclid(2 * divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_two_places() {
        for (cents, text) in [(0, "0.00"), (5, "0.05"), (8450, "84.50"), (-120, "-1.20")] {
            assert_eq!(decimal(cents), text);
        }
    }

    #[test]
    fn amounts_are_read_without_floats() {
        for (text, cents) in [
            ("84.5", Some(8450)),
            ("84", Some(8400)),
            ("0.05", Some(5)),
            ("84.50000", Some(8450)),
            ("84.505", None),
            ("-1", None),
            ("1,5", None),
            (".5", None),
            ("", None),
            ("1e3", None),
        ] {
            assert_eq!(read_decimal(text), cents, "{text}");
        }
    }

    #[test]
    fn net_is_rounded_half_up() {
        for (gross, rate, expected) in
            [(8650, 100, 7864), (110, 100, 100), (0, 100, 0), (1, 100, 1), (5, 200, 4)]
        {
            assert_eq!(net(gross, rate), expected, "{gross} at {rate}");
        }
    }
}
