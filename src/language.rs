//! The languages that customers are spoken to in: words in both, amounts and days as each writes
//! them.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use chrono_tz::Europe::Vienna;
use serde::{Deserialize, Deserializer, Serialize};

use crate::money::{Cents, decimal};

/// A language of e-mails, documents and answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German, in the polite form.
    De,
    /// English.
    #[default]
    En,
}

/// The same words in every language; neither can be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: Cow<'static, str>,
    /// In German.
    pub de: Cow<'static, str>,
}

/// Words in English and in German.
#[must_use]
pub fn both(en: impl Into<Cow<'static, str>>, de: impl Into<Cow<'static, str>>) -> Words {
    Words { en: en.into(), de: de.into() }
}

impl Words {
    /// The words of one language.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::De => &self.de,
            Language::En => &self.en,
        }
    }

    /// The same in one language, whole.
    #[must_use]
    pub fn into_one(self, language: Language) -> Cow<'static, str> {
        match language {
            Language::De => self.de,
            Language::En => self.en,
        }
    }
}

const MONTHS_DE: [&str; 12] = [
    "Jänner",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::De, Self::En];

    /// The language as ISO 639-1 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The language that a row holds.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|language| language.as_str() == text).unwrap_or_default()
    }

    /// The language of a tag such as `de`, `DE`, `de-AT` or `de_AT`, of which the first part
    /// decides; none when it is not ours.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }

    /// The most wanted language of an `Accept-Language` header that we speak; none when it names
    /// neither.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(u32, Self)> = None;
        for range in header.split(',').take(20) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let quality = parts
                .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
                .map_or(1000, thousandths);
            if let Some(language) = Self::of_tag(tag)
                && quality > best.map_or(0, |(best, _)| best)
            {
                best = Some((quality, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// An amount for people: `84,50 €` or `€84.50`; a currency without a sign of ours keeps its
    /// three letters.
    #[must_use]
    pub fn amount(self, currency: &str, cents: Cents) -> String {
        let number = self.number(cents);
        match (self, currency) {
            (Self::De, "EUR") => format!("{number} €"),
            (Self::De, other) => format!("{number} {other}"),
            (Self::En, "EUR") if cents < 0 => format!("-€{}", self.number(-cents)),
            (Self::En, "EUR") => format!("€{number}"),
            (Self::En, other) => format!("{other} {number}"),
        }
    }

    /// Minor units with two places and the language's separators: `1.234,50` or `1,234.50`.
    #[must_use]
    pub fn number(self, cents: Cents) -> String {
        let plain = decimal(cents);
        let (sign, plain) =
            plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, places) = plain.split_once('.').unwrap_or((plain, "00"));
        let (group, point) = match self {
            Self::De => ('.', ','),
            Self::En => (',', '.'),
        };
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}{point}{places}")
    }

    /// A day for people: `19. Dezember 2026` or `19 December 2026`.
    #[must_use]
    pub fn day(self, day: NaiveDate) -> String {
        match self {
            Self::De => {
                let month = usize::try_from(day.month0())
                    .ok()
                    .and_then(|at| MONTHS_DE.get(at))
                    .unwrap_or(&"");
                format!("{}. {month} {}", day.day(), day.year())
            }
            Self::En => day.format("%-d %B %Y").to_string(),
        }
    }

    /// When a ticket is valid: a day alone, on it maybe from an hour on, or where it begins and
    /// ends, both inclusive.
    #[must_use]
    pub fn days(self, from: NaiveDate, to: NaiveDate, hour: Option<NaiveTime>) -> String {
        let first = self.day(from);
        let last = self.day(to);
        let first = match (self, hour.map(|hour| hour.format("%H:%M"))) {
            (_, None) => first,
            (Self::De, Some(hour)) => format!("{first} ab {hour} Uhr"),
            (Self::En, Some(hour)) => format!("{first} from {hour}"),
        };
        match self {
            _ if from == to => first,
            Self::De => format!("gültig von {first} bis {last}"),
            Self::En => format!("valid from {first} to {last}"),
        }
    }

    /// A moment in Vienna: `08:05 Uhr am 24. Dezember 2026` or
    /// `08:05 on 24 December 2026 (Vienna time)`.
    #[must_use]
    pub fn moment(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&Vienna);
        let time = local.format("%H:%M");
        let day = self.day(local.date_naive());
        match self {
            Self::De => format!("{time} Uhr am {day} (Wiener Zeit)"),
            Self::En => format!("{time} on {day} (Vienna time)"),
        }
    }
}

impl<'de> Deserialize<'de> for Language {
    /// A language tag such as `de`, `DE`, `de-AT` or `de_AT`, of which the first part decides.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        Self::of_tag(tag.trim())
            .ok_or_else(|| serde::de::Error::custom("a language is `de` or `en`"))
    }
}

/// A quality such as `0.8` in thousandths; what is none counts as zero.
fn thousandths(quality: &str) -> u32 {
    let (whole, places) = quality.trim().split_once('.').unwrap_or((quality.trim(), ""));
    let places = format!("{places:0<3}");
    match (whole, places.get(..3).and_then(|places| places.parse::<u32>().ok())) {
        ("0", Some(places)) => places,
        ("1", Some(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_and_days_are_written_as_each_language_writes_them() {
        let de = Language::De;
        let en = Language::En;
        for (cents, german, english) in [
            (8450, "84,50 €", "€84.50"),
            (5, "0,05 €", "€0.05"),
            (123_456_789, "1.234.567,89 €", "€1,234,567.89"),
            (-8450, "-84,50 €", "-€84.50"),
        ] {
            assert_eq!(
                (de.amount("EUR", cents).as_str(), en.amount("EUR", cents).as_str()),
                (german, english)
            );
        }
        assert_eq!(
            (de.amount("CHF", 100).as_str(), en.amount("CHF", 100).as_str()),
            ("1,00 CHF", "CHF 1.00")
        );
        let first = date("2026-12-19");
        let last = date("2027-01-05");
        assert_eq!(
            (de.day(first).as_str(), en.day(first).as_str()),
            ("19. Dezember 2026", "19 December 2026")
        );
        assert_eq!(de.days(first, first, None), "19. Dezember 2026");
        let noon = "12:00:00".parse().ok();
        assert_eq!(de.days(first, first, noon), "19. Dezember 2026 ab 12:00 Uhr");
        assert_eq!(en.days(first, first, noon), "19 December 2026 from 12:00");
        assert_eq!(de.days(first, last, None), "gültig von 19. Dezember 2026 bis 5. Jänner 2027");
        assert_eq!(en.days(first, last, None), "valid from 19 December 2026 to 5 January 2027");
    }

    #[test]
    fn the_most_wanted_language_that_we_speak_is_spoken() {
        for (header, spoken) in [
            ("de", Some(Language::De)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("en-GB, de;q=0.5", Some(Language::En)),
            ("fr, de;q=0.7, en;q=0.3", Some(Language::De)),
            ("de_AT", Some(Language::De)),
            ("de;q=0, en;q=0.1", Some(Language::En)),
            ("DE ; q=1.000", Some(Language::De)),
            ("en;Q=0.2, de-CH-1996;q=0.25", Some(Language::De)),
            ("de;q=0.5, en;q=0.5", Some(Language::De)),
            ("de;q=-1, en;q=2, en;q=0.001", Some(Language::En)),
            ("deutsch, ;;=,, q=1", None),
            ("fr", None),
            ("*", None),
            ("de;q=x", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), spoken, "{header}");
        }
    }

    #[test]
    fn a_language_is_understood_by_the_first_part_of_its_tag() {
        let read = |tag: &str| serde_json::from_value::<Language>(serde_json::json!(tag)).ok();
        for tag in ["de", "DE", "de-AT", "de_AT", "de-CH-1996", " de "] {
            assert_eq!(read(tag), Some(Language::De), "{tag}");
        }
        for tag in ["", "fr", "deutsch", "d", "-de"] {
            assert_eq!(read(tag), None, "{tag}");
        }
    }
}
