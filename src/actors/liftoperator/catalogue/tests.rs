//! The loader refuses what would leave a person or a day without a price, or with two.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use chrono::{Datelike, NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::{Catalogue, Category, Operator, ProductKind, sample};

static AREAS: LazyLock<String> = LazyLock::new(sample);

/// Read once: most of a test's time would go into it.
fn catalogue() -> Arc<Catalogue> {
    static EMBEDDED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Catalogue::embedded().unwrap());
    Arc::clone(&EMBEDDED)
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
    price(operator, "day", "adult", day, day)
}

/// The price of a ticket with the first day `first`, bought on the day `bought`.
fn price(
    operator: &Operator,
    product: &str,
    category: &str,
    first: &str,
    bought: &str,
) -> Option<i64> {
    let product = operator.product(product).unwrap();
    product.price_cents(operator.category(category).unwrap(), date(first), date(bought))
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
        ("badkleinkirchheim", "2026-12-04", 7300),
        ("galtuer", "2026-12-18", 5550),
        ("galtuer", "2027-04-11", 5850),
        ("hintertux", "2027-05-07", 8200),
        ("katschberg", "2027-03-28", 7300),
        ("moelltal", "2026-10-23", 7200),
        ("nassfeld", "2026-12-24", 6750),
        ("nassfeld", "2026-12-25", 7300),
        ("nassfeld", "2027-03-14", 6750),
        ("stubai", "2026-10-23", 6420),
        ("stubai", "2027-04-16", 7550),
        ("wildkogel", "2027-04-04", 7200),
    ] {
        assert_eq!(
            adult_price(catalogue.operator(key).unwrap(), day),
            Some(cents),
            "{key} on {day}"
        );
    }
    let moelltal = catalogue.operator("moelltal").unwrap();
    assert_eq!(price(moelltal, "half_day", "adult", "2027-01-10", "2027-01-10"), Some(6100));
    assert_eq!(adult_price(catalogue.operator("ischgl").unwrap(), "2026-11-25"), None);
    assert!(catalogue.operator("zermatt").is_none());
}

#[test]
fn acceptance_need_not_be_symmetric() {
    let catalogue =
        Catalogue::parse(&AREAS.replace("accepts = [\"axess\"]", "accepts = [\"axess\", \"dta\"]"))
            .unwrap();
    let narrow = catalogue.operator("solden").unwrap();
    let wide = catalogue.operator("obertauern").unwrap();
    assert_ne!(narrow.contract.supplier, wide.contract.supplier);
    assert!(wide.accepts_card_of(&narrow.contract.supplier));
    assert!(!narrow.accepts_card_of(&wide.contract.supplier));
    assert_eq!(catalogue.accepted_cards(wide).count(), 2);
}

#[test]
fn a_small_child_skis_for_nothing() {
    for operator in catalogue().operators() {
        let category = operator.category_of(date("2021-05-01")).unwrap();
        assert_eq!(category.key, "small_child");
        for product in &operator.products {
            assert_eq!(
                product.price_cents(category, operator.season.from, operator.season.from),
                Some(0)
            );
        }
    }
}

proptest! {
    #[test]
    fn every_birth_date_has_one_category_and_every_season_day_one_price(
        which in 0..12_usize, born in 0..45_000_i64, into_season in 0..400_i64,
    ) {
        let catalogue = catalogue();
        let operator = &catalogue.operators()[which];
        let birth_date = date("1905-01-01") + TimeDelta::days(born);
        let day = operator.season.from + TimeDelta::days(into_season);
        let birth_year = birth_date.year();
        // counted from what is written, not asked of what finds the first
        let is_in = |one: &&Category| one.born_from.unwrap_or(i32::MIN) <= birth_year && birth_year <= one.born_to.unwrap_or(i32::MAX);
        let categories: Vec<_> = operator.categories.iter().filter(is_in).collect();
        prop_assert_eq!(categories.len(), 1);
        prop_assert_eq!(operator.category_of(birth_date), Some(categories[0]));
        for product in &operator.products {
            let bands: Vec<_> = product.bands.iter().filter(|band| band.contains(day)).collect();
            prop_assert_eq!(bands.len(), usize::from(operator.season.contains(day)));
            let price = product.price_cents(categories[0], day, day);
            let shown = bands.first().map(|band| band.price_cents[&categories[0].key]);
            if product.kind != ProductKind::MultiDay {
                prop_assert_eq!(price, shown);
            } else if product.last_day(day, &operator.season).is_some() {
                let all = product.bands.iter().map(|band| band.price_cents[&categories[0].key]);
                let least = all.clone().min();
                let most = all.max();
                prop_assert!(price >= least && price <= most, "{price:?} is not from {least:?} to {most:?}");
            }
            prop_assert_eq!(catalogue.vat_permille(operator, day), operator.season.contains(day).then_some(100));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_band_moved_by_any_days_at_either_end_is_refused(which in 0..60_usize, shift in -40..40_i64, first in any::<bool>()) {
        prop_assume!(shift != 0);
        let start = AREAS.match_indices("[[operator.product.band]]").cycle().nth(which).unwrap().0;
        let word = if first { "from = \"" } else { "to = \"" };
        let place = start + AREAS[start..].find(word).unwrap() + word.len();
        let moved = date(&AREAS[place..place + 10]) + TimeDelta::days(shift);
        let text = format!("{}{moved}{}", &AREAS[..place], &AREAS[place + 10..]);
        let fault = Catalogue::parse(&text).expect_err("the loader took it").to_string();
        prop_assert!(fault.contains("operator ") && fault.contains("product "), "{}", fault);
    }

    #[test]
    fn a_category_moved_by_any_years_is_refused(which in 0..48_usize, shift in -5..5_i32, first in any::<bool>()) {
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
        ("federal_state =", "county =", "unknown field `county`"),
        (
            "2026-12-18",
            "2026-12-20",
            "catalogue, operator solden, product day: pre and peak overlap on 2026-12-19",
        ),
        (
            "2026-12-18",
            "2026-12-17",
            "operator solden, product day: 2026-12-18 is in no band before peak from 2026-12-19",
        ),
        (
            "to = \"2027-05-02\"",
            "to = \"2027-05-03\"",
            "solden, product day: 2027-05-03 and later days of the season",
        ),
        (
            "to = \"2027-05-02\"",
            "to = \"2027-05-01\"",
            "late from 2027-04-12 to 2027-05-02 leaves the season",
        ),
        (
            "to = \"2027-05-02\"",
            "to = \"2026-10-01\"",
            "operator solden: the season ends before it begins",
        ),
        (
            "born_from = 2008",
            "born_from = 2009",
            "operator solden: nobody born in 2008 has a category",
        ),
        (
            "born_from = 2008",
            "born_from = 2007",
            "operator solden: categories adult and youth overlap",
        ),
        (
            "born_from = 2019",
            "born_from = 2019\nborn_to = 2030",
            "nobody born after the years of category small_child",
        ),
        (
            "born_to = 1961",
            "born_from = 1900\nborn_to = 1961",
            "nobody born before the years of category senior",
        ),
        (
            "key = \"youth\"",
            "key = \"adult\"",
            "operator solden: category adult stands there twice",
        ),
    ] {
        let fault = fault_of(solden, from, to);
        assert!(fault.contains(expected), "{from} → {to}: {fault}");
    }
}

#[test]
fn each_slip_in_keys_prices_and_words_is_named_with_its_place() {
    let saalbach = "key = \"saalbach\"";
    for (from, to, expected) in [
        (
            "key = \"saalbach\"",
            "key = \"solden\"",
            "catalogue, file: operator solden stands there twice",
        ),
        (
            "youth = ",
            "teen = ",
            "saalbach, product day: band winterstart from 2026-11-27 has a price for teen",
        ),
        ("youth = 5550, ", "", "band winterstart from 2026-11-27 has no price for youth"),
        ("youth = 5550", "adult = 5550", "duplicate key `adult`"),
        ("adult = 7400", "adult = -7400", "asks -7400 cents of adult"),
        ("adult = 7400", "adult = 74.00", "invalid type: floating point"),
        ("kind = \"day\"", "kind = \"year\"", "unknown variant `year`"),
        ("kind = \"day\"", "kind = \"day\"\ndays = 2", "a Day ticket of 2 days within None"),
        ("kind = \"day\"", "kind = \"multi_day\"", "a MultiDay ticket of 1 days"),
        ("kind = \"day\"", "kind = \"flexi\"\ndays = 5", "a Flexi ticket of 5 days within None"),
        ("kind = \"day\"", "kind = \"season\"", "its buyer may withdraw"),
        ("kind = \"day\"", "kind = \"half_day\"", "a half day needs a `from_time`"),
        (
            "kind = \"day\"",
            "kind = \"half_day\"\nfrom_time = \"16:00\"",
            "last loading time is not after its `from_time`",
        ),
        ("https://", "ftp://", "is no plain http or https address"),
        ("project_no", "password", "the setting password looks like a secret"),
        ("second = 50", "second = 0", "0 requests per second are not 2 to 1000"),
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
    assert!(
        fault_of("version =", "2026-27.1", "2026|27")
            .contains("catalogue, file: version `2026|27`")
    );
}

#[test]
fn a_file_and_a_folder_are_read_like_the_embedded_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("areas.toml");
    assert!(Catalogue::load(&path).unwrap_err().to_string().contains("cannot be read"));
    assert!(Catalogue::load(folder.path()).unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&path, AREAS.as_str()).unwrap();
    let keys = |catalogue: Arc<Catalogue>| -> BTreeSet<String> {
        catalogue.operators().iter().map(|one| one.key.clone()).collect()
    };
    assert_eq!(keys(Catalogue::load(&path).unwrap()), keys(catalogue()));
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue");
    assert_eq!(
        keys(Catalogue::load(samples.as_ref()).unwrap()),
        keys(catalogue()),
        "a file is not embedded"
    );
}

#[test]
fn a_ticket_over_several_bands_costs_each_day_its_share() {
    let catalogue = catalogue();
    let solden = catalogue.operator("solden").unwrap();
    let six = |first: &str| price(solden, "six_days", "adult", first, "2026-11-23").unwrap();
    let pre = 43_750;
    let peak = 46_700;
    let main = 45_650;
    assert_eq!((six("2026-12-13"), six("2026-12-19"), six("2027-01-07")), (pre, peak, main));
    // two days before Christmas week, four in it
    assert_eq!(six("2026-12-17"), (2 * pre + 4 * peak) / 6);
    // over New Year one band goes on; after it three days of the next one
    assert_eq!(six("2026-12-29"), peak);
    assert_eq!(six("2027-01-04"), (3 * peak + 3 * main) / 6);
    // the last six days of the season, and one day less
    assert!(price(solden, "six_days", "adult", "2027-04-27", "2026-11-23").is_some());
    assert_eq!(price(solden, "six_days", "adult", "2027-04-28", "2026-11-23"), None);
}

#[test]
fn the_mixed_price_is_rounded_down_to_the_cent_once() {
    let areas = AREAS.replace("days = 6\n", "days = 3\n");
    let start = areas.find("key = \"obertauern\"").unwrap();
    let areas = format!(
        "{}{}",
        &areas[..start],
        areas[start..].replacen("37450", "10001", 1).replacen("40300", "10003", 1)
    );
    let catalogue = Catalogue::parse(&areas).unwrap();
    let obertauern = catalogue.operator("obertauern").unwrap();
    let adult = |first: &str| price(obertauern, "six_days", "adult", first, "2026-11-23").unwrap();
    // 10001, 10001 and 10003 cents are 30005, a third of which is 10001.67
    assert_eq!((adult("2026-12-24"), adult("2026-12-25")), (10_001, 10_002));
}

#[test]
fn a_season_pass_costs_what_the_day_of_purchase_says() {
    let catalogue = catalogue();
    let solden = catalogue.operator("solden").unwrap();
    let pass = |bought: &str| price(solden, "season", "adult", "2026-12-19", bought);
    assert_eq!((pass("2026-08-31"), pass("2026-09-01")), (None, Some(89_000)));
    assert_eq!((pass("2026-11-30"), pass("2026-12-01")), (Some(89_000), Some(96_000)));
}

#[test]
fn a_document_of_one_operator_can_be_stored_and_read_again() {
    for operator in catalogue().operators() {
        let stored = serde_json::to_string(operator).unwrap();
        assert_eq!(&serde_json::from_str::<Operator>(&stored).unwrap(), operator);
    }
}

#[test]
fn what_cannot_be_loaded_is_given_up_hours_before_its_day_where_an_hour_is_left() {
    let mut operator = Catalogue::embedded().unwrap().operator("stubai").unwrap().clone();
    let moment = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let day = "2026-12-20".parse().unwrap();
    let ends = moment("2026-12-20T15:00:00Z");
    operator.contract.give_up_hours_before = Some(6);
    // the day begins at 23:00 UTC the day before
    for (ordered, given_up) in [
        ("2026-12-01T12:00:00Z", "2026-12-19T17:00:00Z"),
        ("2026-12-19T16:00:00Z", "2026-12-19T17:00:00Z"),
        ("2026-12-19T16:00:01Z", "2026-12-20T15:00:00Z"),
        ("2026-12-20T08:00:00Z", "2026-12-20T15:00:00Z"),
    ] {
        assert_eq!(operator.gives_up(day, ends, moment(ordered)), moment(given_up), "{ordered}");
    }
    assert_eq!(operator.return_ends(day), Some(moment("2026-12-17T23:00:00Z")), "48 hours before");
    operator.contract.give_up_hours_before = None;
    assert_eq!(operator.gives_up(day, ends, moment("2026-12-01T12:00:00Z")), ends);
}
