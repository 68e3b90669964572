//! What was ordered is found again: by its customer, and by the desk that is told half of it on the
//! telephone.

use chrono::Days;
use serde_json::{Value, json};

use super::orders::{ADULT, Skier, id_of, open_page};
use super::{Answer, World, answer};
use crate::actors::auth::Role;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::http::fixture::today;
use crate::integrations::lift::Booking;

const STRANGER: &str = "018f0000-0000-7000-8000-000000000000";

impl World {
    /// The numbers of the orders that the desk finds.
    async fn found(&self, admin: &str, text: &str) -> Vec<Value> {
        let call = self.call("POST", "/api/v1/admin/order-search").bearer_auth(admin);
        let page = answer(call.json(&json!({ "text": text }))).await;
        assert_eq!(page.status, 200, "{text}: {page:?}");
        numbers(&page)
    }

    async fn order_of(&self, skier: &Skier, card: usize, key: &str, name: (&str, &str)) -> Answer {
        let mut line = self.line(skier, card, ADULT).await;
        (line["holder"]["first_name"], line["holder"]["last_name"]) =
            (json!(name.0), json!(name.1));
        let placed = self.place(skier, key, &json!({ "lines": [line] })).await;
        assert_eq!(placed.status, 202, "{placed:?}");
        placed
    }
}

fn numbers(page: &Answer) -> Vec<Value> {
    page.body["items"].as_array().unwrap().iter().map(|order| order["number"].clone()).collect()
}

#[actix_rt::test]
async fn the_desk_finds_an_order_by_whatever_its_customer_can_say() {
    let world = World::start().await;
    let admin = world.token("ada@example.org", Role::Admin).await;
    let anna = world.skier("anna@example.org").await;
    let ben = world.skier("ben@example.org").await;
    let annas = world.order_of(&anna, 0, "key-1", ("Änne", "O'Brien")).await;
    let bens = world.order_of(&ben, 1, "key-2", ("Zoë", "50%_Off")).await;
    let booking = Booking { ticket_reference: "706-21-1".to_owned(), handle: "handle".to_owned() };
    world.change(id_of(&annas), |order| order.lines[0].booking = Some(booking)).await;
    let annas = annas.body["number"].clone();
    let bens = bens.body["number"].clone();
    let number = annas.as_str().unwrap();
    for text in [
        number.to_owned(),
        format!("\u{200e}{} {}", number[..4].to_lowercase(), &number[4..]),
        "anna@EXAMPLE.org ".to_owned(),
        "706-21-1".to_owned(),
        "****4643".to_owned(),
        "4643".to_owned(),
        "01-1614 7133 5350 3020 1464-3".to_owned(),
        "o'bri".to_owned(),
        "Änne".to_owned(),
        "ÄNNE O'BRIEN".to_owned(),
        "o'brien Ä".to_owned(),
    ] {
        assert_eq!(world.found(&admin, &text).await, std::slice::from_ref(&annas), "{text}");
    }
    assert_eq!(
        world.found(&admin, "50%_").await,
        std::slice::from_ref(&bens),
        "no sign stands for others"
    );
    assert_eq!(
        world.found(&admin, "Berg").await,
        [bens, annas.clone()],
        "both buyers, the newest first"
    );
    for text in ["643", "5%", "anna", "@example.org", "%%%%", "Brien", "____"] {
        let found = world.found(&admin, text).await;
        assert!(found.is_empty() || text == "anna" && found.len() == 2, "{text}: {found:?}");
    }
    let call = |text: &str, token: &str| {
        let call = world.call("POST", "/api/v1/admin/order-search").bearer_auth(token);
        answer(call.json(&json!({ "text": text })))
    };
    call("anna", &anna.token).await.expect_problem(403, "forbidden");
    for too_short in [" ", "j", " j "] {
        call(too_short, &admin).await.expect_problem(422, "invalid");
    }
    let audit_entries = world.get("/api/v1/admin/audit?limit=1", &admin).await;
    assert_eq!(audit_entries.body["items"][0]["action"], "orders.search");
    assert!(!audit_entries.body.to_string().contains("anna@"), "what was looked for is somebody's");
}

#[actix_rt::test]
async fn customers_filter_and_turn_their_list() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let first = world.order_of(&skier, 0, "key-1", ("Anna", "Berg")).await;
    let second = world.order_of(&skier, 1, "key-2", ("Anna", "Berg")).await;
    world.change(id_of(&first), open_page).await;
    world.change(id_of(&first), |order| order.state = OrderState::Rejected).await;
    let first = first.body["number"].clone();
    let second = second.body["number"].clone();
    let day = today() + Days::new(2);
    for (query, expected) in [
        (String::new(), vec![&second, &first]),
        ("sort=oldest".to_owned(), vec![&first, &second]),
        ("state=placed".to_owned(), vec![&second]),
        ("state=rejected&operator=ischgl".to_owned(), vec![&first]),
        ("operator=solden".to_owned(), vec![]),
        (format!("day={day}"), vec![&second, &first]),
        (format!("day={}", day + Days::new(1)), vec![]),
    ] {
        let page = world.get(&format!("/api/v1/orders?{query}"), &skier.token).await;
        assert_eq!(numbers(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let page = world.get("/api/v1/orders?sort=oldest&limit=1", &skier.token).await;
    let next = format!(
        "/api/v1/orders?sort=oldest&limit=1&cursor={}",
        page.body["next"].as_str().unwrap()
    );
    assert_eq!(numbers(&world.get(&next, &skier.token).await), [second]);
    for query in ["state=lost", "sort=price", "day=2027-1-9"] {
        world
            .get(&format!("/api/v1/orders?{query}"), &skier.token)
            .await
            .expect_problem(400, "malformed");
    }
    let ben = world.token("ben@example.org", Role::Customer).await;
    assert!(numbers(&world.get("/api/v1/orders?sort=oldest", &ben).await).is_empty());
}

#[actix_rt::test]
async fn an_own_order_that_stands_in_the_way_is_named_so_that_it_can_be_paid_or_cancelled() {
    let world = World::start().await;
    let skier = world.skier("anna@example.org").await;
    let first = world.order(&skier, "key-1").await;
    let line = world.line(&skier, 0, ADULT).await;
    let again = world.place(&skier, "key-2", &json!({ "lines": [line] })).await;
    again.expect_problem(409, "card-taken");
    assert_eq!(again.body["order_id"], first.body["id"]);
    let missing = world.get(&format!("/api/v1/orders/{STRANGER}"), &skier.token).await;
    assert_eq!(missing.body.get("order_id"), None);
}

#[actix_rt::test]
async fn a_card_gets_another_name_and_goes_and_what_was_ordered_for_it_stays() {
    let world = World::start().await;
    let anna = world.skier("anna@example.org").await;
    let ben = world.skier("ben@example.org").await;
    let placed = world.order(&anna, "key-1").await;
    let id = placed.body["lines"][0]["card_id"].as_str().unwrap();
    let path = format!("/api/v1/cards/{id}");
    let rename = |token: &str, nickname: &str| {
        answer(world.call("PATCH", &path).bearer_auth(token).json(&json!({ "nickname": nickname })))
    };
    let renamed = rename(&anna.token, " Anna's ").await;
    assert_eq!((renamed.status, &renamed.body["nickname"]), (200, &json!("Anna's")), "{renamed:?}");
    rename(&anna.token, "a\u{202e}b").await.expect_problem(422, "invalid");
    rename(&ben.token, "mine now").await.expect_problem(404, "not-found");
    let remove = |token: &str| answer(world.call("DELETE", &path).bearer_auth(token));
    remove(&ben.token).await.expect_problem(404, "not-found");
    assert_eq!(remove(&anna.token).await.status, 204);
    remove(&anna.token).await.expect_problem(404, "not-found");
    let left = world.get("/api/v1/cards", &anna.token).await;
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    let order = world.get(&format!("/api/v1/orders/{}", id_of(&placed)), &anna.token).await;
    assert_eq!(order.body["lines"][0]["card"], "****4643", "{order:?}");
    let mut line = world.line(&anna, 1, ADULT).await;
    line["card_id"] = json!(id);
    world
        .place(&anna, "key-2", &json!({ "lines": [line] }))
        .await
        .expect_problem(422, "unknown-card");
    let card = json!({ "number": "01-1614 7133 5350 3020 1464-3", "nickname": "again" });
    let again =
        answer(world.call("POST", "/api/v1/cards").bearer_auth(&anna.token).json(&card)).await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_ne!(again.body["id"], json!(id));
}
