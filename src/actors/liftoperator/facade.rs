//! Which supplier serves which operator: the one door to every contract's actor.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::supplier::{Connect, Question, Reply, Request, Supplier};
use crate::actors::supervision::{Failure, Handle, Phase, Policy, Status, System};
use crate::clock::Deadline;
use crate::ids::Reference;
use crate::integrations::Outcome;
use crate::integrations::lift::{self, Booking, CheckedCard, Contract, Found, TicketOrder};

/// The door to all operators; cheap to clone.
#[derive(Clone)]
pub struct Facade {
    operators: Arc<BTreeMap<String, Entry>>,
}

struct Entry {
    contract: Contract,
    actor: Handle<Supplier>,
}

/// Longest wait for a turn in a contract's mailbox; only then does a question's own time begin.
const TURN: Duration = Duration::from_secs(30);

/// Whether the asker may still write: looked at before the first byte.
pub type MayWrite = Arc<dyn Fn() -> bool + Send + Sync>;

impl Facade {
    /// Starts one actor per contract.
    #[must_use]
    pub fn start(system: &System, contracts: Vec<Contract>, policy: &Policy) -> Self {
        let registered: Connect = Arc::new(lift::connect);
        Self::start_with(system, contracts, policy, &registered)
    }

    /// As [`Facade::start`], with another way to build clients than the registry of suppliers.
    #[must_use]
    pub fn start_with(system: &System, contracts: Vec<Contract>, policy: &Policy, connect: &Connect) -> Self {
        let entries = contracts.into_iter().map(|contract| {
            let actor = Supplier::start(system, &contract, policy.clone(), Arc::clone(connect));
            (contract.operator.clone(), Entry { contract, actor })
        });
        Self { operators: Arc::new(entries.collect()) }
    }

    /// The contract of an operator.
    #[must_use]
    pub fn contract(&self, operator: &str) -> Option<&Contract> {
        self.operators.get(operator).map(|entry| &entry.contract)
    }

    /// The state of an operator's actor, read without asking it.
    #[must_use]
    pub fn status(&self, operator: &str) -> Option<Status> {
        self.operators.get(operator).map(|entry| entry.actor.status())
    }

    /// Each operator's key and whether its supplier answers at the moment.
    #[must_use]
    pub fn states(&self) -> Vec<(String, Phase)> {
        self.operators.iter().map(|(operator, entry)| (operator.clone(), entry.actor.status().state)).collect()
    }

    /// Asks whether the operator accepts a card now.
    pub async fn check(&self, operator: &str, card: String, may_write: MayWrite) -> Outcome<CheckedCard> {
        let budget = self.budget(operator, |contract| contract.check_deadline);
        match self.ask(operator, Question::Check(card), budget, may_write).await {
            Ok(Reply::Check(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Books a ticket. In doubt it is found first, never asked again.
    pub async fn issue(&self, operator: &str, order: TicketOrder, may_write: MayWrite) -> Outcome<Booking> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        match self.ask(operator, Question::Issue(Box::new(order)), budget, may_write).await {
            Ok(Reply::Issue(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Lists every booking under a reference.
    pub async fn find(&self, operator: &str, reference: Reference, may_write: MayWrite) -> Outcome<Vec<Found>> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        match self.ask(operator, Question::Find(reference), budget, may_write).await {
            Ok(Reply::Find(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Cancels a booking.
    pub async fn cancel(&self, operator: &str, booking: Booking, may_write: MayWrite) -> Outcome<()> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        match self.ask(operator, Question::Cancel(booking), budget, may_write).await {
            Ok(Reply::Cancel(outcome)) => outcome,
            other => failed(other),
        }
    }

    fn budget(&self, operator: &str, of: impl Fn(&Contract) -> Duration) -> Duration {
        self.contract(operator).map_or(Duration::from_secs(1), of)
    }

    async fn ask(
        &self,
        operator: &str,
        question: Question,
        budget: Duration,
        may_write: MayWrite,
    ) -> Result<Reply, Option<Failure>> {
        let entry = self.operators.get(operator).ok_or(None)?;
        let request = Request { question, budget, may_write };
        entry.actor.ask(request, Deadline::after(budget + TURN)).await.map_err(Some)
    }
}

/// A question that its actor did not answer: whether it had begun decides what is known of it.
fn failed<T>(answer: Result<Reply, Option<Failure>>) -> Outcome<T> {
    match answer {
        Err(Some(failure)) if failure.begun => Outcome::Unknown(failure.to_string()),
        Err(Some(failure)) => Outcome::NotSent(failure.to_string()),
        Err(None) => Outcome::NotSent("no contract with this operator".to_owned()),
        Ok(_) => Outcome::Unknown("the actor answered another question".to_owned()),
    }
}
