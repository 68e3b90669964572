//! Reconciliation: its worker, and the request of each day.

use super::{Parts, Shared};
use crate::actors::reconcile::ReconcileDesk;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    let ground = shared.ground;
    let core = shared.core;
    let asked = (core.lift.clone(), core.payment.clone(), core.orders.clone());
    let books = ReconcileDesk::new(&ground.io, asked, ground.config.times.job_pause);
    parts.handles.add(books.clone());
    let worker = books.clone();
    let draining = ground.draining.clone();
    ground.tasks.keep("books", None, |_runs| worker.keep(draining));
    books.keep_daily(ground.config.books, &ground.tasks, core.singletons.clone());
}
