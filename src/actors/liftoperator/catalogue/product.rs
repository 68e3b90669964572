//! The words of the catalogue: a product, for how long it is valid, what it costs.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::operator::{Category, Season, Text};
use crate::money::Cents;

/// A product with its prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Our key, for example `day`: at most 24 of `[a-z0-9_-]`.
    pub key: String,
    /// For people, and for the invoice.
    pub name: Text,
    /// What sort of ticket.
    pub kind: ProductKind,
    /// Days on which it can be used, 1 when absent; a season pass has none, its season says it.
    #[serde(default = "one")]
    pub days: u16,
    /// Only `flexi`: in how many consecutive days they must be used.
    pub within_days: Option<u16>,
    /// Local time of the first day from which on it is valid; the whole day when absent.
    pub from_time: Option<NaiveTime>,
    /// Latest local time of its first day at which it is still loaded; the operator's when absent.
    pub last_loading_time: Option<NaiveTime>,
    /// From when on it is sold; the operator's when absent.
    pub sale_opens: Option<SaleOpens>,
    /// The supplier's own code.
    pub code: String,
    /// Which right of withdrawal the buyer has.
    pub withdrawal: Withdrawal,
    /// What must be known of the holder.
    pub needs: Vec<HolderField>,
    /// Prices; together they hold every day of the season once, or for a season pass every day of
    /// its sale.
    #[serde(rename = "band")]
    pub bands: Vec<Band>,
}

/// What sort of ticket a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Valid on one date.
    Day,
    /// Valid on one date from an hour on.
    HalfDay,
    /// Valid on several consecutive dates.
    MultiDay,
    /// Valid on some of several consecutive dates, each used at the gate as the skier likes.
    Flexi,
    /// Valid from its first day to the end of the season.
    Season,
}

/// When the sale of a ticket opens, counted back from its first day:
/// `{ days_before = 1, at = "15:00:00" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaleOpens {
    /// Days before the ticket's first day; 0 is the day itself.
    pub days_before: u16,
    /// Local time of that day; its beginning when absent.
    #[serde(default)]
    pub at: NaiveTime,
}

/// Which right of withdrawal a buyer has, said before the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// None: a leisure service on a fixed date. Source: Austrian FAGG, section 18 (1) 10.
    None,
    /// 14 days from the purchase. Source: Austrian FAGG, section 11; OLG Wien 2022: season and
    /// flexible passes have it.
    FourteenDays,
}

impl Withdrawal {
    /// The sentence that the buyer reads before ordering.
    #[must_use]
    pub fn notice(self) -> Text {
        let (de, en) = match self {
            Self::None => (
                "Kein Rücktrittsrecht: Freizeitdienstleistung zu einem bestimmten Tag (§ 18 Abs. 1 Z 10 FAGG).",
                "No right of withdrawal: a leisure service on a fixed date (section 18 (1) 10 of the Austrian FAGG).",
            ),
            Self::FourteenDays => (
                "14 Tage Rücktrittsrecht ab dem Kauf, ohne Gründe (§ 11 FAGG). Schreiben Sie dazu formlos dem Verkäufer, \
                 zum Beispiel als Antwort auf die E-Mail zur Bestellung, und nennen Sie die Nummer der Bestellung.",
                "14 days from the purchase to withdraw, without reasons (section 11 of the Austrian FAGG). Write to the \
                 seller in your own words, for example by answering the e-mail about the order, and name the order's number.",
            ),
        };
        Text { de: de.to_owned(), en: en.to_owned() }
    }
}

/// What must be known of a ticket's holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolderField {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// Birth date.
    BirthDate,
}

/// The prices of one run of days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// For people, for example `peak`; several bands may share a name.
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// Gross price in euro cents of the whole ticket by category.
    pub price_cents: BTreeMap<String, Cents>,
}

impl Product {
    /// The last day of a ticket whose first day is `first`; `None` when the season does not hold
    /// all of it.
    #[must_use]
    pub fn last_day(&self, first: NaiveDate, season: &Season) -> Option<NaiveDate> {
        let last = match self.kind {
            ProductKind::Season => season.to,
            ProductKind::Day | ProductKind::HalfDay | ProductKind::MultiDay => {
                days_after(first, self.days)
            }
            ProductKind::Flexi => days_after(first, self.within_days.unwrap_or(self.days)),
        };
        (season.contains(first) && season.contains(last)).then_some(last)
    }

    /// The gross price in euro cents of a ticket with the first day `first`, bought on the day
    /// `bought`.
    ///
    /// A season pass costs what the day of purchase says, every other ticket what its days say.
    /// Several consecutive days that lie in several bands cost the mixed price: each day its share
    /// of what the whole ticket costs in the day's own band, the sum rounded down to the cent. That
    /// such a price is mixed is common; this way of mixing is our own rule. `None` on a day without
    /// a band.
    #[must_use]
    pub fn price_cents(
        &self,
        category: &Category,
        first: NaiveDate,
        bought: NaiveDate,
    ) -> Option<Cents> {
        match self.kind {
            ProductKind::Day | ProductKind::HalfDay | ProductKind::Flexi => {
                self.price_on(category, first)
            }
            ProductKind::Season => self.price_on(category, bought),
            ProductKind::MultiDay => {
                let days = first.iter_days().take(usize::from(self.days));
                let whole: Option<Cents> = days.map(|day| self.price_on(category, day)).sum();
                whole?.checked_div(Cents::from(self.days))
            }
        }
    }

    fn price_on(&self, category: &Category, day: NaiveDate) -> Option<Cents> {
        let band = self.bands.iter().find(|band| band.contains(day))?;
        band.price_cents.get(&category.key).copied()
    }
}

impl Band {
    /// Whether `day` has these prices.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

fn days_after(first: NaiveDate, days: u16) -> NaiveDate {
    first + TimeDelta::days(i64::from(days) - 1)
}

fn one() -> u16 {
    1
}
