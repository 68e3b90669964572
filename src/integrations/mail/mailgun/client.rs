//! The only I/O: one e-mail, one `POST`.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::config::Config;
use super::{translate, wire};
use crate::clock::{self, Deadline};
use crate::integrations::client::{Client, Request, SendError};
use crate::integrations::mail::{MailProvider, OutgoingEmail};
use crate::integrations::{Outcome, Permit};

/// Longest wait for an answer; an e-mail with its invoice is sent in the background.
const PATIENCE: Duration = Duration::from_secs(30);

/// Builds the client of one sending domain for one incarnation; opens no connection.
///
/// # Errors
/// Base address, domain or sender cannot be used, or there is no TLS configuration.
pub fn connect(config: &Config) -> anyhow::Result<Rc<dyn MailProvider>> {
    let url = config.checked_endpoint()?;
    Ok(Rc::new(Mailgun {
        client: Client::new(url.as_str())?,
        from: config.from.clone(),
        key: config.key.clone(),
    }))
}

/// One sending domain at Mailgun.
struct Mailgun {
    client: Client,
    from: String,
    key: SecretString,
}

impl MailProvider for Mailgun {
    fn send(&self, letter: OutgoingEmail, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            if let Some(refusal) = translate::unsendable(&letter) {
                return Outcome::Refused(refusal);
            }
            let wire::Form { content_type, body } = wire::form(&self.from, &letter);
            let request = Request::post("", "multipart/form-data", body)
                .header("content-type", &content_type)
                .basic_auth(wire::USER, self.key.expose_secret());
            match self.client.send(request, &bounded(&permit)).await {
                Ok(answer) => translate::outcome(answer.status, &answer.body, clock::now()),
                Err(SendError::NotSent(why)) => Outcome::NotSent(why),
                Err(SendError::Unknown(why)) => Outcome::Unknown(why),
            }
        }
        .boxed_local()
    }
}

/// The asker's permit, cut to our patience.
fn bounded(permit: &Permit) -> Permit {
    permit.until_at_most(Deadline::after(PATIENCE))
}
