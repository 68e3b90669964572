//! What an account says about a person, and which values are acceptable.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Vienna;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Error;
use crate::language::{Language, both};
use crate::typed::{self, Billing};

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys tickets.
    Customer,
    /// Runs this shop.
    Admin,
}

impl Role {
    /// The role as the database and the tokens name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }

    pub(super) fn stored(text: &str) -> Result<Self, Error> {
        [Self::Customer, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(Error::Fault("a stored role"))
    }
}

/// A person's names as they will stand on invoices: at most 80 characters each, trimmed; one of
/// them may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Given names.
    pub first: String,
    /// Family name.
    pub last: String,
}

/// An account without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The unguessable id.
    pub id: Uuid,
    /// Lower-case address.
    pub email: String,
    /// The person's names.
    pub names: Names,
    /// In the Gregorian calendar; decides price categories.
    pub birth_date: Option<NaiveDate>,
    /// The language of e-mails.
    pub language: Language,
    /// Where invoices go, when the account says it.
    pub billing: Option<Billing>,
    /// What the account may do.
    pub role: Role,
}

/// Trims and lower-cases an address, writes its domain in ASCII and checks its shape: ASCII, one
/// `@`, a dotted domain, at most 254 characters.
pub(super) fn clean_email(given: &str) -> Result<String, Error> {
    let wrong = || {
        Error::Invalid(both(
            "`email` must be an address such as anna@example.org, a domain with umlauts in its form with xn--.",
            "`email` muss eine Adresse sein wie anna@example.org, eine Domain mit Umlauten in ihrer Form mit xn--.",
        ))
    };
    let email = typed::address(given);
    let (local, domain) = email.rsplit_once('@').ok_or_else(wrong)?;
    let local_fits = (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_graphic() && !br#"@,;:<>()[]\""#.contains(&b))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_fits = domain.contains('.') && domain.split('.').all(label_fits);
    if email.len() <= 254 && local_fits && domain_fits { Ok(email) } else { Err(wrong()) }
}

/// Trims names and checks them, see [`typed::persons_name`].
pub(super) fn clean_names(given: &Names) -> Result<Names, Error> {
    let (first, last) = typed::persons_name(&given.first, &given.last).map_err(Error::Invalid)?;
    Ok(Names { first, last })
}

/// Checks that somebody born on this day can be alive; today is that of the shop.
pub(super) fn check_birth_date(given: Option<NaiveDate>, now: DateTime<Utc>) -> Result<(), Error> {
    let today = now.with_timezone(&Vienna).date_naive();
    match given {
        Some(day) if !typed::is_birth_date(day, today) => {
            Err(Error::Invalid(typed::no_birth_date("birth_date")))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        assert_eq!(
            clean_email("  Anna.Berg+ski@Example.ORG ").unwrap(),
            "anna.berg+ski@example.org"
        );
        assert_eq!(clean_email("anna@münchen.example").unwrap(), "anna@xn--mnchen-3ya.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for wrong in [
            "",
            "anna",
            "@example.org",
            "anna@",
            "anna@localhost",
            "anna@@example.org",
            "an na@example.org",
            "anna@exa mple.org",
            "anna@-example.org",
            "anna@example..org",
            "a\nb@example.org",
            ".a@example.org",
            "a@b@example.org",
            "ännä@example.org",
            &long,
        ] {
            assert!(clean_email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_have_bounds_and_no_control_characters() {
        let check = |first: &str| clean_names(&Names { first: first.into(), last: "Berg".into() });
        assert_eq!(check("  Änne-Marie ").unwrap().first, "Änne-Marie");
        for wrong in ["a\nb", "a\u{202e}b", "see http://example.org"] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn nobody_is_born_tomorrow_and_tomorrow_begins_in_vienna() {
        let check = |day: &str, now: &str| {
            check_birth_date(Some(day.parse().unwrap()), now.parse().unwrap()).is_ok()
        };
        assert!(
            check("2026-12-20", "2026-12-19T23:30:00Z")
                && !check("2026-12-20", "2026-12-19T22:30:00Z")
        );
        assert!(!check("1899-12-31", "2026-12-19T12:00:00Z"));
    }
}
