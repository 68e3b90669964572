//! A day is compared with the operators and the payment provider: what differs is one case each,
//! what is agreed to mends it.

mod money;
mod tickets;
mod wished;

use std::collections::BTreeMap;

use chrono_tz::Europe::Vienna;
use serde_json::{Value, json};
use starjack::clock;

use crate::support::{Person, World, eventually};

/// Today at the lifts.
fn today() -> String {
    clock::now().with_timezone(&Vienna).date_naive().to_string()
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

fn number(order: &Value) -> &str {
    order["number"].as_str().unwrap()
}

/// Compares today with everybody, or with one operator, and gives the comparisons by their scope.
pub(super) async fn compare(clerk: &Person, operator: Option<&str>) -> BTreeMap<String, Value> {
    let mut wish = json!({ "day": today() });
    if let Some(operator) = operator {
        wish["operator"] = json!(operator);
    }
    let wished = clerk.client.post("/api/v1/admin/reconciliations", &wish).await.expect(202);
    let ids: Vec<Value> =
        wished["items"].as_array().unwrap().iter().map(|run| run["id"].clone()).collect();
    eventually("the comparisons are through", async || {
        let runs = clerk.client.get("/api/v1/admin/reconciliations?limit=100").await.expect(200);
        let ended = |run: &&Value| ids.contains(&run["id"]) && !run["ended_at"].is_null();
        let ours: Vec<&Value> = runs["items"].as_array().unwrap().iter().filter(ended).collect();
        (ours.len() == ids.len()).then(|| {
            ours.into_iter()
                .map(|run| (run["scope"].as_str().unwrap().to_owned(), run.clone()))
                .collect()
        })
    })
    .await
}

pub(super) async fn cases(clerk: &Person, state: &str) -> Vec<Value> {
    let page =
        clerk.client.get(&format!("/api/v1/admin/cases?state={state}&limit=100")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// Kind, suggestion and order of each case, sorted.
fn told(cases: &[Value]) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut told: Vec<_> = cases
        .iter()
        .map(|case| [text(&case["kind"]), text(&case["action"]), text(&case["order_number"])])
        .collect();
    told.sort();
    told
}

async fn agree(clerk: &Person, case: &Value) -> Value {
    let path = format!("/api/v1/admin/cases/{}/agree", id(case));
    clerk.client.post(&path, &json!({ "reason": "a test agrees" })).await.expect(202)
}

/// Agrees to everything that suggests something, and waits until all of it is mended.
async fn agree_to_all(clerk: &Person) {
    for case in cases(clerk, "open").await.iter().filter(|case| case["action"].is_string()) {
        agree(clerk, case).await;
    }
    eventually("everything is mended", async || {
        let open = cases(clerk, "open").await;
        let waiting: Vec<&Value> =
            open.iter().filter(|case| case["agreed_at"].is_string()).collect();
        waiting.is_empty().then_some(())
    })
    .await;
}

/// What people at an operator's own desk do to the booking of an order's line there.
async fn at_the_desk(
    world: &World,
    (order, operator): (&Value, &str),
    act: &str,
    particulars: Value,
) {
    let bookings = world.ledger().await.bookings_of(number(order));
    let booking = bookings.into_iter().find(|booking| booking.operator == operator).unwrap();
    let place = if booking.supplier == "dta" { "orders" } else { "tickets" };
    let path = format!("{}/{operator}/{place}/{}/{act}", booking.supplier, booking.id);
    world.control(reqwest::Method::POST, &path, &particulars).await.expect(200);
}
