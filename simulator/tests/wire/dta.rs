//! DTA over real sockets: what it does, what it refuses, and what each fault leaves in the ledger.
use std::io::ErrorKind;

use crate::support::{Reply, World, ask};
use serde_json::{Value, json};
use starjack_simulator::{Config, sample_dta_number};

const ORDER: &str = "http://www.skidata.com/dta/saleschannel/v10/order";
const HEADER: &str = "http://www.skidata.com/dta/saleschannel/v10/soapheader";
/// Day ticket and adult of the operator.
const DAY: &str = "1bfe25cd-e707-11f1-a2c3-02fc00000001";
const ADULT: &str = "1bfe24e4-e707-11f1-a215-02fc00000001";

fn envelope(world: &World, operation: &str, inner: &str) -> String {
    let of = |field| world.access("dta/solden", field);
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <AuthenticationHeader xmlns=\"{HEADER}\"><ClientName>{}</ClientName><UserName>{}</UserName>\
         <Password>{}</Password></AuthenticationHeader></s:Header><s:Body>\
         <o:{operation} xmlns:o=\"{ORDER}\">{inner}</o:{operation}></s:Body></s:Envelope>",
        of("client_name"),
        of("user_name"),
        of("password")
    )
}

async fn send(world: &World, operation: &str, envelope: &str) -> Result<Reply, ErrorKind> {
    let action = format!("\"{ORDER}/{operation}\"");
    let headers = [("content-type", "text/xml; charset=utf-8"), ("soapaction", action.as_str())];
    let url = world.access("dta/solden", "url") + "/OrderService";
    ask("POST", &url, &headers, envelope.as_bytes()).await
}

async fn call(world: &World, operation: &str, inner: &str) -> Result<Reply, ErrorKind> {
    send(world, operation, &envelope(world, operation, inner)).await
}

/// Puts every element into the `o:` prefix.
fn qualified(plain: &str) -> String {
    plain.replace("</", "\u{1}").replace('<', "<o:").replace('\u{1}', "</o:")
}

fn identification(card: u64) -> String {
    let printed = sample_dta_number(card);
    let parts: Vec<&str> = printed.split('-').collect();
    format!(
        "<Identification><ChipId>{}</ChipId><SerialNumber>{}</SerialNumber><LuhnNumber>{}</LuhnNumber></Identification>",
        parts[0], parts[1], parts[2]
    )
}

fn order(reference: &str, amount: &str) -> String {
    let price = format!("<Amount>{amount}</Amount><CurrencyCode>EUR</CurrencyCode>");
    qualified(&format!(
        "<Order><ExternalOrderId>{reference}</ExternalOrderId><OrderDate>2026-12-01T08:00:00.000</OrderDate>\
         <IsReservation>false</IsReservation><OrderItems><OrderItem><ItemNumber>1</ItemNumber><ProductId>{DAY}</ProductId>\
         <ConsumerCategoryId>{ADULT}</ConsumerCategoryId><Quantity>1</Quantity><ValidFrom>2026-12-19T00:00:00</ValidFrom>\
         <DepotFlag>false</DepotFlag><UnitPrice>{price}</UnitPrice><TicketItem><Contact><FirstName>Ada</FirstName>\
         <LastName>L&amp;ve</LastName></Contact>{}</TicketItem></OrderItem></OrderItems><TotalPrice>{price}</TotalPrice></Order>",
        identification(7)
    ))
}

/// A world in which only its own clock makes bookings go on.
async fn slow() -> World {
    World::with(Config { dta_step_ms: 60_000, ..Config::default() }).await
}

async fn create(world: &World, reference: &str) -> Result<Reply, ErrorKind> {
    call(world, "CreateOrder", &order(reference, "84.50")).await
}

async fn find(world: &World, reference: &str) -> Reply {
    let inner = qualified(&format!("<ExternalOrderId>{reference}</ExternalOrderId>"));
    call(world, "GetOrdersByExternalId", &inner).await.unwrap()
}

async fn by_id(world: &World, operation: &str, id: &str) -> Reply {
    call(world, operation, &qualified(&format!("<OrderId>{id}</OrderId>"))).await.unwrap()
}

#[tokio::test]
async fn an_order_is_checked_booked_shown_found_and_canceled() {
    let world = slow().await;
    let checked =
        call(&world, "CheckIdentification", &qualified(&identification(7))).await.unwrap();
    assert_eq!((checked.status, checked.tag("Report").as_str()), (200, "OK"));
    let booked = create(&world, "AABCDEFGHJK-1").await.unwrap();
    assert_eq!(booked.status, 200, "{}", booked.text());
    let id = booked.tag("OrderId");
    assert_eq!(by_id(&world, "GetOrder", &id).await.tag("SalesStatus"), "PENDING");
    world.advance(120).await;
    let found = find(&world, "AABCDEFGHJK-1").await;
    assert_eq!(
        (found.tag("OrderId"), found.tag("SalesStatus").as_str()),
        (id.clone(), "BOOKED_AND_TRANSFERRED")
    );
    assert_eq!(by_id(&world, "CancelOrder", &id).await.tag("OriginalOrderId"), id);
    let again = by_id(&world, "CancelOrder", &id).await;
    assert_eq!((again.status, again.tag("Code").as_str()), (500, "AlreadyCanceled"));
    let ledger = world.ledger("dta").await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0]["status"], "canceled");
    assert_eq!(ledger[0]["reference"], "AABCDEFGHJK-1");
    assert_eq!(ledger[0]["chip"], sample_dta_number(7));
    assert_eq!(ledger[0]["unit_price_cents"], 8450);
    assert_eq!(ledger[0]["holder"]["LastName"], "L&ve");
    assert!(ledger[0]["booked_at"].is_string() && ledger[0]["canceled_at"].is_string());
}

#[tokio::test]
async fn a_known_reference_gets_its_first_answer_or_duplicate_order() {
    let world = World::start().await;
    let first = create(&world, "A-1").await.unwrap();
    let second = create(&world, "A-1").await.unwrap();
    assert_eq!(first.text(), second.text());
    let other = call(&world, "CreateOrder", &order("A-1", "84.60")).await.unwrap();
    assert_eq!(other.tag("Code"), "DuplicateOrder");
    assert_eq!(world.ledger("dta").await.len(), 1);
}

#[tokio::test]
async fn what_is_not_exactly_the_contract_is_refused() {
    let world = World::start().await;
    let good = order("A-2", "84.50");
    let cases = [
        good.replace("o:IsReservation", "o:IsReserved"),
        good.replacen("<o:IsReservation>false</o:IsReservation>", "", 1),
        good.replacen("<o:OrderItems>", "<o:Extra>1</o:Extra><o:OrderItems>", 1),
        good.replace("<o:ItemNumber>1</o:ItemNumber>", "<o:ItemNumber>one</o:ItemNumber>"),
        good.replace("<o:Quantity>1</o:Quantity>", "<o:Quantity>2</o:Quantity>"),
        good.replacen("<o:ItemNumber>", "<ItemNumber xmlns=''>", 1).replacen(
            "</o:ItemNumber>",
            "</ItemNumber>",
            1,
        ),
        good.replace("2026-12-19T00:00:00", "2026-12-19"),
    ];
    for case in cases {
        assert_ne!(case, good);
        let reply = call(&world, "CreateOrder", &case).await.unwrap();
        assert_eq!(
            (reply.status, reply.tag("faultcode").as_str(), reply.count("Code")),
            (500, "soap:Client", 0),
            "{case}"
        );
    }
    for (from, to, code) in [
        (DAY, &*DAY.to_uppercase(), "UnknownProduct"),
        (ADULT, DAY, "ConsumerCategoryNotAllowed"),
        ("2026-12-19T00:00:00", "2026-12-19T12:00:00", "ValidityNotAllowed"),
        ("<o:TotalPrice><o:Amount>84.50", "<o:TotalPrice><o:Amount>84.51", "PriceMismatch"),
        ("<o:ChipId>01", "<o:ChipId>99", "InvalidIdentification"),
    ] {
        let reply = call(&world, "CreateOrder", &good.replace(from, to)).await.unwrap();
        assert_eq!(reply.tag("Code"), code);
    }
    assert_eq!(by_id(&world, "GetOrder", DAY).await.tag("Code"), "UnknownOrder");
    assert!(world.ledger("dta").await.is_empty());
}

#[tokio::test]
async fn headers_credentials_and_paths_are_checked() {
    let world = World::start().await;
    let whole = envelope(&world, "CreateOrder", &order("A-3", "84.50"));
    let wrong = whole.replace("sample-dta-solden", "guess");
    assert_eq!(
        send(&world, "CreateOrder", &wrong).await.unwrap().tag("Code"),
        "AuthenticationFailed"
    );
    let headless = whole.replace(HEADER, "urn:other");
    assert_eq!(
        send(&world, "CreateOrder", &headless).await.unwrap().tag("Code"),
        "AuthenticationFailed"
    );
    assert_eq!(send(&world, "GetOrder", &whole).await.unwrap().tag("faultcode"), "soap:Client");
    let base = world.access("dta/solden", "url");
    let action = format!("\"{ORDER}/CreateOrder\"");
    let json = [("content-type", "application/json"), ("soapaction", action.as_str())];
    assert_eq!(
        ask("POST", &(base.clone() + "/OrderService"), &json, whole.as_bytes())
            .await
            .unwrap()
            .status,
        415
    );
    let xml = [("content-type", "text/xml"), ("soapaction", action.as_str())];
    assert_eq!(
        ask("POST", &(base.clone() + "/ContactService"), &xml, whole.as_bytes())
            .await
            .unwrap()
            .status,
        404
    );
    let doctype = format!("<!DOCTYPE x>{whole}");
    assert_eq!(
        ask("POST", &(base + "/OrderService"), &xml, doctype.as_bytes()).await.unwrap().status,
        500
    );
    assert!(world.ledger("dta").await.is_empty());
}

#[tokio::test]
async fn cards_are_reported_on_and_used_tickets_stay() {
    let world = slow().await;
    let bad = qualified(&identification(7)).replace("<o:ChipId>01", "<o:ChipId>30");
    assert_eq!(
        call(&world, "CheckIdentification", &bad).await.unwrap().tag("Report"),
        "INVALID_LUHN"
    );
    let unknown = qualified(&identification(7)).replace("<o:ChipId>01", "<o:ChipId>99");
    assert_eq!(
        call(&world, "CheckIdentification", &unknown).await.unwrap().tag("Report"),
        "UNKNOWN_MEDIUM"
    );
    let id = create(&world, "A-4").await.unwrap().tag("OrderId");
    let gate = format!("dta/solden/orders/{id}/use");
    assert_eq!(world.control("POST", &gate, Value::Null).await.status, 409);
    world.advance(60).await;
    assert_eq!(world.control("POST", &gate, Value::Null).await.status, 200);
    assert_eq!(by_id(&world, "CancelOrder", &id).await.tag("Code"), "TicketUsed");
    assert_eq!(by_id(&world, "GetOrder", &id).await.tag("PermissionStatus"), "Used");
    assert_eq!(world.ledger("dta").await[0]["status"], "used");
}

#[tokio::test]
async fn reset_before_books_nothing_and_reset_after_books() {
    let world = World::start().await;
    world.fault(json!({"supplier": "dta", "operator": "solden", "operation": "CreateOrder", "fault": "reset_before", "times": 1})).await;
    assert_eq!(create(&world, "A-5").await.unwrap_err(), ErrorKind::ConnectionReset);
    assert!(world.ledger("dta").await.is_empty());
    world.fault(json!({"supplier": "dta", "fault": "reset_after", "times": 1})).await;
    assert_eq!(create(&world, "A-5").await.unwrap_err(), ErrorKind::ConnectionReset);
    assert_eq!(world.ledger("dta").await.len(), 1);
    assert_eq!(create(&world, "A-5").await.unwrap().status, 200);
    assert_eq!(world.ledger("dta").await.len(), 1);
}

#[tokio::test]
async fn late_books_after_the_connection_is_gone() {
    let world = World::start().await;
    world.fault(json!({"supplier": "dta", "fault": "late", "value": 1_000, "times": 1})).await;
    assert_eq!(create(&world, "A-6").await.unwrap_err(), ErrorKind::ConnectionReset);
    assert_eq!(find(&world, "A-6").await.count("OrderId"), 0);
    world.until("dta", |entries| entries.len() == 1).await;
}

#[tokio::test]
async fn no_dedup_books_twice_and_find_nothing_hides_both() {
    let world = World::start().await;
    let first = create(&world, "A-7").await.unwrap();
    world.fault(json!({"supplier": "dta", "fault": "no_dedup", "times": 1})).await;
    assert_eq!(find(&world, "A-7").await.count("OrderId"), 1);
    assert_ne!(create(&world, "A-7").await.unwrap().tag("OrderId"), first.tag("OrderId"));
    let found = find(&world, "A-7").await;
    assert_eq!((found.count("OrderId"), found.tag("OrderId")), (2, first.tag("OrderId")));
    assert_eq!(world.ledger("dta").await.len(), 2);
    world.fault(json!({"supplier": "dta", "fault": "find_nothing", "times": 1})).await;
    assert_eq!(find(&world, "A-7").await.count("OrderId"), 0);
    assert_eq!(find(&world, "A-7").await.count("OrderId"), 2);
}

#[tokio::test]
async fn a_hanging_request_is_let_go_with_the_faults_and_never_executed() {
    let world = World::start().await;
    world.fault(json!({"supplier": "dta", "fault": "hang"})).await;
    let hanging = create(&world, "A-8");
    let clearing = async {
        loop {
            let hits = world.control("GET", "faults", Value::Null).await.json()["items"][0]["hits"]
                .clone();
            if hits == 1 {
                break world.clear().await;
            }
        }
    };
    let (hung, ()) = tokio::join!(hanging, clearing);
    assert_eq!(hung.unwrap_err(), ErrorKind::ConnectionReset);
    assert!(world.ledger("dta").await.is_empty());
    assert_eq!(create(&world, "A-8").await.unwrap().status, 200);
}

#[tokio::test]
async fn answers_can_be_spoilt_in_every_way() {
    let world = World::start().await;
    world.fault(json!({"supplier": "dta", "fault": "http_status", "value": 503, "times": 1})).await;
    let reply = create(&world, "A-9").await.unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (503, "text/html; charset=utf-8"));
    world.fault(json!({"supplier": "dta", "operation": "CreateOrder", "fault": "business_error", "times": 1})).await;
    assert_eq!(create(&world, "A-9").await.unwrap().tag("Code"), "MediumNotCompatible");
    world.fault(json!({"supplier": "dta", "operation": "CheckIdentification", "fault": "business_error", "value": "BLOCKED"})).await;
    assert_eq!(
        call(&world, "CheckIdentification", &qualified(&identification(7)))
            .await
            .unwrap()
            .tag("Report"),
        "BLOCKED"
    );
    world.fault(json!({"supplier": "dta", "fault": "business_error", "value": "InternalError", "times": 1})).await;
    assert_eq!(create(&world, "A-9").await.unwrap().tag("faultcode"), "soap:Server");
    assert!(world.ledger("dta").await.is_empty());
    world.fault(json!({"supplier": "dta", "fault": "garbage", "times": 1})).await;
    let reply = create(&world, "A-9").await.unwrap();
    assert!(reply.status == 200 && !reply.text().contains("Envelope"));
    assert_eq!(world.ledger("dta").await.len(), 1);
    world.fault(json!({"supplier": "dta", "fault": "truncate", "times": 1})).await;
    let reply = create(&world, "A-10").await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, reply.announced / 2));
    assert_eq!(world.ledger("dta").await.len(), 2);
    world.fault(json!({"supplier": "dta", "fault": "delay_ms", "value": 200, "times": 1})).await;
    assert_eq!(create(&world, "A-11").await.unwrap().status, 200);
    assert_eq!(world.control("GET", "faults", Value::Null).await.json()["items"][0]["hits"], 1);
}

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again_under_the_same_number() {
    let world = World::start().await;
    world
        .fault(json!({"supplier": "dta", "operator": "solden", "fault": "refuse_connection"}))
        .await;
    assert_eq!(create(&world, "A-12").await.unwrap_err(), ErrorKind::ConnectionRefused);
    world.clear().await;
    assert_eq!(create(&world, "A-12").await.unwrap().status, 200);
    world
        .fault(json!({"supplier": "dta", "fault": "refuse_connection", "times": 2, "value": 500}))
        .await;
    assert_eq!(create(&world, "A-13").await.unwrap_err(), ErrorKind::ConnectionRefused);
    let waiting = async {
        while create(&world, "A-13").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), waiting)
        .await
        .expect("the port opens by itself");
    assert_eq!(world.ledger("dta").await.len(), 2);
}

#[tokio::test]
async fn faults_that_do_not_fit_are_answered_with_the_reason() {
    let world = World::start().await;
    for order in [
        json!({"supplier": "dta", "fault": "duplicate"}),
        json!({"supplier": "mpay24", "fault": "no_dedup"}),
        json!({"supplier": "mailgun", "fault": "find_nothing"}),
        json!({"supplier": "dta", "operation": "GetOrder", "fault": "no_dedup"}),
        json!({"supplier": "dta", "operation": "DropTables", "fault": "hang"}),
        json!({"supplier": "dta", "operator": "laax", "fault": "hang"}),
        json!({"supplier": "mailgun", "operator": "solden", "fault": "hang"}),
        json!({"supplier": "dta", "fault": "delay_ms"}),
        json!({"supplier": "dta", "fault": "late", "value": "soon"}),
        json!({"supplier": "dta", "fault": "hang", "value": 1}),
        json!({"supplier": "dta", "fault": "http_status", "value": 99}),
        json!({"supplier": "dta", "fault": "business_error", "value": "Whatever"}),
        json!({"supplier": "dta", "operation": "GetOrder", "fault": "refuse_connection"}),
        json!({"supplier": "dta", "operation": "CreateOrder", "fault": "business_error", "value": "BLOCKED"}),
        json!({"supplier": "dta", "fault": "hang", "times": 0}),
        json!({"supplier": "dta", "fault": "hang", "extra": 0}),
        json!({"supplier": "dta", "fault": "explode"}),
        json!({"supplier": "visa", "fault": "hang"}),
    ] {
        let reply = world.control("POST", "faults", order.clone()).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (422, "application/problem+json"),
            "{order}"
        );
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(world.control("GET", "faults", Value::Null).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_contract_can_be_made_slow_for_ever() {
    let world = World::with(Config { dta_step_ms: 0, ..Config::default() }).await;
    let id = create(&world, "A-14").await.unwrap().tag("OrderId");
    assert_eq!(by_id(&world, "GetOrder", &id).await.tag("SalesStatus"), "BOOKED_AND_TRANSFERRED");
    assert_eq!(
        world
            .control("PUT", "dta/solden/booking", json!({"step_ms": 4_000_000_000_u32}))
            .await
            .status,
        200
    );
    let slow = create(&world, "A-15").await.unwrap().tag("OrderId");
    world.advance(3_600).await;
    assert_eq!(by_id(&world, "GetOrder", &slow).await.tag("SalesStatus"), "PENDING");
    world.simulator.stop().await;
}

#[tokio::test]
async fn each_product_is_valid_as_its_operator_says() {
    let world = World::start().await;
    for (no, product, from, to) in [
        (1, "1bff13af-e707-11f1-81af-02fc00000001", "2027-03-28T12:00:00+02:00", "2027-03-28"),
        (2, "1bff13d8-e707-11f1-81d8-02fc00000001", "2026-12-29T00:00:00+01:00", "2027-01-03"),
        (3, "1bff1401-e707-11f1-8101-02fc00000001", "2026-12-29T00:00:00+01:00", "2027-01-04"),
        (4, "1bff142a-e707-11f1-812a-02fc00000001", "2026-12-29T00:00:00+01:00", "2027-05-02"),
    ] {
        let whole = order(&format!("A-{no}"), "84.50")
            .replace(DAY, product)
            .replace("2026-12-19T00:00:00", from);
        let booked = call(&world, "CreateOrder", &whole).await.unwrap();
        assert_eq!(booked.tag("ValidTo"), format!("{to}T23:59:59"), "{product}");
        let entry = &world.ledger("dta").await[no - 1];
        assert_eq!((&entry["product"], &entry["category"]), (&json!(product), &json!(ADULT)));
        assert_eq!(
            (&entry["valid_from"], &entry["valid_to"]),
            (&json!(from), &json!(format!("{to}T23:59:59")))
        );
    }
}

#[tokio::test]
async fn the_catalogue_lists_what_is_sold_and_only_at_its_own_service() {
    let world = World::start().await;
    let inventory = ORDER.replace("/order", "/inventory");
    let ask_for = async |id: &str, service: &str, namespace: &str| {
        let envelope =
            envelope(&world, "GetCatalog", &qualified(&format!("<CatalogId>{id}</CatalogId>")));
        let envelope = envelope.replace(ORDER, namespace);
        let action = format!("\"{namespace}/GetCatalog\"");
        let headers =
            [("content-type", "text/xml; charset=utf-8"), ("soapaction", action.as_str())];
        let url = format!("{}/{service}", world.access("dta/solden", "url"));
        ask("POST", &url, &headers, envelope.as_bytes()).await.unwrap()
    };
    let own = "1bfe2399-e707-11f1-843f-02fc00000001";
    let catalog = async || ask_for(own, "InventoryService", &inventory).await;
    let whole = catalog().await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_eq!(
        (whole.count("PriceList"), whole.count("PriceMaps")),
        (25, 25),
        "five products for five categories"
    );
    assert!(
        whole.text().contains("OrTimePeriodNode")
            && whole.text().contains("<Amount>86.50</Amount>")
    );
    assert_eq!(
        ask_for("other", "InventoryService", &inventory).await.tag("Code"),
        "UnknownCatalog"
    );
    for (service, namespace) in [("OrderService", inventory.as_str()), ("InventoryService", ORDER)]
    {
        assert_eq!(
            ask_for(own, service, namespace).await.tag("faultcode"),
            "soap:Client",
            "{service} {namespace}"
        );
    }
    let url = format!("{}/InventoryService", world.access("dta/solden", "url"));
    let headers = [("content-type", "text/xml; charset=utf-8"), ("soapaction", "\"x\"")];
    let order = envelope(&world, "GetOrder", &qualified("<OrderId>1</OrderId>"));
    let misplaced = ask("POST", &url, &headers, order.as_bytes()).await.unwrap();
    assert_eq!(misplaced.tag("faultcode"), "soap:Client", "an order is no inventory");

    assert_eq!(
        world.control("PUT", "goods/solden", json!({ "withdrawn": [DAY] })).await.status,
        200
    );
    assert!(!catalog().await.text().contains(DAY));
    assert_eq!(
        create(&world, "A-GONE").await.unwrap().tag("Code"),
        "UnknownProduct",
        "what is not listed is not sold"
    );
    assert_eq!(world.control("PUT", "goods/solden", json!({})).await.status, 200);
    assert_eq!(catalog().await.text(), whole.text());
    assert_eq!(create(&world, "A-BACK").await.unwrap().status, 200);
}
