//! What the payer does, one step at a time, however often the shop dies meanwhile.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, World};

/// A payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Customer {
    Reserves,
    /// Pays so that the money is taken at once; only a callback or the page's end tells of it.
    Bills,
    Cancels,
    CancelsThenPays,
    DeclinedThenReserves,
    DeclinedThenLeaves,
    Leaves,
    SuspendedThenBilled,
    SuspendedThenFails,
    ChargesBack,
    /// Gives the ticket back.
    Returns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Pay(&'static str),
    Cancel,
    Return,
    /// What a bank does with the transaction.
    Bank(&'static str),
}

/// How far a payer has come.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    deeds: Vec<Deed>,
    page: Option<String>,
    transaction: Option<Value>,
}

impl Customer {
    /// Whether the shop may learn what became of the page only when it ends.
    pub(crate) const fn needs_page_end(self) -> bool {
        match self {
            Self::Bills | Self::DeclinedThenLeaves | Self::Leaves | Self::SuspendedThenFails => {
                true
            }
            Self::Reserves
            | Self::Cancels
            | Self::CancelsThenPays
            | Self::DeclinedThenReserves
            | Self::SuspendedThenBilled
            | Self::ChargesBack
            | Self::Returns => false,
        }
    }

    pub(crate) fn begin(self) -> Payer {
        use Deed::{Bank, Cancel, Pay, Return};
        let mut deeds = match self {
            Self::Reserves => vec![Pay("reserved")],
            Self::Bills => vec![Pay("billed")],
            Self::Cancels => vec![Cancel],
            Self::CancelsThenPays => vec![Cancel, Pay("reserved")],
            Self::DeclinedThenReserves => vec![Pay("declined"), Pay("reserved")],
            Self::DeclinedThenLeaves => vec![Pay("declined")],
            Self::Leaves => Vec::new(),
            Self::SuspendedThenBilled => vec![Pay("suspended"), Bank("bill")],
            Self::SuspendedThenFails => vec![Pay("suspended"), Bank("fail")],
            Self::ChargesBack => vec![Pay("reserved"), Bank("charge_back")],
            Self::Returns => vec![Pay("reserved"), Return],
        };
        deeds.reverse();
        Payer { deeds, page: None, transaction: None }
    }
}

impl Payer {
    /// Whether nothing more is done about an order that has ended: without a page nobody pays.
    pub(crate) fn is_done(&self) -> bool {
        self.deeds.is_empty() || self.page.is_none()
    }

    /// Does what can be done now, as the order looks.
    pub(crate) async fn act(&mut self, world: &World, person: &Person, order: &Value) {
        if let Some(page) = order["payment"]["page_url"].as_str() {
            self.page = Some(page.to_owned());
        }
        let Some(deed) = self.deeds.last().copied() else { return };
        let state = order["state"].as_str().unwrap();
        let done = match deed {
            Deed::Pay(outcome) => self.pay(world, outcome).await,
            Deed::Cancel if state == "rejected" => true,
            Deed::Cancel if state == "paying" && self.page.is_some() => {
                let path = format!("/api/v1/orders/{}/cancellation", order["id"].as_str().unwrap());
                person
                    .client
                    .try_post(&path, &json!({}))
                    .await
                    .is_ok_and(|answer| answer.status == 202)
            }
            Deed::Cancel => false,
            Deed::Return if state == "finished" && order["lines"][0]["state"] == "issued" => {
                // asked for until it is gone: twice is like once
                let path = format!("/api/v1/orders/{}/returns", order["id"].as_str().unwrap());
                drop(person.client.try_post(&path, &json!({ "lines": [1] })).await);
                false
            }
            Deed::Return => order["lines"][0]["state"] == "voided",
            Deed::Bank("bill" | "fail") if order["payment"]["state"] != "suspended" => false,
            Deed::Bank("charge_back") if state != "finished" => false,
            Deed::Bank(event) => {
                let transaction = self.transaction.clone().unwrap();
                let path = format!("mpay24/transactions/{}/{event}", transaction["mpay_tid"]);
                world.control(Method::POST, &path, &json!({})).await.status == 200
            }
        };
        if done {
            self.deeds.pop();
        }
    }

    async fn pay(&mut self, world: &World, outcome: &str) -> bool {
        let Some(page) = self.page.clone() else { return false };
        let paid = world.pay_with(&page, &json!({ "outcome": outcome })).await;
        if paid.status == 200 {
            self.transaction = Some(paid.json);
        }
        paid.status == 200
    }
}
