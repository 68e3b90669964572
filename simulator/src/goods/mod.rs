//! What each simulated operator sells: which product and category codes there are, for how long a
//! product is valid, what it costs, and how tests change that.

mod areas;
mod prices;
mod shelf;

pub(crate) use shelf::{Changes, Shelf, Span};

use crate::start::Vendor;

/// One operator's list as it is at the start.
#[derive(Debug)]
pub(crate) struct Goods {
    pub(crate) vendor: Vendor,
    pub(crate) operator: &'static str,
    /// Axess's number of the resort; 0 elsewhere.
    pub(crate) project_no: u32,
    /// DTA's name of the list; empty elsewhere.
    pub(crate) catalog_id: &'static str,
    season_ends: &'static str,
    categories: &'static [&'static str],
    products: &'static [(&'static str, Validity)],
    prices: Prices,
}

/// Prices by product: first day, last day, cents in the order of the operator's categories.
type Prices = &'static [(&'static str, &'static [(&'static str, &'static str, &'static [i64])])];

/// For how long a product is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    /// Local time of the first day.
    pub(crate) begins: &'static str,
    /// To the end of the season when absent.
    pub(crate) days: Option<u64>,
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
}
