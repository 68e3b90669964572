//! mPAY24: pages, payments, callbacks, and the money's way back.

use std::io::ErrorKind;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{Reply, Shop, World, ask};

const ETP: &str = "https://www.mpay24.com/soap/etp/1.5/ETP.wsdl";

async fn send(world: &World, authorization: &str, envelope: &str) -> Result<Reply, ErrorKind> {
    let basic =
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(authorization));
    ask("POST", &world.access("mpay24", "url"), &[("authorization", &basic)], envelope.as_bytes())
        .await
}

async fn call(world: &World, operation: &str, inner: &str) -> Result<Reply, ErrorKind> {
    let envelope = format!(
        "<E:Envelope xmlns:E=\"http://schemas.xmlsoap.org/soap/envelope/\"><E:Body><etp:{operation} xmlns:etp=\"{ETP}\">\
         <merchantID>90000</merchantID>{inner}</etp:{operation}></E:Body></E:Envelope>"
    );
    send(world, &format!("u90000:{}", world.access("mpay24", "password")), &envelope).await
}

async fn code(world: &World, operation: &str, inner: &str) -> String {
    call(world, operation, inner).await.unwrap().tag("returnCode")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Opens a page of 84.50 EUR that tells `shop`, and gives its address.
async fn page(world: &World, tid: &str, shop: &str) -> String {
    let mdxi = format!(
        "<Order><UserField>u&amp;f</UserField><Tid>{tid}</Tid><TemplateSet CSSName=\"MODERN\" Language=\"DE\"/>\
         <ShoppingCart><Description>Tageskarte für Zoë</Description></ShoppingCart><Price>84.50</Price>\
         <Currency>EUR</Currency><URL><Success>{shop}/ok?a=1</Success><Error>{shop}/error</Error>\
         <Confirmation>{shop}/callbacks/mpay24?secret=abc</Confirmation><Cancel>{shop}/cancel</Cancel></URL></Order>"
    );
    let reply =
        call(world, "SelectPayment", &format!("<mdxi>{}</mdxi>", escaped(&mdxi))).await.unwrap();
    assert_eq!(reply.tag("returnCode"), "REDIRECT", "{}", reply.text());
    let location = reply.tag("location");
    let id = location.rsplit('/').next().unwrap();
    assert!(location.contains("/app/bin/checkout/payment/") && id.len() == 32, "{location}");
    location
}

async fn pay(world: &World, tid: &str, body: Value) -> Value {
    let reply = world.control("POST", &format!("mpay24/pages/{tid}/pay"), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

async fn reserve(world: &World, tid: &str, shop: &str) -> u64 {
    page(world, tid, shop).await;
    pay(world, tid, json!({"outcome": "reserved"})).await["mpay_tid"].as_u64().unwrap()
}

fn id(mpay_tid: u64) -> String {
    format!("<mpayTID>{mpay_tid}</mpayTID>")
}

async fn clear(world: &World, mpay_tid: u64, amount: &str) -> Reply {
    let inner = format!("<clearingDetails>{}{amount}</clearingDetails>", id(mpay_tid));
    call(world, "ManualClear", &inner).await.unwrap()
}

#[tokio::test]
async fn a_payment_is_reserved_told_captured_and_credited() {
    let world = World::start().await;
    let mut shop = Shop::open().await;
    let mpay_tid = reserve(&world, "A-P1", &shop.url).await;
    let (peer, head) = shop.next().await;
    assert_eq!(peer, "127.0.0.1");
    for part in [
        "GET /callbacks/mpay24?secret=abc&OPERATION=CONFIRMATION&TID=A%2DP1&STATUS=RESERVED&PRICE=8450&CURRENCY=EUR",
        "&P_TYPE=CC&BRAND=VISA&",
        &format!("&MPAYTID={mpay_tid}&USER_FIELD=u%26f&"),
        "f%C3%BCr+Zo%C3%AB",
        "&APPR_CODE=%2Dtest%2D",
    ] {
        assert!(head.contains(part), "{part} in {head}");
    }
    let listed = call(&world, "ListNotCleared", "").await.unwrap();
    assert_eq!(
        (listed.tag("all").as_str(), listed.tag("tid").as_str(), listed.tag("amount").as_str()),
        ("1", "A-P1", "8450")
    );
    assert_eq!(
        clear(&world, mpay_tid, "<amount>8451</amount>").await.tag("returnCode"),
        "CLEARING_LIMIT_EXCEEDED"
    );
    let cleared = clear(&world, mpay_tid, "<amount>5000</amount>").await;
    assert_eq!((cleared.tag("status").as_str(), cleared.tag("tStatus").as_str()), ("OK", "BILLED"));
    assert!(shop.next().await.1.contains("STATUS=BILLED&PRICE=5000"));
    assert_eq!(clear(&world, mpay_tid, "").await.tag("returnCode"), "TRANSACTION_ALREADY_CLEARED");
    assert_eq!(code(&world, "ManualReverse", &id(mpay_tid)).await, "TRANSACTION_ALREADY_CLEARED");
    let credit = |amount: u32| id(mpay_tid) + &format!("<amount>{amount}</amount>");
    assert_eq!(code(&world, "ManualCredit", &credit(5_001)).await, "CREDIT_LIMIT_EXCEEDED");
    let part = call(&world, "ManualCredit", &credit(2_000)).await.unwrap();
    assert_eq!(
        (part.tag("returnCode").as_str(), part.tag("tStatus").as_str()),
        ("OK", "CREDITED"),
        "a part only"
    );
    let shown = call(&world, "TransactionStatus", &id(mpay_tid)).await.unwrap();
    assert!(
        shown.text().contains("<name>STATUS</name><value>CREDITED</value>"),
        "{}",
        shown.text()
    );
    assert_eq!(call(&world, "ListNotCleared", "").await.unwrap().tag("all"), "0");
    assert_eq!(code(&world, "ManualCredit", &id(mpay_tid)).await, "OK");
    assert_eq!(code(&world, "ManualCredit", &id(mpay_tid)).await, "CREDIT_LIMIT_EXCEEDED");
    let history = call(&world, "TransactionHistory", &id(mpay_tid)).await.unwrap();
    assert_eq!((history.count("historyEntry"), history.text().matches("CREDITED").count()), (4, 2));
    let ledger = world
        .until("mpay24", |entries| entries[0]["callbacks"].as_array().unwrap().len() == 4)
        .await;
    assert_eq!(
        (&ledger[0]["cleared"], &ledger[0]["credited"], &ledger[0]["state"]),
        (&json!(5_000), &json!(5_000), &json!("CREDITED"))
    );
    assert!(
        ledger[0]["callbacks"].as_array().unwrap().iter().all(|callback| callback["ok"] == true)
    );
}

#[tokio::test]
async fn a_reservation_is_reversed_once_and_lapses_after_fourteen_days() {
    let world = World::start().await;
    let shop = Shop::open().await;
    let first = reserve(&world, "A-P2", &shop.url).await;
    assert_eq!(code(&world, "ManualReverse", &id(first)).await, "OK");
    assert_eq!(code(&world, "ManualReverse", &id(first)).await, "ALREADY_PROCESSED");
    assert_eq!(code(&world, "ManualReverse", &id(1)).await, "NOT_FOUND");
    let second = reserve(&world, "A-P3", &shop.url).await;
    world.advance(14 * 86_400).await;
    let late = clear(&world, second, "").await;
    assert_eq!(
        (late.tag("returnCode").as_str(), late.tag("tStatus").as_str()),
        ("EXTERNAL_ERROR", "RESERVED")
    );
    let third = reserve(&world, "A-P4", &shop.url).await;
    let lapse = format!("mpay24/transactions/{third}/lapse");
    assert_eq!(world.control("POST", &lapse, Value::Null).await.json()["state"], "RESERVED");
    assert_eq!(clear(&world, third, "").await.tag("returnCode"), "EXTERNAL_ERROR");
}

#[tokio::test]
async fn the_fourth_status_call_is_denied() {
    let world = World::start().await;
    let shop = Shop::open().await;
    let mpay_tid = reserve(&world, "A-P5", &shop.url).await;
    assert_eq!(code(&world, "TransactionStatus", "<tid>unknown</tid>").await, "NOT_FOUND");
    for ask in ["<tid>A-P5</tid>".to_owned(), id(mpay_tid), id(mpay_tid) + "<tid>ignored</tid>"] {
        let reply = call(&world, "TransactionStatus", &ask).await.unwrap();
        assert!(
            reply.text().contains("<name>STATUS</name><value>RESERVED</value>"),
            "{}",
            reply.text()
        );
    }
    for further in [id(mpay_tid), "<tid>A-P5</tid>".to_owned()] {
        let denied = call(&world, "TransactionStatus", &further).await.unwrap();
        assert_eq!(
            (denied.tag("returnCode").as_str(), denied.count("parameter")),
            ("ACCESS_DENIED", 0)
        );
    }
    assert_eq!(world.ledger("mpay24").await[0]["status_calls"], 5, "a denied call is counted too");
}

#[tokio::test]
async fn a_call_by_page_counts_for_the_attempt_that_it_is_answered_with() {
    let world = World::start().await;
    let shop = Shop::open().await;
    page(&world, "A-P11", &shop.url).await;
    let calls = async || {
        world.ledger("mpay24").await.iter().map(|entry| entry["status_calls"].clone()).collect()
    };
    for expected in [vec![json!(2)], vec![json!(2), json!(2)]] {
        pay(&world, "A-P11", json!({"outcome": "declined"})).await;
        for _ in 0..2 {
            assert_eq!(code(&world, "TransactionStatus", "<tid>A-P11</tid>").await, "OK");
        }
        let counted: Vec<Value> = calls().await;
        assert_eq!(counted, expected);
    }
}

#[tokio::test]
async fn several_attempts_share_a_tid_until_one_succeeds() {
    let world = World::start().await;
    let mut shop = Shop::open().await;
    page(&world, "A-P6", &shop.url).await;
    assert_eq!(pay(&world, "A-P6", json!({"outcome": "abandoned"})).await["mpay_tid"], Value::Null);
    let failed = pay(&world, "A-P6", json!({"outcome": "declined"})).await;
    assert_eq!(failed["state"], "ERROR");
    assert!(shop.next().await.1.contains("STATUS=ERROR"));
    let paid =
        pay(&world, "A-P6", json!({"outcome": "billed", "amount": 100, "currency": "CHF"})).await;
    assert_ne!(paid["mpay_tid"], failed["mpay_tid"]);
    assert!(shop.next().await.1.contains("STATUS=BILLED&PRICE=100&CURRENCY=CHF"));
    let closed =
        world.control("POST", "mpay24/pages/A-P6/pay", json!({"outcome": "reserved"})).await;
    assert_eq!(
        (closed.status, closed.json()["detail"].as_str().unwrap()),
        (409, "the page is closed")
    );
    let unknown =
        world.control("POST", "mpay24/pages/nope/pay", json!({"outcome": "reserved"})).await;
    assert_eq!(unknown.status, 404);
    page(&world, "A-P7", &shop.url).await;
    world.advance(1_800).await;
    let expired =
        world.control("POST", "mpay24/pages/A-P7/pay", json!({"outcome": "reserved"})).await;
    assert_eq!(expired.json()["detail"], "the page has expired");
}

#[tokio::test]
async fn suspended_payments_are_listed_in_progress_and_decided_later() {
    let world = World::start().await;
    let mut shop = Shop::open().await;
    page(&world, "A-P8", &shop.url).await;
    let mpay_tid =
        pay(&world, "A-P8", json!({"outcome": "suspended"})).await["mpay_tid"].as_u64().unwrap();
    assert!(shop.next().await.1.contains("STATUS=SUSPENDED"));
    assert_eq!(call(&world, "ListNotCleared", "").await.unwrap().tag("all"), "0");
    let listed =
        call(&world, "ListNotCleared", "<listInProgress>true</listInProgress>").await.unwrap();
    assert_eq!(listed.tag("tStatus"), "SUSPENDED");
    let event = |event: &str| format!("mpay24/transactions/{mpay_tid}/{event}");
    assert_eq!(world.control("POST", &event("lapse"), Value::Null).await.status, 409);
    assert_eq!(world.control("POST", &event("bill"), Value::Null).await.json()["state"], "BILLED");
    assert!(shop.next().await.1.contains("STATUS=BILLED"));
    assert_eq!(world.control("POST", &event("charge_back"), Value::Null).await.status, 200);
    assert!(shop.next().await.1.contains("STATUS=BILLED%5FREVERSAL"));
    assert_eq!(world.control("POST", &event("dance"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn automatic_clearing_and_eps_bill_at_once() {
    let world = World::start().await;
    let shop = Shop::open().await;
    page(&world, "A-P9", &shop.url).await;
    let eps = pay(&world, "A-P9", json!({"outcome": "reserved", "p_type": "EPS"})).await;
    assert_eq!(eps["state"], "BILLED");
    assert_eq!(
        code(&world, "ManualCredit", &id(eps["mpay_tid"].as_u64().unwrap())).await,
        "OPERATION_NOT_SUPPORTED"
    );
    assert_eq!(
        world.control("PUT", "mpay24/clearing", json!({"automatic": true})).await.status,
        200
    );
    page(&world, "A-P10", &shop.url).await;
    assert_eq!(pay(&world, "A-P10", json!({"outcome": "reserved"})).await["state"], "BILLED");
}

#[tokio::test]
async fn newest_come_first_in_blocks_of_ten() {
    let world = World::start().await;
    let shop = Shop::open().await;
    let mut newest = 0;
    for number in 0..12 {
        newest = reserve(&world, &format!("L-{number}"), &shop.url).await;
    }
    let first = call(&world, "ListNotCleared", "").await.unwrap();
    assert_eq!((first.count("transactionDetails"), first.tag("all").as_str()), (10, "12"));
    assert_eq!(first.tag("mpayTID"), newest.to_string());
    let rest = call(&world, "ListNotCleared", "<begin>10</begin><size>500</size>").await.unwrap();
    assert_eq!(rest.count("transactionDetails"), 2);
    assert_eq!(code(&world, "ListNotCleared", "<size>501</size>").await, "SIZE_NOT_CORRECT");
    let oldest =
        call(&world, "ListNotCleared", "<size>1</size><sortType>ASC</sortType>").await.unwrap();
    assert_eq!(oldest.tag("tid"), "L-0");
}

#[tokio::test]
async fn callbacks_can_be_bent_by_the_payer_and_by_faults() {
    let world = World::start().await;
    let mut shop = Shop::open().await;
    page(&world, "B-1", &shop.url).await;
    let bent = json!({"outcome": "declined", "callback":
        {"secret": "wrong", "from": "127.0.0.9", "latin1": true, "times": 2, "before_answer": true}});
    pay(&world, "B-1", bent).await;
    let (peer, head) = shop.waiting().expect("told before the answer");
    assert_eq!(peer, "127.0.0.9");
    assert!(head.contains("?secret=wrong&OPERATION") && head.contains("f%FCr+Zo%EB"), "{head}");
    shop.waiting().expect("twice");
    pay(&world, "B-1", json!({"outcome": "declined", "callback": {"from": "203.0.113.7"}})).await;
    assert!(shop.next().await.1.contains("x-forwarded-for: 203.0.113.7"));
    world.fault(json!({"supplier": "mpay24", "fault": "drop", "times": 1})).await;
    pay(&world, "B-1", json!({"outcome": "declined", "callback": {"before_answer": true}})).await;
    assert!(shop.waiting().is_none());
    world.fault(json!({"supplier": "mpay24", "fault": "duplicate", "value": 4, "times": 1})).await;
    pay(&world, "B-1", json!({"outcome": "declined", "callback": {"before_answer": true}})).await;
    assert_eq!((0..5).filter_map(|_| shop.waiting()).count(), 4);
    world
        .fault(json!({"supplier": "mpay24", "fault": "reorder", "times": 1, "value": 60_000}))
        .await;
    let mpay_tid =
        pay(&world, "B-1", json!({"outcome": "reserved"})).await["mpay_tid"].as_u64().unwrap();
    while world.control("GET", "faults", Value::Null).await.json()["items"][0]["hits"] == 0 {}
    clear(&world, mpay_tid, "").await;
    assert!(shop.next().await.1.contains("STATUS=BILLED"));
    assert!(shop.next().await.1.contains("STATUS=RESERVED"));
    let ledger = world
        .until("mpay24", |entries| {
            entries.iter().any(|entry| entry["callbacks"][0]["dropped"] == true)
        })
        .await;
    assert_eq!(ledger[0]["callbacks"][0]["answer"], "OK");
}

#[tokio::test]
async fn callbacks_never_leave_this_machine() {
    let world = World::start().await;
    page(&world, "B-2", "http://198.51.100.1").await;
    pay(&world, "B-2", json!({"outcome": "reserved", "callback": {"before_answer": true}})).await;
    let callback = world.ledger("mpay24").await[0]["callbacks"][0].clone();
    assert_eq!(callback["error"], "not called: only plain http to loopback");
}

#[tokio::test]
async fn credentials_schema_and_mdxi_are_checked() {
    let world = World::start().await;
    let refused = send(&world, "u90000:guess", "<x/>").await.unwrap();
    assert_eq!((refused.status, refused.text().contains("401 Unauthorized")), (401, true));
    for (operation, inner) in [
        ("SelectPayment", ""),
        ("ManualReverse", "<mpayTID>x</mpayTID>"),
        ("ManualCredit", "<amount>1</amount><mpayTID>1</mpayTID>"),
        ("ManualReverse", "<mpayTID xmlns=\"urn:other\">1</mpayTID>"),
        ("AcceptPayment", ""),
    ] {
        let reply = call(&world, operation, inner).await.unwrap();
        assert_eq!(
            (reply.status, reply.tag("faultcode").as_str()),
            (500, "soap:Client"),
            "{operation}"
        );
    }
    let wrong = call(
        &world,
        "SelectPayment",
        "<mdxi>&lt;Order&gt;&lt;Price&gt;1.00&lt;/Price&gt;&lt;/Order&gt;</mdxi>",
    );
    let wrong = wrong.await.unwrap();
    assert_eq!(
        (wrong.status, wrong.tag("returnCode").as_str(), wrong.tag("errNo").as_str()),
        (200, "INVALID_MDXI", "13")
    );
    assert_eq!(wrong.count("location"), 0);
}

#[tokio::test]
async fn the_page_works_in_a_browser() {
    let world = World::start().await;
    let mut shop = Shop::open().await;
    let url = page(&world, "B-3", &shop.url).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let shown = ask("GET", &url, &[], b"").await.unwrap();
    assert!(
        shown.status == 200
            && shown.text().contains("SIMULATED")
            && shown.text().contains("84.50 EUR")
    );
    let declined =
        ask("POST", &url, &form, b"card=4444+3333+2222+1111&month=02&method=CC").await.unwrap();
    assert!(
        declined.text().contains("Karte abgelaufen")
            && declined.text().contains("EXTERNALSTATUS=100"),
        "{}",
        declined.text()
    );
    assert!(shop.next().await.1.contains("STATUS=ERROR"));
    let asked = ask("POST", &url, &form, b"card=5555444433331111&month=6&method=CC").await.unwrap();
    assert!(asked.text().contains("3-D Secure") && asked.text().contains("value=\"MASTERCARD\""));
    let canceled = ask("GET", &(url.clone() + "/cancel"), &[], b"").await.unwrap();
    assert_eq!(
        (canceled.status, canceled.header("location")),
        (303, format!("{}/cancel", shop.url).as_str())
    );
    let paid =
        ask("POST", &(url.clone() + "/3ds"), &form, b"brand=MASTERCARD&result=ok").await.unwrap();
    let success =
        format!("{}/ok?a=1&TID=B%2D3&LANGUAGE=DE&USER_FIELD=u%26f&BRAND=MASTERCARD", shop.url);
    assert_eq!((paid.status, paid.header("location")), (303, success.as_str()));
    assert!(shop.next().await.1.contains("STATUS=RESERVED"));
    assert_eq!(ask("GET", &url, &[], b"").await.unwrap().status, 410);
    assert_eq!(world.ledger("mpay24").await.len(), 2);
}

#[tokio::test]
async fn money_faults_are_seen_in_the_ledger() {
    let world = World::start().await;
    let shop = Shop::open().await;
    let mpay_tid = reserve(&world, "B-4", &shop.url).await;
    world.fault(json!({"supplier": "mpay24", "operation": "ManualClear", "fault": "business_error", "times": 1})).await;
    let refused = clear(&world, mpay_tid, "").await;
    assert_eq!(
        (refused.tag("returnCode").as_str(), refused.tag("tStatus").as_str()),
        ("DECLINED", "RESERVED")
    );
    world.fault(json!({"supplier": "mpay24", "operation": "ManualClear", "fault": "reset_after", "times": 1})).await;
    let inner = format!("<clearingDetails>{}</clearingDetails>", id(mpay_tid));
    assert_eq!(call(&world, "ManualClear", &inner).await.unwrap_err(), ErrorKind::ConnectionReset);
    assert_eq!(world.ledger("mpay24").await[0]["cleared"], 8_450);
    world
        .fault(
            json!({"supplier": "mpay24", "fault": "hang", "operation": "PaymentPage", "times": 1}),
        )
        .await;
    assert_eq!(code(&world, "TransactionHistory", &id(mpay_tid)).await, "OK");
}
