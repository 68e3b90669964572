//! The actor under which orders are driven.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::driver::{Driver, Drove};
use crate::actors::order::rules::record::Order;
use crate::actors::supervision::{Call, Service};

/// One question is one drive.
pub(in crate::actors::order) struct Drives {
    pub(in crate::actors::order) driver: Driver,
}

/// What a drive begins with.
pub(in crate::actors::order) enum Task {
    /// An order that was placed just now.
    Begin(Box<Order>),
    /// An order of the database.
    Resume(Uuid),
}

impl Service for Drives {
    type Request = Task;
    type Answer = Drove;

    fn handle(&mut self, task: Task, _call: Call) -> LocalBoxFuture<'static, Drove> {
        let driver = self.driver.clone();
        async move {
            let (id, drove) = match task {
                Task::Begin(order) => (order.id, driver.begin(*order).await),
                Task::Resume(id) => (id, driver.resume(id).await),
            };
            drove.unwrap_or_else(|error| {
                tracing::warn!(%error, order.id = %id, "a drive broke off; the order is driven again");
                Drove::Failed
            })
        }
        .boxed_local()
    }

    fn verb(_task: &Task) -> &'static str {
        "drive"
    }

    fn failed(answer: &Drove) -> bool {
        *answer == Drove::Failed
    }
}
