//! What differs, what of it is taken, and what is not believed.

use figment::providers::{Format, Toml};

use super::super::sample::sample;
use super::*;
use crate::integrations::lift::Tariff;

const DAY: &str = "1bfe25cd-e707-11f1-a2c3-02fc00000001";
const ADULT: &str = "1bfe24e4-e707-11f1-a215-02fc00000001";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Sölden as the sample has it.
fn solden() -> (Value, Operator) {
    let whole: Value = Toml::from_str(&sample()).unwrap();
    let all = whole["operator"].as_array().unwrap();
    let document = all.iter().find(|operator| operator["key"] == "solden").unwrap().clone();
    (document.clone(), serde_json::from_value(document).unwrap())
}

/// What a supplier says that sells exactly what is sold here.
fn same(operator: &Operator) -> PriceList {
    let named = |code: &String| Named { code: code.clone(), name: "theirs".to_owned() };
    let mut goods = PriceList {
        products: operator.products.iter().map(|product| named(&product.code)).collect(),
        categories: operator.categories.iter().map(|category| named(&category.code)).collect(),
        tariffs: Vec::new(),
    };
    for product in &operator.products {
        for band in &product.bands {
            goods.tariffs.extend(operator.categories.iter().map(|category| Tariff {
                product: product.code.clone(),
                category: category.code.clone(),
                from: band.from,
                to: band.to,
                price: band.price_cents[&category.key],
            }));
        }
    }
    goods
}

/// Another price for an adult's day ticket, before all others.
fn dearer(goods: &mut PriceList, from: &str, to: &str, price: Cents) {
    let product = DAY.to_owned();
    let category = ADULT.to_owned();
    goods.tariffs.insert(0, Tariff { product, category, from: day(from), to: day(to), price });
}

fn shown(differences: &Differences) -> Vec<String> {
    differences.list.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_the_same_differs_in_nothing() {
    let (document, operator) = solden();
    let found = between(&document, &operator, &same(&operator), day("2026-11-01"));
    assert_eq!((shown(&found), found.held_back), (vec![], None));
    assert_eq!(found.document, document);
}

#[test]
fn a_price_is_taken_for_its_own_days_only() {
    let (document, operator) = solden();
    let mut goods = same(&operator);
    dearer(&mut goods, "2026-12-24", "2027-01-08", 9000);
    let found = between(&document, &operator, &goods, day("2026-11-01"));
    assert_eq!(
        shown(&found),
        [
            "product day, adult, 2026-12-24 to 2027-01-06: 86.50 → 90.00 EUR",
            "product day, adult, 2027-01-07 to 2027-01-08: 84.50 → 90.00 EUR",
        ]
    );
    let taken: Operator = serde_json::from_value(found.document.clone()).unwrap();
    let adult = taken.category("adult").unwrap();
    let price = |date: &str| taken.products[0].price_cents(adult, day(date), day(date)).unwrap();
    assert_eq!(
        ["2026-12-23", "2026-12-24", "2027-01-08", "2027-01-09"].map(price),
        [8650, 9000, 9000, 8450]
    );
    assert_eq!(taken.products[1..], operator.products[1..], "nothing else changes");
    assert_eq!(taken.products[0].bands.len(), operator.products[0].bands.len() + 2);
    assert_eq!(
        shown(&between(&found.document, &taken, &goods, day("2026-11-01"))),
        [""; 0],
        "taken once is enough"
    );
}

#[test]
fn days_that_are_over_are_not_compared() {
    let (document, operator) = solden();
    let mut goods = same(&operator);
    goods.tariffs.retain(|tariff| tariff.to >= day("2026-12-25"));
    goods.tariffs.iter_mut().for_each(|tariff| tariff.from = tariff.from.max(day("2026-12-25")));
    let found = between(&document, &operator, &goods, day("2026-12-25"));
    assert_eq!((shown(&found), found.held_back), (vec![], None));
    dearer(&mut goods, "2026-12-19", "2027-01-06", 9000);
    let found = between(&document, &operator, &goods, day("2026-12-25"));
    let taken: Operator = serde_json::from_value(found.document).unwrap();
    let peak: Vec<_> =
        taken.products[0].bands.iter().skip(1).take(2).map(|band| (band.from, band.to)).collect();
    assert_eq!(
        peak,
        [(day("2026-12-19"), day("2026-12-24")), (day("2026-12-25"), day("2027-01-06"))],
        "what was asked for until yesterday stays written"
    );
    let wanted = wanted(&operator, day("2027-05-01"));
    assert!(wanted.products.iter().all(|product| product.from == day("2027-05-01")), "{wanted:?}");
    assert!(
        super::wanted(&operator, day("2027-05-03")).products.is_empty(),
        "after the season nothing is asked for"
    );
}

#[test]
fn a_withdrawn_product_is_taken_out_of_the_family_price_too() {
    let (document, operator) = solden();
    let mut goods = same(&operator);
    let code = operator.product("six_days").unwrap().code.clone();
    goods.products.retain(|product| product.code != code);
    let found = between(&document, &operator, &goods, day("2026-11-01"));
    assert_eq!(
        shown(&found),
        [format!("product six_days is not sold there any more (code {code})")]
    );
    let taken: Operator = serde_json::from_value(found.document).unwrap();
    assert!(taken.product("six_days").is_none());
    assert_eq!(taken.family.unwrap().products, ["day"]);
    let day_code = operator.product("day").unwrap().code.clone();
    goods.products.retain(|product| product.code != day_code);
    let found = between(&document, &operator, &goods, day("2026-11-01"));
    assert_eq!(found.held_back, None, "two of five are not half");
    let taken: Operator = serde_json::from_value(found.document).unwrap();
    assert_eq!(taken.family, None, "nothing is left that it is for");
}

#[test]
fn what_is_unknown_here_is_shown_and_left() {
    let (document, operator) = solden();
    let mut goods = same(&operator);
    let named = |code: &str| Named {
        code: code.to_owned(),
        name: format!("a \u{1b}[2J{}", "b".repeat(99)),
    };
    goods.products.push(named("new"));
    goods.categories.push(named("dog"));
    let found = between(&document, &operator, &goods, day("2026-11-01"));
    assert_eq!(
        found.list.iter().map(Difference::kind).collect::<Vec<_>>(),
        ["product_unknown_here", "category_unknown_here"]
    );
    assert!(
        shown(&found).iter().all(|line| !line.contains('\u{1b}') && line.len() < 200),
        "{found:?}"
    );
    assert!(!found.list.iter().any(Difference::can_be_taken));
    assert_eq!(found.document, document);
}

#[test]
fn what_looks_like_a_part_of_an_answer_is_held_back() {
    let (document, operator) = solden();
    let half = |change: fn(&mut PriceList)| {
        let mut goods = same(&operator);
        dearer(&mut goods, "2026-12-24", "2027-01-06", 9000);
        change(&mut goods);
        between(&document, &operator, &goods, day("2026-11-01"))
    };
    assert_eq!(half(|_| {}).held_back, None);
    for (change, words) in [
        ((|goods| goods.products.truncate(2)) as fn(&mut PriceList), "More than half"),
        (|goods| goods.categories.truncate(4), "A person category"),
        (|goods| goods.tariffs.truncate(99), "Prices of what is sold here"),
        (|goods| drop(goods.tariffs.pop()), "Prices of what is sold here"),
    ] {
        let found = half(change);
        let why = found.held_back.unwrap();
        assert!(why.en.starts_with(words), "{words}: {why:?}");
        assert!(found.list.iter().any(Difference::can_be_taken), "{words}");
    }
}
