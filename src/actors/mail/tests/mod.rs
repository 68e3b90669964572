//! E-mails as they reach the post: what each says, in which language, and what the post's answer
//! means.

mod accounts;
mod delivery;
mod languages;
mod order_ends;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::{NaiveDate, TimeZone, Utc};
use futures_util::future::LocalBoxFuture;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use starjack_entity::{account, order_line, orders, payment};
use tempfile::TempDir;
use uuid::Uuid;

use super::actor::Post;
use super::order_facts::{Described, plain_title};
use super::payload::KIND;
use super::sender::{AccountFiles, Sender};
use super::templates::Letterhead;
use crate::actors::auth::{AccountEmail, EmailFacts, Names};
use crate::actors::invoice::{self, Archive, Buyer, Line, NewInvoice, Seller};
use crate::actors::jobs::tests::database;
use crate::actors::jobs::{Handler, Job, JobEnd, NewJob};
use crate::actors::liftoperator::catalogue::Withdrawal;
use crate::clock::{self, Deadline};
use crate::ids::{Epoch, OrderNumber};
use crate::integrations::Outcome;
use crate::integrations::mail::OutgoingEmail;
use crate::io::{Io, IoError};
use crate::language::Language;

/// A post that keeps what it is given, and answers as it is told.
#[derive(Clone)]
struct Pillar {
    taken: Rc<RefCell<Vec<OutgoingEmail>>>,
    answer: Rc<RefCell<Outcome<()>>>,
}

impl Post for Pillar {
    fn send(&self, email: OutgoingEmail, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>> {
        assert!(
            deadline.remaining() < Duration::from_secs(45),
            "longer than an attempt of its job"
        );
        self.taken.borrow_mut().push(email);
        let answer = self.answer.borrow().clone();
        Box::pin(async move { answer })
    }
}

/// One registration, one account, one request for a password, all of the person that `language`
/// says.
struct Files {
    language: Language,
}

impl AccountFiles for Files {
    fn facts(&self, email: AccountEmail) -> LocalBoxFuture<'_, Result<Option<EmailFacts>, String>> {
        let at = Utc.with_ymd_and_hms(2026, 12, 24, 7, 5, 0).unwrap();
        let facts = EmailFacts {
            email: "anna@example.org".into(),
            names: Some(Names { first: "<b>Anna & Co".into(), last: "Berg".into() }),
            language: self.language,
            code: None,
            expires_at: None,
            changed_at: None,
        };
        let with_code =
            EmailFacts { code: Some("7ZQ4M-0K3XD".into()), expires_at: Some(at), ..facts.clone() };
        Box::pin(async move {
            match email {
                AccountEmail::AccountCode { registration: id } if id.is_max() => {
                    Err("the database is away".into())
                }
                AccountEmail::AccountCode { registration: id } => {
                    Ok(id.is_nil().then_some(EmailFacts { names: None, ..with_code }))
                }
                AccountEmail::PasswordResetCode { reset: id } => {
                    Ok(id.is_nil().then_some(with_code))
                }
                AccountEmail::AccountExists { .. } | AccountEmail::AddressTaken { .. } => {
                    Ok(Some(facts))
                }
                AccountEmail::AddressCode { .. } => {
                    Ok(Some(EmailFacts { names: None, ..with_code }))
                }
                AccountEmail::AddressChanged { .. } | AccountEmail::AccountDeleted { .. } => {
                    Ok(Some(EmailFacts { changed_at: Some(at), ..facts }))
                }
                AccountEmail::PasswordChanged { at, .. } => {
                    Ok(Some(EmailFacts { changed_at: Some(at), ..facts }))
                }
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
    desk_in(Language::En).await
}

/// A desk whose account e-mails are in one language.
async fn desk_in(language: Language) -> Desk {
    let (folder, io) = database().await;
    let pillar = Pillar { taken: Rc::default(), answer: Rc::new(RefCell::new(Outcome::Done(()))) };
    let sender = Sender {
        io: io.clone(),
        archive: Archive::new(io.clone(), &folder.path().join("invoices")),
        head: head(),
        post: Box::new(pillar.clone()),
        accounts: Box::new(Files { language }),
        describe: Box::new(describe),
    };
    Desk { folder, io, pillar, sender }
}

/// Day tickets of fixed dates, season passes that their buyer may withdraw from, and what is not
/// sold any more.
fn describe(language: Language, slugs: [&str; 3]) -> Described {
    let title = match language {
        Language::De if slugs[1] == "season" => "Saisonkarte, Erwachsene".to_owned(),
        Language::De => "Tageskarte, Erwachsene".to_owned(),
        Language::En => plain_title(slugs),
    };
    let withdrawal = match slugs[1] {
        "season" => Some(Withdrawal::FourteenDays),
        "gone" => None,
        _ => Some(Withdrawal::None),
    };
    Described { title, withdrawal: withdrawal.map(|right| right.notice().of(language).to_owned()) }
}

impl Desk {
    async fn work_off(&self, new: &NewJob, attempt: i32) -> JobEnd {
        let kind = new.kind.into();
        let payload = new.payload.clone();
        let dedup_key = new.dedup_key.clone();
        self.sender
            .run(Job { id: Uuid::new_v4(), kind, payload, dedup_key, attempt, lease: Uuid::nil() })
            .await
    }

    /// The one e-mail that a job sends.
    async fn email(&self, new: &NewJob) -> OutgoingEmail {
        assert_eq!(self.work_off(new, 1).await, JobEnd::Done);
        self.pillar.taken.borrow_mut().pop().expect("no e-mail was sent")
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
        billing: None,
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
        vat_country: "AT".into(),
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
        return_ends: None,
        family: None,
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
        transferred_cents: 0,
        opened_at: at,
        page_ends_at: at,
        back_since: None,
        reserved_at: None,
        status_calls: 0,
        pull: false,
        claim: None,
        claimed_at: None,
        sought: false,
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

async fn insert(
    io: &Io,
    order: orders::Model,
    lines: Vec<order_line::Model>,
    payments: Vec<payment::Model>,
) {
    insert_for(Language::En, io, order, (lines, payments)).await;
}

/// An order of a customer who speaks `language`.
async fn insert_for(
    language: Language,
    io: &Io,
    order: orders::Model,
    (lines, payments): (Vec<order_line::Model>, Vec<payment::Model>),
) {
    let customer = account::Model {
        id: Uuid::nil(),
        email: "skier@example.org".into(),
        password_hash: String::new(),
        first_name: "Sam".into(),
        last_name: "Skier".into(),
        birth_date: None,
        language: language.as_str().into(),
        role: "skier".into(),
        created_at: clock::now().fixed_offset(),
        disabled_at: None,
        billing: None,
        erased_at: None,
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
    let line = Line {
        description: "t".into(),
        quantity: 1,
        from: day,
        to: day,
        gross_cents: 7200,
        vat_permille: 100,
        vat_country: "AT".into(),
    };
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
        language: Language::En,
        simulated: true,
    };
    io.write(move |tx| Box::pin(async move { Ok::<_, IoError>(invoice::issue(tx, new).await?) }))
        .await
        .unwrap();
}

/// An e-mail about an account, asked for as `auth` does.
fn account_email(email: &AccountEmail, occasion: i64) -> NewJob {
    let payload = serde_json::to_string(email).unwrap();
    NewJob {
        kind: KIND,
        payload,
        dedup_key: format!("letter:registration:{occasion}"),
        run_at: clock::now(),
    }
}

#[track_caller]
fn assert_says(email: &OutgoingEmail, wanted: &[&str]) {
    let text = email.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = email.html.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is missing in:\n{}", email.text);
        let escaped = wanted
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('\'', "&#x27;");
        assert!(html.contains(&escaped), "{escaped:?} is missing in:\n{}", email.html);
    }
    let marked = |text: &str| text.contains("SIMULATED: ") || text.contains("SIMULIERT: ");
    assert!(
        text.starts_with("*** SIM")
            && marked(&text)
            && marked(&html)
            && email.subject.starts_with("[simul")
    );
    assert!(!email.subject.contains('\n'));
    assert!(!email.text.contains("\n\n\n\n"), "a hole in:\n{}", email.text);
    assert!(email.text.lines().count() <= 40, "longer than a screen:\n{}", email.text);
}
