//! All that handlers may reach, of real parts, with nothing outside: no operator has a contract,
//! the payment provider's port is closed, and no schedule drives orders, so that they stay as they
//! were placed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Europe::Vienna;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::state::{Face, Fleet, Readiness};
use super::{Handles, State};
use crate::actors::fleet::{ActorView, Replica, SingletonTasks, Tasks};
use crate::actors::invoice::{Archive, Seller, ShortName};
use crate::actors::jobs::{self, Jobs};
use crate::actors::liftoperator::catalogue::sample;
use crate::actors::liftoperator::{Cards, Catalogue, Counter, Facade};
use crate::actors::order::engine::dispatch::Outside;
use crate::actors::order::engine::driver::Driver;
use crate::actors::order::rules::limits::Rules;
use crate::actors::order::rules::record::Terms;
use crate::actors::order::store::{Paper, Store};
use crate::actors::payment::{Desk as PaymentDesk, Sweep, SweepSettings};
use crate::actors::reconcile::ReconcileDesk;
use crate::actors::supervision::{Policy, System, Watch};
use crate::actors::{auth, cases, order};
use crate::clock;
use crate::http::middleware::door::Door;
use crate::http::routes::operators::AlwaysUp;
use crate::http::routes::streams::{Limits, Streams};
use crate::integrations::payment::ProviderConfig;
use crate::io::Io;
use crate::network::Networks;
use crate::redis::Redis;

pub(crate) const SECRET: &[u8] = b"the secret that codes follow from";

/// The only origin that a return address may have.
pub(crate) const SHOP: &str = "https://shop.example";

/// Admins need no second factor here, so that not each test has to show one.
pub(crate) fn accounts() -> auth::Settings {
    let second_factor = auth::SecondFactor::Optional;
    auth::Settings {
        shop: "Snow Shop".to_owned(),
        second_factor,
        most_sessions: 20,
        relying_party: auth::RelyingParty::at("https://shop.example"),
    }
}

/// A state with a database of its own; lives as long as the folder.
pub(crate) async fn state() -> (State, TempDir) {
    let (state, folder, _schedule) = driven(Rules::default()).await;
    (state, folder)
}

/// The same with the schedule, which drives orders while it runs.
pub(crate) async fn driven(rules: Rules) -> (State, TempDir, impl Future<Output = ()> + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let io = Io::start(&format!("sqlite:{}", folder.path().join("db").display()), 4).await.unwrap();
    io.migrate().await.unwrap();
    let system = System::start_watched(Watch::default()).unwrap();
    let outside = outside(&system, &io).await;
    let driver = Driver {
        store: store(&io),
        outside: outside.clone(),
        rules: Arc::new(rules),
        draining: CancellationToken::new(),
    };
    let (orders, schedule) = order::Desk::start(&system, driver, Policy::default()).await.unwrap();
    let mut handles = Handles::default();
    handles.add(Archive::new(io.clone(), folder.path()));
    handles.add(cases::Desk::new(&io));
    let asked = (outside.lift.clone(), outside.payment.clone(), orders.clone());
    handles.add(ReconcileDesk::new(&io, asked, Duration::ZERO));
    let paying = outside.payment.clone();
    handles.add_supplier("payment", move || paying.status());
    let state = State {
        handles,
        auth: auth::Desk::open(io.clone(), Redis::off(), SECRET.to_vec().into(), accounts())
            .await
            .unwrap(),
        counter: Counter::new(Catalogue::parse(&areas()).unwrap(), SECRET).unwrap(),
        cards: Cards::new(io.clone(), Redis::off()),
        operator_statuses: Arc::new(AlwaysUp),
        jobs: jobs(&io),
        orders,
        facade: outside.lift,
        payment: outside.payment,
        sweep: Sweep::new(SweepSettings::default()),
        unknown_callers: crate::http::unknown_callers::UnknownCallers::default(),
        streams: Streams::new(Limits::default()),
        actors: system.clone(),
        redis: Redis::off(),
        replica: outside.replica.incarnation,
        fleet: Fleet {
            tasks: Tasks::new(watch::channel(None).0),
            singletons: SingletonTasks::new(
                io.clone(),
                outside.replica.clone(),
                CancellationToken::new(),
            ),
            tree: ActorView::new(Redis::off(), outside.replica.clone(), system),
            replica: outside.replica,
        },
        readiness: Readiness::default(),
        face: Face {
            door: Door::new(([127, 0, 0, 1], 1).into(), 512, Networks::default()),
            https: false,
            trusted_proxies: Networks::default(),
            callback_networks: provider().callback_networks,
            return_origins: vec![SHOP.to_owned()],
            api_origins: vec![SHOP.to_owned()],
            simulated: true,
            breakable: true,
        },
        io,
    };
    (state, folder, schedule)
}

async fn outside(system: &System, io: &Io) -> Outside {
    Outside {
        lift: Facade::start(system, Vec::new(), &Policy::default()),
        payment: PaymentDesk::start(system, provider(), Policy::default(), Duration::from_secs(5)),
        replica: Replica::announce(io.clone()).await.unwrap(),
        public_url: "http://127.0.0.1:1".to_owned(),
    }
}

fn provider() -> ProviderConfig {
    ProviderConfig {
        endpoint: "http://127.0.0.1:1".to_owned(),
        merchant_id: 90_000,
        password: "unused".into(),
        test: true,
        callback_networks: Networks::parse(["127.0.0.1"]).unwrap(),
    }
}

fn store(io: &Io) -> Store {
    let terms =
        Terms { dedups: false, settle: TimeDelta::seconds(2), patience: TimeDelta::minutes(10) };
    let paper = Paper {
        seller: seller(),
        simulated: true,
        describe: Box::new(|ticket, _language| ticket.product.clone()),
    };
    Store::new(io.clone(), jobs(io), move |_| terms, paper)
}

fn jobs(io: &Io) -> Jobs {
    Jobs::new(io.clone(), jobs::Settings::default())
}

pub(crate) fn seller() -> Seller {
    Seller {
        name: "Starjack Testing GmbH".to_owned(),
        address: vec!["Gasse 1".to_owned(), "6020 Innsbruck".to_owned()],
        uid: "ATU12345678".to_owned(),
        short: ShortName::try_from("STAR".to_owned()).unwrap(),
    }
}

/// The day in the zone of the sample areas: around midnight another one than in UTC.
pub(crate) fn today() -> NaiveDate {
    clock::now().with_timezone(&Vienna).date_naive()
}

/// The sample areas, of which Ischgl's season is around today whenever that is.
pub(crate) fn areas() -> String {
    let first = today() - Days::new(30);
    let last = today() + Days::new(60);
    let areas = sample();
    let start = areas.find("key = \"ischgl\"").unwrap();
    let end = start + areas[start..].find("[[operator]]").unwrap();
    let ischgl = areas[start..end]
        .replace("2026-11-26", &first.to_string())
        .replace("2027-05-02", &last.to_string());
    let areas = format!("{}{ischgl}{}", &areas[..start], &areas[end..]);
    areas
        .replace("from = \"2026-01-01\"", "from = \"2020-01-01\"")
        .replace("to = \"2027-12-31\"", "to = \"2099-12-31\"")
}
