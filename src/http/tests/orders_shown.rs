//! Orders as they are shown: to their customers, to others and to admins; pages of them, payment
//! pages and invoices.

use chrono::Days;
use serde_json::{Value, json};
use uuid::Uuid;

use super::orders::{ADULT, id_of, open_page};
use super::{World, answer};
use crate::actors::auth::Role;
use crate::actors::invoice::{Buyer, Line, NewInvoice, issue};
use crate::actors::order::rules::lifecycle::{LineState, OrderState};
use crate::actors::order::rules::record::{Mark, Order};
use crate::clock;
use crate::http::fixture::{seller, today};
use crate::io::IoError;
use crate::language::Language;

#[actix_rt::test]
async fn another_customers_order_is_not_there_and_an_admin_may_read_it() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let placed = world.order(&anna, "key-1").await;
    let path = format!("/api/v1/orders/{}", placed.body["id"].as_str().unwrap());
    let cancel = |token: String| {
        answer(world.call("POST", &format!("{path}/cancellation")).bearer_auth(token))
    };
    for path in [
        path.clone(),
        format!("{path}/invoices/STAR-2026-000001"),
        format!("/api/v1/orders/{}", Uuid::now_v7()),
    ] {
        world.get(&path, &bert.token).await.expect_problem(404, "not-found");
        answer(world.call("GET", &path)).await.expect_problem(401, "unauthenticated");
    }
    world.get("/api/v1/orders/1", &anna.token).await.expect_problem(404, "not-found");
    cancel(bert.token.clone()).await.expect_problem(404, "not-found");
    assert_eq!(
        world.get("/api/v1/orders", &bert.token).await.body,
        json!({ "items": [], "next": null })
    );
    assert_eq!(world.get(&path, &clerk).await.body, placed.body);
    cancel(clerk).await.expect_problem(404, "not-found");
    assert_eq!(world.get(&path, &anna.token).await.body["state"], "placed");
    world
        .get(&format!("{path}/invoices/STAR-2026-000001"), &anna.token)
        .await
        .expect_problem(404, "not-found");
    let give_back = |token: &str, body| {
        answer(
            world
                .call("POST", &format!("{path}/returns"))
                .bearer_auth(token.to_owned())
                .json(&body),
        )
    };
    give_back(&bert.token, json!({ "lines": [1] })).await.expect_problem(404, "not-found");
    give_back(&anna.token, json!({ "lines": [1] })).await.expect_problem(409, "not-finished");
    give_back(&anna.token, json!({ "lines": [] })).await.expect_problem(422, "invalid");
    give_back(&anna.token, json!({ "lines": [1], "reason": "two\nlines" }))
        .await
        .expect_problem(422, "invalid");
}

#[actix_rt::test]
async fn orders_are_paged_newest_first() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let mut ids = Vec::new();
    for days in 2..7 {
        let mut line = world.line(&skier, 0, ADULT).await;
        line["offer_id"] = world.offer(today() + Days::new(days), ADULT).await;
        let placed = world.place(&skier, &format!("key-{days}"), &json!({ "lines": [line] })).await;
        ids.insert(0, placed.body["id"].clone());
    }
    let mut seen = Vec::new();
    let mut next = Value::Null;
    loop {
        let cursor = next.as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        let page = world.get(&format!("/api/v1/orders?limit=2{cursor}"), &skier.token).await;
        seen.extend(page.body["items"].as_array().unwrap().iter().map(|order| order["id"].clone()));
        next = page.body["next"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(seen, ids);
    world.get("/api/v1/orders?cursor=eA", &skier.token).await.expect_problem(422, "invalid");
    world.get("/api/v1/orders?limit=101", &skier.token).await.expect_problem(422, "invalid");
}

#[actix_rt::test]
async fn a_page_is_shown_only_while_it_can_be_paid() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let placed = world.order(&skier, "key-1").await;
    let path = format!("/api/v1/orders/{}", placed.body["id"].as_str().unwrap());
    world.change(id_of(&placed), open_page).await;
    let shown = world.get(&path, &skier.token).await;
    assert_eq!(
        shown.body["payment"],
        json!({ "state": "opened", "page_url": "https://pay.example/page" })
    );
    assert!(!shown.body.to_string().contains("secret"), "{shown:?}");

    world.change(id_of(&placed), |order| order.payments[0].page_ends_at = clock::now()).await;
    let shown = world.get(&path, &skier.token).await;
    assert_eq!(shown.body["payment"], json!({ "state": "opened", "page_url": null }));

    world.change(id_of(&placed), |order| order.state = OrderState::Authorised).await;
    let late =
        answer(world.call("POST", &format!("{path}/cancellation")).bearer_auth(&skier.token)).await;
    late.expect_problem(409, "too-late");
    assert!(late.body["detail"].as_str().unwrap().contains("being loaded"), "{late:?}");
}

#[actix_rt::test]
async fn an_order_that_needs_a_person_is_stuck_and_admins_see_it() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let placed = world.order(&skier, "key-1").await;
    let stuck = "/api/v1/admin/orders?state=stuck";
    assert_eq!(world.get(stuck, &clerk).await.body, json!({ "items": [], "next": null }));
    let mark = || Some(Mark { since: clock::now(), reason: "doubt".to_owned(), accepted: false });
    world.change(id_of(&placed), |order| order.lines[0].attention = mark()).await;
    let list = world.get(stuck, &clerk).await;
    assert_eq!(
        (&list.body["items"][0]["id"], &list.body["items"][0]["state"]),
        (&placed.body["id"], &json!("stuck"))
    );
    assert_eq!(world.get("/api/v1/orders", &skier.token).await.body["items"], list.body["items"]);

    world.change(id_of(&placed), open_page).await;
    world
        .change(id_of(&placed), |order| {
            (order.lines[0].attention, order.payments[0].attention) = (None, mark())
        })
        .await;
    assert_eq!(world.get(stuck, &clerk).await.body["items"].as_array().unwrap().len(), 1);
    world.get(stuck, &skier.token).await.expect_problem(403, "forbidden");
    world.get("/api/v1/admin/orders?state=paid", &clerk).await.expect_problem(400, "malformed");
}

#[actix_rt::test]
async fn the_page_for_payers_says_nothing_of_anybody() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let placed = world.order(&skier, "key-1").await;
    let path = format!("/orders/{}", placed.body["id"].as_str().unwrap());
    let page = async |path: &str| {
        let page = world.call("GET", path).send().await.unwrap();
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        (page.status().as_u16(), page.text().await.unwrap())
    };
    let (status, text) = page(&path).await;
    assert_eq!(status, 200);
    assert!(
        text.contains("Order received") && text.contains("SIMULATED") && text.contains("refresh"),
        "{text}"
    );
    for personal in
        ["Anna", "Berg", "Ischgl", "4643", "83", placed.body["number"].as_str().unwrap()]
    {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    world.change(id_of(&placed), |order| order.state = OrderState::Finished).await;
    let (_, text) = page(&path).await;
    assert!(text.contains("Done in part"), "{text}");
    world.change(id_of(&placed), |order| order.lines[0].state = LineState::Issued).await;
    let (_, text) = page(&path).await;
    assert!(text.contains("The tickets are on the keycards"), "{text}");
    assert!(text.contains("You can close this page") && !text.contains("refresh"), "{text}");
    assert_eq!(page(&format!("/orders/{}", Uuid::now_v7())).await.0, 404);
}

/// Writes an invoice as the commit does that finishes an order; answers its number.
async fn invoice(world: &World, order: Order) -> String {
    let issued = world.io.write(move |tx| {
        Box::pin(async move {
            let new = NewInvoice {
                language: Language::En,
                order_id: order.id,
                order_number: order.number,
                account_id: order.account_id,
                issued_at: clock::now(),
                seller: seller(),
                buyer: Buyer { name: "Anna Berg".to_owned(), address: Vec::new() },
                lines: vec![Line {
                    description: "Day ticket".to_owned(),
                    quantity: 1,
                    from: today(),
                    to: today(),
                    gross_cents: order.total,
                    vat_permille: 100,
                    vat_country: "AT".to_owned(),
                }],
                total_cents: order.total,
                currency: "EUR".to_owned(),
                simulated: true,
            };
            Ok::<_, IoError>(issue(tx, new).await?)
        })
    });
    issued.await.unwrap().to_string()
}

#[actix_rt::test]
async fn an_invoice_is_a_pdf_for_its_customer_and_admins_only() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let bert = world.skier("bert@example.org").await;
    let clerk = world.token("clerk@example.org", Role::Admin).await;
    let placed = world.order(&anna, "key-1").await;
    let order = world.state.orders.store().load(id_of(&placed)).await.unwrap().unwrap();
    let number = invoice(&world, order).await;
    let path = format!("/api/v1/orders/{}", placed.body["id"].as_str().unwrap());
    let url = format!("{path}/invoices/{number}");
    let shown = world.get(&path, &anna.token).await;
    assert_eq!(shown.body["invoices"], json!([{ "number": number, "url": url }]));

    let fetch = async |token: &str| {
        let answer = world.call("GET", &url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/pdf");
        answer.bytes().await.unwrap()
    };
    let document = fetch(&anna.token).await;
    assert!(document.starts_with(b"%PDF-") && document.len() > 1000);
    assert_eq!(fetch(&anna.token).await, document, "written once");
    assert_eq!(fetch(&clerk).await, document);
    world.get(&url, &bert.token).await.expect_problem(404, "not-found");

    let mut line = world.line(&bert, 1, ADULT).await;
    line["offer_id"] = world.offer(today() + Days::new(4), ADULT).await;
    let berts = world.place(&bert, "key-1", &json!({ "lines": [line] })).await;
    let through_own =
        format!("/api/v1/orders/{}/invoices/{number}", berts.body["id"].as_str().unwrap());
    world.get(&through_own, &bert.token).await.expect_problem(404, "not-found");
}
