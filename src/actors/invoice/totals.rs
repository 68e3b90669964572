//! What is net and what is tax: computed once per country and rate from the sum of its lines, never
//! line by line.

use std::collections::BTreeMap;

use super::store::Line;
use crate::money::{self, Cents};

/// What the lines of one country and rate add up to; `net + vat == gross`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTotal {
    /// Whose tax it is: two letters of ISO 3166.
    pub country: String,
    /// The rate in per mille (100 is 10 %).
    pub vat_permille: i32,
    /// Cents before tax.
    pub net: Cents,
    /// Cents of tax.
    pub vat: Cents,
    /// Cents paid.
    pub gross: Cents,
}

/// The totals per country and rate, in the order of countries, the lowest rate first. Two countries
/// of one rate are two totals: each gets its own tax.
#[must_use]
pub fn per_rate(lines: &[Line]) -> Vec<RateTotal> {
    let mut gross_by_rate = BTreeMap::<(&str, i32), Cents>::new();
    for line in lines {
        *gross_by_rate.entry((&line.vat_country, line.vat_permille)).or_default() +=
            line.gross_cents;
    }
    let total = |((country, vat_permille), gross): ((&str, i32), Cents)| {
        let net = money::net(gross, i64::from(vat_permille));
        RateTotal { country: country.to_owned(), vat_permille, net, vat: gross - net, gross }
    };
    gross_by_rate.into_iter().map(total).collect()
}
