//! The actor `mail`: the mail provider behind a bounded queue, deadlines and a breaker.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use crate::actors::supervision::{Content, Handle, Placement, Policy, Spec, System};
use crate::actors::supplier::{self, Asking, Question, SupplierActor};
use crate::clock::Deadline;
use crate::integrations::mail::{MailProvider, OutgoingEmail};
use crate::integrations::{Outcome, Permit};

/// Whoever takes e-mails.
pub trait Post {
    /// Hands an e-mail over, at most until `deadline`. An e-mail in doubt may be handed over again:
    /// its Message-Id is the same.
    fn send(&self, email: OutgoingEmail, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>>;
}

/// The mail provider as an actor.
pub type MailActor = SupplierActor<dyn MailProvider>;

/// Starts it on a thread of its own, with as many e-mails at once as the jobs bring.
pub fn start(
    system: &System,
    connect: impl Fn() -> anyhow::Result<Rc<dyn MailProvider>> + Send + Sync + 'static,
) -> Handle<MailActor> {
    let policy = Policy::default();
    let spec = Spec {
        name: "mail".to_owned(),
        mailbox: 64,
        in_flight: 8,
        arbiter: Placement::Own,
        policy,
    };
    SupplierActor::start(system, spec, connect)
}

impl Question<dyn MailProvider> for OutgoingEmail {
    type Reply = ();

    fn verb(&self) -> &'static str {
        "send"
    }

    fn content(&self) -> Content {
        Content::Ours
    }

    fn ask(self, provider: Rc<dyn MailProvider>, permit: Permit) -> Asking<()> {
        Box::pin(async move { provider.send(self, permit).await })
    }
}

impl Post for Handle<MailActor> {
    fn send(&self, email: OutgoingEmail, deadline: Deadline) -> LocalBoxFuture<'_, Outcome<()>> {
        Box::pin(supplier::ask_until(
            self,
            email,
            deadline.remaining(),
            Arc::new(|| true),
            deadline,
        ))
    }
}
