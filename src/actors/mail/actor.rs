//! The actor `mail`: the mail provider behind a bounded queue, deadlines and a breaker.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::actors::supervision::{Call, Handle, Placement, Policy, Service, Spec};
use crate::clock::Deadline;
use crate::integrations::mail::{MailProvider, OutgoingEmail};
use crate::integrations::{Outcome, Permit};

/// Whoever takes e-mails.
pub trait Post {
    /// Hands an e-mail over, at most until `deadline`. An e-mail in doubt may be handed over again: its Message-Id is the same.
    fn send(&self, letter: OutgoingEmail, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>>;
}

/// The shell around the mail provider; one value is one incarnation.
pub struct MailActor {
    provider: Rc<dyn MailProvider>,
}

impl MailActor {
    /// An incarnation around its own provider.
    #[must_use]
    pub fn new(provider: Rc<dyn MailProvider>) -> Self {
        Self { provider }
    }
}

/// How the actor runs: on a thread of its own, as many e-mails at once as the jobs bring.
#[must_use]
pub fn spec() -> Spec {
    Spec { name: "mail".into(), mailbox: 64, in_flight: 8, arbiter: Placement::Own, policy: Policy::default() }
}

impl Service for MailActor {
    type Request = OutgoingEmail;
    type Answer = Outcome<()>;

    fn handle(&mut self, letter: OutgoingEmail, call: Call) -> LocalBoxFuture<'static, Outcome<()>> {
        let provider = Rc::clone(&self.provider);
        let fence = call.fence();
        let permit = Permit::new(call.deadline(), move || fence.holds()).asking(Self::verb(&letter));
        Box::pin(async move { provider.send(letter, permit).await })
    }

    fn verb(_letter: &OutgoingEmail) -> &'static str {
        "send"
    }

    fn failed(answer: &Outcome<()>) -> bool {
        answer.is_broken()
    }
}

impl Post for Handle<MailActor> {
    fn send(&self, letter: OutgoingEmail, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>> {
        Box::pin(async move {
            match self.ask(letter, deadline).await {
                Ok(outcome) => outcome,
                Err(failure) if failure.begun => Outcome::Unknown(failure.why.to_string()),
                Err(failure) => Outcome::NotSent(failure.why.to_string()),
            }
        })
    }
}
