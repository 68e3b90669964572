//! What is net and what is tax: computed once per rate from the sum of its lines, never line by line.

use std::collections::BTreeMap;

use super::store::Line;
use crate::money::{self, Cents};

/// What the lines of one rate add up to; `net + vat == gross`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateTotal {
    /// The rate in per mille (100 is 10 %).
    pub vat_permille: i32,
    /// Cents before tax.
    pub net: Cents,
    /// Cents of tax.
    pub vat: Cents,
    /// Cents paid.
    pub gross: Cents,
}

/// The totals per rate, the lowest rate first.
#[must_use]
pub fn per_rate(lines: &[Line]) -> Vec<RateTotal> {
    let mut gross_by_rate = BTreeMap::<i32, Cents>::new();
    for line in lines {
        *gross_by_rate.entry(line.vat_permille).or_default() += line.gross_cents;
    }
    let total = |(vat_permille, gross)| {
        let net = money::net(gross, i64::from(vat_permille));
        RateTotal { vat_permille, net, vat: gross - net, gross }
    };
    gross_by_rate.into_iter().map(total).collect()
}
