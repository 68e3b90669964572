//! The loader refuses what would leave a person or a day without a price, or with two.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::{Catalogue, Operator};

const AREAS: &str = include_str!("../../../../catalogue/areas.toml");

fn catalogue() -> Arc<Catalogue> {
    Catalogue::embedded().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The text of the fault after replacing the first `from` at or after `anchor`.
fn fault_of(anchor: &str, from: &str, to: &str) -> String {
    let start = AREAS.find(anchor).unwrap();
    let place = start + AREAS[start..].find(from).unwrap();
    let text = format!("{}{to}{}", &AREAS[..place], &AREAS[place + from.len()..]);
    Catalogue::parse(&text).expect_err("the loader took it").to_string()
}

fn adult_price(operator: &Operator, day: &str) -> Option<i64> {
    operator.products[0].price_cents(operator.category("adult").unwrap(), date(day))
}

#[test]
fn the_published_adult_prices_are_in_the_sample() {
    let catalogue = catalogue();
    for (key, day, cents) in [
        ("solden", "2026-12-18", 8100),
        ("solden", "2026-12-19", 8650),
        ("solden", "2027-01-06", 8650),
        ("solden", "2027-01-07", 8450),
        ("solden", "2027-01-30", 8650),
        ("solden", "2027-02-26", 8650),
        ("ischgl", "2026-11-26", 8300),
        ("obertauern", "2026-12-25", 7200),
        ("obertauern", "2027-01-08", 7200),
        ("saalbach", "2026-12-18", 7400),
        ("saalbach", "2026-12-19", 8200),
        ("saalbach", "2027-03-12", 8200),
    ] {
        assert_eq!(adult_price(catalogue.operator(key).unwrap(), day), Some(cents), "{key} on {day}");
    }
    assert_eq!(adult_price(catalogue.operator("ischgl").unwrap(), "2026-11-25"), None);
    assert!(catalogue.operator("zermatt").is_none());
}

#[test]
fn acceptance_need_not_be_symmetric() {
    let catalogue =
        Catalogue::parse(&AREAS.replace("accepts = [\"axess\"]", "accepts = [\"axess\", \"dta\"]")).unwrap();
    let (narrow, wide) = (catalogue.operator("solden").unwrap(), catalogue.operator("obertauern").unwrap());
    assert_ne!(narrow.supplier, wide.supplier);
    assert!(wide.accepts_card_of(&narrow.supplier));
    assert!(!narrow.accepts_card_of(&wide.supplier));
    assert_eq!(catalogue.accepted_cards(wide).count(), 2);
}

#[test]
fn a_small_child_skis_for_nothing() {
    for operator in catalogue().operators() {
        let category = operator.category_of(date("2021-05-01")).unwrap();
        assert_eq!(category.key, "small_child");
        assert_eq!(operator.products[0].price_cents(category, operator.season.from), Some(0));
    }
}

proptest! {
    #[test]
    fn every_birth_date_has_one_category_and_every_season_day_one_price(
        which in 0..4_usize, born in 0..45_000_i64, into_season in 0..400_i64,
    ) {
        let catalogue = catalogue();
        let operator = &catalogue.operators()[which];
        let birth_date = date("1905-01-01") + TimeDelta::days(born);
        let day = operator.season.from + TimeDelta::days(into_season);
        let categories: Vec<_> =
            operator.categories.iter().filter(|one| operator.category_of(birth_date).is_some_and(|own| own.key == one.key)).collect();
        prop_assert_eq!(categories.len(), 1);
        for product in &operator.products {
            let bands: Vec<_> = product.bands.iter().filter(|band| band.contains(day)).collect();
            prop_assert_eq!(bands.len(), usize::from(operator.season.contains(day)));
            let price = product.price_cents(categories[0], day);
            prop_assert_eq!(price, bands.first().map(|band| band.price_cents[&categories[0].key]));
            prop_assert_eq!(catalogue.vat_permille(operator, day), operator.season.contains(day).then_some(100));
        }
    }

    #[test]
    fn a_band_moved_by_any_days_at_either_end_is_refused(which in 0..13_usize, shift in -40..40_i64, first in any::<bool>()) {
        prop_assume!(shift != 0);
        let start = AREAS.match_indices("[[operator.product.band]]").nth(which).unwrap().0;
        let word = if first { "from = \"" } else { "to = \"" };
        let place = start + AREAS[start..].find(word).unwrap() + word.len();
        let moved = date(&AREAS[place..place + 10]) + TimeDelta::days(shift);
        let text = format!("{}{moved}{}", &AREAS[..place], &AREAS[place + 10..]);
        let fault = Catalogue::parse(&text).expect_err("the loader took it").to_string();
        prop_assert!(fault.contains("operator ") && fault.contains("product day"), "{}", fault);
    }

    #[test]
    fn a_category_moved_by_any_years_is_refused(which in 0..16_usize, shift in -5..5_i32, first in any::<bool>()) {
        prop_assume!(shift != 0);
        let word = if first { "born_from = " } else { "born_to = " };
        let place = AREAS.match_indices(word).nth(which).unwrap().0 + word.len();
        let moved = AREAS[place..place + 4].parse::<i32>().unwrap() + shift;
        let text = format!("{}{moved}{}", &AREAS[..place], &AREAS[place + 4..]);
        let fault = Catalogue::parse(&text).expect_err("the loader took it").to_string();
        prop_assert!(fault.contains("operator "), "{}", fault);
    }
}

#[test]
fn each_slip_in_seasons_and_categories_is_named_with_its_place() {
    let solden = "key = \"solden\"";
    for (from, to, expected) in [
        ("federal_state =", "county =", "catalogue line 37: unknown field `county`"),
        ("2026-12-18", "2026-12-20", "catalogue, operator solden, product day: pre and peak overlap on 2026-12-19"),
        (
            "2026-12-18",
            "2026-12-17",
            "operator solden, product day: 2026-12-18 is in no band before peak from 2026-12-19",
        ),
        (
            "to = \"2027-05-02\" }",
            "to = \"2027-05-03\" }",
            "solden, product day: 2027-05-03 and later days of the season",
        ),
        ("to = \"2027-05-02\" }", "to = \"2027-05-01\" }", "late from 2027-04-12 to 2027-05-02 leaves the season"),
        ("to = \"2027-05-02\" }", "to = \"2026-10-01\" }", "operator solden: the season ends before it begins"),
        ("born_from = 2008", "born_from = 2009", "operator solden: nobody born in 2008 has a category"),
        ("born_from = 2008", "born_from = 2007", "operator solden: categories adult and youth overlap"),
        ("born_from = 2019", "born_from = 2019\nborn_to = 2030", "nobody born after the years of category small_child"),
        ("born_to = 1961", "born_from = 1900\nborn_to = 1961", "nobody born before the years of category senior"),
        ("key = \"youth\"", "key = \"adult\"", "operator solden: category adult stands there twice"),
    ] {
        let fault = fault_of(solden, from, to);
        assert!(fault.contains(expected), "{from} → {to}: {fault}");
    }
}

#[test]
fn each_slip_in_keys_prices_and_words_is_named_with_its_place() {
    let saalbach = "key = \"saalbach\"";
    for (from, to, expected) in [
        ("key = \"saalbach\"", "key = \"solden\"", "catalogue, file: operator solden stands there twice"),
        ("youth = ", "teen = ", "saalbach, product day: band winterstart from 2026-11-27 has a price for teen"),
        ("youth = 5550, ", "", "band winterstart from 2026-11-27 has no price for youth"),
        ("youth = 5550", "adult = 5550", "duplicate key `adult`"),
        ("adult = 7400", "adult = -7400", "asks -7400 cents of adult"),
        ("adult = 7400", "adult = 74.00", "invalid type: floating point"),
        ("kind = \"day\"", "kind = \"season\"", "unknown variant `season`"),
        ("days = 1", "days = 2", "a day ticket of 2 days"),
        ("Europe/Vienna", "Europe/Vienne", "Europe/Vienne"),
        (
            "country = \"AT\"",
            "country = \"CH\"",
            "operator saalbach: 2026-11-27 and later days of the season are in no band",
        ),
        ("accepts = [", "accepts = [] #", "does not accept its own supplier's cards"),
        ("accepts = [", "accepts = [\"acme\", ", "there is no [[card]] of acme"),
    ] {
        let fault = fault_of(saalbach, from, to);
        assert!(fault.contains(expected), "{from} → {to}: {fault}");
    }
    assert!(fault_of("version", "2026-27.1", "2026|27").contains("catalogue, file: version `2026|27`"));
}

#[test]
fn a_file_is_read_like_the_embedded_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("areas.toml");
    assert!(Catalogue::load(&path).unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&path, AREAS).unwrap();
    let keys = |catalogue: Arc<Catalogue>| -> BTreeSet<String> {
        catalogue.operators().iter().map(|one| one.key.clone()).collect()
    };
    assert_eq!(keys(Catalogue::load(&path).unwrap()), keys(catalogue()));
}
