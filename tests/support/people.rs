//! People: somebody with an account, and what such people do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};
use starjack_simulator::{sample_dta_number, sample_wtp_number};

use super::client::{Answer, Client};
use super::sample::sample;
use super::world::{PATIENCE, eventually};

/// Birth date of an adult.
pub(crate) const ADULT: &str = "1990-05-01";
/// Birth date of a child that skis for nothing.
pub(crate) const SMALL_CHILD: &str = "2022-02-02";

/// How often an order is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// States in which an order stays.
pub(crate) const ENDS: [&str; 3] = ["finished", "rejected", "undone"];

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) refresh_token: String,
    cards: Arc<AtomicU64>,
}

/// What is offered.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) id: String,
    pub(crate) cents: i64,
}

/// A line of an order: this offer on this card for a holder of this first name.
pub(crate) fn ticket(offer: &Offer, card_id: &str, first_name: &str, birth_date: &str) -> Value {
    json!({
        "offer_id": offer.id,
        "card_id": card_id,
        "holder": { "first_name": first_name, "last_name": "Skier", "birth_date": birth_date },
    })
}

impl Person {
    /// The same account on another device.
    pub(crate) async fn again(&self, guest: &Client) -> Self {
        Self::log_in(guest, &self.email, &self.password, Arc::clone(&self.cards)).await
    }

    /// Logs in; `cards` counts the sample cards of the world.
    pub(crate) async fn log_in(
        guest: &Client,
        email: &str,
        password: &str,
        cards: Arc<AtomicU64>,
    ) -> Self {
        let body = json!({ "email": email, "password": password });
        // many who come at once are asked to wait
        let tokens = eventually("a log-in", async || {
            let answer = guest.post("/api/v1/sessions", &body).await;
            (answer.status != 503).then(|| answer.expect(201))
        })
        .await;
        Self {
            client: guest.with_token(tokens["access_token"].as_str().unwrap()),
            email: email.to_owned(),
            password: password.to_owned(),
            refresh_token: tokens["refresh_token"].as_str().unwrap().to_owned(),
            cards,
        }
    }

    /// The same person at another replica.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { client: self.client.at(base), ..self.clone() }
    }

    /// The number of a card that nobody has registered yet, of Axess's kind or DTA's.
    pub(crate) fn next_card_number(&self, is_axess: bool) -> String {
        let serial = self.cards.fetch_add(1, Ordering::Relaxed);
        if is_axess { sample_wtp_number(serial) } else { sample_dta_number(serial) }
    }

    /// Registers a new card that DTA's readers read, and gives its id.
    pub(crate) async fn card_dta(&self) -> String {
        self.card(&self.next_card_number(false)).await
    }

    /// Registers a new card that Axess's readers read, and gives its id.
    pub(crate) async fn card_axess(&self) -> String {
        self.card(&self.next_card_number(true)).await
    }

    /// Registers a new card of the sample area's own kind, and gives its id.
    pub(crate) async fn card_for(&self, operator: &str) -> String {
        let operator = sample().operator(operator);
        self.card(
            &self
                .next_card_number(operator.is_some_and(|known| known.contract.supplier == "axess")),
        )
        .await
    }

    /// Registers a card by its number, and gives its id.
    pub(crate) async fn card(&self, number: &str) -> String {
        let card = self.register_card(number).await.expect(201);
        card["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn register_card(&self, number: &str) -> Answer {
        self.client.post("/api/v1/cards", &json!({ "number": number, "nickname": "mine" })).await
    }

    /// Places an order; `on_refusal` is `undo` or `keep`.
    pub(crate) async fn place(&self, lines: &[Value], on_refusal: &str, key: &str) -> Answer {
        self.try_place(lines, on_refusal, key)
            .await
            .unwrap_or_else(|error| panic!("placing: {error:?}"))
    }

    /// The same for a server that may be dead.
    pub(crate) async fn try_place(
        &self,
        lines: &[Value],
        on_refusal: &str,
        key: &str,
    ) -> reqwest::Result<Answer> {
        let body = json!({ "lines": lines, "on_refusal": on_refusal });
        let request =
            self.client.request(Method::POST, "/api/v1/orders").header("Idempotency-Key", key);
        Answer::to(request.json(&body)).await
    }

    pub(crate) async fn order(&self, id: &str) -> Value {
        self.client.get(&format!("/api/v1/orders/{id}")).await.expect(200)
    }

    pub(crate) async fn cancel(&self, id: &str) -> Answer {
        self.client.post(&format!("/api/v1/orders/{id}/cancellation"), &json!({})).await
    }

    /// All orders of this person, newest first; `Err` while the server is dead or its database has
    /// no time.
    pub(crate) async fn orders(&self) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        let mut next = String::new();
        loop {
            let page = self.client.try_get(&format!("/api/v1/orders?limit=100{next}")).await;
            let page = page.map_err(|error| error.to_string())?;
            if page.status == 503 {
                return Err(page.json.to_string());
            }
            let page = page.expect(200);
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return Ok(all),
            }
        }
    }

    /// Waits until the order is in one of `states` and gives it; fails at once when it ends in
    /// another.
    pub(crate) async fn wait_for(&self, id: &str, states: &[&str]) -> Value {
        let ended_elsewhere = |state: &str| ENDS.contains(&state) && !states.contains(&state);
        self.wait_until(id, &states.join(" or "), |order| {
            let state = order["state"].as_str().unwrap();
            assert!(!ended_elsewhere(state), "wanted {states:?}: {order:#}");
            states.contains(&state)
        })
        .await
    }

    /// Waits until the order has a page that can be paid, and gives it.
    pub(crate) async fn wait_for_page(&self, id: &str) -> Value {
        self.wait_until(id, "a payment page", |order| {
            let state = order["state"].as_str().unwrap();
            assert!(!ENDS.contains(&state), "wanted a payment page: {order:#}");
            order["payment"]["page_url"].is_string()
        })
        .await
    }

    /// Waits until the order fits; a server that is dead meanwhile is waited for too.
    pub(crate) async fn wait_until(
        &self,
        id: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Deadline::after(PATIENCE);
        let mut last = Value::Null;
        loop {
            if let Ok(answer) = self.client.try_get(&format!("/api/v1/orders/{id}")).await
                && answer.status == 200
            {
                last = answer.json;
                if fits(&last) {
                    return last;
                }
            }
            assert!(
                !deadline.is_over(),
                "the order did not come to {what} within {PATIENCE:?}: {last:#}"
            );
            clock::sleep(LOOK).await;
        }
    }
}
