//! What each simulated operator sells: which product and category codes there are, and for how long a product is valid.

mod areas;

use chrono::{Days, NaiveDate};

use crate::start::Vendor;

/// One operator's list.
#[derive(Debug)]
pub(crate) struct Goods {
    pub(crate) vendor: Vendor,
    pub(crate) operator: &'static str,
    /// Axess's number of the resort; 0 elsewhere.
    pub(crate) project_no: u32,
    season_ends: &'static str,
    categories: &'static [&'static str],
    products: &'static [(&'static str, Validity)],
}

/// For how long a product is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    /// Local time of the first day.
    pub(crate) begins: &'static str,
    /// To the end of the season when absent.
    days: Option<u64>,
}

impl Goods {
    /// Every operator's list.
    pub(crate) fn all() -> &'static [Self] {
        areas::AREAS
    }

    /// The list of an operator.
    pub(crate) fn of(operator: &str) -> Option<&'static Self> {
        Self::all().iter().find(|goods| goods.operator == operator)
    }

    /// How a product is valid, when it is sold.
    pub(crate) fn validity(&self, product: &str) -> Option<Validity> {
        self.products.iter().find(|(code, _)| *code == product).map(|(_, validity)| *validity)
    }

    /// Whether there is such a category of persons.
    pub(crate) fn has_category(&self, category: &str) -> bool {
        self.categories.contains(&category)
    }

    /// The last day of a ticket whose first is `first`, `yyyy-mm-dd`; nothing when it has none.
    pub(crate) fn last_day(&self, validity: Validity, first: &str) -> Option<String> {
        let first: NaiveDate = first.parse().ok()?;
        let last = match validity.days {
            Some(days) => first.checked_add_days(Days::new(days - 1))?,
            None => self.season_ends.parse().ok().filter(|ends| *ends >= first)?,
        };
        Some(last.to_string())
    }
}
