//! One life: a town orders and pays, accidents happen, everything comes to rest, and the outside's books are held against ours.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use starjack::actors::order::lifecycle::{OrderState, has_ended};
use starjack::actors::order::record::Order;
use starjack::actors::order::rules::Rules;
use starjack::clock;

use super::super::incarnation::Setting;
use super::super::invariants::{Invariant, Rows, Violation, all_orders, of_orders};
use super::super::ledger::Books;
use super::accidents::Accident;
use super::basket::basket;
use super::controls::Off;
use super::dice::Dice;
use super::evening::reconcile;
use super::people::{Town, customer, desk, postman};
use super::process::Process;
use super::quay::Quay;
use super::replica::{Entrance, Leased, store};
use super::sky::{Day, Ground};
use super::time::Time;
use super::trace::Trace;

/// A life that does not rest after this is stuck.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// How often it is looked whether everything rests.
const LOOK: Duration = Duration::from_secs(5);
/// What is wrong with a world that rests may still be put right by a look at the provider's list.
const SECOND_THOUGHTS: Duration = Duration::from_secs(300);

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
    pub(crate) trace: Vec<String>,
}

/// A life that is being lived.
pub(super) struct Life {
    pub(super) off: Off,
    pub(super) time: Time,
    pub(super) trace: Trace,
    pub(super) setting: Setting,
    pub(super) ground: Rc<Ground>,
    pub(super) quay: Quay,
    pub(super) entrance: Entrance,
    people: Process,
    town: Option<Rc<Town>>,
    rests_since: Option<Duration>,
    /// How many suggestions of the reconciliation were agreed to; nothing while the day was not compared yet.
    agreed: Rc<Cell<Option<usize>>>,
    pub(super) serving: Option<(Process, Arc<Leased>)>,
    pub(super) replaced: Option<(Process, Arc<Leased>)>,
    pub(super) agenda: BTreeMap<(Duration, usize), Accident>,
    pub(super) happened: Vec<&'static str>,
}

/// Lives the life of a seed, with some rule switched off or none.
pub(crate) fn live(ground: &Rc<Ground>, seed: u64, off: Off) -> End {
    let time = Time::new(clock::instant());
    clock::live_in(Some(Arc::new(time.clone())));
    let end = Life::draw(ground, time, (seed, off)).run();
    ground.sky.set(None);
    ground.clear();
    clock::live_in(None);
    end
}

impl Life {
    fn draw(ground: &Rc<Ground>, time: Time, (seed, off): (u64, Off)) -> Self {
        let dice = Dice::new(seed);
        let trace = Trace::new(time.clone());
        let drawn = dice.one(&[0, 4, 4, 12, 30]);
        let trouble = off.trouble.unwrap_or(drawn);
        let quay = Quay {
            books: Arc::new(Books::default()),
            dice: dice.another(),
            trouble,
            trace: trace.clone(),
            asked: Arc::new(AtomicU64::new(0)),
            struck: Arc::new(AtomicU64::new(0)),
            parts: off.parts,
            dies: Arc::default(),
            jumps: Arc::default(),
            calm: Arc::default(),
            prompt: off.prompt,
            stumbled: Arc::default(),
            operator: String::new(),
            dedups: false,
        };
        let mut life = Self {
            off,
            time: time.clone(),
            trace,
            setting: setting(&off),
            ground: Rc::clone(ground),
            quay,
            entrance: Entrance::default(),
            people: Process::new(),
            town: None,
            rests_since: None,
            agreed: Rc::default(),
            serving: None,
            replaced: None,
            agenda: BTreeMap::from([((Duration::ZERO, 0), Accident::Begin), ((LOOK, 1), Accident::Look)]),
            happened: Vec::new(),
        };
        for _accident in 0..dice.one(&[0, 0, 1, 2, 3, 5]) {
            let accident = Accident::draw(&dice);
            let at = dice.millis(0, dice.one(&[3000, 20_000, 90_000]));
            life.plan(at, accident);
        }
        let trouble = dice.one(&[0, 0, 5, 20]);
        ground.sky.set(Some(Day { time, dice: dice.another(), trouble, closed_until: Duration::ZERO }));
        if let Some(trigger) = off.trigger {
            ground.run(format!("CREATE TRIGGER off {trigger}"));
        }
        let regrets = (!off.at_home).then(|| Dice::new(!seed));
        life.people(&dice, regrets);
        life
    }

    /// Everybody who wants something.
    fn people(&mut self, dice: &Dice, regrets: Option<Dice>) {
        let (page_life, io) = (self.setting.rules.page_life.to_std().unwrap(), self.ground.io.clone());
        let town = Rc::new(Town {
            entrance: Rc::clone(&self.entrance),
            ground: Rc::clone(&self.ground),
            store: store(&self.setting, io),
            books: Arc::clone(&self.quay.books),
            trace: self.trace.clone(),
            inbox: self.people.inbox.clone(),
            page_life,
            reserved: if self.off.parts { 0 } else { 65 },
            regrets,
            accepted: RefCell::default(),
            busy: Cell::new(0),
        });
        for no in 0..1 + dice.below(3) {
            let order = basket(dice, no, self.off.parts);
            town.begin(customer(Rc::clone(&town), dice.another(), order));
        }
        self.people.inbox.begin(desk(Rc::clone(&town), dice.another()));
        self.people.inbox.begin(postman(Rc::clone(&town), dice.another()));
        self.town = Some(town);
    }

    fn run(mut self) -> End {
        loop {
            while self.people.run() | runs(&mut self.serving) | runs(&mut self.replaced) {}
            if self.quay.dies.swap(false, Ordering::SeqCst) {
                self.happen(Accident::Crash);
                continue;
            }
            if self.quay.jumps.swap(false, Ordering::SeqCst) && self.off.jumps {
                let pause = self.quay.dice.millis(100, 10_000);
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

    /// Everything rests and all is well; or it rests and is not well for a while, or it never rests.
    fn is_over(&mut self) -> bool {
        let now = self.time.passed();
        self.plan(now + LOOK, Accident::Look);
        if !self.rests() {
            self.rests_since = None;
            return now > LONGEST;
        }
        if self.agreed.get().is_none() && !self.off.unreconciled {
            self.quay.calm.store(true, Ordering::SeqCst);
            self.agreed.set(Some(0));
            let (town, agreed) = (Rc::clone(self.town.as_ref().unwrap()), Rc::clone(&self.agreed));
            town.begin(reconcile(Rc::clone(&town)).map(move |many| agreed.set(Some(many))));
            return false;
        }
        let since = *self.rests_since.get_or_insert(now);
        now > since + SECOND_THOUGHTS || self.wrong().is_empty()
    }

    fn orders(&self) -> Vec<Order> {
        self.ground.in_fair_weather(all_orders(&store(&self.setting, self.ground.io.clone())))
    }

    fn rests(&self) -> bool {
        let town = self.town.as_ref().unwrap();
        let all_done = town.busy.get() == 0 && !town.books.open().is_busy();
        all_done && self.orders().iter().all(|order| has_ended(order.state) && order.next_at.is_none())
    }

    fn wrong(&self) -> Vec<Violation> {
        let orders = self.orders();
        let town = self.town.as_ref().unwrap();
        let mut wrong = Vec::new();
        if !self.rests() {
            let left = orders.iter().filter(|order| !has_ended(order.state) || order.next_at.is_some());
            let says = format!("{} people are busy, orders: {:#?}", town.busy.get(), left.collect::<Vec<_>>());
            wrong.push(Violation { invariant: Invariant::Rest, says });
        }
        let rows = self.ground.in_fair_weather(Rows::read(&self.ground.io));
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
        let (orders, rows) = (self.orders(), self.ground.in_fair_weather(Rows::read(&self.ground.io)));
        End {
            wrong,
            states: orders.iter().map(|order| order.state).collect(),
            given_back: orders.iter().map(|order| rows.returned(order).count()).sum(),
            questions: self.quay.asked.load(Ordering::Relaxed),
            struck: self.quay.struck.load(Ordering::Relaxed),
            accidents: self.happened,
            agreed: self.agreed.get().unwrap_or(0),
            lasted: self.time.passed(),
            trace: self.trace.lines(),
        }
    }
}

/// Runs a process, if there is one.
fn runs(process: &mut Option<(Process, Arc<Leased>)>) -> bool {
    process.as_mut().is_some_and(|(process, _)| process.run())
}

/// Times as in production, but for those that a life would wait for in vain: each second of it costs a look at the database.
fn setting(off: &Off) -> Setting {
    let settle = Duration::from_secs(60);
    let rules = Rules {
        page_life: TimeDelta::minutes(2),
        page_grace: TimeDelta::seconds(30),
        payment_settle: TimeDelta::from_std(settle).unwrap(),
        undo_alarm: TimeDelta::minutes(20),
        pause_limit: TimeDelta::seconds(8),
        controls: off.controls,
        ..Rules::default()
    };
    Setting { dedups: false, settle, patience: Duration::from_secs(60), deadline: Duration::from_secs(8), rules }
}
