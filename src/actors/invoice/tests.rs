use std::process::Command;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use futures_util::future::join_all;
use proptest::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};
use starjack_entity::{account, invoice, invoice_series, orders};
use uuid::Uuid;

use super::archive::{Archive, ArchiveError};
use super::store::{self, Buyer, Invoice, InvoiceNumber, Line, NewInvoice};
use super::{Seller, Writer, document, document_job, per_rate};
use crate::actors::jobs::tests::database;
use crate::actors::jobs::{Handler, Job, JobEnd};
use crate::clock;
use crate::epoch;
use crate::ids::{Epoch, OrderNumber};
use crate::io::{Io, IoError};
use crate::language::Language;

fn seller() -> Seller {
    Seller {
        name: "Starjack Beispiel GmbH".into(),
        address: vec!["Bergweg 1".into(), "6020 Innsbruck".into(), "Austria".into()],
        uid: "ATU12345678".into(),
        short: "STAR".to_owned().try_into().unwrap(),
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn line(description: &str, gross_cents: i64, vat_permille: i32) -> Line {
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

fn new_invoice(order_id: Uuid, lines: Vec<Line>) -> NewInvoice {
    NewInvoice {
        order_id,
        order_number: OrderNumber::stored("A0123456789".into()),
        account_id: Uuid::nil(),
        issued_at: Utc.with_ymd_and_hms(2026, 12, 20, 10, 0, 0).unwrap(),
        seller: seller(),
        buyer: Buyer {
            name: "Žofia Öztürk-Łęska".into(), address: vec!["Hauptstraße 5".into(), "1010 Wien".into()]
        },
        total_cents: lines.iter().map(|line| line.gross_cents).sum(),
        lines,
        currency: "EUR".into(),
        language: Language::En,
        simulated: true,
    }
}

/// An order that an invoice can be issued for.
async fn insert_order(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
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
    };
    order.into_active_model().reset_all().insert(db).await?;
    Ok(())
}

async fn issue(io: &Io, new: NewInvoice) -> Result<InvoiceNumber, IoError> {
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

async fn read(io: &Io, number: &InvoiceNumber) -> Invoice {
    let number = number.clone();
    let found = io.read(move |db| Box::pin(async move { Ok::<_, IoError>(store::read(db, &number).await?) })).await;
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
    let mut numbers: Vec<_> = issued.into_iter().filter_map(Result::ok).map(|number| number.to_string()).collect();
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
    let next = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
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
        io.write(move |tx| Box::pin(async move { Ok::<_, IoError>(epoch::enter(tx, next).await?) })).await.unwrap();
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
    let series =
        io.read(|db| Box::pin(async { Ok::<_, IoError>(invoice_series::Entity::find().all(db).await?) })).await;
    assert_eq!(series.unwrap(), []);
}

#[tokio::test]
async fn what_was_issued_is_what_is_read() {
    let (_folder, io) = database().await;
    let new = new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100), line("keycard", 500, 200)]);
    let number = issue(&io, new.clone()).await.unwrap();
    let read = read(&io, &number).await;
    assert_eq!((read.order_id, read.order_number.as_str()), (new.order_id, "A0123456789"));
    assert_eq!((read.seller, read.lines, read.issued_at), (new.seller, new.lines, new.issued_at));
    assert!(read.buyer == new.buyer);
    assert_eq!((read.total_cents, read.currency.as_str(), read.simulated), (7700, "EUR", true));
    let order = new.order_id;
    let found = io.read(move |db| Box::pin(async move { Ok::<_, IoError>(store::number_of_order(db, order).await?) }));
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

/// Runs a tool of the operating system on a PDF; what it prints is the answer.
fn run(package: &str, command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} cannot be run ({error}): install {package}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn written(lines: Vec<Line>, simulated: bool) -> String {
    let (folder, io) = database().await;
    let new = NewInvoice { simulated, ..new_invoice(Uuid::new_v4(), lines) };
    let number = issue(&io, new).await.unwrap();
    let path = Archive::new(io, &folder.path().join("invoices")).ensure_written(&number).await.unwrap();
    run("qpdf", Command::new("qpdf").arg("--check").arg(&path));
    run("poppler-utils", Command::new("pdftotext").arg("-layout").arg(&path).arg("-"))
}

#[tokio::test]
async fn the_document_shows_all_that_the_law_asks_for() {
    let mut three_days = line("Skipass 3 days, adult, Sölden", 22_050, 100);
    three_days.to = date("2026-12-26");
    let text =
        written(vec![line("Day ticket, child, Sölden", 4350, 100), three_days, line("Keycard", 500, 200)], true).await;
    for shown in [
        "SIMULATED: not a real invoice",
        "Starjack Beispiel GmbH",
        "Bergweg 1",
        "6020 Innsbruck",
        "VAT ID ATU12345678",
        "Žofia Öztürk-Łęska",
        "Hauptstraße 5",
        "STAR-2026-000001",
        "A0123456789",
        "20 December 2026",
        "Day ticket, child, Sölden",
        "24 December 2026",
        "26 December 2026",
        "43.50",
        "220.50",
        "€269.00",
        "Page 1 of 1",
    ] {
        assert!(text.contains(shown), "{shown} is missing in:\n{text}");
    }
    let rates: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for rate in [["AT", "10%", "240.00", "24.00", "264.00"], ["AT", "20%", "4.17", "0.83", "5.00"]] {
        assert!(rates.iter().any(|words| *words == rate), "{rate:?} is missing in:\n{text}");
    }
}

#[tokio::test]
async fn a_real_invoice_does_not_call_itself_simulated() {
    assert!(!written(vec![line("day ticket", 7200, 100)], false).await.to_lowercase().contains("simulated"));
}

#[tokio::test]
async fn long_baskets_go_on_on_further_pages_with_every_line_and_the_banner_on_each() {
    let long =
        "a ticket whose description takes more than one line of the narrow column it has, as some operators like it";
    let lines = (1..=60).map(|n| line(&format!("L{n:02}, {long}"), 100 + n, 100)).collect();
    let text = written(lines, true).await;
    let pages: Vec<_> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() > 2);
    for (no, page) in (1..).zip(&pages) {
        assert!(page.contains("SIMULATED") && page.contains(&format!("Page {no} of {}", pages.len())));
    }
    for n in 1..=60 {
        assert!(text.contains(&format!("L{n:02},")), "line {n} is lost");
    }
    assert!(pages.last().unwrap().contains("Total, VAT included"));
}

#[tokio::test]
async fn twenty_lines_of_an_order_and_their_totals_fit_on_two_pages() {
    let lines = (1..=20).map(|n| line(&format!("day ticket {n}"), 7200, 100)).collect();
    let text = written(lines, true).await;
    assert!(text.matches('\u{c}').count() <= 2);
}

#[tokio::test]
async fn the_same_row_always_gives_the_same_bytes() {
    let (_folder, io) = database().await;
    let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let invoice = read(&io, &number).await;
    assert!(document::render(&invoice).unwrap() == document::render(&invoice).unwrap());
}

#[tokio::test]
async fn a_document_is_written_once_whoever_asks_and_comes_back_the_same_after_it_was_lost() {
    let (folder, io) = database().await;
    let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let archive = Archive::new(io.clone(), &folder.path().join("invoices"));
    let paths = join_all((0..8).map(|_| archive.ensure_written(&number))).await;
    let path = paths[0].as_ref().unwrap().clone();
    assert!(paths.iter().all(|other| *other.as_ref().unwrap() == path));
    assert_eq!(std::fs::read_dir(folder.path().join("invoices")).unwrap().count(), 1, "no drafts are left");
    let noted = read(&io, &number).await.document_sha256.unwrap();
    assert_eq!(noted.len(), 64);
    let content = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    archive.ensure_written(&number).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == content);
}

#[tokio::test]
async fn a_file_with_another_content_is_never_overwritten_nor_taken_for_the_invoice() {
    let (folder, io) = database().await;
    let archive = Archive::new(io.clone(), folder.path());
    for noted_before in [false, true] {
        let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
        let path = folder.path().join(format!("{number}.pdf"));
        if noted_before {
            archive.ensure_written(&number).await.unwrap();
        }
        std::fs::write(&path, "forged").unwrap();
        assert!(matches!(archive.ensure_written(&number).await, Err(ArchiveError::Differs)));
        assert_eq!(std::fs::read(&path).unwrap(), b"forged");
    }
    let unknown = InvoiceNumber::stored("../../etc/passwd".into());
    assert!(matches!(archive.ensure_written(&unknown).await, Err(ArchiveError::NotFound)));
}

#[tokio::test]
async fn a_row_that_was_changed_after_its_document_is_noticed() {
    let (folder, io) = database().await;
    let archive = Archive::new(io.clone(), folder.path());
    let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let path = archive.ensure_written(&number).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let key = number.to_string();
    io.write(move |tx| {
        Box::pin(async move {
            let changed = invoice::ActiveModel { number: Set(key), total_cents: Set(1), ..Default::default() };
            changed.update(tx).await?;
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
    assert!(matches!(archive.ensure_written(&number).await, Err(ArchiveError::Differs)));
    assert!(!path.exists());
}

#[tokio::test]
async fn the_job_writes_the_document_and_gives_up_only_where_asking_again_is_in_vain() {
    let (folder, io) = database().await;
    let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let place = folder.path().join("invoices");
    std::fs::write(&place, "in the way").unwrap();
    let writer = Writer::new(Archive::new(io, &place));
    let job = |number: &InvoiceNumber| {
        let new = document_job(number);
        Job {
            id: Uuid::new_v4(),
            kind: new.kind.into(),
            payload: new.payload,
            dedup_key: new.dedup_key,
            attempt: 1,
            lease: Uuid::nil(),
        }
    };
    assert!(matches!(writer.run(job(&number)).await, JobEnd::Again { .. }));
    std::fs::remove_file(&place).unwrap();
    assert_eq!(writer.run(job(&number)).await, JobEnd::Done);
    assert_eq!(writer.run(job(&number)).await, JobEnd::Done);
    let unknown = InvoiceNumber::stored("STAR-2026-000099".into());
    assert!(matches!(writer.run(job(&unknown)).await, JobEnd::Dead { .. }));
}
