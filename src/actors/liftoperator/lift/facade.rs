//! Which supplier serves which operator: the one door to every contract's actor.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::NaiveDate;
use uuid::Uuid;

use super::questions::{Cancel, Check, Find, Issue, List, ReadPrices};
use super::settings::Settings;
use super::turns::Turns;
use crate::actors::supervision::{
    Handle, Phase, Placement, Policy, Spec, Status, System, UnknownActor,
};
pub use crate::actors::supplier::MayWrite;
use crate::actors::supplier::{self, Question, SupplierActor, TURN};
use crate::clock::Deadline;
use crate::ids::Reference;
use crate::integrations::Outcome;
use crate::integrations::lift::{
    self, Booking, CheckedCard, Contract, Found, LiftSupplier, PriceList, SoldPage, TicketOrder,
    Wanted,
};

/// Builds the client of a contract, once for each incarnation of its actor and on its thread.
pub type Connect = Arc<dyn Fn(&Contract) -> anyhow::Result<Rc<dyn LiftSupplier>> + Send + Sync>;

/// The door to all operators; cheap to clone.
#[derive(Clone)]
pub struct Facade {
    inner: Arc<Inner>,
}

struct Inner {
    system: System,
    policy: Policy,
    connect: Connect,
    operators: RwLock<BTreeMap<String, Entry>>,
}

#[derive(Clone)]
struct Entry {
    settings: Settings,
    actor: Handle<SupplierActor<dyn LiftSupplier>>,
    /// Whose checks are asked next.
    turns: Turns,
    /// Nothing needs the contract any more; its actor has ended or will.
    is_retired: bool,
}

/// A catalogue takes as long as so many other questions: some suppliers are asked for each price.
const CATALOGUE_QUESTIONS: u32 = 10;

impl Facade {
    /// Starts one actor per contract.
    #[must_use]
    pub fn start(system: &System, contracts: Vec<Contract>, policy: &Policy) -> Self {
        let registered: Connect = Arc::new(lift::connect);
        Self::start_with(system, contracts, policy, &registered)
    }

    /// As [`Facade::start`], with another way to build clients than the registry of suppliers.
    #[must_use]
    pub fn start_with(
        system: &System,
        contracts: Vec<Contract>,
        policy: &Policy,
        connect: &Connect,
    ) -> Self {
        let system = system.clone();
        let policy = policy.clone();
        let connect = Arc::clone(connect);
        let facade = Self {
            inner: Arc::new(Inner { system, policy, connect, operators: RwLock::default() }),
        };
        contracts.into_iter().for_each(|contract| facade.add(contract));
        facade
    }

    /// Brings the actors to `contracts`, while the others' questions go on: starts what is new,
    /// starts afresh what has other settings. Contracts that are not named stay as they are. Twice
    /// is once.
    pub async fn bring_to(&self, contracts: Vec<Contract>) {
        for contract in contracts {
            match self.entry(&contract.operator) {
                Some(entry) if entry.actor.name() == contract.actor_name() => {
                    if entry.is_retired || !entry.settings.now().is_same(&contract) {
                        tracing::info!(
                            operator = contract.operator,
                            "a contract has other settings"
                        );
                        let key = contract.operator.clone();
                        entry.settings.replace(contract);
                        told(self.inner.system.restart(entry.actor.name()).await);
                        self.put(key, Entry { is_retired: false, ..entry });
                    }
                }
                Some(entry) => {
                    told(self.inner.system.drain(entry.actor.name()).await);
                    self.add(contract);
                }
                None => self.add(contract),
            }
        }
    }

    /// Ends the actor of an operator that no order needs any more, once it has answered what it
    /// took. Twice is once.
    pub async fn retire(&self, operator: &str) {
        let Some(entry) = self.entry(operator).filter(|entry| !entry.is_retired) else { return };
        tracing::info!(operator, "a contract is not needed any more");
        told(self.inner.system.drain(entry.actor.name()).await);
        self.put(operator.to_owned(), Entry { is_retired: true, ..entry });
    }

    /// The contract of an operator.
    #[must_use]
    pub fn contract(&self, operator: &str) -> Option<Arc<Contract>> {
        self.entry(operator).filter(|entry| !entry.is_retired).map(|entry| entry.settings.now())
    }

    /// The state of an operator's actor, read without asking it.
    #[must_use]
    pub fn status(&self, operator: &str) -> Option<Status> {
        self.entry(operator).filter(|entry| !entry.is_retired).map(|entry| entry.actor.status())
    }

    /// Each operator's key and whether its supplier answers at the moment.
    #[must_use]
    pub fn states(&self) -> Vec<(String, Phase)> {
        let operators = self.inner.operators.read().unwrap_or_else(PoisonError::into_inner);
        let active = operators.iter().filter(|(_, entry)| !entry.is_retired);
        active.map(|(operator, entry)| (operator.clone(), entry.actor.status().state)).collect()
    }

    /// Asks whether the operator accepts a card now. Nobody has paid for that: accounts take turns,
    /// and one that has much waiting waits itself.
    pub async fn check(
        &self,
        operator: &str,
        account: Uuid,
        card: String,
        may_write: MayWrite,
    ) -> Outcome<CheckedCard> {
        let turns = self.entry(operator).map(|entry| entry.turns).unwrap_or_default();
        let Some(_turn) = turns.turn(account, Deadline::after(TURN)).await else {
            return Outcome::NotSent(
                "other checks of the account, or of many, are asked first".to_owned(),
            );
        };
        let budget = self.budget(operator, |contract| contract.check_deadline);
        self.ask(operator, Check { card, account }, budget, may_write).await
    }

    /// Books a ticket. In doubt it is found first, never asked again.
    pub async fn issue(
        &self,
        operator: &str,
        order: TicketOrder,
        may_write: MayWrite,
    ) -> Outcome<Booking> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        self.ask(operator, Issue(order), budget, may_write).await
    }

    /// Lists every booking under a reference.
    pub async fn find(
        &self,
        operator: &str,
        reference: Reference,
        may_write: MayWrite,
    ) -> Outcome<Vec<Found>> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        self.ask(operator, Find(reference), budget, may_write).await
    }

    /// Cancels a booking.
    pub async fn cancel(
        &self,
        operator: &str,
        booking: Booking,
        may_write: MayWrite,
    ) -> Outcome<()> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        self.ask(operator, Cancel(booking), budget, may_write).await
    }

    /// Lists what the operator's supplier booked on a day; a page after the one before.
    pub async fn list(
        &self,
        operator: &str,
        day: NaiveDate,
        after: Option<String>,
    ) -> Outcome<SoldPage> {
        let budget = self.budget(operator, |contract| contract.issue_deadline);
        self.ask(operator, List { day, after }, budget, Arc::new(|| true)).await
    }

    /// Lists what the operator's supplier sells now, within ten times the deadline of an issue.
    /// Changes nothing.
    pub async fn catalogue(&self, operator: &str, wanted: Wanted) -> Outcome<PriceList> {
        let budget =
            self.budget(operator, |contract| contract.issue_deadline * CATALOGUE_QUESTIONS);
        self.ask(operator, ReadPrices(wanted), budget, Arc::new(|| true)).await
    }

    /// After this time nobody waits for the answer of an issue any more that was asked now.
    #[must_use]
    pub fn longest_issue(&self, operator: &str) -> Duration {
        TURN + self.budget(operator, |contract| contract.issue_deadline)
    }

    fn budget(&self, operator: &str, of: impl Fn(&Contract) -> Duration) -> Duration {
        self.contract(operator).map_or(Duration::from_secs(1), |contract| of(&contract))
    }

    async fn ask<Q: Question<dyn LiftSupplier>>(
        &self,
        operator: &str,
        question: Q,
        budget: Duration,
        may_write: MayWrite,
    ) -> Outcome<Q::Reply> {
        match self.entry(operator) {
            Some(entry) => supplier::ask(&entry.actor, question, budget, may_write).await,
            None => Outcome::NotSent("no contract with this operator".to_owned()),
        }
    }

    fn add(&self, contract: Contract) {
        let operator = contract.operator.clone();
        let name = contract.actor_name();
        let settings = Settings::new(contract);
        let Inner { system, policy, connect, .. } = &*self.inner;
        let spec = Spec {
            name,
            mailbox: 512,
            in_flight: 32,
            arbiter: Placement::Own,
            policy: policy.clone(),
        };
        let of_each_start = settings.clone();
        let connect = Arc::clone(connect);
        let actor = SupplierActor::start(system, spec, move || connect(&of_each_start.now()));
        self.put(operator, Entry { settings, actor, turns: Turns::default(), is_retired: false });
    }

    fn entry(&self, operator: &str) -> Option<Entry> {
        self.inner.operators.read().unwrap_or_else(PoisonError::into_inner).get(operator).cloned()
    }

    fn put(&self, operator: String, entry: Entry) {
        self.inner
            .operators
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(operator, entry);
    }
}

/// A contract's own actor is always there.
fn told(answer: Result<(), UnknownActor>) {
    if let Err(error) = answer {
        tracing::error!(event = "server.fault", %error, "a contract's actor cannot be told");
    }
}
