//! The payment provider as an actor: its own thread, mailbox, breaker and restart policy.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::questions::{AskStatus, ListOpen, MoneyMove, Open, ReadHistory};
use crate::actors::supervision::{Handle, Placement, Policy, Spec, Status, System};
use crate::actors::supplier::{self, MayWrite, Question, SupplierActor};
use crate::integrations::Outcome;
use crate::integrations::payment::{
    self, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider, ProviderConfig,
    StatusKey,
};

/// Builds the provider's client, once for each incarnation of its actor and on its thread.
pub type Connect = Arc<dyn Fn() -> anyhow::Result<Rc<dyn PaymentProvider>> + Send + Sync>;

/// The door to the payment provider; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    actor: Handle<SupplierActor<dyn PaymentProvider>>,
    deadline: Duration,
}

impl Desk {
    /// Starts the provider's actor; `deadline` bounds one question.
    #[must_use]
    pub fn start(
        system: &System,
        config: ProviderConfig,
        policy: Policy,
        deadline: Duration,
    ) -> Self {
        Self::start_with(system, Arc::new(move || payment::connect(&config)), policy, deadline)
    }

    /// As [`Desk::start`], with another way to build the client.
    #[must_use]
    pub fn start_with(
        system: &System,
        connect: Connect,
        policy: Policy,
        deadline: Duration,
    ) -> Self {
        let spec = Spec {
            name: "payment".to_owned(),
            mailbox: 1024,
            in_flight: 64,
            arbiter: Placement::Own,
            policy,
        };
        Self { actor: SupplierActor::start(system, spec, move || connect()), deadline }
    }

    /// The actor's state, read without asking it.
    #[must_use]
    pub fn status(&self) -> Status {
        self.actor.status()
    }

    /// Opens a payment page.
    pub async fn open(&self, page: PageOrder, may_write: MayWrite) -> Outcome<OpenedPage> {
        self.ask(Open(page), may_write).await
    }

    /// Captures, reverses or credits.
    pub async fn move_money(&self, money: MoneyMove, may_write: MayWrite) -> Outcome<()> {
        self.ask(money, may_write).await
    }

    /// Reads the provider's transaction history of one payment.
    pub async fn history(&self, tid: String) -> Outcome<History> {
        self.ask(ReadHistory(tid), Arc::new(|| true)).await
    }

    /// Lists what is reserved and not captured, newest first: one page. [`Desk::read_open`] reads
    /// them all.
    pub async fn list_open(&self, begin: u32, size: u32) -> Outcome<OpenPayments> {
        self.ask(ListOpen { begin, size }, Arc::new(|| true)).await
    }

    /// Asks one payment's state; the call is counted before it is made. One that is denied is an
    /// answer, and no failure of the provider: it opens no breaker, by which one transaction would
    /// hold up the payments of all.
    pub async fn payment_status(&self, key: StatusKey) -> Outcome<Option<Observed>> {
        self.ask(AskStatus(key), Arc::new(|| true)).await
    }

    async fn ask<Q: Question<dyn PaymentProvider>>(
        &self,
        question: Q,
        may_write: MayWrite,
    ) -> Outcome<Q::Reply> {
        supplier::ask(&self.actor, question, self.deadline, may_write).await
    }
}
