//! When which order is driven: at once when something happened, at its own time otherwise, one
//! drive at a time each.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::actor::{Drives, Task};
use super::driver::Drove;
use super::due::Due;
use crate::actors::fleet::{FleetEvent, Replica};
use crate::actors::order::rules::record::Order;
use crate::actors::order::store::Store;
use crate::actors::supervision::{Failure, Handle};
use crate::clock::{self, Deadline};

/// Longest life of one drive; an order that needs longer is driven again.
const DRIVE: Duration = Duration::from_secs(15 * 60);
/// How often the database is asked for orders that are due, or whose driver is dead.
const LOOK: Duration = Duration::from_secs(1);
/// Pause before an order is driven again whose drive failed.
const AGAIN: chrono::TimeDelta = chrono::TimeDelta::milliseconds(300);
/// Most doublings of that pause, for an order whose drives fail one after the other.
const MOST_DOUBLINGS: u32 = 6;
/// Most orders taken from one look.
const MOST: u64 = 1000;

/// Something happened to an order.
pub(in crate::actors::order) enum Wake {
    /// It was placed here just now.
    Placed(Box<Order>),
    /// It changed.
    Changed(Uuid),
}

/// The schedule of one replica.
pub(in crate::actors::order) struct Schedule {
    pub(in crate::actors::order) wakes: mpsc::Receiver<Wake>,
    pub(in crate::actors::order) drives: Handle<Drives>,
    pub(in crate::actors::order) store: Store,
    pub(in crate::actors::order) replica: Replica,
}

struct State {
    due: Due,
    /// Orders that are being driven, and whether something happened since.
    active: HashMap<Uuid, bool>,
    /// Orders whose last drives failed, and how many in a row.
    failing: HashMap<Uuid, u32>,
    running: FuturesUnordered<LocalBoxFuture<'static, (Uuid, Result<Drove, Failure>)>>,
    drives: Handle<Drives>,
}

impl Schedule {
    /// Runs for ever.
    pub(in crate::actors::order) async fn run(mut self) {
        let mut state = State {
            due: Due::default(),
            active: HashMap::new(),
            failing: HashMap::new(),
            running: FuturesUnordered::new(),
            drives: self.drives.clone(),
        };
        let mut look = self.look(Duration::ZERO, 0);
        let mut news = self.replica.broadcast.listen();
        loop {
            let next = clock::sleep(state.until_next());
            tokio::select! {
                Some(wake) = self.wakes.recv() => match wake {
                    Wake::Placed(order) => state.begin(order),
                    Wake::Changed(id) => state.wake(id),
                },
                heard = news.next() => match heard {
                    FleetEvent::Order { id, driver } if driver == self.replica.incarnation => state.wake(id),
                    FleetEvent::Order { .. }
                    | FleetEvent::RunNow(_)
                    | FleetEvent::Opened { .. }
                    | FleetEvent::AdminRequest { .. }
                    | FleetEvent::Catalogue
                    | FleetEvent::Sessions => {}
                },
                Some((id, drove)) = state.running.next(), if !state.running.is_empty() => state.ended(id, drove),
                found = &mut look => {
                    state.found(found);
                    look = self.look(LOOK, state.active.len());
                }
                () = next => {}
            }
            state.start_due();
        }
    }

    /// Orders that are being driven are due as well: they must not fill the page.
    fn look(&self, pause: Duration, active: usize) -> LocalBoxFuture<'static, Vec<Uuid>> {
        let most = MOST + u64::try_from(active).unwrap_or(u64::MAX - MOST);
        let store = self.store.clone();
        let replica = self.replica.clone();
        async move {
            clock::sleep(pause).await;
            match replica.take_over().await {
                Ok(0) => {}
                Ok(taken) => tracing::info!(taken, "took over orders whose driver is dead"),
                Err(error) => {
                    tracing::warn!(%error, "could not look for orders whose driver is dead")
                }
            }
            match store.due(replica.incarnation, clock::now(), most).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "could not look for orders that are due");
                    Vec::new()
                }
            }
        }
        .boxed_local()
    }
}

impl State {
    fn wake(&mut self, id: Uuid) {
        match self.active.get_mut(&id) {
            Some(again) => *again = true,
            None => self.start(id, Task::Resume(id)),
        }
    }

    /// The database's time wins over ours: another replica, or a wake that did not fit, may have
    /// brought it forward.
    fn found(&mut self, ids: Vec<Uuid>) {
        let now = clock::now();
        for id in ids {
            if !self.active.contains_key(&id) && !self.failing.contains_key(&id) {
                self.due.insert(id, now);
            }
        }
    }

    /// A look at the database may have found the order before its placing said so: two drives would
    /// ask one intent twice.
    fn begin(&mut self, order: Box<Order>) {
        if !self.active.contains_key(&order.id) {
            self.start(order.id, Task::Begin(order));
        }
    }

    fn start(&mut self, id: Uuid, task: Task) {
        self.due.remove(id);
        self.active.insert(id, false);
        let drives = self.drives.clone();
        self.running.push(
            async move { (id, drives.ask(task, Deadline::after(DRIVE)).await) }.boxed_local(),
        );
    }

    fn ended(&mut self, id: Uuid, drove: Result<Drove, Failure>) {
        let again = self.active.remove(&id).unwrap_or(false);
        let failed =
            matches!(&drove, Ok(Drove::Failed)) || matches!(&drove, Err(failure) if failure.begun);
        let failures = if failed {
            self.failing.get(&id).map_or(1, |before| before.saturating_add(1))
        } else {
            0
        };
        if failed {
            self.failing.insert(id, failures);
        } else if drove.is_ok() {
            self.failing.remove(&id);
        }
        match drove {
            _ if again => self.start(id, Task::Resume(id)),
            Ok(Drove::Until(at)) => self.due.insert(id, at),
            Ok(Drove::AtRest | Drove::NotOurs) => {}
            Ok(Drove::Failed) | Err(_) => {
                self.due.insert(id, clock::now() + AGAIN * (1 << failures.min(MOST_DOUBLINGS)));
            }
        }
    }

    fn start_due(&mut self) {
        let now = clock::now();
        while let Some(id) = self.due.pop(now) {
            self.start(id, Task::Resume(id));
        }
    }

    fn until_next(&self) -> Duration {
        let next = self.due.next().map(|at| (at - clock::now()).to_std().unwrap_or_default());
        next.unwrap_or(LOOK).min(LOOK).max(Duration::from_millis(1))
    }
}
