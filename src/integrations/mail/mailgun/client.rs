//! The only I/O: one letter, one `POST`.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::config::Config;
use super::{translate, wire};
use crate::clock::{self, Deadline};
use crate::integrations::client::{Client, Request, SendError};
use crate::integrations::mail::{MailProvider, OutgoingLetter};
use crate::integrations::{Outcome, Permit};

/// Longest wait for an answer; a letter with its invoice is sent in the background.
const PATIENCE: Duration = Duration::from_secs(30);

/// One sending domain at Mailgun.
pub(super) struct Mailgun {
    client: Client,
    from: String,
    key: SecretString,
}

impl Mailgun {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let url = config.checked_endpoint()?;
        Ok(Self { client: Client::new(url.as_str())?, from: config.from.clone(), key: config.key.clone() })
    }
}

impl MailProvider for Mailgun {
    fn send(&self, letter: OutgoingLetter, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            if let Some(refusal) = translate::unsendable(&letter) {
                return Outcome::Refused(refusal);
            }
            let wire::Form { content_type, body } = wire::form(&self.from, &letter);
            let request = Request::post("", "multipart/form-data", body)
                .header("content-type", &content_type)
                .basic_auth(wire::USER, self.key.expose_secret());
            match self.client.send(request, &bounded(permit)).await {
                Ok(answer) => translate::outcome(answer.status, &answer.body, clock::now()),
                Err(SendError::NotSent(why)) => Outcome::NotSent(why),
                Err(SendError::Unknown(why)) => Outcome::Unknown(why),
            }
        }
        .boxed_local()
    }
}

/// The asker's permit, cut to our patience.
fn bounded(permit: Permit) -> Permit {
    let deadline = Deadline::after(PATIENCE).min(permit.deadline());
    Permit::new(deadline, move || permit.holds())
}
