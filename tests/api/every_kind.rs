//! One ticket of each kind at both kinds of gate, from the offer to the e-mail, reckoned anew from
//! the price list.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde_json::{Value, json};
use starjack::clock;
use starjack::language::Language;

use crate::support::{
    ADULT, Booking, Database, Offer, World, both_databases, eventually, listed, new_key, sample,
    text_of, ticket,
};

both_databases!(a_ticket_of_each_kind_is_what_was_offered_to_the_last_cent);

/// The day after the night in which clocks are turned on.
const TURNED_ON: (i32, u32, u32) = (2027, 3, 28);

/// A ticket as it must come out everywhere.
#[derive(Debug)]
struct Wanted {
    operator: &'static str,
    product: &'static str,
    kind: &'static str,
    first: NaiveDate,
    last: NaiveDate,
    cents: i64,
    /// Local time of its first day.
    begins: &'static str,
}

async fn a_ticket_of_each_kind_is_what_was_offered_to_the_last_cent(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let wanted: Vec<Wanted> =
        ["solden", "obertauern"].into_iter().flat_map(one_of_each_kind).collect();
    let mut lines = Vec::new();
    for want in &wanted {
        let offer = world.product(want.operator, want.product, want.first, ADULT).await;
        is_offered_as(want, &offer);
        lines.push(ticket(&Offer::of(&offer), &anna.card_for(want.operator).await, "Anna", ADULT));
    }
    let total: i64 = wanted.iter().map(|want| want.cents).sum();
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    assert_eq!(placed["total"], json!({ "amount": total, "currency": "EUR" }));
    let id = placed["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    let order = anna.wait_for(id, &["finished"]).await;
    world.clean_slate().await;

    let ledger = world.ledger().await;
    let number = order["number"].as_str().unwrap();
    assert_eq!(ledger.held(number), total);
    let bookings = ledger.bookings_of(number);
    assert_eq!(bookings.len(), wanted.len(), "each once: {bookings:#?}");
    for (want, line) in wanted.iter().zip(1..) {
        let booking = bookings
            .iter()
            .find(|booking| booking.reference == format!("{number}-{line}"))
            .unwrap();
        is_booked_as(want, booking);
        assert_eq!(order["lines"][line - 1]["price"]["amount"], want.cents);
    }
    let invoice = anna.client.get(order["invoices"][0]["url"].as_str().unwrap()).await;
    is_invoiced(&wanted, total, &text_of(&invoice.bytes));
    let email = eventually("the letter", async || {
        let ledger = world.ledger().await;
        ledger.emails_about(number).first().map(|email| email["text"].as_str().unwrap().to_owned())
    })
    .await;
    is_told(&wanted, total, &email);
}

/// A ticket of each kind, on days that are awkward for it.
fn one_of_each_kind(operator: &'static str) -> [Wanted; 5] {
    let today = clock::now().with_timezone(&chrono_tz::Europe::Vienna).date_naive();
    let season = &sample().operator(operator).unwrap().season;
    let (year, month, day) = TURNED_ON;
    let turned_on =
        NaiveDate::from_ymd_opt(year, month, day).unwrap().clamp(today + Days::new(1), season.to);
    let crossing = crossing(operator, today);
    let six: i64 = (0..6).map(|day| listed(operator, "six_days", crossing + Days::new(day))).sum();
    let one = |product, kind, first, days: u64, cents| Wanted {
        operator,
        product,
        kind,
        first,
        last: first + Days::new(days - 1),
        cents,
        begins: if product == "half_day" { "12:00:00" } else { "00:00:00" },
    };
    let in_seven = season.to - Days::new(6);
    [
        one("day", "day", season.to, 1, listed(operator, "day", season.to)),
        one("half_day", "half_day", turned_on, 1, listed(operator, "half_day", turned_on)),
        one("six_days", "multi_day", crossing, 6, six / 6),
        one("five_in_seven", "flexi", in_seven, 7, listed(operator, "five_in_seven", in_seven)),
        Wanted {
            last: season.to,
            ..one("season", "season", turned_on, 1, listed(operator, "season", today))
        },
    ]
}

/// The first of six days that cost more, or less, on the last three; any six while there are no
/// such days any more.
fn crossing(operator: &str, today: NaiveDate) -> NaiveDate {
    let season = &sample().operator(operator).unwrap().season;
    let first = season.from.max(today + Days::new(1));
    let price = |day| listed(operator, "six_days", day);
    let days = first.iter_days().take_while(|day| *day + Days::new(5) <= season.to);
    days.clone()
        .find(|day| price(*day + Days::new(2)) != price(*day + Days::new(3)))
        .unwrap_or(first)
}

fn is_offered_as(want: &Wanted, offer: &Value) {
    assert_eq!(
        offer["price"],
        json!({ "amount": want.cents, "currency": "EUR" }),
        "{want:?} {offer:#}"
    );
    assert_eq!(offer["vat_rate"], 10.0, "{offer:#}");
    assert_eq!(offer["kind"], want.kind, "{offer:#}");
    let dates = (offer["valid_from"].as_str().unwrap(), offer["valid_to"].as_str().unwrap());
    assert_eq!(dates, (&*want.first.to_string(), &*want.last.to_string()), "{offer:#}");
    let hour = (want.begins != "00:00:00").then(|| &want.begins[..5]);
    assert_eq!(offer["from_time"].as_str(), hour, "{offer:#}");
}

fn is_booked_as(want: &Wanted, booking: &Booking) {
    assert_eq!(booking.operator, want.operator);
    assert_eq!(
        (&booking.day, &booking.until),
        (&want.first.to_string(), &want.last.to_string()),
        "{want:?}"
    );
    assert_eq!(booking.cents, want.cents, "{want:?}");
    if booking.supplier == "dta" {
        // the season ends before October; the midnight of the day on which clocks are turned on is
        // still winter
        let turned_on = last_sunday_of_march(want.first.year()).and_hms_opt(2, 0, 0).unwrap();
        let begins = want.first.and_time(want.begins.parse().unwrap());
        let offset =
            if begins > turned_on && want.first.month() < 10 { "+02:00" } else { "+01:00" };
        assert_eq!(booking.begins, format!("{}T{}{offset}", want.first, want.begins), "{want:?}");
    }
}

fn last_sunday_of_march(year: i32) -> NaiveDate {
    let last = NaiveDate::from_ymd_opt(year, 3, 31).unwrap();
    last.iter_days().rev().find(|day| day.weekday() == Weekday::Sun).unwrap()
}

/// Each line with its product, days, rate and price, and the tax of the whole.
fn is_invoiced(wanted: &[Wanted], total: i64, text: &str) {
    let begins = |no: usize| {
        text.find(&format!("\n{no}  ")).unwrap_or_else(|| panic!("no line {no} in:\n{text}"))
    };
    for (want, no) in wanted.iter().zip(1..) {
        let ends = if no < wanted.len() {
            begins(no + 1)
        } else {
            text.find("Total, VAT included").unwrap()
        };
        // description and days may take several rows, side by side
        let line = &text[begins(no) + 1..ends];
        let row = line.lines().next().unwrap();
        let name =
            &sample().operator(want.operator).unwrap().product(want.product).unwrap().name.en;
        for words in [name, " 1 ", " 10% "] {
            assert!(row.contains(words), "{words} is not in the line {row}");
        }
        assert!(row.ends_with(&format!(" {}", Language::En.number(want.cents))), "{want:?} {row}");
        for day in [want.first, want.last].map(|day| Language::En.day(day)) {
            let stands = |word: &str| line.split_whitespace().any(|found| found == word);
            assert!(day.split(' ').all(stands), "{day} is not in:\n{line}");
        }
    }
    let net = (total * 2000 + 1100) / 2200;
    let of_rate = [net, total - net, total].map(|cents| Language::En.number(cents)).join(" ");
    let of_rate = format!("AT 10% {of_rate}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.lines().any(|row| words(row) == of_rate), "{of_rate} is not in:\n{text}");
    assert!(text.contains(&Language::En.amount("EUR", total)), "{text}");
}

fn is_told(wanted: &[Wanted], total: i64, email: &str) {
    for want in wanted {
        let operator = sample().operator(want.operator).unwrap();
        let title = format!(
            "{}, Adult, {}",
            operator.product(want.product).unwrap().name.en,
            operator.name
        );
        let place = email.find(&title).unwrap_or_else(|| panic!("{title} is not in:\n{email}"));
        let about = email[place..].lines().nth(1).unwrap();
        let hour = (want.begins != "00:00:00").then(|| want.begins.parse().unwrap());
        let days = Language::En.days(want.first, want.last, hour);
        for words in [days, Language::En.amount("EUR", want.cents)] {
            assert!(about.contains(&words), "{words} is not in {about}");
        }
    }
    assert!(email.contains(&Language::En.amount("EUR", total)), "{email}");
}
