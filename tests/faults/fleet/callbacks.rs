//! Reports of the payment provider at the scale of a fleet: lost, doubled, reordered, early, forged
//! and concurrent, each sent to replicas that do not drive the order.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Fleet, address};
use crate::support::{Client, Person, eventually, new_key};

on_postgres!(however_reports_come_to_replicas_that_do_not_drive_the_order_it_ends_right);

const OPERATORS: [&str; 2] = ["solden", "obertauern"];
/// The driver, and those that reports go to.
const REPLICAS: usize = 3;
/// Long enough that no page ends meanwhile: nothing but a report, or the list, tells of the money.
const TIMES: [(&str, &str); 2] =
    [("STARJACK_TIMES__PAGE_LIFE", "5m"), ("STARJACK_TIMES__PAGE_GRACE", "1m")];

async fn however_reports_come_to_replicas_that_do_not_drive_the_order_it_ends_right() {
    let fleet = Fleet::start(REPLICAS, &TIMES).await;
    let driver = address(&fleet.world.server);
    // whatever comes by the address that is given out comes to somebody else
    fleet.balancer.lead_to(fleet.others.iter().map(address));
    let mut people = Vec::new();
    for _ in 0..2 {
        people.push(fleet.world.skier("Anna").await.at(driver));
    }
    let [anna, ben] = &people[..] else { unreachable!() };
    early(&fleet, anna).await;
    lost(&fleet, anna).await;
    reordered(&fleet, ben).await;
    let told = |payment: Value| told(&fleet, anna, payment);
    join_all([
        told(json!({ "outcome": "reserved", "callback": { "times": 20 } })),
        told(json!({ "outcome": "billed", "callback": { "times": 20 } })),
        told(json!({ "outcome": "reserved", "callback": { "times": 2, "before_answer": true } })),
        told(json!({ "outcome": "billed", "callback": { "before_answer": true } })),
    ])
    .await;
    forged(&fleet, ben).await;
    another_amount(&fleet, ben).await;
    fleet.world.clean_slate().await;
}

/// Placed at the driver, and open to be paid.
async fn to_pay(fleet: &Fleet, person: &Person) -> Value {
    let order = fleet.world.order_to_pay(person, &OPERATORS, "undo").await;
    let db = fleet.world.database().await;
    let sql =
        format!("SELECT driver::text FROM orders WHERE id = '{}'", order["id"].as_str().unwrap());
    let asked = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
    let row = sea_orm::ConnectionTrait::query_one_raw(&db, asked).await.unwrap().unwrap();
    let detail = fleet.world.operations().get("/readyz").await.expect(200);
    assert_eq!(
        row.try_get_by_index::<String>(0).unwrap(),
        detail["replica"].as_str().unwrap(),
        "another one drives it"
    );
    order
}

async fn finished(person: &Person, order: &Value) {
    person.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
}

/// How often the provider was asked for the status of an order's payments.
async fn status_calls(fleet: &Fleet, order: &Value) -> u64 {
    let ledger = fleet.world.ledger().await;
    let payments = ledger.payments_of(order["number"].as_str().unwrap());
    payments.iter().map(|payment| payment["status_calls"].as_u64().unwrap()).sum()
}

/// Told as often, and at whatever moment: one status call for a claim that it was billed, none for
/// a reservation.
async fn told(fleet: &Fleet, person: &Person, payment: Value) {
    let order = to_pay(fleet, person).await;
    fleet
        .world
        .pay_with(order["payment"]["page_url"].as_str().unwrap(), &payment)
        .await
        .expect(200);
    finished(person, &order).await;
    let calls = status_calls(fleet, &order).await;
    assert_eq!(calls, u64::from(payment["outcome"] == "billed"), "{payment}");
}

/// Paid before anybody here knows the page's transaction: the answer of its opening is lost.
async fn early(fleet: &Fleet, person: &Person) {
    let world = &fleet.world;
    for outcome in ["reserved", "billed"] {
        let lost = json!({ "supplier": "mpay24", "operation": "SelectPayment", "fault": "garbage", "times": 1 });
        world.fault(lost).await;
        let lines = world.basket(person, &OPERATORS).await;
        let placed = person.place(&lines, "undo", &new_key()).await.expect(202);
        let page = format!("{}-P1", placed["number"].as_str().unwrap());
        eventually("the page whose answer was lost is paid", async || {
            let paid =
                json!({ "outcome": outcome, "callback": { "before_answer": true, "times": 4 } });
            (world.pay_with(&page, &paid).await.status == 200).then_some(())
        })
        .await;
        finished(person, &placed).await;
    }
}

/// No report comes at all.
async fn lost(fleet: &Fleet, person: &Person) {
    fleet.world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
    let order = to_pay(fleet, person).await;
    fleet.world.pay(&order, "reserved").await;
    finished(person, &order).await;
    assert_eq!(status_calls(fleet, &order).await, 0, "the list told it");
    fleet.world.clear_faults().await;
}

/// That it was billed is told before that it was reserved.
async fn reordered(fleet: &Fleet, person: &Person) {
    let world = &fleet.world;
    let order = to_pay(fleet, person).await;
    world.fault(json!({ "supplier": "mpay24", "fault": "reorder", "times": 1 })).await;
    let paid = world.pay(&order, "reserved").await;
    let bill = format!(
        "mpay24/transactions/{}/bill",
        paid["mpay_tid"].as_str().unwrap_or(&paid["mpay_tid"].to_string())
    );
    // the server may have seen the reservation on its list and taken the money by itself
    world.control(Method::POST, &bill, &json!({})).await;
    finished(person, &order).await;
    let told = eventually("both reports", async || {
        let ledger = world.ledger().await;
        let told = ledger.payments_of(order["number"].as_str().unwrap())[0]["callbacks"]
            .as_array()?
            .clone();
        (told.len() >= 2).then_some(told)
    })
    .await;
    assert_eq!(
        (&told[0]["status"], &told[1]["status"]),
        (&json!("BILLED"), &json!("RESERVED")),
        "{told:#?}"
    );
    assert!(told.iter().all(|one| one["ok"] == true), "{told:#?}");
    assert!(status_calls(fleet, &order).await <= 1);
}

/// Reports that are not the provider's: a wrong secret with the right amount and with another one,
/// and of an unknown page.
async fn forged(fleet: &Fleet, person: &Person) {
    let order = to_pay(fleet, person).await;
    let number = order["number"].as_str().unwrap();
    let cents = order["total"]["amount"].as_i64().unwrap();
    let forgery = |tid: String, cents: i64, status: &str, secret: &str| {
        format!(
            "/callbacks/mpay24?secret={secret}&OPERATION=CONFIRMATION&TID={tid}&STATUS={status}&PRICE={cents}&CURRENCY=EUR\
             &P_TYPE=CC&BRAND=VISA&MPAYTID=4711&USER_FIELD=&ORDERDESC=&CUSTOMER=&CUSTOMER_EMAIL=&LANGUAGE=EN&CUSTOMER_ID=\
             &PROFILE_ID=&PROFILE_STATUS=IGNORED&FILTER_STATUS=&APPR_CODE=1"
        )
    };
    let guess = "0".repeat(43);
    let mut forgeries = Vec::new();
    for status in ["RESERVED", "BILLED"] {
        forgeries.push(forgery(format!("{number}-P1"), cents, status, &guess));
        forgeries.push(forgery(format!("{number}-P1"), 1, status, &guess));
        forgeries.push(forgery(format!("{number}-P1"), cents, status, ""));
        forgeries.push(forgery("A0000000000-P1".to_owned(), cents, status, &guess));
    }
    for server in fleet.servers() {
        let guest = Client::new(address(server));
        for answer in join_all(forgeries.iter().map(|path| guest.get(path))).await {
            let text = String::from_utf8(answer.bytes.clone()).unwrap();
            assert!(answer.status == 200 && text.starts_with("ERROR: "), "{text}");
        }
    }
    assert_eq!(
        person.order(order["id"].as_str().unwrap()).await["state"],
        "paying",
        "nothing of it was believed"
    );
    fleet.world.pay(&order, "reserved").await;
    finished(person, &order).await;
    assert_eq!(status_calls(fleet, &order).await, 0, "a forged report cost a status call");
}

/// What the provider itself says of another amount is believed, and goes back.
async fn another_amount(fleet: &Fleet, person: &Person) {
    let order = to_pay(fleet, person).await;
    let payment = json!({ "outcome": "billed", "amount": 100, "callback": { "times": 6 } });
    fleet
        .world
        .pay_with(order["payment"]["page_url"].as_str().unwrap(), &payment)
        .await
        .expect(200);
    let number = order["number"].as_str().unwrap();
    eventually("it went back", async || {
        let ledger = fleet.world.ledger().await;
        (ledger.sum(number, "credited") == 100 && ledger.held(number) == 0).then_some(())
    })
    .await;
    assert!(status_calls(fleet, &order).await <= 1);
    let id = order["id"].as_str().unwrap();
    person.cancel(id).await;
    person.wait_for(id, &["rejected"]).await;
}
