//! What is sold here compared with what its supplier says that it sells. Pure.
//!
//! Only what is still to come is compared: a supplier may have forgotten the prices of days that
//! are over.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::operator::{Category, Operator};
use super::product::{Band, Product};
use crate::integrations::lift::{Named, PriceList, Wanted, WantedProduct};
use crate::language::{Words, both};
use crate::money::{Cents, decimal};

/// Longest name of a supplier's that is shown, in characters.
const LONGEST: usize = 60;

/// One difference, in our keys where we have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It costs otherwise there.
    Price {
        /// The product's key.
        product: String,
        /// The category's key.
        category: String,
        /// First day by which the price goes.
        from: NaiveDate,
        /// Last such day, inclusive.
        to: NaiveDate,
        /// What it costs here, in euro cents.
        here: Cents,
        /// What it costs there, in euro cents.
        there: Cents,
    },
    /// It is not sold there any more.
    Withdrawn {
        /// The product's key.
        product: String,
        /// The supplier's code of it.
        code: String,
    },
    /// It is sold there, but some days have no price.
    Unpriced {
        /// The product's key.
        product: String,
        /// The category's key.
        category: String,
        /// First day without.
        from: NaiveDate,
        /// Last such day, inclusive.
        to: NaiveDate,
    },
    /// The code of a person category of ours is none there.
    UnknownThere {
        /// The category's key.
        category: String,
        /// The code.
        code: String,
    },
    /// It is sold there and not known here.
    NewProduct(Named),
    /// There is such a person category there, and none here.
    NewCategory(Named),
}

/// All that differs, and what taking it makes of the operator.
#[derive(Debug)]
pub(super) struct Differences {
    /// In the order of the operator's products.
    pub(super) list: Vec<Difference>,
    /// Why nothing may be taken although something differs: the answer looks like a part of one.
    pub(super) held_back: Option<Words>,
    /// The operator's document with everything taken that can be.
    pub(super) document: Value,
}

impl Difference {
    /// Whether it can be taken: prices, and products that are withdrawn.
    #[must_use]
    pub fn can_be_taken(&self) -> bool {
        matches!(self, Self::Price { .. } | Self::Withdrawn { .. })
    }

    /// A word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Price { .. } => "price",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Unpriced { .. } => "unpriced",
            Self::UnknownThere { .. } => "category_unknown_there",
            Self::NewProduct(_) => "product_unknown_here",
            Self::NewCategory(_) => "category_unknown_here",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Price { product, category, from, to, here, there } => {
                let here = decimal(*here);
                let there = decimal(*there);
                write!(f, "product {product}, {category}, {from} to {to}: {here} → {there} EUR")
            }
            Self::Withdrawn { product, code } => {
                write!(f, "product {product} is not sold there any more (code {code})")
            }
            Self::Unpriced { product, category, from, to } => {
                write!(f, "product {product}, {category}, {from} to {to}: there is no price there")
            }
            Self::UnknownThere { category, code } => {
                write!(
                    f,
                    "category {category}: its code {code} is not known there; mend the code and import it"
                )
            }
            Self::NewProduct(Named { code, name }) => {
                write!(
                    f,
                    "a product is sold there and not known here: {name} (code {code}); import it to sell it"
                )
            }
            Self::NewCategory(Named { code, name }) => {
                write!(f, "a person category is known there and not here: {name} (code {code})")
            }
        }
    }
}

/// What a supplier must be asked to compare `operator` from `today` on, a day at its lifts.
pub(super) fn wanted(operator: &Operator, today: NaiveDate) -> Wanted {
    let product = |product: &Product| {
        let from = product.bands.iter().map(|band| band.from).min()?.max(today);
        let to = product.bands.iter().map(|band| band.to).max()?;
        (from <= to).then(|| WantedProduct { code: product.code.clone(), from, to })
    };
    Wanted {
        products: operator.products.iter().filter_map(product).collect(),
        categories: operator.categories.iter().map(|category| category.code.clone()).collect(),
    }
}

/// Compares `operator`, as its `document` has it, with the whole answer `goods`.
pub(super) fn between(
    document: &Value,
    operator: &Operator,
    goods: &PriceList,
    today: NaiveDate,
) -> Differences {
    let mut list = Vec::new();
    let mut document = document.clone();
    let mut sold = Vec::new();
    for (place, product) in operator.products.iter().enumerate() {
        if !goods.sells(&product.code) {
            list.push(Difference::Withdrawn {
                product: product.key.clone(),
                code: product.code.clone(),
            });
            continue;
        }
        sold.push(product.key.as_str());
        let before = list.len();
        let bands = Compared { operator, product, goods, today }.bands(&mut list);
        if list[before..].iter().any(Difference::can_be_taken) {
            document["product"][place]["band"] = bands.iter().map(written).collect();
        }
    }
    for category in operator.categories.iter().filter(|category| !goods.knows(&category.code)) {
        list.push(Difference::UnknownThere {
            category: category.key.clone(),
            code: category.code.clone(),
        });
    }
    let unknown = goods
        .products
        .iter()
        .filter(|one| operator.products.iter().all(|ours| ours.code != one.code));
    list.extend(unknown.map(|one| Difference::NewProduct(short(one))));
    let unknown = goods
        .categories
        .iter()
        .filter(|one| operator.categories.iter().all(|ours| ours.code != one.code));
    list.extend(unknown.map(|one| Difference::NewCategory(short(one))));
    keep_only(&mut document, &sold);
    Differences { held_back: held_back(operator, &list), list, document }
}

/// One product that is sold on both sides.
struct Compared<'a> {
    operator: &'a Operator,
    product: &'a Product,
    goods: &'a PriceList,
    today: NaiveDate,
}

impl Compared<'_> {
    /// The product's bands with the prices that are asked there, each cut where only a part of its
    /// days costs otherwise.
    fn bands(&self, list: &mut Vec<Difference>) -> Vec<Band> {
        let mut bands = Vec::new();
        for band in &self.product.bands {
            for category in &self.operator.categories {
                list.extend(self.differing(band, category));
            }
            let mut runs: Vec<Band> = Vec::new();
            for day in band.from.iter_days().take_while(|day| *day <= band.to) {
                let price_cents = self.prices_on(band, day);
                match runs.last_mut() {
                    Some(last) if last.price_cents == price_cents => last.to = day,
                    Some(_) | None => {
                        runs.push(Band { name: band.name.clone(), from: day, to: day, price_cents })
                    }
                }
            }
            bands.extend(runs);
        }
        bands
    }

    /// A day's prices by category: theirs where there is one, else ours.
    fn prices_on(&self, band: &Band, day: NaiveDate) -> BTreeMap<String, Cents> {
        let mut prices = band.price_cents.clone();
        for category in self.operator.categories.iter().filter(|_| day >= self.today) {
            if let Some(there) = self.goods.price_on(&self.product.code, &category.code, day) {
                prices.insert(category.key.clone(), there);
            }
        }
        prices
    }

    /// Runs of days of a band on which a category pays another price there, or has none.
    fn differing(&self, band: &Band, category: &Category) -> Vec<Difference> {
        let Some(here) =
            band.price_cents.get(&category.key).filter(|_| self.goods.knows(&category.code))
        else {
            return Vec::new();
        };
        let mut runs: Vec<(NaiveDate, NaiveDate, Option<Cents>)> = Vec::new();
        for day in band.from.max(self.today).iter_days().take_while(|day| *day <= band.to) {
            let there = self.goods.price_on(&self.product.code, &category.code, day);
            match runs.last_mut() {
                Some((_, to, last)) if *last == there => *to = day,
                Some(_) | None => runs.push((day, day, there)),
            }
        }
        let product = &self.product.key;
        let category = &category.key;
        let difference = |(from, to, there)| {
            let product = product.clone();
            let category = category.clone();
            match there {
                None => Some(Difference::Unpriced { product, category, from, to }),
                Some(there) if there == *here => None,
                Some(there) => {
                    Some(Difference::Price { product, category, from, to, here: *here, there })
                }
            }
        };
        runs.into_iter().filter_map(difference).collect()
    }
}

/// Whether the answer may be a part of one: what is missing in it must not be taken for sold out.
fn held_back(operator: &Operator, list: &[Difference]) -> Option<Words> {
    let any = |what: fn(&Difference) -> bool| list.iter().any(what);
    let gone = list.iter().filter(|one| matches!(one, Difference::Withdrawn { .. })).count();
    if gone * 2 > operator.products.len() {
        Some(both(
            "More than half of what is sold here is missing in the supplier's answer.",
            "Mehr als die Hälfte dessen, was hier verkauft wird, fehlt in der Antwort des Lieferanten.",
        ))
    } else if any(|one| matches!(one, Difference::UnknownThere { .. })) {
        Some(both(
            "A person category of ours is missing in the supplier's answer.",
            "Eine unserer Personengruppen fehlt in der Antwort des Lieferanten.",
        ))
    } else if any(|one| matches!(one, Difference::Unpriced { .. })) {
        Some(both(
            "Prices of what is sold here are missing in the supplier's answer.",
            "Preise dessen, was hier verkauft wird, fehlen in der Antwort des Lieferanten.",
        ))
    } else {
        None
    }
}

/// Takes products out of a document, and out of its family price, which goes when it has none left.
fn keep_only(document: &mut Value, sold: &[&str]) {
    let is_sold = |key: &Value| key.as_str().is_some_and(|key| sold.contains(&key));
    if let Some(products) = document["product"].as_array_mut() {
        products.retain(|product| is_sold(&product["key"]));
    }
    let Some(family) =
        document.get_mut("family").and_then(|family| family["products"].as_array_mut())
    else {
        return;
    };
    family.retain(is_sold);
    if family.is_empty()
        && let Some(operator) = document.as_object_mut()
    {
        operator.remove("family");
    }
}

fn written(band: &Band) -> Value {
    json!({ "name": band.name, "from": band.from, "to": band.to, "price_cents": band.price_cents })
}

fn short(one: &Named) -> Named {
    let text = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    Named { code: text(&one.code), name: text(&one.name) }
}

#[cfg(test)]
#[path = "differences_tests.rs"]
mod tests;
