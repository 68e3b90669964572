//! What every access-control supplier must pass against its simulator, over real sockets.
//!
//! Each check uses a reference of its own; the ledger of the simulator is the witness of what
//! really happened.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use starjack_simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{
    Booking, Contract, Found, FoundState, Holder, LiftSupplier, PriceList, TicketOrder, Wanted,
    WantedProduct, connect,
};
use crate::clock::{self, Deadline};
use crate::ids::Reference;
use crate::integrations::{Outcome, Permit, RefusalKind};

/// What the checks need to know of one supplier.
pub(super) struct Vendor {
    pub(super) key: &'static str,
    pub(super) issue: &'static str,
    pub(super) find: &'static str,
    pub(super) cancel: &'static str,
    /// The last question that reading the catalogue needs.
    pub(super) catalogue: &'static str,
    /// What the product costs the category in the week before the year ends, in cents.
    pub(super) price: i64,
    /// The n-th card that the simulator accepts.
    pub(super) card: fn(u64) -> String,
    pub(super) product_code: &'static str,
    pub(super) category_code: &'static str,
    /// The control call by which the ticket of a booking passes a gate.
    pub(super) gate: fn(&Booking) -> String,
}

/// One supplier's simulator and our client of it.
pub(super) struct Rig {
    vendor: Vendor,
    simulator: Simulator,
    pub(super) supplier: Rc<dyn LiftSupplier>,
}

/// A day on which every ticket is still to be used.
fn day() -> chrono::NaiveDate {
    clock::now().date_naive() + chrono::Days::new(30)
}

pub(super) fn permit() -> Permit {
    Permit::until(Deadline::after(Duration::from_secs(10)))
}

/// A contract with the simulator.
pub(super) fn contract(supplier: &str, endpoint: &str, credentials: &[(&str, &str)]) -> Contract {
    let secret = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned().into());
    Contract {
        operator: "test".into(),
        supplier: supplier.into(),
        endpoint: endpoint.into(),
        credentials: credentials.iter().map(secret).collect(),
        settings: BTreeMap::new(),
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

/// Answers one connection after the other with a status and a body, and returns what was asked.
pub(super) async fn answer(listener: &TcpListener, answers: &[(u16, &str)]) -> Vec<String> {
    let mut asked = Vec::new();
    for (status, body) in answers {
        let accepted = tokio::time::timeout(Duration::from_secs(5), listener.accept()).await;
        let (mut stream, _) = accepted.expect("a further question").unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"</soap:Envelope>") {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "the request was cut");
        }
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        asked.push(String::from_utf8(heard).unwrap());
    }
    asked
}

impl Rig {
    pub(super) fn new(vendor: Vendor, simulator: Simulator, contract: &Contract) -> Self {
        Self { vendor, simulator, supplier: connect(contract).unwrap() }
    }

    /// A card for each reference: a card has room for few tickets.
    fn card(&self, reference: &str) -> String {
        (self.vendor.card)(
            reference.bytes().fold(7, |n, byte| n * 31 % 1_000_000_007 + u64::from(byte)),
        )
    }

    pub(super) fn order(&self, reference: &str) -> TicketOrder {
        TicketOrder {
            reference: Reference::stored(reference.into()),
            placed_at: "2026-12-01T09:08:07.654321Z".parse().unwrap(),
            card: self.card(reference),
            holder: Holder {
                first_name: "Ana <&>".into(),
                last_name: "Öztürk".into(),
                birth_date: "1990-05-01".parse().unwrap(),
            },
            product_code: self.vendor.product_code.into(),
            category_code: self.vendor.category_code.into(),
            first_day: day(),
            last_day: day(),
            from_time: None,
            price: 8450,
        }
    }

    pub(super) async fn issue(&self, reference: &str) -> Outcome<Booking> {
        self.supplier.issue(self.order(reference), permit()).await
    }

    pub(super) async fn find(&self, reference: &str) -> Outcome<Vec<Found>> {
        self.supplier.find(Reference::stored(reference.into()), permit()).await
    }

    pub(super) async fn cancel(&self, booking: &Booking) -> Outcome<()> {
        self.supplier.cancel(booking.clone(), permit()).await
    }

    /// The states of the bookings under `reference`, and the oldest booking.
    async fn found(&self, reference: &str) -> (Vec<FoundState>, Option<Booking>) {
        let Outcome::Done(found) = self.find(reference).await else {
            panic!("nothing to be learned of {reference}")
        };
        (
            found.iter().map(|found| found.state).collect(),
            found.into_iter().next().map(|found| found.booking),
        )
    }

    /// Issues and gives the booking that stands under `reference` then.
    pub(super) async fn book(&self, reference: &str) -> Booking {
        let issued = self.issue(reference).await;
        let (states, booking) = self.found(reference).await;
        let booking = booking.expect("a booking");
        assert_eq!(states, [FoundState::Live]);
        let pending = matches!(issued, Outcome::Pending { .. });
        assert!(pending || issued == Outcome::Done(booking.clone()), "{issued:?}");
        booking
    }

    /// Calls the control side of the simulator.
    pub(super) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let address = self.simulator.endpoints.control.trim_start_matches("http://");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /control/{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    pub(super) async fn fault(&self, operation: Option<&str>, fault: &str, value: Value) {
        let mut order = json!({ "supplier": self.vendor.key, "fault": fault });
        if let Some(operation) = operation {
            order["operation"] = operation.into();
            order["times"] = 1.into();
        }
        if !value.is_null() {
            order["value"] = value;
        }
        self.control("POST", "faults", order).await;
    }

    /// What really stands under `reference`.
    pub(super) async fn ledger(&self, reference: &str) -> Vec<Value> {
        let ledger = self.control("GET", &format!("ledger/{}", self.vendor.key), Value::Null).await;
        let entries = ledger.as_array().cloned().unwrap_or_default();
        entries.into_iter().filter(|entry| entry["reference"] == reference).collect()
    }
}

/// Runs every check; the contract under test has the simulator's orders final at once.
pub(super) async fn check(rig: &Rig) {
    what_is_issued_is_found_once_and_as_ordered(rig).await;
    a_lost_answer_is_unknown_and_found_by_reference(rig).await;
    a_lost_request_is_unknown_and_not_found(rig).await;
    what_is_not_sent_is_said_to_be_not_sent(rig).await;
    what_is_executed_late_is_found_in_the_end(rig).await;
    every_other_fault_is_unknown(rig).await;
    asking_twice_books_twice_only_where_the_supplier_forgets(rig).await;
    cancelling_is_harmless_to_repeat(rig).await;
    a_used_ticket_is_not_cancelled(rig).await;
    what_is_sold_is_listed_whole_or_not_at_all(rig).await;
}

async fn what_is_issued_is_found_once_and_as_ordered(rig: &Rig) {
    rig.book("A-FOUND-1").await;
    let ledger = rig.ledger("A-FOUND-1").await;
    assert_eq!(ledger.len(), 1);
    let whole = ledger[0].to_string();
    for part in
        [&day().to_string(), "8450", "1990-05-01", "Ana <&>", "Öztürk", &rig.card("A-FOUND-1")]
    {
        assert!(whole.contains(part), "{part} is missing in {whole}");
    }
    assert_eq!(rig.found("A-NEVER-1").await, (vec![], None));
}

async fn a_lost_answer_is_unknown_and_found_by_reference(rig: &Rig) {
    for (at, fault) in ["reset_after", "garbage", "truncate"].into_iter().enumerate() {
        let reference = format!("A-LOST-{at}");
        rig.fault(Some(rig.vendor.issue), fault, Value::Null).await;
        let issued = rig.issue(&reference).await;
        assert!(matches!(issued, Outcome::Unknown(_)), "{fault}: {issued:?}");
        assert_eq!(
            rig.ledger(&reference).await.len(),
            rig.found(&reference).await.0.len(),
            "{fault}"
        );
    }
    assert_eq!(rig.found("A-LOST-0").await.0, [FoundState::Live]);
}

async fn a_lost_request_is_unknown_and_not_found(rig: &Rig) {
    for (at, (fault, value)) in
        [("reset_before", Value::Null), ("http_status", json!(503))].into_iter().enumerate()
    {
        let reference = format!("A-NONE-{at}");
        rig.fault(Some(rig.vendor.issue), fault, value).await;
        let issued = rig.issue(&reference).await;
        assert!(matches!(issued, Outcome::Unknown(_)), "{fault}: {issued:?}");
        assert_eq!(rig.found(&reference).await, (vec![], None));
        assert_eq!(rig.ledger(&reference).await.len(), 0);
    }
}

async fn what_is_not_sent_is_said_to_be_not_sent(rig: &Rig) {
    rig.fault(None, "refuse_connection", Value::Null).await;
    for outcome in [rig.issue("A-REFUSED-1").await, rig.issue("A-REFUSED-1").await] {
        assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    }
    assert!(matches!(rig.find("A-REFUSED-1").await, Outcome::NotSent(_)));
    rig.control("DELETE", "faults", Value::Null).await;
    let stale = Permit::new(Deadline::after(Duration::from_secs(10)), || false);
    let outcome = rig.supplier.issue(rig.order("A-REFUSED-1"), stale).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert_eq!(rig.found("A-REFUSED-1").await, (vec![], None));
    assert_eq!(rig.ledger("A-REFUSED-1").await.len(), 0);
}

async fn what_is_executed_late_is_found_in_the_end(rig: &Rig) {
    rig.fault(Some(rig.vendor.issue), "late", json!(50)).await;
    let issued = rig.issue("A-LATE-1").await;
    assert!(matches!(issued, Outcome::Unknown(_)), "{issued:?}");
    let seen = async { while rig.found("A-LATE-1").await.0.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(5), seen).await.expect("the late booking never came");
    assert_eq!(rig.found("A-LATE-1").await.0, [FoundState::Live]);
}

async fn every_other_fault_is_unknown(rig: &Rig) {
    rig.fault(Some(rig.vendor.issue), "hang", Value::Null).await;
    let permit = Permit::until(Deadline::after(Duration::from_secs(1)));
    let hung = rig.supplier.issue(rig.order("A-HANG-1"), permit).await;
    assert!(matches!(hung, Outcome::Unknown(_)), "{hung:?}");
    for fault in ["garbage", "truncate", "reset_before", "reset_after", "http_status"] {
        let value = if fault == "http_status" { json!(500) } else { Value::Null };
        rig.fault(Some(rig.vendor.find), fault, value).await;
        let found = rig.find("A-FOUND-1").await;
        assert!(matches!(found, Outcome::Unknown(_)), "find with {fault}: {found:?}");
    }
    rig.fault(Some(rig.vendor.find), "find_nothing", Value::Null).await;
    assert_eq!(rig.found("A-FOUND-1").await, (vec![], None));
    rig.control("DELETE", "faults", Value::Null).await;
}

async fn asking_twice_books_twice_only_where_the_supplier_forgets(rig: &Rig) {
    let first = rig.book("A-TWICE-1").await;
    assert_eq!(rig.book("A-TWICE-1").await, first);
    assert_eq!(rig.ledger("A-TWICE-1").await.len(), 1);
    rig.fault(Some(rig.vendor.issue), "no_dedup", Value::Null).await;
    assert!(matches!(rig.issue("A-TWICE-1").await, Outcome::Done(_) | Outcome::Pending { .. }));
    assert_eq!(rig.found("A-TWICE-1").await, (vec![FoundState::Live; 2], Some(first)));
}

async fn cancelling_is_harmless_to_repeat(rig: &Rig) {
    let booking = rig.book("A-CANCEL-1").await;
    rig.fault(Some(rig.vendor.cancel), "reset_before", Value::Null).await;
    assert!(matches!(rig.cancel(&booking).await, Outcome::Unknown(_)));
    assert_eq!(rig.found("A-CANCEL-1").await.0, [FoundState::Live]);
    rig.fault(Some(rig.vendor.cancel), "reset_after", Value::Null).await;
    assert!(matches!(rig.cancel(&booking).await, Outcome::Unknown(_)));
    assert_eq!(rig.cancel(&booking).await, Outcome::Done(()));
    assert_eq!(rig.cancel(&booking).await, Outcome::Done(()));
    assert_eq!(rig.found("A-CANCEL-1").await.0, [FoundState::Cancelled]);
}

async fn a_used_ticket_is_not_cancelled(rig: &Rig) {
    let booking = rig.book("A-USED-1").await;
    rig.control("POST", &(rig.vendor.gate)(&booking), Value::Null).await;
    let Outcome::Refused(refusal) = rig.cancel(&booking).await else {
        panic!("cancelled a used ticket")
    };
    assert_eq!(refusal.kind, RefusalKind::TicketUsed);
    assert_eq!(rig.found("A-USED-1").await.0, [FoundState::Used]);
}

async fn what_is_sold_is_listed_whole_or_not_at_all(rig: &Rig) {
    let [from, to] =
        ["2026-12-24", "2026-12-31"].map(|day| day.parse::<chrono::NaiveDate>().unwrap());
    let product = rig.vendor.product_code;
    let category = rig.vendor.category_code;
    let of = |code: &str| WantedProduct { code: code.to_owned(), from, to };
    let wanted = Wanted {
        products: vec![of(product), of("unheard-of")],
        categories: vec![category.to_owned(), "unheard-of".to_owned()],
    };
    let ask = async || rig.supplier.catalogue(wanted.clone(), permit()).await;
    let whole = ask().await;
    let Outcome::Done(goods) = &whole else { panic!("nothing is listed: {whole:?}") };
    assert!(goods.sells(product) && goods.knows(category), "{goods:?}");
    assert!(!goods.sells("unheard-of") && !goods.knows("unheard-of"), "{goods:?}");
    let price = |goods: &PriceList, day| goods.price_on(product, category, day);
    let prices: Vec<_> = from.iter_days().take(8).map(|day| price(goods, day)).collect();
    assert_eq!(prices, [Some(rig.vendor.price); 8]);
    assert_eq!(
        (price(goods, from.pred_opt().unwrap()), price(goods, to.succ_opt().unwrap())),
        (None, None)
    );
    for fault in
        ["garbage", "truncate", "reset_before", "reset_after", "http_status", "business_error"]
    {
        let value = if fault == "http_status" { json!(503) } else { Value::Null };
        rig.fault(Some(rig.vendor.catalogue), fault, value).await;
        let listed = ask().await;
        assert!(matches!(listed, Outcome::Unknown(_)), "{fault}: {listed:?}");
    }
    rig.fault(None, "refuse_connection", Value::Null).await;
    assert!(matches!(ask().await, Outcome::NotSent(_)));
    rig.control("DELETE", "faults", Value::Null).await;
    assert_eq!(ask().await, whole);
}
