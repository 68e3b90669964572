//! The address that an invoice goes to.

use serde::{Deserialize, Serialize};

use super::country::{is_country, is_in_the_union, vat_number};
use super::name::line_of;
use crate::language::{Words, both};

/// Longest company, street or city in characters.
const LONGEST_LINE: usize = 100;
/// Longest postal code in characters.
const LONGEST_CODE: usize = 12;

/// Where an invoice goes, beside the buyer's own name; as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// A company, which then is the buyer.
    pub company: Option<String>,
    /// Street and number, or what is there in their place.
    pub street: String,
    /// `None` in countries that have none.
    pub postal_code: Option<String>,
    /// The place.
    pub city: String,
    /// Two letters of ISO 3166.
    pub country: String,
    /// The buyer's VAT identification number.
    pub vat_number: Option<String>,
}

impl Billing {
    /// Trims what may be trimmed, gives country and VAT number their one form, and refuses what is
    /// not acceptable; an empty company, postal code or VAT number is none.
    ///
    /// # Errors
    /// Says which value and what is acceptable.
    pub fn clean(self) -> Result<Self, Words> {
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let line =
            |field: &str, text: &str| line_of(&format!("billing.{field}"), text, LONGEST_LINE);
        let country = self.country.trim().to_ascii_uppercase();
        if !is_country(&country) {
            return Err(both(
                "`billing.country` must be a country as two letters, for example AT.",
                "`billing.country` muss ein Land aus zwei Buchstaben sein, zum Beispiel AT.",
            ));
        }
        let postal_code =
            said(self.postal_code).map(|code| line_of("billing.postal_code", &code, LONGEST_CODE));
        let postal_code = postal_code.transpose()?;
        if postal_code.is_none() && is_in_the_union(&country) {
            return Err(both(
                "`billing.postal_code` must be given for this country.",
                "`billing.postal_code` muss für dieses Land angegeben werden.",
            ));
        }
        let vat = match said(self.vat_number) {
            Some(typed) => Some(vat_number(&typed, &country).ok_or_else(no_vat_number)?),
            None => None,
        };
        Ok(Self {
            company: said(self.company).map(|company| line("company", &company)).transpose()?,
            street: line("street", &self.street)?,
            postal_code,
            city: line("city", &self.city)?,
            country,
            vat_number: vat,
        })
    }
}

fn no_vat_number() -> Words {
    both(
        "`billing.vat_number` must be a VAT number as its country writes it, with the country's two letters in front, for example ATU12345678.",
        "`billing.vat_number` muss eine UID-Nummer sein, wie ihr Land sie schreibt, mit dessen zwei Buchstaben davor, zum Beispiel ATU12345678.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Billing {
        Billing {
            company: Some(" Berg & Söhne GmbH ".into()),
            street: "Gasse 1/2".into(),
            postal_code: Some("6020".into()),
            city: "Innsbruck".into(),
            country: "at".into(),
            vat_number: Some("ATU 12345678".into()),
        }
    }

    #[test]
    fn an_address_has_one_form() {
        let clean = address().clean().unwrap();
        assert_eq!(
            (clean.company.as_deref(), clean.country.as_str()),
            (Some("Berg & Söhne GmbH"), "AT")
        );
        assert_eq!(clean.vat_number.as_deref(), Some("ATU12345678"));
        let private =
            Billing { company: Some(" ".into()), vat_number: Some(String::new()), ..address() }
                .clean()
                .unwrap();
        assert_eq!((private.company, private.vat_number), (None, None));
        let abroad = Billing { postal_code: None, country: "HK".into(), ..address() };
        assert!(abroad.clean().is_ok(), "not every country has postal codes");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (wrong, field) in [
            (Billing { street: " ".into(), ..address() }, "billing.street"),
            (Billing { city: "a\nb".into(), ..address() }, "billing.city"),
            (Billing { city: "北京".into(), ..address() }, "billing.city"),
            (Billing { company: Some("a\u{202e}b".into()), ..address() }, "billing.company"),
            (Billing { postal_code: None, ..address() }, "billing.postal_code"),
            (
                Billing { postal_code: Some("1234567890123".into()), ..address() },
                "billing.postal_code",
            ),
            (Billing { country: "Austria".into(), ..address() }, "billing.country"),
            (Billing { vat_number: Some("ATU1".into()), ..address() }, "billing.vat_number"),
        ] {
            let words = wrong.clean().unwrap_err();
            assert!(words.en.contains(field) && words.de.contains(field), "{words:?}");
        }
    }
}
