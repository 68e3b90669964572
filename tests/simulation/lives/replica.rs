//! One incarnation of the product in its process: the real actors, store, schedule and sweep.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use starjack::actors::fleet::Runs;
use starjack::actors::fleet::replica::Replica;
use starjack::actors::liftoperator::{Connect, Facade};
use starjack::actors::order::engine::dispatch;
use starjack::actors::order::engine::driver::Driver;
use starjack::actors::order::{Desk, Store};
use starjack::actors::payment::{Desk as PaymentDesk, Sweep, SweepSettings};
use starjack::actors::reconcile::ReconcileDesk;
use starjack::actors::supervision::{Policy, System};
use starjack::clock;
use starjack::integrations::lift::{Contract, LiftSupplier};
use starjack::integrations::payment::PaymentProvider;
use starjack::io::{Io, IoError};
use tokio_util::sync::CancellationToken;

use super::super::incarnation::{Setting, contract, store_of};
use super::network::Network;
use super::process::{Inbox, Process};

/// The operators: one whose supplier books every request, one whose supplier knows a reference
/// again.
pub(crate) const OPERATORS: [(&str, bool); 2] = [("hill", false), ("dale", true)];

/// What people reach of an incarnation that is up.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) desk: Desk,
    pub(crate) sweep: Sweep,
    pub(crate) books: ReconcileDesk,
    pub(crate) inbox: Inbox,
}

/// The door that is open now, if any.
pub(crate) type Entrance = Rc<RefCell<Option<Door>>>;

/// Whether a process still has its lease. Its replica knows of no other that could take it, on a
/// database that one process has; so it is taken by the world.
#[derive(Default)]
pub(crate) struct Leased {
    over: AtomicBool,
    replica: Mutex<Option<Replica>>,
}

impl Leased {
    /// It was paused for too long: what it does under this lease counts no more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(replica) = self.replica.lock().unwrap().as_ref() {
            replica.resign().now_or_never().expect("nobody is to be told");
        }
    }
}

/// Begins a process that starts the product and opens its door; again until the database lets it.
pub(crate) fn boot(
    (setting, io): (&Setting, &Io),
    network: &Network,
    entrance: &Entrance,
) -> (Process, Arc<Leased>) {
    let process = Process::new();
    let leased = Arc::<Leased>::default();
    let network = network.clone();
    let own = Arc::clone(&leased);
    let setting = setting.clone();
    let io = io.clone();
    let entrance = Rc::clone(entrance);
    let inbox = process.inbox.clone();
    process.inbox.begin(async move {
        let door = loop {
            match open(&setting, io.clone(), (network.clone(), &own), inbox.clone()).await {
                Ok(door) => break door,
                Err(_) => clock::sleep(Duration::from_millis(500)).await,
            }
        };
        // one that wakes after its place was taken has no door to open
        if !own.over.load(Ordering::SeqCst) {
            *entrance.borrow_mut() = Some(door);
        }
    });
    (process, leased)
}

/// Where the orders of all operators are kept.
pub(crate) fn store(setting: &Setting, io: Io) -> Store {
    store_of(setting, io, |operator| OPERATORS.contains(&(operator, true)))
}

async fn open(
    setting: &Setting,
    io: Io,
    (network, leased): (Network, &Leased),
    inbox: Inbox,
) -> Result<Door, IoError> {
    let system = System::start_here();
    let calm = Arc::clone(&network.calm);
    let contracts = OPERATORS
        .map(|(operator, dedups)| contract(&Setting { dedups, ..setting.clone() }, operator));
    let lift = Facade::start_with(
        &system,
        contracts.into(),
        &Policy::default(),
        &suppliers(network.clone()),
    );
    let bank = Arc::new(move || Ok(Rc::new(network.clone()) as Rc<dyn PaymentProvider>));
    let payment = PaymentDesk::start_with(&system, bank, Policy::default(), setting.deadline);
    let database = io.clone();
    let replica = Replica::announce(io.clone()).await?;
    *leased.replica.lock().unwrap() = Some(replica.clone());
    if leased.over.load(Ordering::SeqCst) {
        replica.resign().await;
    }
    let public_url = "https://shop.example".to_owned();
    let asked = (lift.clone(), payment.clone());
    let outside = dispatch::Outside { lift, payment: payment.clone(), replica, public_url };
    let store = store(setting, io);
    let rules = Arc::new(setting.rules.clone());
    let driver = Driver { store, outside, rules, draining: CancellationToken::new() };
    let (desk, schedule) = Desk::start(&system, driver, Policy::default()).await?;
    inbox.begin(schedule);
    let books =
        ReconcileDesk::new(&database, (asked.0, asked.1, desk.clone()), Duration::from_secs(1));
    let keeper = books.clone();
    let evening = calm;
    inbox.begin(async move {
        // its workers look for jobs every second; before the evening there are none
        while !evening.load(Ordering::SeqCst) {
            clock::sleep(Duration::from_secs(3)).await;
        }
        keeper.keep(CancellationToken::new()).await;
    });
    let settings = SweepSettings { every: Duration::from_secs(20), pause: Duration::from_secs(1) };
    let sweep = Sweep::new(settings);
    let own = sweep.clone();
    let taker = desk.clone();
    inbox.begin(async move {
        let tell = |listed| {
            let desk = taker.clone();
            async move { desk.listed(listed).await }
        };
        own.run(&payment, &Runs::unseen(), tell).await;
    });
    Ok(Door { desk, sweep, books, inbox })
}

fn suppliers(network: Network) -> Connect {
    Arc::new(move |contract: &Contract| {
        let operator = contract.operator.clone();
        let dedups = contract.dedups_reference;
        Ok(Rc::new(Network { operator, dedups, ..network.clone() }) as Rc<dyn LiftSupplier>)
    })
}
