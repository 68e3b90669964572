//! What goes wrong with payments in practice: 35 cases, each a test `case_NN_…` here or beside the
//! code that it is about.
//!
//! `numbers` holds the list against the sources. Here the real binary meets the simulated provider,
//! whose ledger is the witness.

mod charge_backs;
mod numbers;
mod owed;
mod pages;
mod reports;
mod suspended;
mod ways_back;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Ledger, World, eventually};

/// The number of an order.
fn number(order: &Value) -> &str {
    order["number"].as_str().unwrap()
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

fn total(order: &Value) -> i64 {
    order["total"]["amount"].as_i64().unwrap()
}

/// What becomes of a transaction later: `bill`, `fail`, `lapse` or `charge_back`.
async fn happens(world: &World, paid: &Value, event: &str) {
    let path = format!("mpay24/transactions/{}/{event}", paid["mpay_tid"]);
    world.control(Method::POST, &path, &json!({})).await.expect(200);
}

/// The path of the callback that told of a transaction, as the provider called it.
async fn callback_of(world: &World, order: &Value, paid: &Value) -> String {
    eventually("a callback", async || {
        let ledger = world.ledger().await;
        let told = ledger
            .payments_of(number(order))
            .into_iter()
            .find(|entry| entry["mpay_tid"] == paid["mpay_tid"])?;
        let url = told["callbacks"][0]["url"].as_str()?.to_owned();
        Some(url[url.find("/callbacks/")?..].to_owned())
    })
    .await
}

/// Reports again, and gives the answer.
async fn report(world: &World, path: &str) -> String {
    let answer = world.guest.get(path).await;
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.bytes).unwrap()
}

/// Waits until the ledger fits.
async fn until(world: &World, what: &str, fits: impl Fn(&Ledger) -> bool) -> Ledger {
    eventually(what, async || Some(world.ledger().await).filter(|ledger| fits(ledger))).await
}

/// A fault of the next `times` questions of one kind.
async fn fault(world: &World, (supplier, operation): (&str, &str), fault: &str, times: u32) {
    world
        .fault(
            json!({ "supplier": supplier, "operation": operation, "fault": fault, "times": times }),
        )
        .await;
}

/// From now on what is paid is billed at once, as the merchant's portal can be set.
async fn clear_automatically(world: &World) {
    world.control(Method::PUT, "mpay24/clearing", &json!({ "automatic": true })).await.expect(200);
}
