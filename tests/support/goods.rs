//! What is on offer, by product and for families, and operators that a test brings in itself.

use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Answer;
use super::people::Offer;
use super::world::World;

impl Offer {
    /// As the API answers it.
    pub(crate) fn of(offer: &Value) -> Self {
        let id = offer["offer_id"].as_str();
        let cents = offer["price"]["amount"].as_i64();
        Self {
            id: id.unwrap_or_else(|| panic!("this is no offer: {offer:#}")).to_owned(),
            cents: cents.unwrap(),
        }
    }
}

impl World {
    /// Everything that an operator offers to somebody born on that date.
    pub(crate) async fn offers(
        &self,
        operator: &str,
        day: NaiveDate,
        birth_date: &str,
    ) -> Vec<Value> {
        let path = format!("/api/v1/operators/{operator}/offers?day={day}&birth_date={birth_date}");
        self.guest.get(&path).await.expect(200)["items"].as_array().unwrap().clone()
    }

    /// One product of an operator, as the API answers it; `null` when it is not offered.
    pub(crate) async fn product(
        &self,
        operator: &str,
        product: &str,
        day: NaiveDate,
        birth_date: &str,
    ) -> Value {
        let offers = self.offers(operator, day, birth_date).await;
        offers.into_iter().find(|offer| offer["product"] == product).unwrap_or_default()
    }

    /// What an operator offers to a family.
    pub(crate) async fn family_offers(
        &self,
        operator: &str,
        day: NaiveDate,
        birth_dates: &[&str],
    ) -> Answer {
        let body = json!({ "day": day, "birth_dates": birth_dates });
        self.guest.post(&format!("/api/v1/operators/{operator}/family-offers"), &body).await
    }

    /// Where the simulator serves a contract, for example `dta/stubai`.
    pub(crate) async fn endpoint(&self, contract: &str) -> String {
        let endpoints = self.control(Method::GET, "endpoints", &Value::Null).await.expect(200);
        endpoints[contract]["url"].as_str().unwrap().to_owned()
    }

    /// Takes a file of operators into the catalogue; the server follows within a moment.
    pub(crate) fn import(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::write(&path, text).unwrap();
        let ran = self.command(&["import", "operators", path.to_str().unwrap(), "--take"]);
        assert!(ran.code == 0 && ran.says.contains("Taken as version"), "{} {}", ran.says, ran.log);
    }
}
