//! The document of an invoice: what it says, and that it is written once.

use std::process::Command;

use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use starjack_entity::invoice;
use uuid::Uuid;

use super::archive::{Archive, ArchiveError};
use super::number::InvoiceNumber;
use super::store::{Line, NewInvoice};
use super::tests::{date, issue, line, new_invoice, read};
use super::{Writer, document, document_job};
use crate::actors::jobs::tests::database;
use crate::actors::jobs::{Handler, Job, JobEnd};
use crate::io::IoError;

/// Runs a tool of the operating system on a PDF; what it prints is the answer.
fn run(package: &str, command: &mut Command) -> String {
    let output = command.output();
    let output = output
        .unwrap_or_else(|error| panic!("{command:?} cannot be run ({error}): install {package}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn written(lines: Vec<Line>, simulated: bool) -> String {
    let (folder, io) = database().await;
    let new = NewInvoice { simulated, ..new_invoice(Uuid::new_v4(), lines) };
    let number = issue(&io, new).await.unwrap();
    let path =
        Archive::new(io, &folder.path().join("invoices")).ensure_written(&number).await.unwrap();
    run("qpdf", Command::new("qpdf").arg("--check").arg(&path));
    run("poppler-utils", Command::new("pdftotext").arg("-layout").arg(&path).arg("-"))
}

#[tokio::test]
async fn the_document_shows_all_that_the_law_asks_for() {
    let mut three_days = line("Skipass 3 days, adult, Sölden", 22_050, 100);
    three_days.to = date("2026-12-26");
    let text = written(
        vec![line("Day ticket, child, Sölden", 4350, 100), three_days, line("Keycard", 500, 200)],
        true,
    )
    .await;
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
    for rate in [["AT", "10%", "240.00", "24.00", "264.00"], ["AT", "20%", "4.17", "0.83", "5.00"]]
    {
        assert!(rates.iter().any(|words| *words == rate), "{rate:?} is missing in:\n{text}");
    }
}

#[tokio::test]
async fn a_real_invoice_does_not_call_itself_simulated() {
    assert!(
        !written(vec![line("day ticket", 7200, 100)], false)
            .await
            .to_lowercase()
            .contains("simulated")
    );
}

#[tokio::test]
async fn long_baskets_go_on_on_further_pages_with_every_line_and_the_banner_on_each() {
    let long = "a ticket whose description takes more than one line of the narrow column it has, as some operators like it";
    let lines = (1..=60).map(|n| line(&format!("L{n:02}, {long}"), 100 + n, 100)).collect();
    let text = written(lines, true).await;
    let pages: Vec<_> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() > 2);
    for (no, page) in (1..).zip(&pages) {
        assert!(
            page.contains("SIMULATED") && page.contains(&format!("Page {no} of {}", pages.len()))
        );
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
    let number =
        issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let invoice = read(&io, &number).await;
    assert!(document::render(&invoice).unwrap() == document::render(&invoice).unwrap());
}

#[tokio::test]
async fn a_document_is_written_once_whoever_asks_and_comes_back_the_same_after_it_was_lost() {
    let (folder, io) = database().await;
    let number =
        issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let archive = Archive::new(io.clone(), &folder.path().join("invoices"));
    let paths = join_all((0..8).map(|_| archive.ensure_written(&number))).await;
    let path = paths[0].as_ref().unwrap().clone();
    assert!(paths.iter().all(|other| *other.as_ref().unwrap() == path));
    assert_eq!(
        std::fs::read_dir(folder.path().join("invoices")).unwrap().count(),
        1,
        "no drafts are left"
    );
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
        let number = issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)]))
            .await
            .unwrap();
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
    let number =
        issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
    let path = archive.ensure_written(&number).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let key = number.to_string();
    io.write(move |tx| {
        Box::pin(async move {
            let changed = invoice::ActiveModel {
                number: Set(key),
                total_cents: Set(1),
                ..Default::default()
            };
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
    let number =
        issue(&io, new_invoice(Uuid::new_v4(), vec![line("day ticket", 7200, 100)])).await.unwrap();
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
