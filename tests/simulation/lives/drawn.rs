//! How a life begins: what its seed draws of people, accidents and what its world can do.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::TimeDelta;
use starjack::actors::order::rules::limits::Rules;
use starjack::clock;
use tokio::time::Instant;

use super::super::incarnation::Setting;
use super::super::ledger::Books;
use super::abilities::{Abilities, Ability};
use super::accidents::Accident;
use super::basket::basket;
use super::controls::Off;
use super::database::{LifeFaults, SharedDatabase};
use super::gate::gates;
use super::life::{LOOK, Life};
use super::network::Network;
use super::payers::postman;
use super::prng::Prng;
use super::process::Process;
use super::replica::{Entrance, store};
use super::staff::desk;
use super::time::Time;
use super::trace::Trace;
use super::workload::{Town, customer};

impl Life {
    pub(super) fn draw(database: &Rc<SharedDatabase>, time: Time, (seed, off): (u64, Off)) -> Self {
        let prng = Prng::new(seed);
        // a prng of their own: a life without abilities is the same whatever there are
        let more = Prng::new(!seed.rotate_left(32));
        let drawn = Abilities::draw(&more);
        let abilities = off.abilities.unwrap_or(drawn);
        let off = off.sometimes_by_day(abilities, &more);
        let trace = Trace::new(time.clone());
        let network = network((&off, &trace, abilities), (&prng, &more));
        let mut life = Self {
            off,
            time: time.clone(),
            trace,
            setting: setting(&off),
            abilities,
            database: Rc::clone(database),
            network,
            entrance: Entrance::default(),
            people: Process::new(),
            town: None,
            rests_since: None,
            agreed: Rc::default(),
            serving: None,
            replaced: None,
            agenda: BTreeMap::from([
                ((Duration::ZERO, 0), Accident::Begin),
                ((LOOK, 1), Accident::Look),
            ]),
            happened: Vec::new(),
        };
        for _accident in 0..prng.one(&[0, 0, 1, 2, 3, 5]) {
            let accident = Accident::draw(&prng);
            let at = prng.millis(0, prng.one(&[3000, 20_000, 90_000]));
            life.plan(at, accident);
        }
        if abilities.has(Ability::Restores) {
            let at = more.millis(3000, 120_000);
            let pause = more.millis(3000, more.one(&[30_000, 300_000]));
            life.plan(at, Accident::Backup(pause));
        }
        let trouble = prng.one(&[0, 0, 5, 20]);
        database.faults.set(Some(LifeFaults {
            time,
            prng: prng.another(),
            trouble,
            closed_until: Duration::ZERO,
        }));
        if let Some(trigger) = off.trigger {
            database.run(format!("CREATE TRIGGER off {trigger}"));
        }
        let regrets = (!off.at_home).then(|| Prng::new(!seed));
        life.people(&prng, &more, regrets);
        life
    }

    /// Everybody who wants something.
    fn people(&mut self, prng: &Prng, more: &Prng, regrets: Option<Prng>) {
        let page_life = self.setting.rules.page_life.to_std().unwrap();
        let io = self.database.io.clone();
        let town = Rc::new(Town {
            entrance: Rc::clone(&self.entrance),
            database: Rc::clone(&self.database),
            store: store(&self.setting, io),
            books: Arc::clone(&self.network.books),
            trace: self.trace.clone(),
            time: self.time.clone(),
            abilities: self.abilities,
            is_compared: !self.off.unreconciled,
            calm: Arc::clone(&self.network.calm),
            inbox: self.people.inbox.clone(),
            page_life,
            reserved: if self.off.parts { 0 } else { self.abilities.reserved() },
            regrets,
            accepted: RefCell::default(),
            placing: Cell::new(0),
            busy: Cell::new(0),
        });
        for no in 0..1 + prng.below(3) {
            let order = self.abilities.hurry(more, basket(prng, no, self.off.parts));
            town.placing.set(town.placing.get() + 1);
            town.begin(customer(Rc::clone(&town), prng.another(), order));
        }
        self.people.inbox.begin(desk(Rc::clone(&town), prng.another()));
        self.people.inbox.begin(postman(Rc::clone(&town), prng.another()));
        if self.abilities.has(Ability::Gates) {
            self.people.inbox.begin(gates(Rc::clone(&town), more.another()));
        }
        self.town = Some(town);
    }
}

/// The way to the suppliers, and what happens on it.
fn network(
    (off, trace, abilities): (&Off, &Trace, Abilities),
    (prng, more): (&Prng, &Prng),
) -> Network {
    let drawn = prng.one(&[0, 4, 4, 12, 30]);
    let trouble = off.trouble.unwrap_or(drawn);
    Network {
        books: Arc::new(Books::default()),
        prng: prng.another(),
        trouble,
        trace: trace.clone(),
        asked: Arc::new(AtomicU64::new(0)),
        struck: Arc::new(AtomicU64::new(0)),
        parts: off.parts,
        abilities,
        refuses: if abilities.are_none() { 0 } else { more.one(&[0, 20, 40]) },
        loses_pages: lost_pages(abilities, more),
        loses: if abilities.has(Ability::LosesPages) { more.one(&[100, 60]) } else { 0 },
        others: if abilities.has(Ability::Unreadable) { more.one(&[0, 470, 499, 700]) } else { 0 },
        dies: Arc::default(),
        jumps: Arc::default(),
        calm: Arc::default(),
        prompt: off.prompt,
        stumbled: Arc::default(),
        operator: String::new(),
        dedups: false,
    }
}

/// Between its first and its last moment no answer to the opening of a page arrives.
fn lost_pages(abilities: Abilities, prng: &Prng) -> (Instant, Instant) {
    let first = clock::instant() + prng.millis(0, 20_000);
    let lost =
        if abilities.has(Ability::LosesPages) { Duration::from_secs(1200) } else { Duration::ZERO };
    (first, first + lost)
}

/// Times as in production, but for those that a life would wait for in vain: each second of it
/// costs a look at the database.
fn setting(off: &Off) -> Setting {
    let settle = Duration::from_secs(60);
    let rules = Rules {
        page_life: TimeDelta::minutes(2),
        page_grace: TimeDelta::seconds(30),
        payment_settle: TimeDelta::from_std(settle).unwrap(),
        claim_patience: TimeDelta::minutes(25),
        undo_alarm: TimeDelta::minutes(20),
        pause_limit: TimeDelta::seconds(8),
        off: off.rule,
        ..Rules::default()
    };
    Setting {
        dedups: false,
        settle,
        patience: Duration::from_secs(60),
        deadline: Duration::from_secs(8),
        rules,
    }
}
