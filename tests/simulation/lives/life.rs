//! One life: a town orders and pays, accidents happen, everything comes to rest, and the outside's
//! books are held against ours.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use starjack::actors::order::rules::lifecycle::{OrderState, has_ended};
use starjack::actors::order::rules::record::{Mark, Order};
use starjack::clock;

use super::super::incarnation::Setting;
use super::super::invariants::{Invariant, Violation, of_orders};
use super::super::written::{Rows, all_orders};
use super::abilities::Abilities;
use super::accidents::Accident;
use super::controls::Off;
use super::database::SharedDatabase;
use super::network::Network;
use super::process::Process;
use super::reconciliation::reconcile;
use super::replica::{Entrance, Leased, store};
use super::time::Time;
use super::trace::Trace;
use super::workload::Town;

/// A life that does not rest after this is stuck.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Nor is one whose order goes on for so long after our staff took it as it is: then the loop looks
/// after it for ever.
const TAKEN_AS_IT_IS: TimeDelta = TimeDelta::minutes(20);
/// How often it is looked whether everything rests.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// What is wrong with a world that rests may still be put right by a look at the provider's list.
const SECOND_THOUGHTS: Duration = Duration::from_secs(300);

/// Where a trace tells that the day is compared.
pub(super) const EVENING: &str = "evening";

/// How a life ended.
pub(crate) struct End {
    pub(crate) wrong: Vec<Violation>,
    pub(crate) states: Vec<OrderState>,
    pub(crate) questions: u64,
    pub(crate) struck: u64,
    pub(crate) accidents: Vec<&'static str>,
    pub(crate) agreed: usize,
    pub(crate) given_back: usize,
    pub(crate) lasted: Duration,
    pub(crate) abilities: Abilities,
    pub(crate) trace: Vec<String>,
}

/// A life that is being lived.
pub(super) struct Life {
    pub(super) off: Off,
    pub(super) time: Time,
    pub(super) trace: Trace,
    pub(super) setting: Setting,
    pub(super) abilities: Abilities,
    pub(super) database: Rc<SharedDatabase>,
    pub(super) network: Network,
    pub(super) entrance: Entrance,
    pub(super) people: Process,
    pub(super) town: Option<Rc<Town>>,
    pub(super) rests_since: Option<Duration>,
    /// How many suggestions of the reconciliation were agreed to; nothing while the day was not
    /// compared yet.
    pub(super) agreed: Rc<Cell<Option<usize>>>,
    pub(super) serving: Option<(Process, Arc<Leased>)>,
    pub(super) replaced: Option<(Process, Arc<Leased>)>,
    pub(super) agenda: BTreeMap<(Duration, usize), Accident>,
    pub(super) happened: Vec<&'static str>,
}

/// Lives the life of a seed, with some rule switched off or none.
pub(crate) fn live(database: &Rc<SharedDatabase>, seed: u64, off: Off) -> End {
    let time = Time::new(clock::instant());
    clock::live_in(Some(Arc::new(time.clone())));
    let end = Life::draw(database, time, (seed, off)).run();
    database.faults.set(None);
    database.clear();
    clock::live_in(None);
    end
}

impl Life {
    fn run(mut self) -> End {
        loop {
            while self.people.run() | runs(&mut self.serving) | runs(&mut self.replaced) {}
            if self.network.dies.swap(false, Ordering::SeqCst) {
                self.happen(Accident::Crash);
                continue;
            }
            if self.network.jumps.swap(false, Ordering::SeqCst) && self.off.jumps {
                let pause = self.network.prng.millis(100, 10_000);
                self.plan_in(pause, Accident::Step(90));
            }
            let next = self.agenda.first_key_value().map_or(LONGEST, |((at, _), _)| *at);
            if self.time.go_on(next) {
                continue;
            }
            let Some((_, accident)) = self.agenda.pop_first() else { break };
            if accident == Accident::Look && self.is_over() {
                break;
            }
            self.happen(accident);
        }
        let wrong = self.wrong();
        self.end(wrong)
    }

    /// Everything rests and all is well; or it rests and is not well for a while, or it never
    /// rests.
    fn is_over(&mut self) -> bool {
        let now = self.time.passed();
        self.plan(now + LOOK, Accident::Look);
        if !self.rests() {
            self.rests_since = None;
            return now > LONGEST;
        }
        if self.agreed.get().is_none() && !self.off.unreconciled {
            self.network.calm.store(true, Ordering::SeqCst);
            self.agreed.set(Some(0));
            let town = Rc::clone(self.town.as_ref().unwrap());
            let agreed = Rc::clone(&self.agreed);
            self.trace.note(|| EVENING.to_owned());
            town.begin(reconcile(Rc::clone(&town)).map(move |many| agreed.set(Some(many))));
            return false;
        }
        let since = *self.rests_since.get_or_insert(now);
        now > since + SECOND_THOUGHTS || self.wrong().is_empty()
    }

    pub(super) fn orders(&self) -> Vec<Order> {
        self.database.without_faults(all_orders(&store(&self.setting, self.database.io.clone())))
    }

    pub(super) fn town(&self) -> &Rc<Town> {
        self.town.as_ref().unwrap()
    }

    fn rests(&self) -> bool {
        let town = self.town.as_ref().unwrap();
        let all_done = town.busy.get() == 0 && !town.books.open().is_busy() && !self.will_restore();
        // our staff deals with every mark, where there are any to be dealt with
        let staffed = !self.abilities.are_none();
        all_done
            && self.orders().iter().all(|order| rests(order) && !(staffed && order.needs_staff()))
    }

    fn wrong(&self) -> Vec<Violation> {
        let orders = self.orders();
        let town = self.town.as_ref().unwrap();
        let mut wrong = Vec::new();
        if !self.rests() {
            let left = orders.iter().filter(|order| !rests(order) || !has_ended(order.state));
            let says = format!(
                "{} people are busy, orders: {:#?}",
                town.busy.get(),
                left.collect::<Vec<_>>()
            );
            wrong.push(Violation { invariant: Invariant::Rest, says });
        }
        let rows = self.database.without_faults(Rows::read(&self.database.io));
        wrong.extend(of_orders(&orders, &rows, &town.books.open()));
        let kept: BTreeSet<_> = orders.iter().map(|order| (order.id, order.total)).collect();
        let accepted: BTreeSet<_> = town.accepted.borrow().iter().copied().collect();
        if kept != accepted {
            let says = format!("{accepted:?} were accepted and shown, {kept:?} are there");
            wrong.push(Violation { invariant: Invariant::Accepted, says });
        }
        wrong
    }

    fn end(self, wrong: Vec<Violation>) -> End {
        let orders = self.orders();
        let rows = self.database.without_faults(Rows::read(&self.database.io));
        End {
            wrong,
            states: orders.iter().map(|order| order.state).collect(),
            given_back: orders.iter().map(|order| rows.returned(order).count()).sum(),
            questions: self.network.asked.load(Ordering::Relaxed),
            struck: self.network.struck.load(Ordering::Relaxed),
            accidents: self.happened,
            agreed: self.agreed.get().unwrap_or(0),
            lasted: self.time.passed(),
            abilities: self.abilities,
            trace: self.trace.lines(),
        }
    }
}

/// It has ended and nothing is left to do, or it was taken by our staff as it is.
fn rests(order: &Order) -> bool {
    let was_taken = |mark: &Mark| mark.accepted && clock::now() > mark.since + TAKEN_AS_IT_IS;
    let ended = has_ended(order.state) && order.next_at.is_none();
    ended || (order.marks().any(was_taken) && !order.needs_staff())
}

/// Runs a process, if there is one.
fn runs(process: &mut Option<(Process, Arc<Leased>)>) -> bool {
    process.as_mut().is_some_and(|(process, _)| process.run())
}
