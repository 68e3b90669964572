//! The basket that buys itself: one ticket at each kind of gate, for two skiers, through the public
//! API alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use starjack_simulator::{sample_dta_number, sample_wtp_number};

use super::say;
use super::setting::People;
use crate::clock::{self, Deadline};
use crate::ids;
use crate::money::decimal;

/// How long the purchase may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the order is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The customer of the demonstration.
pub(super) struct Shop {
    http: reqwest::Client,
    api: String,
    control: String,
    email: String,
    password: SecretString,
    invoices: PathBuf,
}

/// A client for loopback.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("the crypto provider was chosen already");
    }
    Ok(reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?)
}

impl Shop {
    pub(super) fn new(
        api: &str,
        endpoints: &Value,
        people: &People,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            http: client()?,
            api: api.to_owned(),
            control: endpoints["control"].as_str().unwrap_or_default().to_owned(),
            email: people.skier.email.clone(),
            password: people.skier.password.clone(),
            invoices: folder.join("invoices"),
        })
    }

    /// Buys, and prints each step as it happens.
    ///
    /// # Errors
    /// Says at which step it failed.
    pub(super) async fn buy(&self) -> anyhow::Result<()> {
        say(
            "buying one basket at both gates; every supplier is SIMULATED, no money moves, no gate opens",
        )?;
        let token = self.log_in().await.context("step log in")?;
        let order = self.place(&token).await.context("step placed")?;
        let url = format!(
            "{}/api/v1/orders/{}",
            self.api,
            order["id"].as_str().context("an order has an id")?
        );
        let order = self
            .wait(&token, &url, "checked and page opened", |order| {
                order["payment"]["page_url"].is_string()
            })
            .await?;
        say("checked     both cards are accepted by their operators")?;
        let page = order["payment"]["page_url"].as_str().unwrap_or_default().to_owned();
        say(&format!("page opened {page}"))?;
        self.pay(&page).await.context("step authorised")?;
        self.wait(&token, &url, "authorised", |order| has_passed(order, "authorised")).await?;
        say("authorised  the payment provider reserved the sum")?;
        let order = self.wait(&token, &url, "issued", |order| has_passed(order, "issued")).await?;
        for line in order["lines"].as_array().into_iter().flatten() {
            let operator = line["operator"].as_str();
            let ticket = line["ticket_reference"].as_str();
            say(&format!(
                "issued      {} ticket {}",
                operator.unwrap_or("?"),
                ticket.context("a ticket has a reference")?
            ))?;
        }
        let order =
            self.wait(&token, &url, "captured", |order| has_passed(order, "captured")).await?;
        say(&format!("captured    {}, the price of what was issued", sum(&order["total"])))?;
        let order =
            self.wait(&token, &url, "finished", |order| order["state"] == "finished").await?;
        let number =
            order["invoices"][0]["number"].as_str().context("a finished order has an invoice")?;
        self.invoice(number).await.context("step invoice written")?;
        self.email(order["number"].as_str().unwrap_or_default()).await.context("step e-mail sent")
    }

    async fn log_in(&self) -> anyhow::Result<String> {
        let body = json!({ "email": self.email, "password": self.password.expose_secret() });
        let answer =
            self.send(self.http.post(format!("{}/api/v1/sessions", self.api)).json(&body)).await?;
        Ok(answer["access_token"].as_str().context("no token came")?.to_owned())
    }

    async fn place(&self, token: &str) -> anyhow::Result<Value> {
        let run = clock::now().timestamp_millis().unsigned_abs();
        let mut lines = Vec::new();
        for (operator, card, first_name) in [
            ("solden", sample_dta_number(run), "Anna"),
            ("obertauern", sample_wtp_number(run), "Ben"),
        ] {
            let offer =
                self.offer(operator).await.with_context(|| format!("an offer of {operator}"))?;
            let body = json!({ "number": card, "nickname": format!("{first_name}'s card") });
            let card =
                self.http.post(format!("{}/api/v1/cards", self.api)).bearer_auth(token).json(&body);
            lines.push(json!({
                "offer_id": offer,
                "card_id": self.send(card).await?["id"],
                "holder": { "first_name": first_name, "last_name": "Skier", "birth_date": "1990-05-01" },
            }));
        }
        let order = self.http.post(format!("{}/api/v1/orders", self.api)).bearer_auth(token);
        let key = ids::new_secret();
        let order = self
            .send(order.header("Idempotency-Key", &key[..32]).json(&json!({ "lines": lines })))
            .await?;
        let number = order["number"].as_str().unwrap_or("?");
        say(&format!("placed      order {number} over {}", sum(&order["total"])))?;
        Ok(order)
    }

    /// The first offer for an adult on one of the coming days on which the lifts run.
    async fn offer(&self, operator: &str) -> anyhow::Result<String> {
        let today = clock::now().date_naive();
        for day in today.iter_days().skip(1).take(250) {
            let url = format!(
                "{}/api/v1/operators/{operator}/offers?day={day}&birth_year=1990",
                self.api
            );
            let offers = self.send(self.http.get(url)).await?;
            if let Some(offer) = offers["items"][0]["offer_id"].as_str() {
                return Ok(offer.to_owned());
            }
        }
        bail!("the season of the sample catalogue is over")
    }

    async fn pay(&self, page: &str) -> anyhow::Result<()> {
        let id = page.rsplit('/').next().unwrap_or_default();
        let url = format!("{}/control/mpay24/pages/{id}/pay", self.control);
        self.send(self.http.post(url).json(&json!({ "outcome": "reserved" }))).await?;
        Ok(())
    }

    async fn wait(
        &self,
        token: &str,
        url: &str,
        step: &str,
        done: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let order = self.send(self.http.get(url).bearer_auth(token)).await?;
            if done(&order) {
                return Ok(order);
            }
            let state = order["state"].as_str().unwrap_or("?");
            ensure!(
                !matches!(state, "rejected" | "undone" | "stuck"),
                "step {step}: the order is {state}: {order}"
            );
            ensure!(
                !deadline.is_over(),
                "step {step}: not within {PATIENCE:?}, the order is {state}"
            );
            clock::sleep(LOOK).await;
        }
    }

    async fn invoice(&self, number: &str) -> anyhow::Result<()> {
        let file = self.invoices.join(format!("{number}.pdf"));
        let deadline = Deadline::after(PATIENCE);
        while !file.exists() {
            ensure!(!deadline.is_over(), "{} was not written", file.display());
            clock::sleep(LOOK).await;
        }
        say(&format!("invoice     {}", file.display()))
    }

    async fn email(&self, number: &str) -> anyhow::Result<()> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let ledger = self
                .send(self.http.get(format!("{}/control/ledger/mailgun", self.control)))
                .await?;
            let messages = ledger.as_array().or_else(|| ledger["mailgun"].as_array());
            let sent =
                messages.into_iter().flatten().find(|email| email.to_string().contains(number));
            if let Some(email) = sent {
                return say(&format!(
                    "e-mail sent {} ({} attachment)",
                    email["subject"].as_str().unwrap_or("?"),
                    email["attachments"].as_array().map_or(0, Vec::len)
                ));
            }
            ensure!(
                !deadline.is_over(),
                "no e-mail about order {number} came to the mail provider"
            );
            clock::sleep(LOOK).await;
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await?;
        let status = answer.status();
        let body: Value = answer.json().await.context("an answer is not JSON")?;
        ensure!(status.is_success(), "{status}: {body}");
        Ok(body)
    }
}

/// An amount as people write it, such as `153.00 EUR`.
fn sum(money: &Value) -> String {
    let amount = money["amount"].as_i64().unwrap_or_default();
    format!("{} {}", decimal(amount), money["currency"].as_str().unwrap_or("?"))
}

fn has_passed(order: &Value, state: &str) -> bool {
    order["history"].as_array().into_iter().flatten().any(|past| past["state"] == state)
}
