//! What a supplier sells, in its own codes.

use chrono::NaiveDate;

use crate::money::Cents;

/// What of a supplier's list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The products whose prices are wanted.
    pub products: Vec<WantedProduct>,
    /// The codes of the person categories that prices are wanted for.
    pub categories: Vec<String>,
}

/// A product whose prices are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedProduct {
    /// Its code.
    pub code: String,
    /// First day by which its price goes: the ticket's first day, of a season pass the day of
    /// purchase.
    pub from: NaiveDate,
    /// Last such day, inclusive.
    pub to: NaiveDate,
}

/// What a supplier sells now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceList {
    /// Every product that is sold, wanted or not.
    pub products: Vec<Named>,
    /// Every category of persons, wanted or not.
    pub categories: Vec<Named>,
    /// What of the wanted costs how much; a day that is in none has no price.
    pub tariffs: Vec<Tariff>,
}

/// A code and what the supplier calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The supplier's own code.
    pub code: String,
    /// The supplier's own words.
    pub name: String,
}

/// What one product costs one category on a run of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The product's code.
    pub product: String,
    /// The category's code.
    pub category: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// Gross, in euro cents.
    pub price: Cents,
}

impl PriceList {
    /// Whether a product of this code is sold.
    #[must_use]
    pub fn sells(&self, product: &str) -> bool {
        self.products.iter().any(|one| one.code == product)
    }

    /// Whether there is a category of this code.
    #[must_use]
    pub fn knows(&self, category: &str) -> bool {
        self.categories.iter().any(|one| one.code == category)
    }

    /// The gross price in euro cents; `None` on a day without one.
    #[must_use]
    pub fn price_on(&self, product: &str, category: &str, day: NaiveDate) -> Option<Cents> {
        let is_for = |tariff: &&Tariff| tariff.product == product && tariff.category == category;
        let mut theirs = self.tariffs.iter().filter(is_for);
        theirs.find(|tariff| (tariff.from..=tariff.to).contains(&day)).map(|tariff| tariff.price)
    }
}
