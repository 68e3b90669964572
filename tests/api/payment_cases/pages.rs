//! Payment pages: refused, late, lost, followed by another.

use reqwest::Method;
use serde_json::{Value, json};

use super::{id, number, until};
use crate::support::{Database, World, new_key};

#[tokio::test]
async fn case_04_a_provider_that_refuses_our_password_for_a_while_leaves_the_order_open() {
    let world = World::start(Database::Sqlite).await;
    let anna = world.skier("Anna").await;
    let fault = json!({ "supplier": "mpay24", "operation": "SelectPayment", "fault": "http_status", "value": 401,
        "times": 3 });
    world.fault(fault).await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
}

#[tokio::test]
async fn case_15_money_that_comes_when_page_and_order_are_over_goes_back() {
    let times = [("STARJACK_TIMES__PAGE_LIFE", "1s"), ("STARJACK_TIMES__PAGE_GRACE", "1s")];
    let world = World::with(Database::Sqlite, &times).await;
    let anna = world.skier("Anna").await;
    for outcome in ["billed", "reserved"] {
        let lines = world.basket(&anna, &["solden"]).await;
        let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
        anna.wait_for(id(&placed), &["rejected"]).await;
        let page = format!("{}-P1", number(&placed));
        world.pay_with(&page, &json!({ "outcome": outcome })).await.expect(200);
        let back = |ledger: &crate::support::Ledger| {
            let state = ledger.payments_of(number(&placed))[0]["state"].clone();
            state == "CREDITED" || state == "REVERSED"
        };
        until(&world, "the money back", back).await;
        until(&world, "a letter", |ledger| {
            let emails = ledger.emails_about(number(&placed));
            emails.iter().any(|email| email["subject"].to_string().contains("too many"))
        })
        .await;
        assert_eq!(
            anna.order(id(&placed)).await["state"],
            "rejected",
            "an ended order never reopens"
        );
    }
    world.clean_slate().await;
}

/// The address of the page that can be paid now.
fn page(order: &Value) -> &str {
    order["payment"]["page_url"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_page_that_may_have_lost_its_session_is_followed_by_another_and_a_second_payment_goes_back()
 {
    let times = [("STARJACK_TIMES__PAGE_LIFE", "8s"), ("STARJACK_TIMES__PAGE_GRACE", "30s")];
    let world = World::with(Database::Sqlite, &times).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let wish = format!("/api/v1/orders/{}/pages", id(&order));
    let same = anna.client.post(&wish, &json!({})).await.expect(202);
    assert_eq!(page(&same), page(&order), "a fresh page stays");
    let bea = world.skier("Bea").await;
    bea.client.post(&wish, &json!({})).await.expect_problem(404, "not-found");
    // once half its life is over, the wish opens another; until then it changes nothing
    crate::support::eventually("a second page", async || {
        anna.client.post(&wish, &json!({})).await.expect(202);
        let now = anna.order(id(&order)).await;
        (!page(&now).is_empty() && page(&now) != page(&order)).then_some(())
    })
    .await;
    let pages = world.control(Method::GET, "mpay24/pages", &Value::Null).await.expect(200);
    assert_eq!(pages["items"].as_array().unwrap().len(), 2);
    for page_no in [1, 2] {
        let page = format!("{}-P{page_no}", number(&order));
        world.pay_with(&page, &json!({ "outcome": "reserved" })).await.expect(200);
    }
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
    anna.client.post(&wish, &json!({})).await.expect_problem(409, "nothing-to-pay");
    let ledger = world.ledger().await;
    let mut states: Vec<_> =
        ledger.payments_of(number(&order)).iter().map(|paid| paid["state"].to_string()).collect();
    states.sort_unstable();
    assert_eq!(states, ["\"BILLED\"", "\"REVERSED\""]);
}
