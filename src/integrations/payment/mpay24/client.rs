//! The only I/O: one question over SOAP, its answer or the outcome that ends it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tracing::error;

use super::config::Config;
use super::wire::{Answer, Ask, NAMESPACE, Operation};
use crate::clock::Deadline;
use crate::integrations::client::{Client, SendError};
use crate::integrations::soap::{self, Element, SoapError};
use crate::integrations::{Outcome, Permit};

/// Longest wait for an answer that only tells something.
const QUERY_PATIENCE: Duration = Duration::from_secs(15);
/// Longest wait for an answer that says what was done: behind it stands an acquirer.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// One merchant at one host.
pub(super) struct Endpoint {
    client: Client,
    /// Basic user: the letter `u` and the merchant id.
    user: String,
    password: SecretString,
}

impl Endpoint {
    /// Makes the client; opens no connection.
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let url = config.checked_endpoint()?;
        Ok(Self {
            client: Client::new(url.as_str())?,
            user: format!("u{}", config.merchant_id),
            password: config.password.clone(),
        })
    }

    /// Asks once and hands the answer to `read`; whatever ends earlier ends in its own outcome.
    /// Neither request nor answer is logged: both may hold what the payer wrote.
    pub(super) async fn ask<T>(
        &self,
        ask: Ask,
        permit: &Permit,
        read: impl FnOnce(Answer) -> Outcome<T>,
    ) -> Outcome<T> {
        let Ask { operation, body } = ask;
        let envelope = soap::envelope(&[], body);
        let request = soap::post("", operation.name(), envelope)
            .basic_auth(&self.user, self.password.expose_secret());
        match self.client.send(request, &bounded(permit, operation)).await {
            Err(SendError::NotSent(why)) => Outcome::NotSent(why),
            Err(SendError::Unknown(why)) => Outcome::Unknown(why),
            Ok(answer) => match soap::read(&answer) {
                Ok(element) => understood(operation, &element, read),
                Err(failure) => failed(operation, failure),
            },
        }
    }
}

/// The asker's permit, cut to what this kind of operation may take.
pub(super) fn bounded(permit: &Permit, operation: Operation) -> Permit {
    let patience = if operation.is_write() { WRITE_PATIENCE } else { QUERY_PATIENCE };
    permit.until_at_most(Deadline::after(patience))
}

/// Passes the answer on if it is one to this operation.
pub(super) fn understood<T>(
    operation: Operation,
    element: &Element,
    read: impl FnOnce(Answer) -> Outcome<T>,
) -> Outcome<T> {
    let name = element.name().strip_suffix("Response");
    let ours = element.namespace() == Some(NAMESPACE) && name == Some(operation.name());
    match Answer::read(element) {
        Some(answer) if ours => {
            tracing::debug!(
                supplier = "mpay24",
                operation = operation.name(),
                status = answer.status,
                return_code = answer.return_code,
                err_no = answer.err_no,
                "the payment provider answered"
            );
            read(answer)
        }
        Some(_) | None => {
            alarm(operation, "the payment provider answered something else");
            Outcome::Unknown(format!("{}: not an answer to it", operation.name()))
        }
    }
}

/// What an answer without a result means. A fault is a mistake of ours by the interface's own
/// rules, and still says nothing about what was done.
pub(super) fn failed<T>(operation: Operation, failure: SoapError) -> Outcome<T> {
    match failure {
        SoapError::Unauthorized(status) => {
            alarm(operation, "the payment provider refuses our user or password");
            Outcome::NotSent(format!("authentication refused with HTTP {status}"))
        }
        SoapError::Fault(fault) => {
            alarm(operation, "the payment provider answers with a fault");
            let code: String = fault.code.chars().take(32).collect();
            Outcome::Unknown(format!("{}: fault {code}", operation.name()))
        }
        unreadable @ (SoapError::NotXml { .. }
        | SoapError::Broken { .. }
        | SoapError::NotSoap(_)) => Outcome::Unknown(format!("{}: {unreadable}", operation.name())),
    }
}

/// Tells the operator: nothing gets better by itself.
fn alarm(operation: Operation, what: &'static str) {
    error!(supplier = "mpay24", operation = operation.name(), "{what}");
}
