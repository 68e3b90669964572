//! What a well-formed catalogue must also keep: one category per birth year, one price and one VAT
//! rate per day.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::{NaiveDate, TimeDelta};

use super::check_product::{family_fits, product_is_whole};
use super::operator::{Access, Category, Operator};
use super::snapshot::{CatalogueError, Content};

/// Nobody who skis was born outside of them; limits of categories beyond are slips of the pen.
const BIRTH_YEARS: RangeInclusive<i32> = 1850..=2200;

pub(super) fn check(content: &Content) -> Result<(), CatalogueError> {
    let at_file = |fault| wrong("file", fault);
    name_fits(&content.version, 24, "version", "._-").map_err(at_file)?;
    once(content.cards.iter().map(|card| &card.vendor), "card").map_err(at_file)?;
    once(content.operators.iter().map(|operator| &operator.key), "operator").map_err(at_file)?;
    if content.operators.is_empty() {
        return Err(at_file("no operator".into()));
    }
    content.operators.iter().try_for_each(|operator| operator_is_whole(content, operator))
}

fn operator_is_whole(content: &Content, operator: &Operator) -> Result<(), CatalogueError> {
    let at_operator = |fault| wrong(format!("operator {}", operator.key), fault);
    name_fits(&operator.key, 32, "key", "_-").map_err(at_operator)?;
    if !(-90.0..=90.0).contains(&operator.latitude)
        || !(-180.0..=180.0).contains(&operator.longitude)
    {
        return Err(at_operator("latitude or longitude is not on this earth".into()));
    }
    once(operator.accepts.iter(), "accepts").map_err(at_operator)?;
    let supplier = &operator.contract.supplier;
    for vendor in operator.accepts.iter().chain([supplier]) {
        if !content.cards.iter().any(|card| card.vendor == *vendor) {
            return Err(at_operator(format!("there is no [[card]] of {vendor}")));
        }
    }
    if !operator.accepts_card_of(supplier) {
        return Err(at_operator("does not accept its own supplier's cards".into()));
    }
    access_fits(&operator.contract).map_err(at_operator)?;
    let season = &operator.season;
    if season.sale_from.is_some_and(|opens| opens > season.to) {
        return Err(at_operator("its sale opens after the season".into()));
    }
    if season.from > season.to {
        return Err(at_operator("the season ends before it begins".into()));
    }
    let rates = content.vat.iter().filter(|vat| vat.country == operator.country);
    let rates: Vec<_> =
        rates.filter(|vat| vat.to >= season.from && vat.from <= season.to).collect();
    if let Some(vat) = rates.iter().find(|vat| !(0..=500).contains(&vat.permille)) {
        return Err(at_operator(format!("a VAT rate of {} per mille", vat.permille)));
    }
    let rates = rates.iter().map(|vat| Span {
        name: "VAT rate",
        from: vat.from.max(season.from),
        to: vat.to.min(season.to),
    });
    every_day_once(rates.collect(), (season.from, season.to)).map_err(at_operator)?;
    every_birth_year_once(&operator.categories).map_err(at_operator)?;
    once(operator.products.iter().map(|product| &product.key), "product").map_err(at_operator)?;
    if operator.products.is_empty() {
        return Err(at_operator("no product".into()));
    }
    operator.products.iter().try_for_each(|product| {
        product_is_whole(operator, product).map_err(|fault| {
            wrong(format!("operator {}, product {}", operator.key, product.key), fault)
        })
    })?;
    let family = operator.family.as_ref();
    family
        .map_or(Ok(()), |family| family_fits(operator, family))
        .map_err(|fault| wrong(format!("operator {}, family", operator.key), fault))
}

fn access_fits(access: &Access) -> Result<(), String> {
    let address = reqwest::Url::parse(&access.endpoint).ok();
    let address = address
        .filter(|url| matches!(url.scheme(), "http" | "https") && !access.endpoint.ends_with('/'));
    if address.is_none_or(|url| {
        !url.username().is_empty() || url.password().is_some() || url.query().is_some()
    }) {
        return Err(format!("endpoint `{}` is no plain http or https address", access.endpoint));
    }
    if let Some(secret) =
        access.settings.keys().find(|name| name.contains("password") || name.contains("secret"))
    {
        return Err(format!(
            "the setting {secret} looks like a secret, which belongs into the configuration"
        ));
    }
    if !(2..=1000).contains(&access.requests_per_second) {
        return Err(format!(
            "{} requests per second are not 2 to 1000",
            access.requests_per_second
        ));
    }
    if let Some(hours) = access.give_up_hours_before.filter(|hours| *hours > 168) {
        return Err(format!("give_up_hours_before {hours} is not 0 to 168"));
    }
    if let Some(hours) = access.returns_hours_before.filter(|hours| *hours > 720) {
        return Err(format!("returns_hours_before {hours} is not 0 to 720"));
    }
    Ok(())
}

pub(super) fn every_birth_year_once(categories: &[Category]) -> Result<(), String> {
    once(categories.iter().map(|category| &category.key), "category")?;
    for category in categories {
        name_fits(&category.key, 16, "category", "_-")?;
        code_fits(&category.code).map_err(|fault| format!("category {}: {fault}", category.key))?;
        if let Some(year) = [category.born_from, category.born_to]
            .into_iter()
            .flatten()
            .find(|y| !BIRTH_YEARS.contains(y))
        {
            return Err(format!("category {} has the birth year {year}", category.key));
        }
        if category.born_from.zip(category.born_to).is_some_and(|(from, to)| from > to) {
            return Err(format!("category {} ends before it begins", category.key));
        }
    }
    let mut oldest_first: Vec<_> = categories.iter().collect();
    oldest_first.sort_by_key(|category| category.born_from);
    let (Some(oldest), Some(youngest)) = (oldest_first.first(), oldest_first.last()) else {
        return Err("no category".into());
    };
    if oldest.born_from.is_some() {
        return Err(format!("nobody born before the years of category {} has one", oldest.key));
    }
    if youngest.born_to.is_some() {
        return Err(format!("nobody born after the years of category {} has one", youngest.key));
    }
    for pair in oldest_first.windows(2) {
        let [older, younger] = pair else { continue };
        match (older.born_to, younger.born_from) {
            (Some(to), Some(from)) if from == to + 1 => {}
            (Some(to), Some(from)) if from > to => {
                return Err(format!("nobody born in {} has a category", to + 1));
            }
            _ => return Err(format!("categories {} and {} overlap", older.key, younger.key)),
        }
    }
    Ok(())
}

/// A named run of days, first and last inclusive.
pub(super) struct Span<'a> {
    pub(super) name: &'a str,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

pub(super) fn every_day_once(
    mut spans: Vec<Span<'_>>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<(), String> {
    spans.sort_by_key(|span| span.from);
    let mut next = first;
    let mut before = "";
    for Span { name, from, to } in spans {
        if from > to {
            return Err(format!("{name} from {from} ends before it begins"));
        }
        if from < first || to > last {
            return Err(format!("{name} from {from} to {to} leaves the season"));
        }
        if from > next {
            return Err(format!("{next} is in no band before {name} from {from}"));
        }
        if from < next {
            return Err(format!("{before} and {name} overlap on {from}"));
        }
        next = to + TimeDelta::days(1);
        before = name;
    }
    if next <= last {
        return Err(format!("{next} and later days of the season are in no band"));
    }
    Ok(())
}

pub(super) fn once(keys: impl Iterator<Item = impl Display>, what: &str) -> Result<(), String> {
    let mut seen = HashSet::new();
    for key in keys.map(|key| key.to_string()) {
        if let Some(key) = seen.replace(key) {
            return Err(format!("{what} {key} stands there twice"));
        }
    }
    Ok(())
}

/// Keys stand in offers, paths and the database, so they are short and plain.
pub(super) fn name_fits(name: &str, longest: usize, what: &str, signs: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || signs.contains(c);
    if name.is_empty() || name.len() > longest || !name.chars().all(plain) {
        return Err(format!(
            "{what} `{name}` is not of 1 to {longest} lower-case letters, digits and any of {signs}"
        ));
    }
    Ok(())
}

pub(super) fn code_fits(code: &str) -> Result<(), String> {
    if code.is_empty() || code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("code `{code}` is not of 1 to 64 visible characters"));
    }
    Ok(())
}

fn wrong(place: impl Into<String>, fault: String) -> CatalogueError {
    CatalogueError::Wrong { place: place.into(), fault }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
