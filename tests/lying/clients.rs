//! Every question of each client.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::json;
use starjack::ids::Reference;
use starjack::integrations::lift::{
    self, Booking, Contract, Holder, LiftSupplier, TicketOrder, Wanted, WantedProduct,
};
use starjack::integrations::mail::{self, MailProvider, OutgoingEmail};
use starjack::integrations::payment::{self, CreditAmount, PageOrder, PaymentProvider, StatusKey};
use starjack::integrations::{Outcome, Permit};

/// What a client is asked, and whether something happens outside by it.
pub(crate) struct Question<C: ?Sized> {
    pub(crate) name: &'static str,
    pub(crate) writes: bool,
    pub(crate) ask: fn(Rc<C>, Permit) -> LocalBoxFuture<'static, &'static str>,
}

/// A supplier's client: how it is made, and what it is asked.
pub(crate) struct Client<C: ?Sized + 'static> {
    pub(crate) connect: fn(&str) -> Rc<C>,
    pub(crate) questions: Vec<Question<C>>,
}

/// A question: its name, whether it writes, the client, the permit, and how it is asked.
macro_rules! question {
    ($name:literal, $writes:literal, |$client:ident, $permit:ident| $asked:expr) => {
        Question {
            name: $name,
            writes: $writes,
            ask: |$client, $permit| async move { word(&$asked.await) }.boxed_local(),
        }
    };
}

pub(crate) fn dta() -> Client<dyn LiftSupplier> {
    let connect = |endpoint: &str| {
        let credentials = ["client_name", "user_name", "password"];
        lift::connect(&contract("dta", endpoint, &credentials, &[("catalog_id", "7")])).unwrap()
    };
    let cancel: Question<dyn LiftSupplier> = question!("cancel", true, |client, permit| client
        .cancel(booking("4711/4712/4713"), permit));
    Client { connect, questions: lift_questions(cancel) }
}

pub(crate) fn axess() -> Client<dyn LiftSupplier> {
    let connect = |endpoint: &str| {
        let credentials = ["soap_user_name", "soap_password", "user_name", "password"];
        let settings = [("project_no", "701"), ("profile_no", "3")];
        lift::connect(&contract("axess", endpoint, &credentials, &settings)).unwrap()
    };
    let cancel: Question<dyn LiftSupplier> =
        question!("cancel", true, |client, permit| client.cancel(booking("701/3/7/11/13"), permit));
    Client { connect, questions: lift_questions(cancel) }
}

fn lift_questions(cancel: Question<dyn LiftSupplier>) -> Vec<Question<dyn LiftSupplier>> {
    vec![
        question!("check", false, |client, permit| client.check(CARD.to_owned(), permit)),
        question!("issue", true, |client, permit| client.issue(ticket(), permit)),
        question!("find", false, |client, permit| client.find(reference(), permit)),
        cancel,
        question!("list", false, |client, permit| client.list(day(), None, permit)),
        question!("catalogue", false, |client, permit| client.catalogue(wanted(), permit)),
    ]
}

pub(crate) fn mpay24() -> Client<dyn PaymentProvider> {
    let connect = |endpoint: &str| {
        let config = json!({
            "endpoint": endpoint, "merchant_id": 90000, "password": "secret", "test": true,
            "callback_networks": ["127.0.0.1"],
        });
        payment::connect(&serde_json::from_value(config).unwrap()).unwrap()
    };
    let questions: Vec<Question<dyn PaymentProvider>> = vec![
        question!("open page", true, |client, permit| client.open_page(page(), permit)),
        question!("capture", true, |client, permit| client.capture(tid(), 8650, permit)),
        question!("reverse", true, |client, permit| client.reverse(tid(), permit)),
        question!("credit", true, |client, permit| client.credit(
            tid(),
            CreditAmount::Part(100),
            permit
        )),
        question!("history", false, |client, permit| client.history(tid(), permit)),
        question!("list", false, |client, permit| client.list_open(0, 100, permit)),
        question!("status", false, |client, permit| client
            .status(StatusKey::Page(reference()), permit)),
    ];
    Client { connect, questions }
}

pub(crate) fn mailgun() -> Client<dyn MailProvider> {
    let connect = |endpoint: &str| {
        let config = json!({
            "base_url": endpoint, "domain": "mg.shop.example", "key": "secret",
            "from": "Tickets <tickets@mg.shop.example>",
        });
        mail::connect(&serde_json::from_value(config).unwrap()).unwrap()
    };
    Client {
        connect,
        questions: vec![question!("send", true, |client, permit| client.send(email(), permit))],
    }
}

fn word<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Refused(_) => "refused",
        Outcome::NotSent(_) => "not sent",
        Outcome::Pending { .. } => "pending",
        Outcome::Unknown(_) => "unknown",
    }
}

fn contract(
    supplier: &str,
    endpoint: &str,
    credentials: &[&str],
    settings: &[(&str, &str)],
) -> Contract {
    let secret = |name: &&str| ((*name).to_owned(), "secret".to_owned().into());
    let setting = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Contract {
        operator: "test".into(),
        supplier: supplier.into(),
        endpoint: endpoint.into(),
        credentials: credentials.iter().map(secret).collect(),
        settings: settings.iter().map(setting).collect::<BTreeMap<_, _>>(),
        dedups_reference: false,
        requests_per_second: 0,
        settle: Duration::from_secs(2),
        issue_patience: Duration::from_secs(600),
        check_deadline: Duration::from_secs(8),
        issue_deadline: Duration::from_secs(30),
        time_zone: chrono_tz::Europe::Vienna,
        last_loading_time: "16:00:00".parse().unwrap(),
    }
}

fn reference() -> Reference {
    Reference::stored("A7K3QX9ZB5M-1".to_owned())
}

fn day() -> chrono::NaiveDate {
    "2026-12-19".parse().unwrap()
}

/// A card's number and codes that both suppliers take.
const CARD: &str = "01-16147133534532385823-4";
const PRODUCT: &str = "5/1";
const CATEGORY: &str = "2";

fn ticket() -> TicketOrder {
    TicketOrder {
        reference: reference(),
        placed_at: "2026-12-01T08:00:00Z".parse().unwrap(),
        card: CARD.to_owned(),
        holder: Holder {
            first_name: "Anna".to_owned(),
            last_name: "Berg".to_owned(),
            birth_date: "1990-05-01".parse().unwrap(),
        },
        product_code: PRODUCT.to_owned(),
        category_code: CATEGORY.to_owned(),
        first_day: day(),
        last_day: day(),
        from_time: None,
        price: 8650,
    }
}

fn booking(handle: &str) -> Booking {
    Booking { ticket_reference: "4711".to_owned(), handle: handle.to_owned() }
}

fn wanted() -> Wanted {
    let product = WantedProduct { code: PRODUCT.to_owned(), from: day(), to: day() };
    Wanted { products: vec![product], categories: vec![CATEGORY.to_owned()] }
}

fn tid() -> String {
    "4711".to_owned()
}

fn page() -> PageOrder {
    PageOrder {
        reference: reference(),
        amount: 8650,
        currency: "EUR".to_owned(),
        description: "Order A7K3QX9ZB5M".to_owned(),
        language: "de".to_owned(),
        confirmation_url: "https://shop.example/callbacks/mpay24?secret=s".to_owned(),
        return_url: "https://shop.example/orders/1".to_owned(),
    }
}

fn email() -> OutgoingEmail {
    OutgoingEmail {
        message_id: "1@shop.example".to_owned(),
        to: "anna@example.org".to_owned(),
        subject: "Your tickets".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        attachments: Vec::new(),
    }
}
