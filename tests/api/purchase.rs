//! Two skiers, two kinds of gate, one basket.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{
    ADULT, Database, World, both_databases, eventually, new_key, text_of, ticket,
};

both_databases!(two_skiers_buy_at_both_gates);

async fn two_skiers_buy_at_both_gates(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let day = world.ski_day();
    let solden = world.offer("solden", day, ADULT).await;
    let obertauern = world.offer("obertauern", day, ADULT).await;
    let lines = [
        ticket(&solden, &anna.card_dta().await, "Anna", ADULT),
        ticket(&obertauern, &anna.card_axess().await, "Ben", ADULT),
    ];

    let answer = anna.place(&lines, "undo", &new_key()).await;
    assert_eq!(
        answer.header("location"),
        format!("/api/v1/orders/{}", answer.json["id"].as_str().unwrap())
    );
    let placed = answer.expect(202);
    assert_eq!(
        placed["total"],
        json!({ "amount": solden.cents + obertauern.cents, "currency": "EUR" })
    );
    let id = placed["id"].as_str().unwrap();

    let to_pay = anna.wait_for_page(id).await;
    assert_eq!(to_pay["state"], "paying");
    world.pay(&to_pay, "reserved").await;
    let order = anna.wait_for(id, &["finished"]).await;

    shows_its_way_and_its_tickets(&order);
    let number = order["number"].as_str().unwrap();
    suppliers_saw_both_tickets_and(&world, number, solden.cents + obertauern.cents).await;
    let invoice = invoice_of(&anna, &order).await;
    assert_eq!(
        attached_to_email(&world, number).await,
        invoice,
        "the letter's invoice is another than the order's"
    );
    world.clean_slate().await;
}

async fn suppliers_saw_both_tickets_and(world: &World, number: &str, cents: i64) {
    let ledger = world.ledger().await;
    let bookings = ledger.bookings_of(number);
    assert_eq!(
        bookings.iter().map(|booking| booking.supplier).collect::<Vec<_>>(),
        ["dta", "axess"]
    );
    assert_eq!(ledger.held(number), cents);
}

async fn attached_to_email(world: &World, number: &str) -> Vec<u8> {
    eventually("the letter with the invoice", async || {
        let ledger = world.ledger().await;
        let email = (*ledger.emails_about(number).first()?).clone();
        email["attachments"][0]["base64"]
            .as_str()
            .map(|text| base64::engine::general_purpose::STANDARD.decode(text))
    })
    .await
    .unwrap()
}

fn shows_its_way_and_its_tickets(order: &Value) {
    let past: Vec<&str> = order["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|past| past["state"].as_str().unwrap())
        .collect();
    assert_eq!(past, ["placed", "paying", "authorised", "issued", "captured", "finished"]);
    for line in order["lines"].as_array().unwrap() {
        assert_eq!(line["state"], "issued", "{line}");
        assert!(
            line["ticket_reference"].as_str().is_some_and(|reference| !reference.is_empty()),
            "{line}"
        );
    }
}

/// The invoice's PDF, which names itself, its order and both areas.
async fn invoice_of(skier: &crate::support::Person, order: &Value) -> Vec<u8> {
    let url =
        order["invoices"][0]["url"].as_str().unwrap_or_else(|| panic!("no invoice: {order:#}"));
    let answer = skier.client.get(url).await;
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.status, 200);
    let text = text_of(&answer.bytes);
    let [invoice, number] =
        [&order["invoices"][0]["number"], &order["number"]].map(|name| name.as_str().unwrap());
    for words in [invoice, number, "Sölden", "Obertauern"] {
        assert!(text.contains(words), "{words} is not in the invoice:\n{text}");
    }
    answer.bytes
}
