//! Every sample is read, and the client passes the contract against the simulator.

use std::time::Duration;

use serde_json::{Value, json};
use starjack_simulator::{DtaAccess, Simulator};
use tokio::net::TcpListener;

use super::client::{CallError, OrderService};
use super::{card, config::Config, translate};
use crate::integrations::client::Client;
use crate::integrations::lift::contract_tests::{self, Rig, Vendor, contract, permit};
use crate::integrations::lift::{
    CardNumber, CheckedCard, Contract, FoundState, connect, parse_card_number,
};
use crate::integrations::{Outcome, RefusalKind};

const CARD: &str = "01-16147133534532385823-4";

/// Orders take two such steps on the simulator's clock until they are final.
async fn simulator(dta_step_ms: u32) -> Simulator {
    starjack_simulator::start(starjack_simulator::Config { dta_step_ms, ..Default::default() })
        .await
        .unwrap()
}

fn of(simulator: &Simulator) -> Contract {
    let access: DtaAccess = simulator.endpoints.access("dta/solden").unwrap();
    let credentials = [
        ("client_name", access.client_name.as_str()),
        ("user_name", &access.user_name),
        ("password", &access.password),
    ];
    let mut contract =
        Contract { operator: "solden".into(), ..contract("dta", &access.url, &credentials) };
    contract.settings.insert("catalog_id".into(), "1bfe2399-e707-11f1-843f-02fc00000001".into());
    contract
}

fn rig(simulator: Simulator, contract: &Contract) -> Rig {
    let vendor = Vendor {
        key: "dta",
        issue: "CreateOrder",
        find: "GetOrdersByExternalId",
        cancel: "CancelOrder",
        catalogue: "GetCatalog",
        price: 8650,
        card: starjack_simulator::sample_dta_number,
        product_code: "1bfe25cd-e707-11f1-a2c3-02fc00000001",
        category_code: "1bfe24e4-e707-11f1-a215-02fc00000001",
        gate: |booking| {
            format!("dta/solden/orders/{}/use", booking.handle.split('/').next().unwrap())
        },
    };
    Rig::new(vendor, simulator, contract)
}

#[tokio::test]
async fn it_passes_the_contract() {
    let simulator = simulator(0).await;
    let contract = of(&simulator);
    contract_tests::check(&rig(simulator, &contract)).await;
}

#[tokio::test]
async fn it_passes_the_contract_where_the_supplier_dedups() {
    let simulator = simulator(0).await;
    let contract = Contract { dedups_reference: true, ..of(&simulator) };
    let rig = rig(simulator, &contract);
    contract_tests::check(&rig).await;
    assert!(matches!(rig.issue("A-DEDUP-1").await, Outcome::Done(_)));
}

#[tokio::test]
async fn a_booking_is_pending_until_it_has_reached_the_resort() {
    for (suffices, after_one_step) in [("false", FoundState::Pending), ("true", FoundState::Live)] {
        let simulator = simulator(60_000).await;
        let mut contract = Contract { dedups_reference: true, ..of(&simulator) };
        contract.settings.insert("booked_suffices".into(), suffices.into());
        let rig = rig(simulator, &contract);
        let pending = Outcome::Pending { ask_after: Duration::from_secs(1) };
        for (seconds, expected) in
            [(0, FoundState::Pending), (61, after_one_step), (60, FoundState::Live)]
        {
            rig.control("POST", "clock", json!({ "advance_seconds": seconds })).await;
            let issued = rig.issue("A-STEPS-1").await;
            assert_eq!(issued == pending, expected == FoundState::Pending, "{issued:?}");
            let Outcome::Done(found) = rig.find("A-STEPS-1").await else { panic!("not found") };
            assert_eq!(found.iter().map(|found| found.state).collect::<Vec<_>>(), [expected]);
        }
        assert_eq!(rig.ledger("A-STEPS-1").await.len(), 1);
    }
}

#[tokio::test]
async fn refusals_and_reports_come_through_as_they_are() {
    let simulator = simulator(0).await;
    let contract = of(&simulator);
    let rig = rig(simulator, &contract);
    let check = async || rig.supplier.check(CARD.into(), permit()).await;
    assert_eq!(check().await, Outcome::Done(CheckedCard { free_places: None }));
    rig.fault(Some("CheckIdentification"), "business_error", json!("BLOCKED")).await;
    assert!(
        matches!(check().await, Outcome::Refused(refusal) if refusal.kind == RefusalKind::CardBlocked)
    );
    rig.fault(Some("CheckIdentification"), "hang", Value::Null).await;
    let short =
        crate::integrations::Permit::until(crate::clock::Deadline::after(Duration::from_secs(1)));
    assert!(matches!(rig.supplier.check(CARD.into(), short).await, Outcome::Unknown(_)));
    rig.fault(Some("CreateOrder"), "business_error", json!("PriceMismatch")).await;
    assert!(
        matches!(rig.issue("A-NO-1").await, Outcome::Refused(refusal) if refusal.kind == RefusalKind::PriceChanged)
    );
    rig.fault(Some("CreateOrder"), "business_error", json!("InternalError")).await;
    assert!(matches!(rig.issue("A-NO-1").await, Outcome::Unknown(_)));
    assert_eq!(rig.find("A-NO-1").await, Outcome::Done(vec![]));
}

#[tokio::test]
async fn wrong_credentials_are_not_sent() {
    let simulator = simulator(0).await;
    let mut contract = of(&simulator);
    contract.credentials.insert("password".into(), "wrong".to_owned().into());
    let rig = rig(simulator, &contract);
    assert!(matches!(rig.issue("A-WRONG-1").await, Outcome::NotSent(_)));
    assert_eq!(rig.ledger("A-WRONG-1").await.len(), 0);
}

#[test]
fn its_cards_are_told_from_others() {
    let number = CardNumber { vendor: "dta".into(), number: CARD.into() };
    assert_eq!(parse_card_number("01-1614 7133 5345 3238 5823-4"), Ok(number));
}

#[test]
fn a_contract_must_be_whole() {
    let whole = contract(
        "dta",
        "http://127.0.0.1:1",
        &[("client_name", "1"), ("user_name", "u"), ("password", "p")],
    );
    assert!(connect(&whole).is_ok());
    let names = |change: fn(&mut Contract), name: &str| {
        let mut contract = whole.clone();
        change(&mut contract);
        assert!(connect(&contract).err().unwrap().to_string().contains(name), "{name}");
    };
    names(|contract| drop(contract.credentials.remove("user_name")), "user_name");
    names(
        |contract| drop(contract.settings.insert("booked_sufices".into(), "true".into())),
        "booked_sufices",
    );
    names(
        |contract| drop(contract.settings.insert("booked_suffices".into(), "yes".into())),
        "booked_suffices",
    );
}

/// What `ask` makes of `sample`, and what it asked.
async fn ask<T>(
    status: u16,
    sample: &str,
    ask: impl AsyncFnOnce(OrderService) -> T,
) -> (T, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/services", listener.local_addr().unwrap());
    let credentials = [("client_name", "10000001"), ("user_name", "u&u"), ("password", "p")];
    let config = Config::read(&contract("dta", &endpoint, &credentials)).unwrap();
    let service = OrderService::new(Client::new(&endpoint).unwrap(), &config);
    let answers = [(status, sample)];
    let (made, mut asked) = tokio::join!(ask(service), contract_tests::answer(&listener, &answers));
    (made, asked.remove(0))
}

#[tokio::test]
async fn the_sample_of_an_accepted_card_is_read() {
    let card = card::identification(CARD).unwrap();
    let sample = include_str!("samples/check_identification_ok.xml");
    let (report, asked) =
        ask(200, sample, async |service| service.check_identification(&card, &permit()).await)
            .await;
    assert_eq!(report, Ok("OK".into()));
    assert!(asked.starts_with("POST /services/OrderService HTTP/1.1"), "{asked}");
    assert!(
        asked.contains("\"http://www.skidata.com/dta/saleschannel/v10/order/CheckIdentification\""),
        "{asked}"
    );
    assert!(asked.contains("<head:UserName>u&amp;u</head:UserName>"), "{asked}");
    assert!(
        asked.contains(
            "<ord:ChipId>01</ord:ChipId><ord:SerialNumber>16147133534532385823</ord:SerialNumber>"
        ),
        "{asked}"
    );
}

#[tokio::test]
async fn the_samples_of_an_order_are_read() {
    let simulator = simulator(0).await;
    let contract = of(&simulator);
    let order =
        translate::new_order(&rig(simulator, &contract).order("A-1"), chrono_tz::UTC).unwrap();
    let accepted = include_str!("samples/create_order_accepted.xml");
    let (created, _) =
        ask(200, accepted, async |service| service.create_order(&order, &permit()).await).await;
    let booking = translate::booking(&created.unwrap());
    assert_eq!(booking.ticket_reference, "4711");
    assert_eq!(translate::order_id(&booking), Some("0a0b0c0d-0000-11ec-8000-0000000000a1"));
    let full = include_str!("samples/create_order_medium_full.xml");
    let (created, _) =
        ask(500, full, async |service| service.create_order(&order, &permit()).await).await;
    assert_eq!(created, Err(CallError::Fault("MediumFull".into())));
    let other = include_str!("samples/cancel_order.xml");
    let (created, _) =
        ask(200, other, async |service| service.create_order(&order, &permit()).await).await;
    assert!(matches!(created, Err(CallError::Unknown(_))));
}

#[tokio::test]
async fn the_samples_of_a_search_are_read() {
    let find =
        async |service: OrderService| service.get_orders_by_external_id("A-1", &permit()).await;
    let (two, _) = ask(200, include_str!("samples/get_orders_two.xml"), find).await;
    let Outcome::Done(two) = translate::found(&two.unwrap(), true) else { panic!("not read") };
    assert_eq!(
        two.iter().map(|found| found.state).collect::<Vec<_>>(),
        [FoundState::Cancelled, FoundState::Live]
    );
    assert_eq!(two[1].booking.ticket_reference, "4712");
    assert_eq!(ask(200, include_str!("samples/get_orders_none.xml"), find).await.0, Ok(vec![]));
    let get = async |service: OrderService| service.get_order("x", &permit()).await;
    let (booked, _) = ask(200, include_str!("samples/get_order_booked.xml"), get).await;
    assert!(matches!(translate::issued(&booked.unwrap(), false), Outcome::Done(_)));
}

#[tokio::test]
async fn the_sample_of_a_cancellation_is_read_and_belongs_to_its_order() {
    let sample = include_str!("samples/cancel_order.xml");
    for (order_id, done) in [("0a0b0c0d-0000-11ec-8000-0000000000a1", true), ("another", false)] {
        let (cancelled, _) =
            ask(200, sample, async |service| service.cancel_order(order_id, &permit()).await).await;
        assert_eq!(cancelled.is_ok(), done, "{cancelled:?}");
    }
}
