//! Customers with their baskets, and what all people of a life share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join;
use starjack::actors::order::rules::lifecycle::{LineState, OrderState, has_ended};
use starjack::actors::order::rules::record::{Line, Order};
use starjack::actors::order::{
    ChangeError, Desk, NewOrder, PlaceError, Placed, ReturnRequest, Returner, Store,
};
use starjack::clock::{self, Deadline};
use starjack::money::Cents;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::invariants::{Invariant, Violation};
use super::super::ledger::Books;
use super::abilities::Abilities;
use super::database::SharedDatabase;
use super::payers::pay;
use super::prng::Prng;
use super::process::Inbox;
use super::replica::{Door, Entrance};
use super::time::Time;
use super::trace::Trace;

/// What the people of one life share.
pub(crate) struct Town {
    pub(crate) entrance: Entrance,
    pub(crate) database: Rc<SharedDatabase>,
    pub(crate) store: Store,
    pub(crate) books: Arc<Books>,
    pub(crate) trace: Trace,
    pub(crate) time: Time,
    /// What others can do, besides.
    pub(crate) abilities: Abilities,
    /// Whether the day is compared with everybody's books once all rests.
    pub(crate) is_compared: bool,
    /// The day is over.
    pub(crate) calm: Arc<AtomicBool>,
    pub(crate) inbox: Inbox,
    pub(crate) page_life: Duration,
    /// How many of a hundred payments are only reserved; all others are billed at once.
    pub(crate) reserved: u64,
    /// Orders that were accepted: whose key, and what was to be paid.
    pub(crate) accepted: RefCell<Vec<(Uuid, Cents)>>,
    /// Who decides whether a ticket is given back; nobody does where that is not to be.
    pub(crate) regrets: Option<Prng>,
    /// How many do not know yet whether their order was placed.
    pub(crate) placing: Cell<usize>,
    /// How many still have something to do.
    pub(crate) busy: Cell<usize>,
}

impl Town {
    /// Asks the product; nothing where it is down, dies, or does not answer in time.
    pub(crate) async fn ask<T: 'static, F>(&self, question: impl FnOnce(Desk) -> F) -> Option<T>
    where
        F: Future<Output = T> + 'static,
    {
        self.enter(|door| question(door.desk)).await
    }

    /// The same, of anything behind its door.
    pub(crate) async fn enter<T: 'static, F>(&self, question: impl FnOnce(Door) -> F) -> Option<T>
    where
        F: Future<Output = T> + 'static,
    {
        let door = self.entrance.borrow().clone()?;
        let (tell, told) = oneshot::channel();
        let work = question(door.clone());
        door.inbox.begin(async move { drop(tell.send(work.await)) });
        clock::timeout_at(Deadline::after(Duration::from_secs(20)), told).await.ok()?.ok()
    }

    /// Notes once that an order was accepted.
    fn accept(&self, id: Uuid, total: Cents) {
        let mut accepted = self.accepted.borrow_mut();
        if !accepted.contains(&(id, total)) {
            accepted.push((id, total));
        }
    }

    pub(crate) fn order(&self, id: Uuid) -> Order {
        self.database.without_faults(self.store.load(id)).unwrap().unwrap()
    }

    pub(crate) fn is_evening(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    pub(crate) fn begin(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        self.busy.set(self.busy.get() + 1);
        let town = Rc::clone(self);
        self.inbox.begin(async move {
            work.await;
            town.busy.set(town.busy.get() - 1);
        });
    }
}

/// Orders, and lives on with the order until it has ended.
pub(crate) async fn customer(town: Rc<Town>, prng: Prng, order: NewOrder) {
    clock::sleep(prng.millis(0, 4000)).await;
    let placed = if prng.percent(15) {
        let (one, other) = join(place(&town, &prng, &order), place(&town, &prng, &order)).await;
        // a card that is taken for the one may be free again for the other, but never taken by the
        // key's own order
        let differ = match (&one, &other) {
            (Ok(one), Ok(other)) => one != other,
            (Ok(placed), Err(taken)) | (Err(taken), Ok(placed)) => {
                taken.as_ref() == Some(&placed.body)
            }
            (Err(_), Err(_)) => false,
        };
        if differ {
            let says = format!("one key, two answers: {one:?}, {other:?}");
            town.books.open().slips.push(Violation { invariant: Invariant::Accepted, says });
        }
        one.or(other)
    } else {
        place(&town, &prng, &order).await
    };
    town.placing.set(town.placing.get() - 1);
    let Ok(placed) = placed else { return };
    let total = order.lines.iter().map(|line| line.price).sum();
    town.accept(placed.id, total);
    if prng.percent(25) {
        let impatient = Rc::clone(&town);
        let own = prng.another();
        town.begin(async move {
            clock::sleep(own.millis(500, 60_000)).await;
            cancel(&impatient, order.account_id, placed.id).await;
        });
    }
    if let Some(prng) = &town.regrets {
        town.begin(regret(Rc::clone(&town), prng.another(), placed.id));
    }
    pay(&town, &prng, placed.id).await;
}

pub(super) async fn cancel(town: &Town, account: Uuid, id: Uuid) {
    let cancelled = town.ask(|desk| async move { desk.cancel(account, id).await.is_ok() }).await;
    town.trace.note(|| format!("cancelled {cancelled:?}"));
}

/// Now and then gives a ticket back once the order is finished, some people twice.
async fn regret(town: Rc<Town>, prng: Prng, id: Uuid) {
    if !prng.percent(40) {
        return;
    }
    while !has_ended(town.order(id).state) {
        clock::sleep(prng.millis(2000, 10_000)).await;
    }
    clock::sleep(prng.millis(0, 30_000)).await;
    let issued = |line: &Line| (line.state == LineState::Issued).then_some(line.no);
    let sold: Vec<i32> = town.order(id).lines.iter().filter_map(issued).collect();
    if sold.is_empty() || town.order(id).state != OrderState::Finished {
        return;
    }
    let lines = BTreeSet::from([prng.one(&sold)]);
    for _time in 0..prng.one(&[1, 1, 2]) {
        let wish = ReturnRequest { lines: lines.clone(), by: Returner::Staff, reason: None };
        let mut asked = None;
        while asked.is_none() {
            let wish = wish.clone();
            asked = town.ask(|desk| async move { desk.ask_return(id, wish).await.map(drop) }).await;
            town.trace.note(|| format!("gave {lines:?} back: {asked:?}"));
            asked = asked.filter(|asked| !matches!(asked, Err(ChangeError::Io(_))));
            clock::sleep(prng.millis(200, 5000)).await;
        }
    }
}

/// Orders until it is known whether the order was placed; otherwise the number of the order that
/// has a card.
async fn place(town: &Rc<Town>, prng: &Prng, order: &NewOrder) -> Result<Placed, Option<String>> {
    loop {
        let own = order.clone();
        match town
            .ask(|desk| async move { desk.place(own, |order| order.number.to_string()).await })
            .await
        {
            Some(Ok(placed)) => return Ok(placed),
            Some(Err(PlaceError::CardTaken { order, .. })) => return Err(Some(order)),
            Some(Err(PlaceError::NotFree(_))) => return Err(None),
            Some(Err(PlaceError::Running | PlaceError::Io(_))) | None => {
                clock::sleep(prng.millis(500, 3000)).await
            }
            Some(Err(error)) => unreachable!("{error}"),
        }
    }
}
