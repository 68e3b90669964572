//! The words of the catalogue: an operator, how its supplier is reached, its season and its person
//! categories.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::family::Family;
use super::product::{Product, SaleOpens};
use crate::language::Language;

/// One lift operator in one season.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    #[serde(deserialize_with = "read_zone", serialize_with = "write_zone")]
    pub time_zone: Tz,
    /// Latest local time at which a ticket of the same day is still loaded onto a card, unless a
    /// product has its own.
    pub last_loading_time: NaiveTime,
    /// From when on tickets for a day are sold, unless a product has its own; at any time before
    /// when absent.
    pub sale_opens: Option<SaleOpens>,
    /// Whose cards the operator's readers accept, by the suppliers' keys.
    pub accepts: Vec<String>,
    /// Which supplier runs its gates and how that is reached.
    pub contract: Access,
    /// The days on which its lifts run.
    pub season: Season,
    /// Person categories; together they hold every birth year once.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    /// What a family pays together, where that is less.
    pub family: Option<Family>,
    /// What is sold.
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// How the operator's supplier is reached. Never a secret: those are the configuration's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Which access-control supplier serves the operator, by its key in the registry.
    pub supplier: String,
    /// The supplier's address for this operator, without a trailing slash; `[contracts.NAME]` may
    /// name another.
    pub endpoint: String,
    /// Which `[contracts.NAME]` of the configuration holds the credentials; the operator's own key
    /// when absent.
    pub credentials: Option<String>,
    /// Further settings of the contract by the supplier's own names.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What the supplier allows, 2 to 1000. Enforced by each replica for itself: a question above
    /// it waits for its turn.
    pub requests_per_second: u32,
    /// What becomes of new orders while the supplier is down.
    #[serde(default)]
    pub when_down: WhenDown,
    /// So many hours before its first day begins, a ticket that could not be loaded is given up and
    /// paid back, 0 to 168; only at the last loading time when absent.
    pub give_up_hours_before: Option<u16>,
    /// Until so many hours before its first day begins, a ticket that was not used is taken back, 0
    /// to 720; never when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns_hours_before: Option<u16>,
    /// Whether the supplier confirmed in writing that it answers a known reference with its first
    /// answer.
    #[serde(default)]
    pub dedups_reference: bool,
}

/// What becomes of new orders while an operator's supplier is down. Orders that are paid always
/// wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    /// They are taken, and rejected where the card cannot be checked within two minutes.
    #[default]
    Try,
    /// They are taken and paid without a check of the card, and loaded once the supplier is back.
    Wait,
    /// They are refused at once.
    Refuse,
}

/// The days on which an operator's lifts run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// For people, for example `2026/27`.
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// The day whose beginning opens the sale; open already when absent.
    pub sale_from: Option<NaiveDate>,
}

/// A person category by birth year, which areas prefer to ages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Our key, for example `adult`: at most 16 of `[a-z0-9_-]`.
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

/// The VAT rate on lift transport in a country for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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

    /// The name of the configuration's section with the credentials.
    #[must_use]
    pub fn credentials(&self) -> &str {
        self.contract.credentials.as_deref().unwrap_or(&self.key)
    }

    /// Which day it is at the lifts.
    #[must_use]
    pub fn day_at(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.time_zone).date_naive()
    }

    /// From when on a ticket with the first day `day` is sold; `None` when it always was.
    #[must_use]
    pub fn sale_opens(&self, product: &Product, day: NaiveDate) -> Option<DateTime<Utc>> {
        let of_season = self.season.sale_from.map(|first| self.moment(first, NaiveTime::MIN));
        let lead = product.sale_opens.as_ref().or(self.sale_opens.as_ref());
        let of_day = lead
            .map(|lead| self.moment(day - TimeDelta::days(i64::from(lead.days_before)), lead.at));
        of_season.max(of_day)
    }

    /// From when on a ticket with the first day `day` is not loaded any more, whatever its last
    /// day.
    #[must_use]
    pub fn loading_ends(&self, product: &Product, day: NaiveDate) -> DateTime<Utc> {
        self.moment(day, product.last_loading_time.unwrap_or(self.last_loading_time))
    }

    /// Until when a ticket with the first day `day` is tried to be loaded that is ordered at `now`:
    /// so many hours before that day begins as the contract says, where that leaves an hour to pay
    /// and to load it, else `loading_ends`.
    #[must_use]
    pub fn gives_up(
        &self,
        day: NaiveDate,
        loading_ends: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let hours =
            self.contract.give_up_hours_before.map(|hours| TimeDelta::hours(i64::from(hours)));
        let early = hours.map(|hours| self.moment(day, NaiveTime::MIN) - hours);
        early
            .filter(|early| *early >= now + TimeDelta::hours(1))
            .map_or(loading_ends, |early| early.min(loading_ends))
    }

    /// Until when a ticket with the first day `day` is taken back; `None` when never.
    #[must_use]
    pub fn return_ends(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let hours =
            self.contract.returns_hours_before.map(|hours| TimeDelta::hours(i64::from(hours)));
        hours.map(|hours| self.moment(day, NaiveTime::MIN) - hours)
    }

    /// The moment of a local time. The first of two where the clock is turned back, the earlier one
    /// where it is turned on.
    fn moment(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = day.and_time(time);
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

    /// The first day of the sale, for prices that go by the day of purchase.
    #[must_use]
    pub fn sold_from(&self) -> NaiveDate {
        self.sale_from.unwrap_or(self.from)
    }
}

impl Category {
    /// Whether a person born in `year` belongs to it.
    #[must_use]
    pub fn contains(&self, year: i32) -> bool {
        self.born_from.is_none_or(|from| from <= year) && self.born_to.is_none_or(|to| year <= to)
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

fn read_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|error| serde::de::Error::custom(format!("time zone {name}: {error}")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn write_zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}
