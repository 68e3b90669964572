//! Days: one form, and one range for the days on which people are born.

use std::ops::Deref;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::language::{Words, both};

/// The first year in which somebody who is alive can be born. Suppliers' own systems refuse much
/// earlier ones.
const FIRST_BIRTHS: i32 = 1900;

/// A day that a client sent, exactly as `YYYY-MM-DD`; chrono alone takes `2027-1-9` and years of
/// any length and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

impl Deref for Day {
    type Target = NaiveDate;

    fn deref(&self) -> &NaiveDate {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        read(text).map(Self).ok_or("a day is written as YYYY-MM-DD")
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("A day, exactly as `YYYY-MM-DD`"))
            .into()
    }
}

impl ToSchema for Day {}

/// Reads a day in its one form.
fn read(text: &str) -> Option<NaiveDate> {
    let is_digit = |at: usize, byte: u8| {
        if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
    };
    let fits = text.len() == 10 && text.bytes().enumerate().all(|(at, byte)| is_digit(at, byte));
    fits.then(|| text.parse().ok()).flatten()
}

/// Whether somebody born on `day` can be alive on `today`: from 1900-01-01 to today.
#[must_use]
pub fn is_birth_date(day: NaiveDate, today: NaiveDate) -> bool {
    day <= today && day.year() >= FIRST_BIRTHS
}

/// What to say of a birth date that is none; `place` names it, for example `birth_date`.
#[must_use]
pub fn no_birth_date(place: &str) -> Words {
    both(
        format!("`{place}` must be a day from {FIRST_BIRTHS}-01-01 to today."),
        format!("`{place}` muss ein Tag von {FIRST_BIRTHS}-01-01 bis heute sein."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        let day = |text: &str| serde_json::from_value::<Day>(serde_json::json!(text)).ok();
        assert_eq!(day("2027-01-09").map(|day| day.to_string()).as_deref(), Some("2027-01-09"));
        for other in [
            "2027-1-9",
            "2027-01-9",
            "+2027-01-09",
            "-0001-01-01",
            "12027-01-09",
            " 2027-01-09",
            "2027-01-09 ",
            "2027-01-09T00:00:00Z",
            "2027/01/09",
            "20270109",
            "2027-02-30",
            "2027-00-10",
            "２０２７-01-09",
            "",
        ] {
            assert_eq!(day(other), None, "{other}");
        }
    }

    #[test]
    fn nobody_is_born_tomorrow_in_1899_or_in_a_year_of_two_digits() {
        let check = |day: &str| is_birth_date(day.parse().unwrap(), "2026-12-19".parse().unwrap());
        assert!(check("1900-01-01") && check("2026-12-19"));
        assert!(
            !check("1899-12-31")
                && !check("2026-12-20")
                && !check("0090-05-01")
                && !check("-0001-01-01")
        );
    }
}
