//! The words of the catalogue: an operator, its person categories, products and price bands.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

use crate::language::Language;
use crate::money::Cents;

/// One lift operator in one season.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Our key, for example `solden`: at most 32 of `[a-z0-9_-]`.
    pub key: String,
    /// The area's own name.
    pub name: String,
    /// The federal state.
    pub federal_state: String,
    /// The country of the lifts, two letters of ISO 3166; it decides the VAT rate.
    pub country: String,
    /// Degrees north, WGS 84, two decimals.
    pub latitude: f64,
    /// Degrees east, WGS 84, two decimals.
    pub longitude: f64,
    /// The operator's days are days of this zone.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Tz,
    /// Latest local time at which a ticket of the same day is still loaded onto a card.
    pub last_loading_time: NaiveTime,
    /// Which access-control supplier serves the operator, by its key in the registry.
    pub supplier: String,
    /// Whose cards the operator's readers accept, by the suppliers' keys.
    pub accepts: Vec<String>,
    /// Further settings of the contract by the supplier's own names.
    pub settings: BTreeMap<String, String>,
    /// The days on which its lifts run.
    pub season: Season,
    /// Person categories; together they hold every birth year once.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    /// What is sold.
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// The days on which an operator's lifts run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// For people, for example `2026/27`.
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
}

/// A person category by birth year, which areas prefer to ages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Our key, for example `adult`.
    pub key: String,
    /// For people.
    pub name: Text,
    /// First birth year; open for the oldest category.
    pub born_from: Option<i32>,
    /// Last birth year, inclusive; open for the youngest category.
    pub born_to: Option<i32>,
    /// The supplier's own code.
    pub code: String,
}

/// A product with its prices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Our key, for example `day`.
    pub key: String,
    /// For people, and for the invoice.
    pub name: Text,
    /// What sort of ticket.
    pub kind: ProductKind,
    /// Days of validity; 1 for a day ticket.
    pub days: u16,
    /// The supplier's own code.
    pub code: String,
    /// Which right of withdrawal the buyer has.
    pub withdrawal: Withdrawal,
    /// What must be known of the holder.
    pub needs: Vec<HolderField>,
    /// Prices; together they hold every day of the season once.
    #[serde(rename = "band")]
    pub bands: Vec<Band>,
}

/// What sort of ticket a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Valid on one date.
    Day,
}

/// Which right of withdrawal a buyer has, said before the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// None: a leisure service on a fixed date. Source: Austrian FAGG, section 18 (1) 10.
    None,
}

impl Withdrawal {
    /// The sentence that the buyer reads before ordering.
    #[must_use]
    pub fn notice(self) -> Text {
        match self {
            Self::None => Text {
                de: "Kein Rücktrittsrecht: Freizeitdienstleistung zu einem bestimmten Tag (§ 18 Abs. 1 Z 10 FAGG).".into(),
                en: "No right of withdrawal: a leisure service on a fixed date (section 18 (1) 10 of the Austrian FAGG).".into(),
            },
        }
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// For people, for example `peak`; several bands may share a name.
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// Gross price in euro cents by category.
    pub price_cents: BTreeMap<String, Cents>,
}

/// The VAT rate on lift transport in a country for a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VatBand {
    /// Two letters of ISO 3166.
    pub country: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// Per mille: 100 is 10 %.
    pub permille: i32,
}

/// A kind of keycard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFormat {
    /// Whose card it is, by the supplier's key.
    pub vendor: String,
    /// A name for the shape of its number that favours no maker, for example `digits_2_20_1`.
    pub format: String,
    /// For people: how to know it.
    pub name: Text,
}

/// A text in the shop's languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

impl Operator {
    /// The one category of a person born on `birth_date`.
    #[must_use]
    pub fn category_of(&self, birth_date: NaiveDate) -> Option<&Category> {
        self.categories.iter().find(|category| category.contains(birth_date.year()))
    }

    /// The category under `key`.
    #[must_use]
    pub fn category(&self, key: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.key == key)
    }

    /// The product under `key`.
    #[must_use]
    pub fn product(&self, key: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.key == key)
    }

    /// Whether a card of `vendor` opens the operator's gates.
    #[must_use]
    pub fn accepts_card_of(&self, vendor: &str) -> bool {
        self.accepts.iter().any(|accepted| accepted == vendor)
    }

    /// From when on a ticket for `day` is not loaded any more. Where the clock is turned at that very time, the earlier moment.
    #[must_use]
    pub fn loading_ends(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(self.last_loading_time);
        let moment = |local| self.time_zone.from_local_datetime(&local).earliest();
        moment(local)
            .or_else(|| moment(local - TimeDelta::hours(1)))
            .map_or_else(|| local.and_utc(), |moment| moment.with_timezone(&Utc))
    }
}

impl Season {
    /// Whether the lifts run on `day`.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

impl Category {
    /// Whether a person born in `year` belongs to it.
    #[must_use]
    pub fn contains(&self, year: i32) -> bool {
        self.born_from.is_none_or(|from| from <= year) && self.born_to.is_none_or(|to| year <= to)
    }
}

impl Product {
    /// The gross price in euro cents for a person of `category` from `day` on; `None` outside the season.
    #[must_use]
    pub fn price_cents(&self, category: &Category, day: NaiveDate) -> Option<Cents> {
        let band = self.bands.iter().find(|band| band.contains(day))?;
        band.price_cents.get(&category.key).copied()
    }

    /// The last day of a ticket whose first day is `day`.
    #[must_use]
    pub fn last_day(&self, day: NaiveDate) -> NaiveDate {
        day + TimeDelta::days(i64::from(self.days) - 1)
    }
}

impl Band {
    /// Whether `day` has these prices.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

impl VatBand {
    /// Whether `day` has this rate.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

impl Text {
    /// The text of one language.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::De => &self.de,
            Language::En => &self.en,
        }
    }
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|error| serde::de::Error::custom(format!("time zone {name}: {error}")))
}
