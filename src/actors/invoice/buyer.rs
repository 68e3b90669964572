//! To whom an invoice is addressed.

use serde::{Deserialize, Serialize};

use super::labels::labels;
use crate::language::Language;
use crate::money::Cents;
use crate::typed::Billing;

/// Above this gross sum an Austrian invoice must say the buyer's name and address
/// (Umsatzsteuergesetz section 11 (6)); a German seller's would from 250 € on
/// (Umsatzsteuer-Durchführungsverordnung section 33).
pub const ADDRESS_ABOVE: Cents = 40_000;

/// To whom an invoice is addressed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// First and last name, or a company's.
    pub name: String,
    /// The address, one entry a line, a VAT number below it; empty where it is not known.
    pub address: Vec<String>,
}

impl Buyer {
    /// A person of this name at an address, or the company there, whose line below says the person.
    #[must_use]
    pub fn of(name: String, billing: Option<Billing>, language: Language) -> Self {
        let Some(billing) = billing else { return Self { name, address: Vec::new() } };
        let city = match billing.postal_code {
            Some(code) => format!("{}-{code} {}", billing.country, billing.city),
            None => format!("{}, {}", billing.city, billing.country),
        };
        let vat = billing.vat_number.map(|number| format!("{} {number}", labels(language).uid));
        let (name, person) = match billing.company {
            Some(company) => (company, Some(name).filter(|name| !name.is_empty())),
            None => (name, None),
        };
        Self {
            name,
            address: person.into_iter().chain([billing.street, city]).chain(vat).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(company: Option<&str>) -> Billing {
        Billing {
            company: company.map(str::to_owned),
            street: "Gasse 1".into(),
            postal_code: Some("6020".into()),
            city: "Innsbruck".into(),
            country: "AT".into(),
            vat_number: company.map(|_| "ATU12345678".to_owned()),
        }
    }

    #[test]
    fn a_company_is_the_buyer_and_its_person_stands_below() {
        let buyer = |billing, language| Buyer::of("Anna Berg".to_owned(), billing, language);
        let company = buyer(Some(address(Some("Berg GmbH"))), Language::De);
        assert_eq!(company.name, "Berg GmbH");
        assert_eq!(
            company.address,
            ["Anna Berg", "Gasse 1", "AT-6020 Innsbruck", "UID-Nummer ATU12345678"]
        );
        assert_eq!(
            buyer(Some(address(Some("Berg GmbH"))), Language::En).address[3],
            "VAT ID ATU12345678"
        );
        let person = buyer(Some(address(None)), Language::De);
        assert_eq!(
            (person.name.as_str(), person.address.as_slice()),
            ("Anna Berg", &["Gasse 1".to_owned(), "AT-6020 Innsbruck".to_owned()][..])
        );
        let abroad = Billing {
            postal_code: None,
            country: "HK".into(),
            city: "Hong Kong".into(),
            ..address(None)
        };
        assert_eq!(buyer(Some(abroad), Language::En).address[1], "Hong Kong, HK");
        assert!(buyer(None, Language::De).address.is_empty());
    }
}
