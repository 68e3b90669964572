//! Money as integer minor units beside a currency, never a float.

use serde::{Deserialize, Serialize};

/// An amount in minor units (cents of the euro).
pub type Cents = i64;

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

/// Reads what [`decimal`] writes, with as many places as there are cents; `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Cents> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let (cents, rest) = places.split_at(places.len().min(2));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(cents) || rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    whole.parse::<Cents>().ok()?.checked_mul(100)?.checked_add(format!("{cents:0<2}").parse().ok()?)
}

/// The net part of a gross amount at a rate in per mille (100 is 10 %), rounded half up to the cent.
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
    fn amounts_are_read_as_they_are_written() {
        for (text, cents) in [("0.00", 0), ("84.50", 8450), ("84.5", 8450), ("84", 8400), ("1.2000", 120)] {
            assert_eq!(parse(text), Some(cents), "{text}");
        }
        for text in ["", ".5", "-1.00", "1.234", "1,20", "1e2", "é.00", "1.é", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn net_is_rounded_half_up() {
        for (gross, rate, expected) in [(8650, 100, 7864), (110, 100, 100), (0, 100, 0), (1, 100, 1), (5, 200, 4)] {
            assert_eq!(net(gross, rate), expected, "{gross} at {rate}");
        }
    }
}
