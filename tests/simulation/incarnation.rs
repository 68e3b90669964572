//! One life of the replica: the real actors, store, schedule and sweep on threads of its own, which
//! end all at once.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use starjack::actors::fleet::Runs;
use starjack::actors::fleet::replica::Replica;
use starjack::actors::invoice::{Seller, ShortName};
use starjack::actors::jobs::{self, Jobs};
use starjack::actors::liftoperator::{Connect, Facade};
use starjack::actors::order::Desk;
use starjack::actors::order::engine::dispatch;
use starjack::actors::order::engine::driver::Driver;
use starjack::actors::order::rules::limits::Rules;
use starjack::actors::order::rules::record::Terms;
use starjack::actors::order::store::{Paper, Store};
use starjack::actors::payment::{Desk as PaymentDesk, Sweep, SweepSettings};
use starjack::actors::supervision::{BreakerSettings, Policy, System, Watch};
use starjack::integrations::lift::{Contract, LiftSupplier};
use starjack::integrations::payment::PaymentProvider;
use starjack::io::Io;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::ports::{Bank, Life, Lift, Outside, Port};

/// The operator of every line.
pub(crate) const OPERATOR: &str = "hill";

/// How a world is set.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) dedups: bool,
    /// Longest life of a request, at the operator and at the provider.
    pub(crate) settle: Duration,
    /// How long a line is asked for in all.
    pub(crate) patience: Duration,
    /// How long one question may take.
    pub(crate) deadline: Duration,
    pub(crate) rules: Rules,
}

impl Setting {
    /// Short times, every rule on.
    pub(crate) fn new(dedups: bool) -> Self {
        let settle = Duration::from_millis(80);
        let rules = Rules {
            // a page is looked for twice around its end: on a busy machine a report must have come
            // before
            page_life: TimeDelta::seconds(6),
            page_grace: TimeDelta::seconds(1),
            // nor is a machine as fast as these suppliers: a report is asked about while it is news
            payment_settle: TimeDelta::milliseconds(500),
            pause: TimeDelta::milliseconds(5),
            pause_limit: TimeDelta::milliseconds(40),
            ..Rules::default()
        };
        Self {
            dedups,
            settle,
            patience: Duration::from_secs(60),
            deadline: Duration::from_millis(500),
            rules,
        }
    }
}

/// The actors of one life, and the driver that they make.
pub(crate) struct Parts {
    pub(crate) system: System,
    pub(crate) driver: Driver,
}

impl Parts {
    /// Starts the actors; must run inside an actix system.
    pub(crate) async fn start(setting: &Setting, outside: &Arc<Outside>, life: &Arc<Life>) -> Self {
        let system =
            System::start_watched(Watch { silence: Duration::from_secs(30), ..Watch::default() })
                .unwrap();
        let breaker =
            BreakerSettings { open_for: Duration::from_millis(50), ..BreakerSettings::default() };
        let policy = Policy { breaker, ..Policy::default() };
        let port =
            Port { outside: Arc::clone(outside), life: Arc::clone(life), dedups: setting.dedups };
        let lift = Facade::start_with(
            &system,
            vec![contract(setting, OPERATOR)],
            &policy,
            &suppliers(port.clone()),
        );
        let bank = Arc::new(move || Ok(Rc::new(Bank(port.clone())) as Rc<dyn PaymentProvider>));
        let payment = PaymentDesk::start_with(&system, bank, policy, setting.deadline);
        let io = outside.io.clone();
        let replica = Replica::announce(io.clone()).await.unwrap();
        let outside = dispatch::Outside {
            lift,
            payment,
            replica,
            public_url: "https://shop.example".to_owned(),
        };
        let store = store(setting, io);
        let rules = Arc::new(setting.rules.clone());
        Self {
            system,
            driver: Driver { store, outside, rules, draining: CancellationToken::new() },
        }
    }
}

/// One life on threads of its own.
pub(crate) struct Incarnation {
    pub(crate) desk: Desk,
    pub(crate) life: Arc<Life>,
    process: actix_rt::System,
    thread: thread::JoinHandle<()>,
}

impl Incarnation {
    /// Starts everything that a replica runs for its orders.
    pub(crate) async fn start(setting: &Setting, outside: &Arc<Outside>) -> Self {
        let life = Arc::new(Life::default());
        let (tell, told) = oneshot::channel();
        let setting = setting.clone();
        let outside = Arc::clone(outside);
        let own = Arc::clone(&life);
        let thread = thread::spawn(move || {
            let process = actix_rt::System::new();
            let kept = process.block_on(async {
                let Parts { system, driver } = Parts::start(&setting, &outside, &own).await;
                let payment = driver.outside.payment.clone();
                let (desk, schedule) =
                    Desk::start(&system, driver, Policy::default()).await.unwrap();
                actix_rt::spawn(schedule);
                actix_rt::spawn(keep_sweeping(payment, desk.clone()));
                drop(tell.send((desk, actix_rt::System::current())));
                system
            });
            process.run().unwrap();
            drop(kept);
        });
        let (desk, process) = told.await.unwrap();
        Self { desk, life, process, thread }
    }

    /// Ends it where it stands, if it has not ended yet.
    pub(crate) fn kill(self) {
        self.life.end();
        self.process.stop();
        self.thread.join().unwrap();
    }
}

async fn keep_sweeping(payment: PaymentDesk, desk: Desk) {
    let often =
        SweepSettings { every: Duration::from_millis(30), pause: Duration::from_millis(10) };
    let tell = |listed| {
        let desk = desk.clone();
        async move { desk.listed(listed).await }
    };
    Sweep::new(often).run(&payment, &Runs::unseen(), tell).await;
}

fn suppliers(port: Port) -> Connect {
    Arc::new(move |_contract: &Contract| {
        Ok(Rc::new(Lift { port: port.clone() }) as Rc<dyn LiftSupplier>)
    })
}

pub(crate) fn contract(setting: &Setting, operator: &str) -> Contract {
    Contract {
        operator: operator.to_owned(),
        supplier: "memory".to_owned(),
        endpoint: String::new(),
        credentials: BTreeMap::new(),
        settings: BTreeMap::new(),
        dedups_reference: setting.dedups,
        requests_per_second: 0,
        settle: setting.settle,
        issue_patience: setting.patience,
        check_deadline: setting.deadline,
        issue_deadline: setting.deadline,
        time_zone: chrono_tz::Europe::Vienna,
        last_loading_time: NaiveTime::from_hms_opt(16, 0, 0).unwrap(),
    }
}

/// Where orders are kept, with the terms of the one contract.
pub(crate) fn store(setting: &Setting, io: Io) -> Store {
    let dedups = setting.dedups;
    store_of(setting, io, move |_operator| dedups)
}

/// Where orders are kept, at operators whose suppliers answer a known reference with its first
/// answer, or not.
pub(crate) fn store_of(
    setting: &Setting,
    io: Io,
    dedups: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Store {
    let settle = TimeDelta::from_std(setting.settle).unwrap();
    let patience = TimeDelta::from_std(setting.patience).unwrap();
    let terms = move |operator: &str| Terms { dedups: dedups(operator), settle, patience };
    let seller = Seller {
        name: "Starjack Testing GmbH".to_owned(),
        address: vec!["Gasse 1".to_owned(), "6020 Innsbruck".to_owned()],
        uid: "ATU12345678".to_owned(),
        short: ShortName::try_from("STAR".to_owned()).unwrap(),
    };
    let paper = Paper {
        seller,
        simulated: true,
        describe: Box::new(|ticket, _language| ticket.product.clone()),
    };
    Store::new(io.clone(), Jobs::new(io, jobs::Settings::default()), terms, paper)
}
