//! Starting the actor of orders.

use std::sync::Arc;

use chrono::TimeDelta;

use super::names::title;
use super::start::Ground;
use crate::actors::liftoperator::Facade;
use crate::actors::liftoperator::catalogue::{Current, WhenDown};
use crate::actors::order;
use crate::actors::order::engine::dispatch::Outside;
use crate::actors::order::engine::driver::Driver;
use crate::actors::order::rules::record::{Terms, Ticket};
use crate::actors::order::store::{Paper, Store};
use crate::actors::supervision::Policy;
use crate::app::catalogue_sync::{self, Shelf};
use crate::http::routes::operators::{OperatorStatus, OperatorStatuses as _};

impl Ground {
    /// Starts the actor of orders, and the shelf from which they are sold.
    pub(super) async fn start_orders(
        &self,
        outside: Outside,
        policy: Policy,
    ) -> anyhow::Result<order::Desk> {
        let rules = Arc::new(self.config.rules()?);
        let draining = self.draining.clone();
        let lift = outside.lift.clone();
        let news = outside.replica.broadcast.clone();
        let store = store(self, lift.clone());
        let shelf = Shelf::new(self, lift.clone(), store.clone(), news);
        self.tasks.keep("catalogue", Some(catalogue_sync::LOOK), |runs| shelf.keep(runs));
        let driver = Driver { store, outside, rules, draining };
        let (orders, schedule) = order::Desk::start(&self.system, driver, policy).await?;
        let catalogue = self.catalogue.clone();
        let operators = lift.clone();
        self.tasks.keep("schedule", None, |_runs| schedule);
        let orders = orders.with_limits(self.config.orders);
        Ok(orders.selling_unchecked(move |key| waits(&catalogue, &operators, key)))
    }
}

/// Whether an operator is down and its contract says that orders wait.
fn waits(catalogue: &Current, operators: &Facade, key: &str) -> bool {
    let says = catalogue
        .now()
        .operator(key)
        .is_some_and(|operator| operator.contract.when_down == WhenDown::Wait);
    says && operators.status_of(key) == OperatorStatus::Down
}

/// Where orders are kept, how their contracts may be asked, and what their invoices say.
fn store(ground: &Ground, lift: Facade) -> Store {
    let times = ground.config.times.clone();
    let terms = move |operator: &str| Terms {
        dedups: lift.contract(operator).is_some_and(|contract| contract.dedups_reference),
        settle: TimeDelta::from_std(times.settle).unwrap_or(TimeDelta::minutes(2)),
        patience: TimeDelta::from_std(times.issue_patience).unwrap_or(TimeDelta::minutes(10)),
    };
    let names = ground.catalogue.clone();
    let describe = move |ticket: &Ticket, language| {
        title(&names.now(), language, [&ticket.operator, &ticket.product, &ticket.category])
    };
    let seller = ground.config.seller.clone();
    let simulated = ground.simulated;
    let paper = Paper { seller, simulated, describe: Box::new(describe) };
    Store::new(ground.io.clone(), ground.jobs.clone(), terms, paper)
}
