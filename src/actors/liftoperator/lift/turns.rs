//! Whose checks an operator is asked next: accounts take turns, so that what one account orders and
//! does not pay for is felt by that account alone. Questions about what is paid do not wait here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::clock::{self, Deadline};

/// Checks of one operator at a time: fewer than its actor has in flight, so that paid questions
/// always find a place.
const AT_A_TIME: u32 = 24;

/// Of these, one account's: an operator with few questions a second would be busy with them for
/// seconds otherwise.
const OF_ONE_ACCOUNT: u32 = 4;

/// Checks of one account that may wait: the lines of all orders that it may have unpaid.
const WAITING_OF_ONE: usize = 64;

/// Accounts that may wait.
const ACCOUNTS: usize = 4096;

/// The turns at one operator; clones share them.
#[derive(Clone, Default)]
pub(in crate::actors::liftoperator) struct Turns(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// How many checks of each account are being asked.
    asking: HashMap<Uuid, u32>,
    in_all: u32,
    waiting: HashMap<Uuid, VecDeque<oneshot::Sender<()>>>,
    /// Each account that waits, once.
    ring: VecDeque<Uuid>,
}

/// The right to ask one check; ends when it is dropped.
pub(in crate::actors::liftoperator) struct Turn {
    turns: Turns,
    account: Uuid,
}

/// A place in the queue. Who leaves it after its turn was given passes the turn on.
struct Place {
    turns: Turns,
    account: Uuid,
    called: oneshot::Receiver<()>,
}

impl Turns {
    /// Waits for a turn of the account; `None` when too many wait, or the deadline has passed.
    pub(in crate::actors::liftoperator) async fn turn(
        &self,
        account: Uuid,
        deadline: Deadline,
    ) -> Option<Turn> {
        let called = match self.state().begin(account) {
            Begun::Now => return Some(Turn { turns: self.clone(), account }),
            Begun::Waits(called) => called,
            Begun::Full => return None,
        };
        let mut place = Place { turns: self.clone(), account, called };
        clock::timeout_at(deadline, &mut place.called).await.ok()?.ok()?;
        Some(Turn { turns: self.clone(), account })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Begun {
    Now,
    Waits(oneshot::Receiver<()>),
    Full,
}

impl State {
    fn begin(&mut self, account: Uuid) -> Begun {
        let waits = self.waiting.contains_key(&account);
        if !waits && self.in_all < AT_A_TIME && self.may_ask(account) {
            self.count(account);
            return Begun::Now;
        }
        if !waits && self.ring.len() >= ACCOUNTS {
            return Begun::Full;
        }
        let own = self.waiting.entry(account).or_default();
        // whoever has left needs no place any more
        own.retain(|waiting| !waiting.is_closed());
        if own.len() >= WAITING_OF_ONE {
            return Begun::Full;
        }
        let (call, called) = oneshot::channel();
        own.push_back(call);
        if !waits {
            self.ring.push_back(account);
        }
        Begun::Waits(called)
    }

    fn may_ask(&self, account: Uuid) -> bool {
        self.asking.get(&account).is_none_or(|own| *own < OF_ONE_ACCOUNT)
    }

    fn count(&mut self, account: Uuid) {
        self.in_all += 1;
        *self.asking.entry(account).or_default() += 1;
    }

    /// One check of the account has been asked: calls whoever is next.
    fn ended(&mut self, account: Uuid) {
        self.in_all = self.in_all.saturating_sub(1);
        if let Some(own) = self.asking.get_mut(&account) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                self.asking.remove(&account);
            }
        }
        while self.in_all < AT_A_TIME {
            let Some(at) = self.ring.iter().position(|account| self.may_ask(*account)) else {
                return;
            };
            let Some(next) = self.ring.remove(at) else { return };
            let Some(own) = self.waiting.get_mut(&next) else { continue };
            let call = own.pop_front();
            if own.is_empty() {
                self.waiting.remove(&next);
            } else {
                self.ring.push_back(next);
            }
            if call.is_some_and(|call| call.send(()).is_ok()) {
                self.count(next);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().ended(self.account);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.called.close();
        if self.called.try_recv().is_ok() {
            self.turns.state().ended(self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use futures_util::future::LocalBoxFuture;

    use super::*;

    const FLOOD: Uuid = Uuid::from_u128(1);
    const HONEST: Uuid = Uuid::from_u128(2);

    fn late() -> Deadline {
        Deadline::after(Duration::from_secs(30))
    }

    fn waiting(turns: &Turns, account: Uuid) -> LocalBoxFuture<'static, Option<Turn>> {
        let turns = turns.clone();
        let mut waits = async move { turns.turn(account, late()).await }.boxed_local();
        assert!((&mut waits).now_or_never().is_none(), "it need not wait");
        waits
    }

    fn at_once(turns: &Turns, account: Uuid) -> Turn {
        turns.turn(account, late()).now_or_never().flatten().expect("it waits")
    }

    #[tokio::test]
    async fn one_account_has_few_checks_asked_and_others_go_on_beside_it() {
        let turns = Turns::default();
        let mut asked: Vec<Turn> = (0..OF_ONE_ACCOUNT).map(|_| at_once(&turns, FLOOD)).collect();
        let mut flood: VecDeque<_> = (0..20).map(|_| waiting(&turns, FLOOD)).collect();
        drop(at_once(&turns, HONEST));
        asked.pop();
        assert!(
            flood.pop_front().unwrap().now_or_never().flatten().is_some(),
            "the first has the place that is free"
        );
    }

    #[tokio::test]
    async fn where_all_wait_each_account_has_its_turn_before_one_has_its_second() {
        let turns = Turns::default();
        let others = (10..).map(Uuid::from_u128).take((AT_A_TIME / OF_ONE_ACCOUNT) as usize);
        let full: Vec<Turn> = others
            .flat_map(|account| vec![account; OF_ONE_ACCOUNT as usize])
            .map(|account| at_once(&turns, account))
            .collect();
        let mut flood: Vec<_> = (0..3).map(|_| waiting(&turns, FLOOD)).collect();
        let mut honest = waiting(&turns, HONEST);
        let mut full = full.into_iter();
        drop(full.next());
        let first = (&mut flood[0]).now_or_never().flatten();
        assert!(first.is_some() && (&mut honest).now_or_never().is_none());
        drop(full.next());
        assert!(
            (&mut flood[1]).now_or_never().is_none() && honest.now_or_never().flatten().is_some()
        );
    }

    #[tokio::test]
    async fn who_gives_up_waiting_keeps_no_place_and_takes_no_turn_along() {
        let turns = Turns::default();
        let asked: Vec<Turn> = (0..OF_ONE_ACCOUNT).map(|_| at_once(&turns, FLOOD)).collect();
        let [left, called, stays] = [0, 1, 2].map(|_| waiting(&turns, FLOOD));
        drop(left);
        let mut asked = asked.into_iter();
        drop(asked.next());
        // called and gone before it looked
        drop(called);
        assert!(stays.now_or_never().flatten().is_some());
        drop(asked);
        let state = turns.state();
        assert_eq!(
            (state.in_all, state.asking.len(), state.waiting.len(), state.ring.len()),
            (0, 0, 0, 0)
        );
    }

    #[tokio::test]
    async fn what_one_account_has_waiting_is_bounded() {
        let turns = Turns::default();
        let _asked: Vec<Turn> = (0..OF_ONE_ACCOUNT).map(|_| at_once(&turns, FLOOD)).collect();
        let _waits: Vec<_> = (0..WAITING_OF_ONE).map(|_| waiting(&turns, FLOOD)).collect();
        assert!(turns.turn(FLOOD, late()).now_or_never().unwrap().is_none());
        assert!(turns.turn(HONEST, late()).now_or_never().flatten().is_some());
    }
}
