//! What a product and a family price must keep: one price per day and category, and a validity that
//! its kind can have.

use chrono::NaiveTime;

use super::check::{Span, code_fits, every_day_once, name_fits, once};
use super::family::Family;
use super::operator::Operator;
use super::product::{Product, ProductKind, Withdrawal};
use crate::money::Cents;

/// No lift ticket costs more; a price above it is a slip of the pen.
const HIGHEST_CENTS: Cents = 300_000;
/// Payment providers take no total below it; free is 0.
const LOWEST_CENTS: Cents = 10;
/// Longest time for which several days are sold; what is longer is a season pass.
const MOST_DAYS: u16 = 30;

pub(super) fn product_is_whole(operator: &Operator, product: &Product) -> Result<(), String> {
    name_fits(&product.key, 24, "key", "_-")?;
    code_fits(&product.code)?;
    once(product.needs.iter().map(|need| format!("{need:?}")), "needs")?;
    validity_fits(product)?;
    times_fit(operator, product)?;
    if matches!(product.kind, ProductKind::Flexi | ProductKind::Season)
        && product.withdrawal == Withdrawal::None
    {
        return Err(
            "is not of a fixed date, so its buyer may withdraw: `withdrawal` is \"fourteen_days\""
                .into(),
        );
    }
    for band in &product.bands {
        let name = format!("band {} from {}", band.name, band.from);
        if let Some(unknown) = band.price_cents.keys().find(|key| operator.category(key).is_none())
        {
            return Err(format!("{name} has a price for {unknown}, which is no category"));
        }
        for category in &operator.categories {
            match band.price_cents.get(&category.key) {
                Some(0 | LOWEST_CENTS..=HIGHEST_CENTS) => {}
                Some(cents) => {
                    return Err(format!("{name} asks {cents} cents of {}", category.key));
                }
                None => return Err(format!("{name} has no price for {}", category.key)),
            }
        }
    }
    let season = &operator.season;
    let days = if product.kind == ProductKind::Season {
        (season.sold_from(), season.to)
    } else {
        (season.from, season.to)
    };
    let spans =
        product.bands.iter().map(|band| Span { name: &band.name, from: band.from, to: band.to });
    every_day_once(spans.collect(), days)
}

fn validity_fits(product: &Product) -> Result<(), String> {
    let Product { days, within_days, .. } = product;
    let fits = match product.kind {
        ProductKind::Day | ProductKind::HalfDay | ProductKind::Season => {
            *days == 1 && within_days.is_none()
        }
        ProductKind::MultiDay => (2..=MOST_DAYS).contains(days) && within_days.is_none(),
        ProductKind::Flexi => {
            within_days.is_some_and(|within| *days >= 1 && *days < within && within <= MOST_DAYS)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!("a {:?} ticket of {days} days within {within_days:?}", product.kind))
    }
}

fn times_fit(operator: &Operator, product: &Product) -> Result<(), String> {
    let may_begin_late = matches!(product.kind, ProductKind::HalfDay | ProductKind::MultiDay);
    match product.from_time {
        None if product.kind == ProductKind::HalfDay => {
            return Err("a half day needs a `from_time`".into());
        }
        Some(_) if !may_begin_late => {
            return Err("only a half day or several days begin at a `from_time`".into());
        }
        Some(NaiveTime::MIN) => {
            return Err("a `from_time` at midnight is a whole day: leave it out".into());
        }
        Some(from) if from >= product.last_loading_time.unwrap_or(operator.last_loading_time) => {
            return Err("its last loading time is not after its `from_time`".into());
        }
        None | Some(_) => {}
    }
    Ok(())
}

pub(super) fn family_fits(operator: &Operator, family: &Family) -> Result<(), String> {
    if let Some(unknown) = family.products.iter().find(|key| operator.product(key).is_none()) {
        return Err(format!("{unknown} is no product"));
    }
    once(family.products.iter(), "product")?;
    let members = || family.parents.iter().chain(&family.children);
    if let Some(unknown) = members().find(|key| operator.category(key).is_none()) {
        return Err(format!("{unknown} is no category"));
    }
    once(members(), "category")?;
    if family.products.is_empty() || family.parents.is_empty() || family.children.is_empty() {
        return Err("has no products, no parents or no children".into());
    }
    if family.least_parents == 0 || family.least_parents > family.most_parents {
        return Err(format!("has {} to {} parents", family.least_parents, family.most_parents));
    }
    let off = [family.parent_permille_off, family.child_permille_off];
    if let Some(off) = off.iter().find(|off| !(0..=1000).contains(*off)) {
        return Err(format!("lets off {off} per mille"));
    }
    if family.paying_children.is_none() && off == [0, 0] {
        return Err("lets nobody off anything".into());
    }
    Ok(())
}
