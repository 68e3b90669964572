//! One question for each client.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use starjack::ids::Reference;
use starjack::integrations::lift::{self, Contract, LiftSupplier};
use starjack::integrations::mail::{self, MailProvider, OutgoingLetter};
use starjack::integrations::payment::{self, PaymentProvider, StatusKey};
use starjack::integrations::{Outcome, Permit};

/// A client that is about to ask.
pub(crate) enum Asked {
    Lift(Rc<dyn LiftSupplier>),
    Payment(Rc<dyn PaymentProvider>),
    Mail(Rc<dyn MailProvider>),
}

impl Asked {
    /// Asks once, and says how it ended.
    pub(crate) async fn ask(&self, permit: Permit) -> &'static str {
        let reference = Reference::stored("A7K3QX9ZB5M-1".to_owned());
        match self {
            Self::Lift(client) => word(&client.find(reference, permit).await),
            Self::Payment(client) => word(&client.status(StatusKey::Page(reference), permit).await),
            Self::Mail(client) => word(&client.send(letter(), permit).await),
        }
    }
}

fn word<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Refused(_) => "refused",
        Outcome::NotSent(_) => "not sent",
        Outcome::Pending { .. } => "pending",
        Outcome::Unknown(_) => "unknown",
    }
}

fn contract(supplier: &str, endpoint: &str, credentials: &[&str], settings: &[(&str, &str)]) -> Contract {
    let secret = |name: &&str| ((*name).to_owned(), "secret".to_owned().into());
    let setting = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Contract {
        operator: "test".into(),
        supplier: supplier.into(),
        endpoint: endpoint.into(),
        credentials: credentials.iter().map(secret).collect(),
        settings: settings.iter().map(setting).collect::<BTreeMap<_, _>>(),
        dedups_reference: false,
        requests_per_second: 0,
        settle: Duration::from_secs(2),
        issue_patience: Duration::from_secs(600),
        check_deadline: Duration::from_secs(8),
        issue_deadline: Duration::from_secs(30),
        time_zone: chrono_tz::Europe::Vienna,
        last_loading_time: "16:00:00".parse().unwrap(),
    }
}

pub(crate) fn dta(endpoint: &str) -> Asked {
    let contract = contract("dta", endpoint, &["client_name", "user_name", "password"], &[]);
    Asked::Lift(lift::connect(&contract).unwrap())
}

pub(crate) fn axess(endpoint: &str) -> Asked {
    let credentials = ["soap_user_name", "soap_password", "user_name", "password"];
    let settings = [("project_no", "701"), ("profile_no", "3")];
    Asked::Lift(lift::connect(&contract("axess", endpoint, &credentials, &settings)).unwrap())
}

pub(crate) fn mpay24(endpoint: &str) -> Asked {
    let config = json!({
        "endpoint": endpoint, "merchant_id": 90000, "password": "secret", "test": true,
        "callback_networks": ["127.0.0.1"],
    });
    Asked::Payment(payment::connect(&serde_json::from_value(config).unwrap()).unwrap())
}

pub(crate) fn mailgun(endpoint: &str) -> Asked {
    let config = json!({
        "base_url": endpoint, "domain": "mg.shop.example", "key": "secret", "from": "Tickets <tickets@mg.shop.example>",
    });
    Asked::Mail(mail::connect(&serde_json::from_value(config).unwrap()).unwrap())
}

fn letter() -> OutgoingLetter {
    OutgoingLetter {
        message_id: "1@shop.example".to_owned(),
        to: "anna@example.org".to_owned(),
        subject: "Your tickets".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        attachments: Vec::new(),
    }
}
