//! Offers from the customer's side of the counter.

use std::sync::LazyLock;

use chrono::TimeZone;
use chrono_tz::{America::New_York, Europe};
use proptest::prelude::*;

use super::*;
use crate::actors::liftoperator::catalogue::sample;

fn counter() -> Counter {
    static EMBEDDED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Catalogue::embedded().unwrap());
    Counter::new(Arc::clone(&EMBEDDED), &[7; 32]).unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const ADULT: &str = "1990-05-01";

/// The ids and prices offered at `key` for an adult.
fn offered(key: &str, day: &str, now: DateTime<Utc>) -> Vec<(String, Cents)> {
    let counter = counter();
    let catalogue = counter.catalogue();
    let operator = catalogue.operator(key).unwrap();
    let offers = counter.offers(operator, date(day), date(ADULT), now);
    offers.into_iter().map(|offer| (offer.offer_id, offer.price_cents)).collect()
}

fn redeem(id: &str, birth_date: &str, now: &str) -> Result<QuotedLine, OfferError> {
    counter().redeem(id, date(birth_date), moment(now))
}

#[test]
fn an_offer_becomes_the_line_that_was_shown() {
    let counter = counter();
    let catalogue = counter.catalogue();
    let operator = catalogue.operator("solden").unwrap();
    let offers =
        counter.offers(operator, date("2026-12-19"), date(ADULT), moment("2026-11-23T08:00:00.7Z"));
    let offer = offers.iter().find(|offer| offer.product.key == "day").unwrap();
    assert_eq!((offer.price_cents, offer.vat_permille), (8650, 100));
    assert_eq!(offer.expires_at, moment("2026-11-23T09:00:00Z"));
    let line = redeem(&offer.offer_id, ADULT, "2026-11-23T08:59:59Z").unwrap();
    assert_eq!(
        (line.operator.as_str(), line.product.as_str(), line.category.as_str()),
        ("solden", "day", "adult")
    );
    assert_eq!((line.valid_from, line.valid_to), (date("2026-12-19"), date("2026-12-19")));
    assert_eq!((line.price_cents, line.vat_permille), (8650, 100));
    assert_eq!(
        (&line.product_code, &line.category_code),
        (&offer.product.code, &offer.category.code)
    );
    assert_eq!(line.needs, [HolderField::FirstName, HolderField::LastName, HolderField::BirthDate]);
    assert!(line.accepts_card_of(&line.supplier));
    assert_eq!(
        redeem(&offer.offer_id, ADULT, "2026-11-23T08:59:59Z"),
        Ok(line),
        "an offer is not used up"
    );
}

#[test]
fn expired_forged_and_unknown_are_told_apart() {
    let now = moment("2026-11-23T08:00:00Z");
    let (id, _) = offered("solden", "2026-12-19", now).remove(0);
    assert_eq!(redeem(&id, ADULT, "2026-11-23T09:00:00Z"), Err(OfferError::Expired));
    assert_eq!(redeem(&id[1..], ADULT, "2026-11-23T08:00:00Z"), Err(OfferError::Forged));
    assert_eq!(redeem("", ADULT, "2026-11-23T08:00:00Z"), Err(OfferError::Forged));
    let stranger = Counter::new(Catalogue::embedded().unwrap(), &[8; 32]).unwrap();
    assert_eq!(stranger.redeem(&id, date(ADULT), now), Err(OfferError::Forged));
    let areas = sample().replace("key = \"solden\"", "key = \"gurgl\"");
    let closed = Counter::new(Catalogue::parse(&areas).unwrap(), &[7; 32]).unwrap();
    assert_eq!(closed.redeem(&id, date(ADULT), now), Err(OfferError::Unknown));
}

#[test]
fn the_price_shown_holds_when_the_list_changes() {
    let now = moment("2026-11-23T08:00:00Z");
    let (id, shown) = offered("solden", "2026-12-19", now).remove(0);
    let areas = sample()
        .replace("version = \"2026-27.1\"", "version = \"2026-27.2\"")
        .replace("adult = 8650", "adult = 8900");
    let dearer = Counter::new(Catalogue::parse(&areas).unwrap(), &[7; 32]).unwrap();
    assert_eq!(dearer.redeem(&id, date(ADULT), now).unwrap().price_cents, shown);
}

#[test]
fn a_holder_of_another_category_is_refused() {
    let (id, _) = offered("solden", "2026-12-19", moment("2026-11-23T08:00:00Z")).remove(0);
    for (birth_date, refused) in [
        ("1961-12-31", Some(OfferError::OtherCategory)),
        ("1962-01-01", None),
        ("2007-12-31", None),
        ("2008-01-01", Some(OfferError::OtherCategory)),
        ("2026-11-24", Some(OfferError::NobodysBirthDate)),
        ("1899-12-31", Some(OfferError::NobodysBirthDate)),
    ] {
        let line = redeem(&id, birth_date, "2026-11-23T08:00:00Z");
        assert_eq!(line.err(), refused, "{birth_date}");
    }
}

#[test]
fn there_is_no_offer_outside_the_season_or_for_the_unborn() {
    let now = moment("2026-09-01T08:00:00Z");
    for (day, count) in [("2026-10-01", 0), ("2026-10-02", 5), ("2027-05-02", 3), ("2027-05-03", 0)]
    {
        assert_eq!(offered("solden", day, now).len(), count, "{day}");
    }
    let counter = counter();
    let catalogue = counter.catalogue();
    let operator = catalogue.operator("solden").unwrap();
    let for_born = |born| counter.offers(operator, date("2027-01-10"), date(born), now).len();
    assert_eq!((for_born("2027-01-10"), for_born("2027-01-11")), (5, 0));
}

#[test]
fn today_is_sold_until_the_last_loading_time_of_the_operators_zone() {
    // 16:00 in Vienna is 15:00 UTC in winter and 14:00 UTC in summer time; the clock is turned on
    // 2027-03-28.
    for (day, last_second) in [
        ("2026-12-19", "2026-12-19T14:59:59Z"),
        ("2027-03-27", "2027-03-27T14:59:59Z"),
        ("2027-03-28", "2027-03-28T13:59:59Z"),
        ("2026-10-24", "2026-10-24T13:59:59Z"),
        ("2026-10-25", "2026-10-25T14:59:59Z"),
    ] {
        let last = moment(last_second);
        let offers = offered("solden", day, last);
        assert!(!offers.is_empty(), "{day}");
        let id = &offers[0].0;
        assert!(counter().redeem(id, date(ADULT), last).is_ok(), "{day}");
        let over = last + TimeDelta::seconds(1);
        assert!(offered("solden", day, over).is_empty(), "{day}");
        assert_eq!(counter().redeem(id, date(ADULT), over), Err(OfferError::LoadingOver), "{day}");
    }
}

/// The keys of the products that are offered there.
fn sold(counter: &Counter, operator: &str, day: &str, now: &str) -> Vec<String> {
    let catalogue = counter.catalogue();
    let offers =
        counter.offers(catalogue.operator(operator).unwrap(), date(day), date(ADULT), moment(now));
    offers.into_iter().map(|offer| offer.product.key.clone()).collect()
}

#[test]
fn a_half_day_is_sold_until_its_own_hour_on_its_day() {
    // 15:00 in Vienna; on 2027-03-28 and on 2026-10-25 the clocks were changed in the night before
    for operator in ["solden", "moelltal"] {
        for (day, last_second) in [
            ("2026-12-19", "2026-12-19T13:59:59Z"),
            ("2027-03-27", "2027-03-27T13:59:59Z"),
            ("2027-03-28", "2027-03-28T12:59:59Z"),
            ("2026-10-25", "2026-10-25T13:59:59Z"),
        ] {
            let over = (moment(last_second) + TimeDelta::seconds(1)).to_rfc3339();
            let keys = |now: &str| sold(&counter(), operator, day, now);
            assert!(keys(last_second).contains(&"half_day".to_owned()), "{operator} {day}");
            assert!(!keys(&over).contains(&"half_day".to_owned()), "{operator} {day}");
            assert!(
                keys(&over).contains(&"day".to_owned()),
                "{operator} {day}: the day ticket has another hour"
            );
        }
    }
}

#[test]
fn a_sale_opens_with_its_day_in_the_operators_zone_and_an_early_price_ends_so() {
    // midnight in Vienna is 22:00 UTC in summer time and 23:00 UTC in winter
    let pass = |now: &str| {
        let offers = offered("solden", "2026-12-19", moment(now));
        offers.last().map(|(_, cents)| *cents)
    };
    assert_eq!((pass("2026-08-31T21:59:59Z"), pass("2026-08-31T22:00:00Z")), (None, Some(89_000)));
    assert_eq!(
        (pass("2026-11-30T22:59:59Z"), pass("2026-11-30T23:00:00Z")),
        (Some(89_000), Some(96_000))
    );
    // an early price that was shown in the last second still holds for its hour, to the full minute
    let now = moment("2026-11-30T22:59:59Z");
    let (id, shown) = offered("solden", "2026-12-19", now).pop().unwrap();
    assert_eq!(redeem(&id, ADULT, "2026-11-30T23:58:59Z").unwrap().price_cents, shown);
    assert_eq!(redeem(&id, ADULT, "2026-11-30T23:59:00Z"), Err(OfferError::Expired));
}

#[test]
fn a_sale_that_opens_the_day_before_opens_by_the_clock_on_the_wall() {
    let areas = sample().replacen(
        "kind = \"day\"",
        "kind = \"day\"\nsale_opens = { days_before = 1, at = \"15:00:00\" }",
        100,
    );
    let counter = Counter::new(Catalogue::parse(&areas).unwrap(), &[7; 32]).unwrap();
    for (day, opens) in [
        ("2026-12-19", "2026-12-18T14:00:00Z"),
        ("2027-03-28", "2027-03-27T14:00:00Z"),
        ("2027-03-29", "2027-03-28T13:00:00Z"),
        ("2026-10-26", "2026-10-25T14:00:00Z"),
    ] {
        let early = (moment(opens) - TimeDelta::seconds(1)).to_rfc3339();
        assert!(!sold(&counter, "solden", day, &early).contains(&"day".to_owned()), "{day}");
        assert!(sold(&counter, "solden", day, opens).contains(&"day".to_owned()), "{day}");
    }
}

#[test]
fn each_ticket_ends_within_the_season_or_is_not_sold() {
    let now = "2026-11-23T08:00:00Z";
    for (day, keys) in [
        ("2027-04-26", &["day", "half_day", "six_days", "five_in_seven", "season"][..]),
        ("2027-04-27", &["day", "half_day", "six_days", "season"]),
        ("2027-04-28", &["day", "half_day", "season"]),
        ("2027-05-02", &["day", "half_day", "season"]),
        ("2027-05-03", &[]),
        ("2026-10-01", &[]),
    ] {
        assert_eq!(sold(&counter(), "solden", day, now), keys, "{day}");
    }
}

#[test]
fn whose_birthday_is_between_order_and_ski_day_keeps_the_category_of_the_birth_year() {
    let counter = counter();
    let catalogue = counter.catalogue();
    let solden = catalogue.operator("solden").unwrap();
    let category = |born: &str, day: &str| {
        let offers = counter.offers(solden, date(day), date(born), moment("2026-11-23T08:00:00Z"));
        offers.first().map(|offer| offer.category.key.clone()).unwrap()
    };
    for (born, expected) in [
        ("1961-12-31", "senior"),
        ("1962-01-01", "adult"),
        ("2007-12-31", "adult"),
        ("2008-01-01", "youth"),
        ("2010-12-31", "youth"),
        ("2011-01-01", "child"),
        ("2018-12-31", "child"),
        ("2019-01-01", "small_child"),
    ] {
        for day in ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"] {
            assert_eq!(category(born, day), expected, "born {born}, on {day}");
        }
    }
}

#[test]
fn the_day_is_the_operators_wherever_the_customer_sits() {
    // In New York it is still the evening of the 18th, in Vienna the 19th has begun.
    let new_york = New_York.with_ymd_and_hms(2026, 12, 18, 19, 0, 0).unwrap().with_timezone(&Utc);
    assert!(offered("solden", "2026-12-18", new_york).is_empty(), "that day is over at the lift");
    assert_eq!(offered("solden", "2026-12-19", new_york)[0].1, 8650);
    // In London it is still the last evening of the year, in Vienna the new one has begun.
    let london =
        Europe::London.with_ymd_and_hms(2026, 12, 31, 23, 30, 0).unwrap().with_timezone(&Utc);
    assert!(offered("solden", "2026-12-31", london).is_empty());
    assert_eq!(offered("solden", "2027-01-01", london).len(), 5);
    // The loading ends at 15:00 in London and at 10:00 in New York.
    let ends = |zone: chrono_tz::Tz| {
        let counter = counter();
        let day = date("2027-01-02");
        let catalogue = counter.catalogue();
        let solden = catalogue.operator("solden").unwrap();
        solden.loading_ends(solden.product("day").unwrap(), day).with_timezone(&zone)
    };
    assert_eq!(ends(Europe::London).format("%F %R").to_string(), "2027-01-02 15:00");
    assert_eq!(ends(New_York).format("%F %R").to_string(), "2027-01-02 10:00");
}

#[test]
fn a_short_key_is_refused() {
    assert_eq!(Counter::new(Catalogue::embedded().unwrap(), &[7; 31]).err(), Some(KeyTooShort));
}

proptest! {
    #[test]
    fn whatever_is_offered_can_be_ordered_by_the_person_it_was_offered_to(
        which in 0..12_usize, into_season in 0..220_i64, born in 0..44_000_i64, ahead in 0..20_000_i64,
    ) {
        let counter = counter();
        let catalogue = counter.catalogue();
        let operator = &catalogue.operators()[which];
        let day = operator.season.from + TimeDelta::days(into_season);
        let birth_date = date("1905-01-01") + TimeDelta::days(born);
        let now = operator.loading_ends(&operator.products[0], day) - TimeDelta::minutes(ahead);
        let offers = counter.offers(operator, day, birth_date, now);
        let can_be_sold = operator.season.contains(day) && ahead > 0 && birth_date <= day
            && operator.season.sale_from.is_none_or(|opens| opens <= operator.day_at(now));
        prop_assert_eq!(offers.iter().filter(|offer| offer.product.key == "day").count(), usize::from(can_be_sold));
        for offer in offers {
            let line = counter.redeem(&offer.offer_id, birth_date, now);
            prop_assert_eq!(line.map(|line| (line.price_cents, line.valid_from)), Ok((offer.price_cents, day)));
            prop_assert_eq!(counter.redeem(&offer.offer_id, birth_date, now + LIFE).is_err(), true);
        }
    }
}
