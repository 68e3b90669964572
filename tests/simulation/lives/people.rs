//! Customers with their baskets, payers with their tabs, the provider's reports, and somebody at the desk.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use starjack::actors::order::lifecycle::{LineState, OrderState, has_ended};
use starjack::actors::order::record::{Line, Order};
use starjack::actors::order::{ChangeError, Desk, NewOrder, PlaceError, Placed, ReturnWish, Returner, Store, Wish};
use starjack::clock::{self, Deadline};
use starjack::integrations::payment::{Callback, CreditAmount, ObservedState};
use starjack::money::Cents;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::invariants::{Invariant, Violation};
use super::super::ledger::Books;
use super::dice::Dice;
use super::process::Inbox;
use super::replica::{Door, Entrance};
use super::sky::Ground;
use super::trace::Trace;

/// What the people of one life share.
pub(crate) struct Town {
    pub(crate) entrance: Entrance,
    pub(crate) ground: Rc<Ground>,
    pub(crate) store: Store,
    pub(crate) books: Arc<Books>,
    pub(crate) trace: Trace,
    pub(crate) inbox: Inbox,
    pub(crate) page_life: Duration,
    /// How many of a hundred payments are only reserved; all others are billed at once.
    pub(crate) reserved: u64,
    /// Orders that were accepted: whose key, and what was to be paid.
    pub(crate) accepted: RefCell<Vec<(Uuid, Cents)>>,
    /// Who decides whether a ticket is given back; nobody does where that is not to be.
    pub(crate) regrets: Option<Dice>,
    /// How many still have something to do.
    pub(crate) busy: Cell<usize>,
}

impl Town {
    /// Asks the product; nothing where it is down, dies, or does not answer in time.
    async fn ask<T: 'static, F>(&self, question: impl FnOnce(Desk) -> F) -> Option<T>
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

    fn order(&self, id: Uuid) -> Order {
        self.ground.in_fair_weather(self.store.load(id)).unwrap().unwrap()
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
pub(crate) async fn customer(town: Rc<Town>, dice: Dice, order: NewOrder) {
    clock::sleep(dice.millis(0, 4000)).await;
    let placed = if dice.percent(15) {
        let (one, other) = join(place(&town, &dice, &order), place(&town, &dice, &order)).await;
        // a card that is taken for the one may be free again for the other, but never taken by the key's own order
        let differ = match (&one, &other) {
            (Ok(one), Ok(other)) => one != other,
            (Ok(placed), Err(taken)) | (Err(taken), Ok(placed)) => taken.as_ref() == Some(&placed.body),
            (Err(_), Err(_)) => false,
        };
        if differ {
            let says = format!("one key, two answers: {one:?}, {other:?}");
            town.books.open().slips.push(Violation { invariant: Invariant::Accepted, says });
        }
        one.or(other)
    } else {
        place(&town, &dice, &order).await
    };
    let Ok(placed) = placed else { return };
    let total = order.lines.iter().map(|line| line.price).sum();
    town.accept(placed.id, total);
    if dice.percent(25) {
        let (impatient, own) = (Rc::clone(&town), dice.another());
        town.begin(async move {
            clock::sleep(own.millis(500, 60_000)).await;
            let cancelled = impatient.ask(|desk| async move { desk.cancel(order.account_id, placed.id).await.is_ok() });
            let cancelled = cancelled.await;
            impatient.trace.note(|| format!("cancelled {cancelled:?}"));
        });
    }
    if let Some(dice) = &town.regrets {
        town.begin(regret(Rc::clone(&town), dice.another(), placed.id));
    }
    pay(&town, &dice, placed.id).await;
}

/// Now and then gives a ticket back once the order is finished, some people twice.
async fn regret(town: Rc<Town>, dice: Dice, id: Uuid) {
    if !dice.percent(40) {
        return;
    }
    while !has_ended(town.order(id).state) {
        clock::sleep(dice.millis(2000, 10_000)).await;
    }
    clock::sleep(dice.millis(0, 30_000)).await;
    let issued = |line: &Line| (line.state == LineState::Issued).then_some(line.no);
    let sold: Vec<i32> = town.order(id).lines.iter().filter_map(issued).collect();
    if sold.is_empty() || town.order(id).state != OrderState::Finished {
        return;
    }
    let lines = BTreeSet::from([dice.one(&sold)]);
    for _time in 0..dice.one(&[1, 1, 2]) {
        let wish = ReturnWish { lines: lines.clone(), by: Returner::Person, reason: None };
        let mut asked = None;
        while asked.is_none() {
            let wish = wish.clone();
            asked = town.ask(|desk| async move { desk.ask_return(id, wish).await.map(drop) }).await;
            town.trace.note(|| format!("gave {lines:?} back: {asked:?}"));
            asked = asked.filter(|asked| !matches!(asked, Err(ChangeError::Io(_))));
            clock::sleep(dice.millis(200, 5000)).await;
        }
    }
}

/// Orders until it is known whether the order was placed; otherwise the number of the order that has a card.
async fn place(town: &Rc<Town>, dice: &Dice, order: &NewOrder) -> Result<Placed, Option<String>> {
    loop {
        let own = order.clone();
        match town.ask(|desk| async move { desk.place(own, |order| order.number.to_string()).await }).await {
            Some(Ok(placed)) => return Ok(placed),
            Some(Err(PlaceError::CardTaken { order, .. })) => return Err(order),
            Some(Err(PlaceError::Running | PlaceError::Io(_))) | None => clock::sleep(dice.millis(500, 3000)).await,
            Some(Err(error @ (PlaceError::KeyUsed | PlaceError::TooSmall))) => unreachable!("{error}"),
        }
    }
}

/// Waits for a page, thinks, and pays: never, once, in two tabs, on two pages, first a wrong sum, or too late.
async fn pay(town: &Rc<Town>, dice: &Dice, id: Uuid) {
    let manner = dice.below(10);
    if manner == 0 {
        return;
    }
    let too_late = manner == 1;
    let mut page = None;
    while page.is_none() && !has_ended(town.order(id).state) {
        clock::sleep(dice.millis(300, 1500)).await;
        page = payable(&town.order(id));
    }
    let Some((first, total)) = page else { return };
    let longest = u64::try_from(town.page_life.as_millis()).unwrap();
    clock::sleep(if too_late { dice.millis(longest, longest + 20_000) } else { dice.millis(800, 40_000) }).await;
    if manner == 2 {
        transact(town, dice, (&first, total + dice.one(&[1, -1])), None);
        clock::sleep(dice.millis(200, 20_000)).await;
    }
    transact(town, dice, (&first, total), (manner > 5).then_some(id));
    if manner == 3 || manner == 4 {
        clock::sleep(dice.millis(0, 15_000)).await;
        transact(town, dice, (&first, total), None);
    }
    if manner == 5 {
        let account = town.order(id).account_id;
        let opened = town.ask(|desk| async move { desk.open_page(account, id).await }).await;
        clock::sleep(dice.millis(500, 8000)).await;
        if let Some((second, total)) = opened.and_then(Result::ok).and_then(|_| payable(&town.order(id))) {
            transact(town, dice, (&second, total), None);
        }
    }
}

/// The newest page that has an address, and the total.
fn payable(order: &Order) -> Option<(String, Cents)> {
    let page = order.payments.iter().rev().find(|row| row.url.is_some())?;
    Some((page.reference.to_string(), order.total))
}

/// Money is reserved, or billed at once; the provider reports it, or not. What is reserved is listed, and what is billed on a
/// page that has nothing else, of the order `alone`, is seen when the page's life ends; anything else only the report tells.
fn transact(town: &Rc<Town>, dice: &Dice, (page, amount): (&str, Cents), alone: Option<Uuid>) {
    let reserved = dice.percent(town.reserved);
    let tid = town.books.open().pay(page, amount, reserved);
    town.trace.note(|| format!("paid {tid} {amount} reserved {reserved}"));
    let order = alone.map(|id| town.order(id));
    let page_row = order.iter().flat_map(|order| &order.payments).find(|row| row.reference.as_str() == page);
    let in_time = page_row.is_some_and(|row| clock::now() + chrono::TimeDelta::seconds(70) < row.page_ends_at);
    let may_be_lost = reserved || in_time;
    let copies = if may_be_lost { dice.one(&[0, 1, 1, 2, 3]) } else { dice.one(&[1, 2]) };
    let state = if reserved { ObservedState::Reserved } else { ObservedState::Billed };
    for _copy in 0..copies {
        report(town, dice.another(), callback(&tid, (page, amount), state));
    }
}

fn callback(tid: &str, (page, amount): (&str, Cents), state: ObservedState) -> Callback {
    let status = if state == ObservedState::Billed { "BILLED" } else { "RESERVED" };
    Callback {
        tid: tid.to_owned(),
        reference: page.to_owned(),
        secret: String::new(),
        status: status.to_owned(),
        state,
        amount,
        currency: "EUR".to_owned(),
    }
}

/// The provider reports until somebody says that it was taken.
fn report(town: &Rc<Town>, dice: Dice, callback: Callback) {
    let own = Rc::clone(town);
    town.begin(async move {
        clock::sleep(dice.millis(10, 9000)).await;
        if callback.state == ObservedState::Reserved {
            if let Some(door) = own.entrance.borrow().as_ref() {
                door.sweep.wish();
            }
            return;
        }
        loop {
            let copy = callback.clone();
            let taken = own.ask(|desk| async move { desk.claimed(copy).await.is_ok() }).await;
            own.trace.note(|| format!("reported {} {taken:?}", callback.tid));
            if taken == Some(true) {
                return;
            }
            clock::sleep(dice.millis(3000, 12_000)).await;
        }
    });
}

/// Somebody at the desk: pays by hand what only a person can decide, and now and then meddles.
pub(crate) async fn desk(town: Rc<Town>, dice: Dice) {
    let meddles = dice.percent(20);
    loop {
        clock::sleep(dice.millis(15_000, 30_000)).await;
        let ids: Vec<Uuid> = town.accepted.borrow().iter().map(|(id, _)| *id).collect();
        for id in ids {
            let order = town.order(id);
            by_hand(&town, &order);
            let may = matches!(order.state, OrderState::Authorised | OrderState::Issued | OrderState::Undoing);
            if meddles && may && dice.percent(10) {
                let wish = dice.one(&[Wish::Retry, Wish::Undo]);
                let granted = town.ask(|desk| async move { desk.grant(id, wish).await.is_ok() }).await;
                town.trace.note(|| format!("wished {wish:?} {granted:?}"));
            }
        }
    }
}

/// A part of the money of which nobody knows whether it went back, because its asker died: once nothing can be under way
/// any more, somebody reads the provider's books and credits what they do not show.
fn by_hand(town: &Town, order: &Order) {
    for row in &order.payments {
        let Some(mark) = row.person.as_ref().filter(|mark| mark.reason == "partial_credit_in_doubt") else { continue };
        let (Some(doubt), Some(tid)) = (row.doubt, row.tid.as_ref()) else { continue };
        let mut ledger = town.books.open();
        let shown = ledger.money[tid.parse::<usize>().unwrap()].credited;
        if clock::now() > mark.since + chrono::TimeDelta::seconds(90) && shown == row.returned {
            drop(ledger.credit(tid, CreditAmount::Part(doubt.amount)));
            drop(ledger);
            town.trace.note(|| format!("credited {tid} by hand"));
        }
    }
}

/// What we took of a reservation is reported too.
pub(crate) async fn postman(town: Rc<Town>, dice: Dice) {
    let mut told = BTreeSet::new();
    loop {
        clock::sleep(dice.millis(1500, 3000)).await;
        let all: Vec<_> = town.books.open().money.iter().map(|money| (money.page.clone(), money.captured)).collect();
        for (no, (page, captured)) in all.into_iter().enumerate() {
            if captured > 0 && told.insert(no) && dice.percent(50) {
                report(&town, dice.another(), callback(&no.to_string(), (&page, captured), ObservedState::Billed));
            }
        }
    }
}
