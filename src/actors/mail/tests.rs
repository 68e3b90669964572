use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::{NaiveDate, TimeZone, Utc};
use futures_util::future::LocalBoxFuture;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use starjack_entity::{account, order_line, orders, payment};
use tempfile::TempDir;
use uuid::Uuid;

use super::letters::{self, Letterhead, NAMES};
use super::office::{Office, Post, spec};
use super::order_facts::plain_title;
use super::payload::{AccountLetter, KIND, OrderLetter, Payload, order_letter};
use super::sender::{AccountFacts, AccountFiles, Sender};
use crate::actors::invoice::{self, Archive, Buyer, Line, NewInvoice, Seller};
use crate::actors::jobs::tests::database;
use crate::actors::jobs::{Handler, Job, JobEnd, NewJob};
use crate::actors::supervision::System;
use crate::clock::{self, Deadline};
use crate::ids::{Epoch, OrderNumber};
use crate::integrations::mail::{MailProvider, OutgoingLetter};
use crate::integrations::{Outcome, Permit, Refusal, RefusalKind};
use crate::io::{Io, IoError};

/// A post that keeps what it is given, and answers as it is told.
#[derive(Clone)]
struct Pillar {
    taken: Rc<RefCell<Vec<OutgoingLetter>>>,
    answer: Rc<RefCell<Outcome<()>>>,
}

impl Post for Pillar {
    fn send(&self, letter: OutgoingLetter, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>> {
        assert!(deadline.remaining() < Duration::from_secs(45), "longer than an attempt of its job");
        self.taken.borrow_mut().push(letter);
        let answer = self.answer.borrow().clone();
        Box::pin(async move { answer })
    }
}

/// One registration, one account.
struct Files;

impl AccountFiles for Files {
    fn facts(&self, letter: AccountLetter) -> LocalBoxFuture<'_, Result<Option<AccountFacts>, String>> {
        let facts = |code: Option<&str>| AccountFacts {
            email: "anna@example.org".into(),
            first_name: "<b>Anna & Co".into(),
            code: code.map(str::to_owned),
            expires_at: code.map(|_| Utc.with_ymd_and_hms(2026, 12, 24, 7, 5, 0).unwrap()),
        };
        Box::pin(async move {
            match letter {
                AccountLetter::Code(id) if id.is_nil() => Ok(Some(facts(Some("012345")))),
                AccountLetter::Code(id) if id.is_max() => Err("the database is away".into()),
                AccountLetter::Code(_) => Ok(None),
                AccountLetter::Exists(_) => Ok(Some(facts(None))),
            }
        })
    }
}

struct Desk {
    folder: TempDir,
    io: Io,
    pillar: Pillar,
    sender: Sender,
}

fn head() -> Letterhead {
    Letterhead {
        shop: "Starjack".into(),
        shop_url: "https://shop.example".into(),
        support: "help@shop.example".into(),
        domain: "mail.shop.example".into(),
        simulated: true,
    }
}

async fn desk() -> Desk {
    let (folder, io) = database().await;
    let pillar = Pillar { taken: Rc::default(), answer: Rc::new(RefCell::new(Outcome::Done(()))) };
    let sender = Sender {
        io: io.clone(),
        archive: Archive::new(io.clone(), &folder.path().join("invoices")),
        head: head(),
        post: Box::new(pillar.clone()),
        accounts: Box::new(Files),
        title_of: Box::new(plain_title),
    };
    Desk { folder, io, pillar, sender }
}

impl Desk {
    async fn work_off(&self, new: &NewJob, attempt: i32) -> JobEnd {
        let (kind, payload, dedup_key) = (new.kind.into(), new.payload.clone(), new.dedup_key.clone());
        self.sender.run(Job { id: Uuid::new_v4(), kind, payload, dedup_key, attempt, lease: Uuid::nil() }).await
    }

    /// The one letter that a job sends.
    async fn letter(&self, new: &NewJob) -> OutgoingLetter {
        assert_eq!(self.work_off(new, 1).await, JobEnd::Done);
        self.pillar.taken.borrow_mut().pop().expect("no letter was sent")
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn order(id: Uuid, state: &str, refusal: Option<&str>) -> orders::Model {
    let at = clock::now().fixed_offset();
    orders::Model {
        id,
        number: "A0123456789".into(),
        account_id: Uuid::nil(),
        state: state.into(),
        on_refusal: "keep".into(),
        total_cents: 11_550,
        currency: "EUR".into(),
        wanted_payment: Some(1),
        version: 7,
        driver: Uuid::nil(),
        next_at: None,
        placed_at: at,
        entered_at: at,
        ends_by: at,
        refusal: refusal.map(str::to_owned),
        return_url: None,
    }
}

fn line(order_id: Uuid, no: i32, state: &str, refusal: Option<&str>) -> order_line::Model {
    order_line::Model {
        order_id,
        no,
        reference: format!("A0123456789-{no}"),
        state: state.into(),
        checked: true,
        withdrawing: false,
        operator: "solden".into(),
        product: "day_ticket".into(),
        category: if no == 1 { "adult" } else { "child" }.into(),
        product_code: "P".into(),
        category_code: "C".into(),
        valid_from: date("2026-12-24"),
        valid_to: date("2026-12-24"),
        from_time: None,
        price_cents: if no == 1 { 7200 } else { 4350 },
        vat_permille: 100,
        card_id: Uuid::nil(),
        card_number: "01-1614 7133 5501 9876 5432-1".into(),
        holder_first_name: "Žofia".into(),
        holder_last_name: "O'Hara <script>".into(),
        holder_birth_date: date("1990-01-01"),
        asked_ms: 0,
        attempts: 1,
        ask_at: None,
        settles_at: None,
        doubt_since: None,
        refusal: refusal.map(str::to_owned),
        ticket_reference: None,
        booking_handle: None,
        person_since: None,
        person_reason: None,
        person_accepted: false,
    }
}

fn paid(order_id: Uuid, no: i32, state: &str, (returned, owed): (i64, i64)) -> payment::Model {
    let at = clock::now().fixed_offset();
    payment::Model {
        order_id,
        no,
        page_no: no,
        reference: format!("A0123456789-P{no}"),
        secret: String::new(),
        url: None,
        tid: None,
        state: state.into(),
        amount_cents: 11_550,
        currency: "EUR".into(),
        captured_cents: 0,
        returned_cents: returned,
        owed_cents: owed,
        opened_at: at,
        page_ends_at: at,
        back_since: None,
        reserved_at: None,
        status_calls: 0,
        pull: false,
        attempts: 0,
        refusals: 0,
        ask_at: None,
        settles_at: None,
        doubt_since: None,
        doubt: None,
        doubt_cents: None,
        person_since: None,
        person_reason: None,
        person_accepted: false,
    }
}

async fn insert(io: &Io, order: orders::Model, lines: Vec<order_line::Model>, payments: Vec<payment::Model>) {
    let customer = account::Model {
        id: Uuid::nil(),
        email: "skier@example.org".into(),
        password_hash: String::new(),
        first_name: "Sam".into(),
        last_name: "Skier".into(),
        birth_date: None,
        language: "en".into(),
        role: "skier".into(),
        created_at: clock::now().fixed_offset(),
    };
    io.write(move |tx| {
        Box::pin(async move {
            if account::Entity::find_by_id(Uuid::nil()).one(tx).await?.is_none() {
                customer.into_active_model().reset_all().insert(tx).await?;
            }
            order.into_active_model().reset_all().insert(tx).await?;
            for line in lines {
                line.into_active_model().reset_all().insert(tx).await?;
            }
            for payment in payments {
                payment.into_active_model().reset_all().insert(tx).await?;
            }
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
}

async fn issue_invoice(io: &Io, order_id: Uuid) {
    let day = date("2026-12-24");
    let line = Line { description: "t".into(), quantity: 1, from: day, to: day, gross_cents: 7200, vat_permille: 100 };
    let new = NewInvoice {
        order_id,
        order_number: OrderNumber::stored("A0123456789".into()),
        account_id: Uuid::nil(),
        issued_at: Utc.with_ymd_and_hms(2026, 12, 20, 10, 0, 0).unwrap(),
        seller: Seller {
            name: "Starjack Beispiel GmbH".into(),
            address: vec![],
            uid: "ATU12345678".into(),
            short: "STAR".to_owned().try_into().unwrap(),
        },
        buyer: Buyer { name: "Sam Skier".into(), address: vec![] },
        lines: vec![line],
        total_cents: 7200,
        currency: "EUR".into(),
        simulated: true,
    };
    io.write(move |tx| Box::pin(async move { Ok::<_, IoError>(invoice::issue(tx, new).await?) })).await.unwrap();
}

/// A letter about an account, asked for as `auth` does.
fn account_letter(letter: AccountLetter, occasion: i64) -> Result<NewJob, serde_json::Error> {
    let payload = match letter {
        AccountLetter::Code(registration) => Payload::AccountCode { registration },
        AccountLetter::Exists(account) => Payload::AccountExists { account },
    };
    let payload = serde_json::to_string(&payload)?;
    Ok(NewJob { kind: KIND, payload, dedup_key: format!("letter:registration:{occasion}"), run_at: clock::now() })
}

#[track_caller]
fn assert_says(letter: &OutgoingLetter, wanted: &[&str]) {
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = letter.html.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is missing in:\n{}", letter.text);
        let escaped = wanted.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#x27;");
        assert!(html.contains(&escaped), "{escaped:?} is missing in:\n{}", letter.html);
    }
    assert!(
        text.starts_with("*** SIMULIERT") && html.contains("SIMULIERT") && letter.subject.starts_with("[simulated]")
    );
    assert!(!letter.subject.contains('\n'));
    assert!(!letter.text.contains("\n\n\n\n"), "a hole in:\n{}", letter.text);
    assert!(letter.text.lines().count() <= 40, "longer than a screen:\n{}", letter.text);
}

#[tokio::test]
async fn a_code_is_shown_with_its_end_in_vienna_and_names_are_escaped_only_where_they_must_be() {
    let desk = desk().await;
    let letter = desk.letter(&account_letter(AccountLetter::Code(Uuid::nil()), 1).unwrap()).await;
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("anna@example.org", "[simulated] 012345 is your code for Starjack")
    );
    assert_says(&letter, &["Hello <b>Anna & Co,", "012345", "08:05 on 24 Dec 2026"]);
    assert!(!letter.html.contains("<b>"));
    let exists = desk.letter(&account_letter(AccountLetter::Exists(Uuid::nil()), 1).unwrap()).await;
    assert_says(&exists, &["You already have one", "nothing was changed"]);
}

#[tokio::test]
async fn a_letter_that_nobody_wants_any_more_is_not_sent_and_an_unreadable_one_waits() {
    let desk = desk().await;
    let gone = account_letter(AccountLetter::Code(Uuid::from_u128(7)), 1).unwrap();
    assert_eq!(desk.work_off(&gone, 1).await, JobEnd::Done);
    let unreadable = account_letter(AccountLetter::Code(Uuid::max()), 1).unwrap();
    assert!(matches!(desk.work_off(&unreadable, 1).await, JobEnd::Again { .. }));
    let unknown = order_letter(OrderLetter::Finished, Uuid::nil(), 1).unwrap();
    assert!(matches!(desk.work_off(&unknown, 1).await, JobEnd::Dead { .. }));
    let garbage = NewJob { payload: "{}".into(), ..gone };
    assert!(matches!(desk.work_off(&garbage, 1).await, JobEnd::Dead { .. }));
    assert!(desk.pillar.taken.borrow().is_empty());
}

#[tokio::test]
async fn a_finished_order_tells_of_tickets_refusals_money_and_brings_its_invoice() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let lines = vec![line(id, 1, "Issued", None), line(id, 2, "Refused", Some("card_blocked"))];
    insert(&desk.io, order(id, "Finished", None), lines, vec![paid(id, 1, "Billed", (0, 0))]).await;
    issue_invoice(&desk.io, id).await;
    let letter = desk.letter(&order_letter(OrderLetter::Finished, id, 7).unwrap()).await;
    assert_eq!(letter.to, "skier@example.org");
    assert_eq!(letter.subject, "[simulated] Order A0123456789: 1 of 2 tickets are on their keycards");
    assert_says(
        &letter,
        &[
            "Hello Sam,",
            "Day ticket, adult, Solden",
            "Thu 24 Dec 2026, Žofia O'Hara <script>",
            "EUR 72.00",
            "Not on their keycards, and not charged:",
            "Day ticket, child, Solden",
            "the keycard is blocked there",
            "Charged: EUR 72.00. Your invoice STAR-2026-000001 is attached.",
            &format!("https://shop.example/orders/{id}"),
        ],
    );
    assert!(
        !letter.text.contains("EUR 43.50") && !letter.text.contains("1614"),
        "the card's number is not spelled out"
    );
    let [invoice] = letter.attachments.as_slice() else { panic!("one attachment") };
    assert_eq!((invoice.name.as_str(), invoice.media_type), ("STAR-2026-000001.pdf", "application/pdf"));
    assert!(invoice.content.starts_with(b"%PDF"));
}

#[tokio::test]
async fn an_order_that_cost_nothing_has_no_invoice_to_speak_of() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let free = order_line::Model { price_cents: 0, ..line(id, 1, "issued", None) };
    insert(&desk.io, orders::Model { wanted_payment: None, ..order(id, "Finished", None) }, vec![free], vec![]).await;
    let letter = desk.letter(&order_letter(OrderLetter::Finished, id, 7).unwrap()).await;
    assert_eq!(letter.subject, "[simulated] Order A0123456789: your ticket is on its keycard");
    assert_says(&letter, &["Charged: EUR 0.00."]);
    assert!(!letter.text.contains("invoice") && letter.attachments.is_empty());
}

#[tokio::test]
async fn an_invoice_that_cannot_be_had_delays_a_letter_but_does_not_keep_it() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    insert(&desk.io, order(id, "Finished", None), vec![line(id, 1, "issued", None)], vec![]).await;
    issue_invoice(&desk.io, id).await;
    std::fs::write(desk.folder.path().join("invoices"), "in the way").unwrap();
    let job = order_letter(OrderLetter::Finished, id, 7).unwrap();
    assert!(matches!(desk.work_off(&job, 3).await, JobEnd::Again { .. }));
    assert_eq!(desk.work_off(&job, 4).await, JobEnd::Done);
    let letter = desk.pillar.taken.borrow_mut().pop().unwrap();
    assert_says(&letter, &["Your invoice STAR-2026-000001 waits on the page of your order."]);
    assert!(letter.attachments.is_empty());
}

#[tokio::test]
async fn the_other_ends_say_why_and_where_the_money_is() {
    let desk = desk().await;
    for (letter, state, refusal, payment, wanted) in [
        (
            OrderLetter::Rejected,
            "Rejected",
            "not_paid",
            ("Closed", 0, 0),
            vec!["it was not paid in time", "Nothing was charged"],
        ),
        (
            OrderLetter::Undone,
            "Undone",
            "patience_over",
            ("Reversed", 0, 0),
            vec!["EUR 115.50 that were reserved are free again"],
        ),
        (
            OrderLetter::Undone,
            "Undone",
            "card_blocked: 12",
            ("Returned", 11_550, 0),
            vec!["keycard is blocked", "We gave EUR 115.50 back"],
        ),
        (
            OrderLetter::Undone,
            "Undone",
            "new slug",
            ("Billed", 0, 11_550),
            vec!["We owe you EUR 115.50", "not possible this time"],
        ),
    ] {
        let id = Uuid::new_v4();
        let (money, returned, owed) = payment;
        let number = OrderNumber::draw(Epoch::FIRST).to_string();
        let order = orders::Model { number: number.clone(), ..order(id, state, Some(refusal)) };
        let line = order_line::Model { reference: number.clone(), ..line(id, 1, "Withdrawn", None) };
        insert(&desk.io, order, vec![line], vec![paid(id, 1, money, (returned, owed))]).await;
        let letter = desk.letter(&order_letter(letter, id, 7).unwrap()).await;
        assert_says(&letter, &wanted);
        assert!(letter.subject.contains(&number) && letter.attachments.is_empty());
    }
}

#[tokio::test]
async fn a_rejected_order_names_the_tickets_that_were_refused_and_no_others() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let lines = vec![line(id, 1, "Wanted", None), line(id, 2, "Refused", Some("card_full"))];
    insert(&desk.io, order(id, "Rejected", Some("card_full")), lines, vec![]).await;
    let letter = desk.letter(&order_letter(OrderLetter::Rejected, id, 3).unwrap()).await;
    assert_says(&letter, &["Day ticket, child, Solden", "no room for a further ticket"]);
    assert!(!letter.text.contains("adult") && !letter.html.contains("adult"));
}

#[tokio::test]
async fn money_of_another_payment_is_told_with_that_payments_amounts() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let second = payment::Model { amount_cents: 99, ..paid(id, 2, "Reversed", (0, 0)) };
    let payments = vec![paid(id, 1, "Billed", (0, 0)), second];
    insert(&desk.io, order(id, "Finished", None), vec![line(id, 1, "issued", None)], payments).await;
    let letter = desk.letter(&order_letter(OrderLetter::MoneyReturned(2), id, 9).unwrap()).await;
    assert_says(
        &letter,
        &["The EUR 0.99 were only reserved and are free again", "Your order itself is not changed by this"],
    );
}

#[tokio::test]
async fn what_the_post_answers_decides_and_every_repeat_has_the_same_message_id() {
    let desk = desk().await;
    let job = account_letter(AccountLetter::Code(Uuid::nil()), 1).unwrap();
    let refused = Refusal { kind: RefusalKind::MessageRejected, code: "400".into() };
    let ask_after = Duration::from_secs(9);
    for (answer, end) in [
        (Outcome::Done(()), JobEnd::Done),
        (Outcome::Refused(refused), JobEnd::Dead { why: "the letter was refused: 400".into() }),
        (
            Outcome::NotSent("busy".into()),
            JobEnd::Later { after: Duration::from_secs(60), why: "not sent: busy".into() },
        ),
        (
            Outcome::Pending { ask_after },
            JobEnd::Again { after: Some(ask_after), why: "accepted, but not for sure".into() },
        ),
        (Outcome::Unknown("reset".into()), JobEnd::Again { after: None, why: "in doubt: reset".into() }),
    ] {
        *desk.pillar.answer.borrow_mut() = answer;
        assert_eq!(desk.work_off(&job, 1).await, end);
    }
    let ids: Vec<_> = desk.pillar.taken.borrow().iter().map(|letter| letter.message_id.clone()).collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| *id == ids[0]) && ids[0].ends_with("@mail.shop.example"), "{ids:?}");
    *desk.pillar.answer.borrow_mut() = Outcome::Done(());
    let other = desk.letter(&account_letter(AccountLetter::Code(Uuid::nil()), 2).unwrap()).await;
    assert_ne!(other.message_id, ids[0]);
}

#[test]
fn a_letter_that_lacks_a_fact_is_an_error_and_no_letter_with_a_hole() {
    for name in NAMES {
        assert!(letters::render(name, &head(), std::collections::BTreeMap::<String, String>::new()).is_err(), "{name}");
    }
}

#[test]
fn real_letters_do_not_call_themselves_simulated() {
    let facts = std::collections::BTreeMap::from([("first_name", "Anna")]);
    let letter = letters::render("account_exists", &Letterhead { simulated: false, ..head() }, facts).unwrap();
    assert!(!format!("{letter:?}").contains("simulated") && letter.text.starts_with("Hello Anna,"));
}

/// A provider that panics at one address and takes letters for any other.
struct Moody;

impl MailProvider for Moody {
    fn send(&self, letter: OutgoingLetter, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        Box::pin(async move {
            assert!(permit.holds());
            assert_ne!(letter.to, "panic@example.org");
            Outcome::Done(())
        })
    }
}

#[actix_rt::test]
async fn the_office_says_of_a_letter_that_broke_it_that_anything_may_have_happened_and_takes_the_next() {
    let system = System::start().unwrap();
    let office = system.spawn(spec(), || Ok(Office::new(Rc::new(Moody))));
    let letter = |to: &str| OutgoingLetter {
        message_id: "1@example.org".into(),
        to: to.into(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        attachments: Vec::new(),
    };
    let soon = || Deadline::after(Duration::from_secs(10));
    assert!(matches!(office.send(letter("panic@example.org"), soon()).await, Outcome::Unknown(_)));
    assert_eq!(office.send(letter("anna@example.org"), soon()).await, Outcome::Done(()));
    let too_late = Deadline::after(Duration::ZERO);
    assert!(matches!(office.send(letter("anna@example.org"), too_late).await, Outcome::NotSent(_)));
    assert!(!system.shutdown(soon()).await, "it did not drain in time");
}
