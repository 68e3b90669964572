//! One operator's list at this moment: as it was at the start, and what a test has changed of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Goods, Validity};

/// The body of `PUT /control/goods/{operator}`: everything that differs from the start; `{}` puts
/// all of it back.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Changes {
    /// Codes of products that are not sold any more: neither listed nor booked.
    withdrawn: Vec<String>,
    /// Codes of products that are sold too, as day tickets without listed prices.
    added: Vec<String>,
    /// Codes of person categories that there are no more.
    closed_categories: Vec<String>,
    /// The operator that the contract is lent to: the ledger shows all its bookings under this
    /// name.
    lent_to: Option<String>,
    /// Other prices; where two speak of one day, the later one counts.
    prices: Vec<PriceChange>,
}

/// Another price of one product for some days.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PriceChange {
    product: String,
    category: String,
    from: NaiveDate,
    to: NaiveDate,
    /// `null`: there is no price on these days.
    cents: Option<i64>,
}

/// A run of days with one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
    pub(crate) cents: i64,
}

/// What an operator sells at this moment.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) goods: &'static Goods,
    changes: Mutex<Changes>,
}

impl Shelf {
    pub(crate) fn new(goods: &'static Goods) -> Self {
        Self { goods, changes: Mutex::default() }
    }

    /// From now on this differs from the start, and nothing else.
    pub(crate) fn change(&self, changes: Changes) {
        *self.changes() = changes;
    }

    /// The operator whose bookings these are.
    pub(crate) fn operator(&self) -> String {
        self.changes().lent_to.clone().unwrap_or_else(|| self.goods.operator.to_owned())
    }

    /// The codes of all products.
    pub(crate) fn products(&self) -> Vec<String> {
        let changes = self.changes();
        let known = self.goods.products.iter().map(|(code, _)| (*code).to_owned());
        known
            .chain(changes.added.iter().cloned())
            .filter(|code| !changes.withdrawn.contains(code))
            .collect()
    }

    /// The codes of all person categories.
    pub(crate) fn categories(&self) -> Vec<String> {
        let closed = &self.changes().closed_categories;
        let known = self.goods.categories.iter().map(|code| (*code).to_owned());
        known.filter(|code| !closed.contains(code)).collect()
    }

    /// How a product is valid, when it is sold.
    pub(crate) fn validity(&self, product: &str) -> Option<Validity> {
        if !self.products().iter().any(|code| code == product) {
            return None;
        }
        let known = self
            .goods
            .products
            .iter()
            .find(|(code, _)| *code == product)
            .map(|(_, validity)| *validity);
        Some(known.unwrap_or(Validity { begins: "00:00:00", days: Some(1) }))
    }

    /// Whether there is such a category of persons.
    pub(crate) fn has_category(&self, category: &str) -> bool {
        self.categories().iter().any(|code| code == category)
    }

    /// The last day of a ticket whose first is `first`, `yyyy-mm-dd`; nothing when it has none.
    pub(crate) fn last_day(&self, validity: Validity, first: &str) -> Option<String> {
        let first: NaiveDate = first.parse().ok()?;
        let last = match validity.days {
            Some(days) => first.checked_add_days(Days::new(days - 1))?,
            None => self.goods.season_ends.parse().ok().filter(|ends| *ends >= first)?,
        };
        Some(last.to_string())
    }

    /// The prices of a product for a category, by day; days that cost the same follow each other in
    /// one span.
    pub(crate) fn prices(&self, product: &str, category: &str) -> Vec<Span> {
        let place = self.goods.categories.iter().position(|code| *code == category);
        let bands =
            self.goods.prices.iter().find(|(code, _)| *code == product).map(|(_, bands)| *bands);
        if !self.has_category(category) || self.validity(product).is_none() {
            return Vec::new();
        }
        let changes = self.changes();
        let mut spans: Vec<Span> = Vec::new();
        for (from, to, cents) in bands.unwrap_or_default() {
            let (Ok(from), Ok(to)) = (from.parse::<NaiveDate>(), to.parse::<NaiveDate>()) else {
                continue;
            };
            let listed = place.and_then(|place| cents.get(place).copied());
            for day in from.iter_days().take_while(|day| *day <= to) {
                let other =
                    changes.prices.iter().rev().find(|one| one.is_for(product, category, day));
                let Some(cents) = other.map_or(listed, |other| other.cents) else { continue };
                match spans.last_mut() {
                    Some(last) if last.cents == cents && last.to.succ_opt() == Some(day) => {
                        last.to = day
                    }
                    Some(_) | None => spans.push(Span { from: day, to: day, cents }),
                }
            }
        }
        spans
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PriceChange {
    fn is_for(&self, product: &str, category: &str, day: NaiveDate) -> bool {
        self.product == product && self.category == category && (self.from..=self.to).contains(&day)
    }
}
