//! Every sample is read, and the client passes the contract against the simulator.

use std::time::Duration;

use serde_json::{Value, json};
use starjack_simulator::{AxessAccess, Simulator};
use tokio::net::TcpListener;

use super::client::Service;
use super::config::Config;
use super::translate;
use super::wire::TicketKey;
use crate::clock::Deadline;
use crate::ids::Reference;
use crate::integrations::client::Client;
use crate::integrations::lift::contract_tests::{self, Rig, Vendor, contract, permit};
use crate::integrations::lift::{
    CardNumber, CheckedCard, Contract, FoundState, connect, parse_card_number,
};
use crate::integrations::soap::{self, Element};
use crate::integrations::{Outcome, Permit, RefusalKind};

const LOGIN: &str = include_str!("samples/login.xml");
const SESSION_UNKNOWN: &str = include_str!("samples/session_unknown.xml");
const CARD_ACCEPTED: &str = include_str!("samples/check_wtp_no.xml");

async fn simulator() -> Simulator {
    starjack_simulator::start(starjack_simulator::Config::default()).await.unwrap()
}

fn with_settings(mut contract: Contract, project_no: u32, profile_no: u32) -> Contract {
    contract.settings.insert("project_no".into(), project_no.to_string());
    contract.settings.insert("profile_no".into(), profile_no.to_string());
    contract
}

fn of(simulator: &Simulator) -> Contract {
    let access: AxessAccess = simulator.endpoints.access("axess/saalbach").unwrap();
    let credentials = [
        ("soap_user_name", access.soap_user_name.as_str()),
        ("soap_password", &access.soap_password),
        ("user_name", &access.user_name),
        ("password", &access.password),
    ];
    let contract =
        Contract { operator: "saalbach".into(), ..contract("axess", &access.url, &credentials) };
    with_settings(contract, access.project_no, access.wtp_profile_no)
}

fn rig(simulator: Simulator, contract: &Contract) -> Rig {
    let vendor = Vendor {
        key: "axess",
        issue: "issueTicket",
        find: "getTicketByExtOrder",
        cancel: "cancelTicket",
        catalogue: "gettariff",
        price: 6150,
        card: starjack_simulator::sample_wtp_number,
        product_code: "5/1",
        category_code: "2",
        gate: |booking| {
            format!("axess/saalbach/tickets/{}/use", booking.handle.split('/').nth(2).unwrap())
        },
    };
    Rig::new(vendor, simulator, contract)
}

#[tokio::test]
async fn it_passes_the_contract() {
    let simulator = simulator().await;
    let contract = of(&simulator);
    contract_tests::check(&rig(simulator, &contract)).await;
}

#[tokio::test]
async fn a_session_that_ended_is_renewed_and_the_ticket_issued_once() {
    let simulator = simulator().await;
    let contract = of(&simulator);
    let rig = rig(simulator, &contract);
    let first = rig.book("A-BEFORE-1").await;
    rig.control("POST", "clock", json!({ "advance_seconds": 3_700 })).await;
    rig.book("A-AFTER-1").await;
    assert_eq!(rig.ledger("A-AFTER-1").await.len(), 1);
    rig.control("POST", "clock", json!({ "advance_seconds": 3_700 })).await;
    assert_eq!(rig.cancel(&first).await, Outcome::Done(()));
    rig.fault(Some("issueTicket"), "business_error", json!(-2001)).await;
    rig.book("A-AGAIN-1").await;
    assert_eq!(rig.ledger("A-AGAIN-1").await.len(), 1);
}

#[tokio::test]
async fn a_failed_log_in_leaves_the_act_not_sent() {
    for fault in ["hang", "reset_after", "garbage", "business_error"] {
        let simulator = simulator().await;
        let contract = of(&simulator);
        let rig = rig(simulator, &contract);
        rig.fault(Some("login"), fault, Value::Null).await;
        let short = Permit::until(Deadline::after(Duration::from_millis(500)));
        let issued = rig.supplier.issue(rig.order("A-LOGIN-1"), short).await;
        assert!(matches!(issued, Outcome::NotSent(_)), "{fault}: {issued:?}");
        assert_eq!(rig.ledger("A-LOGIN-1").await.len(), 0);
        rig.book("A-LOGIN-1").await;
    }
}

#[tokio::test]
async fn refusals_come_through_as_they_are() {
    let simulator = simulator().await;
    let contract = of(&simulator);
    let rig = rig(simulator, &contract);
    let card = starjack_simulator::sample_wtp_number(1);
    let check = async |card: &str| rig.supplier.check(card.to_owned(), permit()).await;
    assert_eq!(check(&card).await, Outcome::Done(CheckedCard { free_places: Some(3) }));
    assert!(
        matches!(check("S0000001-000-000").await, Outcome::Refused(no) if no.kind == RefusalKind::CardNotAccepted)
    );
    rig.fault(Some("checkWTPNo"), "business_error", json!(-3105)).await;
    assert!(
        matches!(check(&card).await, Outcome::Refused(no) if no.kind == RefusalKind::CardBlocked)
    );
    rig.fault(Some("issueTicket"), "business_error", json!(-3106)).await;
    assert!(
        matches!(rig.issue("A-NO-1").await, Outcome::Refused(no) if no.kind == RefusalKind::CardFull)
    );
    rig.fault(Some("issueTicket"), "business_error", json!(-9999)).await;
    assert!(matches!(rig.issue("A-NO-1").await, Outcome::Unknown(_)));
    assert_eq!(rig.find("A-NO-1").await, Outcome::Done(vec![]));
}

#[tokio::test]
async fn a_failed_cancellation_of_a_valid_ticket_is_unknown() {
    let simulator = simulator().await;
    let contract = of(&simulator);
    let rig = rig(simulator, &contract);
    let booking = rig.book("A-65XX-1").await;
    rig.fault(Some("cancelTicket"), "business_error", json!(-6517)).await;
    assert!(matches!(rig.cancel(&booking).await, Outcome::Unknown(_)));
    assert_eq!(rig.cancel(&booking).await, Outcome::Done(()));
}

#[test]
fn its_cards_are_told_from_others() {
    for typed in ["*a1b2c3d4 e5f 6g7", "12345678-901-234"] {
        let number = typed.trim_start_matches('*').to_ascii_uppercase().replace(' ', "-");
        assert_eq!(parse_card_number(typed), Ok(CardNumber { vendor: "axess".into(), number }));
    }
}

#[test]
fn a_contract_must_be_whole() {
    let whole = with_settings(whole("http://127.0.0.1:1"), 701, 1);
    assert!(connect(&whole).is_ok());
    let names = |change: fn(&mut Contract), name: &str| {
        let mut contract = whole.clone();
        change(&mut contract);
        assert!(connect(&contract).err().unwrap().to_string().contains(name), "{name}");
    };
    names(|contract| drop(contract.credentials.remove("soap_password")), "soap_password");
    names(|contract| drop(contract.settings.remove("project_no")), "project_no");
    names(|contract| drop(contract.settings.insert("profile_no".into(), "0".into())), "profile_no");
    names(|contract| drop(contract.settings.insert("project".into(), "1".into())), "project");
}

fn whole(endpoint: &str) -> Contract {
    contract(
        "axess",
        endpoint,
        &[("soap_user_name", "s"), ("soap_password", "sp"), ("user_name", "u"), ("password", "p")],
    )
}

/// What `ask` makes of the answers, and what it asked.
async fn ask<T>(answers: &[&str], ask: impl AsyncFnOnce(Service) -> T) -> (T, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/soap", listener.local_addr().unwrap());
    let config = Config::read(&with_settings(whole(&endpoint), 701, 1)).unwrap();
    let service = Service::new(Client::new(&endpoint).unwrap(), config);
    let answers: Vec<(u16, &str)> = answers.iter().map(|answer| (200, *answer)).collect();
    tokio::join!(ask(service), contract_tests::answer(&listener, &answers))
}

async fn check(service: Service) -> Outcome<CheckedCard> {
    let card = translate::check_wtp_no("A1B2C3D4-E5F-6G7".into(), service.config());
    translate::checked(service.check_wtp_no(&card, &permit()).await)
}

#[tokio::test]
async fn the_samples_of_a_log_in_and_of_an_accepted_card_are_read() {
    let (outcome, asked) = ask(&[LOGIN, CARD_ACCEPTED], check).await;
    assert_eq!(outcome, Outcome::Done(CheckedCard { free_places: Some(2) }));
    assert!(asked[0].starts_with("POST /soap HTTP/1.1"), "{}", asked[0]);
    assert!(asked[0].contains("\"http://teamaxess.com/IAxDCI4WTP/login\""), "{}", asked[0]);
    assert!(asked[1].contains("<ax:NSESSIONID>812345</ax:NSESSIONID>"), "{}", asked[1]);
}

#[tokio::test]
async fn a_forgotten_session_is_begun_anew_once_and_no_more() {
    let (outcome, asked) = ask(&[LOGIN, SESSION_UNKNOWN, LOGIN, CARD_ACCEPTED], check).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_eq!(asked.iter().filter(|asked| asked.contains("i_ctLoginReq")).count(), 2);
    let (outcome, _) = ask(&[LOGIN, SESSION_UNKNOWN, LOGIN, SESSION_UNKNOWN], check).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn the_samples_of_a_sale_are_read_and_members_are_alphabetical() {
    let simulator = simulator().await;
    let contract = of(&simulator);
    let order = rig(simulator, &contract).order("A-1");
    for sample in
        [include_str!("samples/issue_ticket.xml"), include_str!("samples/issue_ticket_known.xml")]
    {
        let issue = async |service: Service| {
            let issue = translate::issue_ticket(&order, service.config()).unwrap();
            translate::issued(service.issue_ticket(&issue, &permit()).await)
        };
        let (outcome, asked) = ask(&[LOGIN, sample], issue).await;
        let Outcome::Done(booking) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            (booking.ticket_reference.as_str(), booking.handle.as_str()),
            ("701-3-11", "701/3/7/11/111")
        );
        for asked in asked {
            let (_, envelope) = asked.split_once("\r\n\r\n").unwrap();
            alphabetical(&soap::parse(envelope.as_bytes()).unwrap());
        }
    }
}

fn alphabetical(element: &Element) {
    let names: Vec<&str> = element.children.iter().map(Element::name).collect();
    assert!(names.is_sorted(), "{names:?}");
    element.children.iter().for_each(alphabetical);
}

#[tokio::test]
async fn the_samples_of_a_search_are_read() {
    let reference = Reference::stored("A-1".into());
    let find = async |service: Service| {
        translate::found(&reference, service.ticket_by_ext_order("A-1", &permit()).await)
    };
    let (two, _) = ask(&[LOGIN, include_str!("samples/ticket_by_ext_order_two.xml")], find).await;
    let Outcome::Done(two) = two else { panic!("{two:?}") };
    assert_eq!(
        two.iter().map(|found| found.state).collect::<Vec<_>>(),
        [FoundState::Cancelled, FoundState::Live]
    );
    let (none, _) = ask(&[LOGIN, include_str!("samples/ticket_by_ext_order_none.xml")], find).await;
    assert_eq!(none, Outcome::Done(vec![]));
}

#[tokio::test]
async fn the_samples_of_a_cancellation_are_read() {
    let key =
        TicketKey { project_no: 701, pos_no: 3, journal_no: 7, serial_no: 11, unicode_no: 111 };
    let cancel = async |service: Service| {
        let error_no =
            translate::cancelled(service.cancel_ticket(key, &permit()).await).unwrap_err();
        translate::decided(error_no, service.ticket_status(key, &permit()).await)
    };
    let refused = include_str!("samples/cancel_ticket_refused.xml");
    let used = include_str!("samples/ticket_status_used.xml");
    let (outcome, asked) = ask(&[LOGIN, refused, used], cancel).await;
    assert!(matches!(outcome, Outcome::Refused(no) if no.kind == RefusalKind::TicketUsed));
    assert!(
        asked[1].contains("<ax:NBLOCKING>-1</ax:NBLOCKING><ax:NJOURNALNO>7</ax:NJOURNALNO>"),
        "{}",
        asked[1]
    );
}
