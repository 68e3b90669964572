use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use futures_util::future::join_all;
use proptest::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};
use starjack_entity::{account, invoice_series, orders};
use uuid::Uuid;

use super::buyer::Buyer;
use super::number::InvoiceNumber;
use super::store::{self, Invoice, Line, NewInvoice};
use super::{Seller, per_rate};
use crate::actors::jobs::tests::database;
use crate::clock;
use crate::epoch;
use crate::ids::{Epoch, OrderNumber};
use crate::io::{Io, IoError};
use crate::language::Language;

pub(super) fn seller() -> Seller {
    Seller {
        name: "Starjack Beispiel GmbH".into(),
        address: vec!["Bergweg 1".into(), "6020 Innsbruck".into(), "Austria".into()],
        uid: "ATU12345678".into(),
        short: "STAR".to_owned().try_into().unwrap(),
    }
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn line(description: &str, gross_cents: i64, vat_permille: i32) -> Line {
    let day = date("2026-12-24");
    Line {
        description: description.into(),
        quantity: 1,
        from: day,
        to: day,
        gross_cents,
        vat_permille,
        vat_country: "AT".into(),
    }
}

pub(super) fn new_invoice(order_id: Uuid, lines: Vec<Line>) -> NewInvoice {
    NewInvoice {
        order_id,
        order_number: OrderNumber::stored("A0123456789".into()),
        account_id: Uuid::nil(),
        issued_at: Utc.with_ymd_and_hms(2026, 12, 20, 10, 0, 0).unwrap(),
        seller: seller(),
        buyer: Buyer {
            name: "Žofia Öztürk-Łęska".into(),
            address: vec!["Hauptstraße 5".into(), "1010 Wien".into()],
        },
        total_cents: lines.iter().map(|line| line.gross_cents).sum(),
        lines,
        currency: "EUR".into(),
        language: Language::En,
        simulated: true,
    }
}

/// An order that an invoice can be issued for.
pub(super) async fn insert_order(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let at = clock::now().fixed_offset();
    let skier = account::Model {
        id: Uuid::nil(),
        email: "skier@example.org".into(),
        password_hash: String::new(),
        first_name: "Sam".into(),
        last_name: "Skier".into(),
        birth_date: None,
        language: "en".into(),
        role: "skier".into(),
        created_at: at,
        disabled_at: None,
        billing: None,
        erased_at: None,
    };
    account::Entity::insert(skier.into_active_model().reset_all())
        .on_conflict(OnConflict::column(account::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    let order = orders::Model {
        id,
        number: OrderNumber::draw(Epoch::FIRST).to_string(),
        account_id: Uuid::nil(),
        state: "Finished".into(),
        on_refusal: "keep".into(),
        total_cents: 0,
        currency: "EUR".into(),
        wanted_payment: None,
        version: 1,
        driver: Uuid::nil(),
        next_at: None,
        placed_at: at,
        entered_at: at,
        ends_by: at,
        refusal: None,
        return_url: None,
        billing: None,
    };
    order.into_active_model().reset_all().insert(db).await?;
    Ok(())
}

pub(super) async fn issue(io: &Io, new: NewInvoice) -> Result<InvoiceNumber, IoError> {
    io.write(move |tx| {
        Box::pin(async move {
            if orders::Entity::find_by_id(new.order_id).one(tx).await?.is_none() {
                insert_order(tx, new.order_id).await?;
            }
            Ok(store::issue(tx, new).await?)
        })
    })
    .await
}

pub(super) async fn read(io: &Io, number: &InvoiceNumber) -> Invoice {
    let number = number.clone();
    let found = io
        .read(move |db| Box::pin(async move { Ok::<_, IoError>(store::read(db, &number).await?) }))
        .await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn numbers_have_no_gap_although_some_of_fifty_transactions_are_rolled_back() {
    let (_folder, io) = database().await;
    let issued = join_all((0..50).map(|n| {
        let new = new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)]);
        io.write(move |tx| {
            Box::pin(async move {
                insert_order(tx, new.order_id).await?;
                let number = store::issue(tx, new).await?;
                if n % 7 == 3 { Err(IoError::Late) } else { Ok(number) }
            })
        })
    }))
    .await;
    let mut numbers: Vec<_> =
        issued.into_iter().filter_map(Result::ok).map(|number| number.to_string()).collect();
    numbers.sort();
    let expected: Vec<_> = (1..=43).map(|serial| format!("STAR-2026-{serial:06}")).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn an_order_has_one_invoice_however_often_it_is_issued() {
    let (_folder, io) = database().await;
    let order = Uuid::new_v4();
    let first = issue(&io, new_invoice(order, vec![line("day ticket", 7200, 100)])).await.unwrap();
    let again = issue(&io, new_invoice(order, vec![line("another", 100, 100)])).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(read(&io, &first).await.total_cents, 7200);
    let next =
        issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    assert_eq!(next.as_str(), "STAR-2026-000002");
}

#[tokio::test]
async fn each_year_of_vienna_and_each_issuer_counts_for_itself() {
    let (_folder, io) = database().await;
    let last_minute_in_utc: DateTime<Utc> = "2026-12-31T23:30:00Z".parse().unwrap();
    let mut new_year = new_invoice(Uuid::new_v4(), vec![line("day ticket", 1, 100)]);
    new_year.issued_at = last_minute_in_utc;
    let mut other = new_invoice(Uuid::new_v4(), vec![line("day ticket", 1, 100)]);
    other.seller.short = "OTHER1".to_owned().try_into().unwrap();
    let number = issue(&io, new_year).await.unwrap();
    assert_eq!(number.as_str(), "STAR-2027-000001");
    assert_eq!(read(&io, &number).await.issued_on, date("2027-01-01"));
    assert_eq!(issue(&io, other).await.unwrap().as_str(), "OTHER1-2026-000001");
}

#[tokio::test]
async fn after_a_restore_numbers_begin_anew_in_a_series_of_their_own() {
    let (_folder, io) = database().await;
    let ticket = || new_invoice(Uuid::new_v4(), vec![line("day ticket", 1, 100)]);
    let mut given_out = vec![issue(&io, ticket()).await.unwrap()];
    for _ in 0..2 {
        let next = epoch::read(&io).await.unwrap().next().unwrap();
        io.write(move |tx| {
            Box::pin(async move { Ok::<_, IoError>(epoch::enter(tx, next).await?) })
        })
        .await
        .unwrap();
        given_out.push(issue(&io, ticket()).await.unwrap());
    }
    let numbers: Vec<_> = given_out.iter().map(InvoiceNumber::as_str).collect();
    assert_eq!(numbers, ["STAR-2026-000001", "STAR-2026B-000001", "STAR-2026C-000001"]);
    assert_eq!(store::last_numbers(&io).await.unwrap(), numbers);
}

#[tokio::test]
async fn lines_that_do_not_add_up_to_the_total_are_refused_and_take_no_number() {
    let (_folder, io) = database().await;
    let mut new = new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)]);
    new.total_cents = 7201;
    assert!(issue(&io, new).await.is_err());
    let series = io
        .read(|db| {
            Box::pin(async { Ok::<_, IoError>(invoice_series::Entity::find().all(db).await?) })
        })
        .await;
    assert_eq!(series.unwrap(), []);
}

#[tokio::test]
async fn what_was_issued_is_what_is_read() {
    let (_folder, io) = database().await;
    let new =
        new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100), line("keycard", 500, 200)]);
    let number = issue(&io, new.clone()).await.unwrap();
    let read = read(&io, &number).await;
    assert_eq!((read.order_id, read.order_number.as_str()), (new.order_id, "A0123456789"));
    assert_eq!((read.seller, read.lines, read.issued_at), (new.seller, new.lines, new.issued_at));
    assert!(read.buyer == new.buyer);
    assert_eq!((read.total_cents, read.currency.as_str(), read.simulated), (7700, "EUR", true));
    let order = new.order_id;
    let found = io.read(move |db| {
        Box::pin(async move { Ok::<_, IoError>(store::number_of_order(db, order).await?) })
    });
    assert_eq!(found.await.unwrap(), Some(number));
}

proptest! {
    #[test]
    fn net_and_tax_of_all_rates_add_up_to_what_was_paid(
        lines in prop::collection::vec((0_i64..200_000, prop::sample::select(vec![0, 70, 81, 100, 200]), any::<bool>()), 1..40)
    ) {
        let country = |abroad| if abroad { "IT" } else { "AT" };
        let lines = lines.into_iter().map(|(gross, rate, abroad)| {
            Line { vat_country: country(abroad).to_owned(), ..line("ticket", gross, rate) }
        });
        let lines: Vec<_> = lines.collect();
        let totals = per_rate(&lines);
        for country in ["AT", "IT"] {
            let own: i64 = lines.iter().filter(|line| line.vat_country == country).map(|line| line.gross_cents).sum();
            let told = totals.iter().filter(|total| total.country == country).map(|total| total.gross);
            prop_assert_eq!(told.sum::<i64>(), own);
        }
        for total in &totals {
            prop_assert_eq!(total.net + total.vat, total.gross);
            // the tax is the rate of the net amount, to less than a cent
            let exact_thousandths = total.net * i64::from(total.vat_permille);
            prop_assert!((total.vat * 1000 - exact_thousandths).abs() < 1000, "{:?}", total);
        }
        let gross: i64 = lines.iter().map(|line| line.gross_cents).sum();
        prop_assert_eq!(totals.iter().map(|total| total.gross).sum::<i64>(), gross);
        prop_assert_eq!(totals.iter().map(|total| total.net + total.vat).sum::<i64>(), gross);
    }
}
