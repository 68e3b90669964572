//! Starting the actor of orders.

use std::sync::Arc;

use super::parts::store;
use super::start::Ground;
use crate::actors::liftoperator::Facade;
use crate::actors::liftoperator::catalogue::{Current, WhenDown};
use crate::actors::order;
use crate::actors::order::engine::dispatch::Outside;
use crate::actors::order::engine::driver::Driver;
use crate::actors::supervision::Policy;
use crate::app::catalogue_sync::Shelf;
use crate::app::shutdown::watch_over;
use crate::http::routes::operators::{OperatorStatus, OperatorStatuses as _};

impl Ground {
    /// Starts the actor of orders, and the shelf from which they are sold.
    pub(super) async fn start_orders(
        &self,
        outside: Outside,
        policy: Policy,
    ) -> anyhow::Result<order::Desk> {
        let (rules, draining) = (Arc::new(self.config.rules()?), self.draining.clone());
        let (lift, news) = (outside.lift.clone(), outside.replica.broadcast.clone());
        let store = store(self, lift.clone());
        let shelf = Shelf::new(self, lift.clone(), store.clone(), news);
        watch_over("catalogue", &self.broken, shelf.keep());
        let driver = Driver { store, outside, rules, draining };
        let (orders, schedule) = order::Desk::start(&self.system, driver, policy).await?;
        let (catalogue, operators) = (self.catalogue.clone(), lift.clone());
        watch_over("schedule", &self.broken, schedule);
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
