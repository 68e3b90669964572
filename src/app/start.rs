//! Starting everything, each part with what it needs of the parts before it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use anyhow::Context as _;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::fleet::{
    ActorView, Held, RENEWAL, Replica, Runs, SingletonTasks, Tasks, share_breakers,
};
use crate::actors::invoice::Archive;
use crate::actors::jobs::{self, Jobs};
use crate::actors::liftoperator::catalogue::Current;
use crate::actors::liftoperator::{Cards, Counter, Facade};
use crate::actors::mail::{self, MailActor};
use crate::actors::order::engine::dispatch::Outside;
use crate::actors::payment::{self, Desk as PaymentDesk, Sweep};
use crate::actors::supervision::{Handle, System};
use crate::actors::{auth, order};
use crate::config::{BadConfiguration, Config, Environment};
#[cfg(feature = "demonstration")]
use crate::failpoints;
use crate::http::routes::streams::{self, Streams};
use crate::http::state::{Face, Fleet, Readiness};
use crate::http::{self, Door, Limits, Patience, State};
use crate::integrations::mail as mail_port;
use crate::io::Io;
use crate::redis::Redis;

use super::catalogue_sync::Stock;
use super::contracts::{connect_together, contracts, is_simulated, policy};
use super::files;
use super::forgetting;
use super::lanes::{self, Lane};
use super::restored::{refuse_what_may_be_lost, watch_the_timeline};
use super::services::{self, Shared};

/// A running server.
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where metrics and readiness detail are.
    pub operations: SocketAddr,
    /// How the outside reaches it, without a trailing slash.
    pub public_url: String,
    /// The database.
    pub io: Io,
    pub(super) system: System,
    pub(super) replica: Replica,
    pub(super) readiness: Readiness,
    pub(super) drain_delay: Duration,
    pub(super) streams: Streams,
    pub(super) draining: CancellationToken,
    pub(super) jobs_stop: CancellationToken,
    pub(super) jobs_thread: actix_rt::Arbiter,
    pub(super) server: actix_web::dev::ServerHandle,
    pub(super) operations_server: actix_web::dev::ServerHandle,
    pub(super) broken: watch::Receiver<Option<&'static str>>,
}

/// What every part is made from.
pub(super) struct Ground {
    pub(super) config: Config,
    pub(super) io: Io,
    /// The catalogue as it stood at the start, and what sells from the newest one.
    pub(super) stock: Stock,
    pub(super) catalogue: Current,
    pub(super) system: System,
    pub(super) archive: Archive,
    pub(super) jobs: Jobs,
    /// Whether any supplier is simulated.
    pub(super) simulated: bool,
    pub(super) public_url: String,
    pub(super) draining: CancellationToken,
    /// What this replica does by itself; the server ends when one of them does.
    pub(super) tasks: Tasks,
}

/// What sells: the desks that services ask, and what replicas do together.
pub(super) struct Core {
    pub(super) post: Handle<MailActor>,
    pub(super) redis: Redis,
    pub(super) replica: Replica,
    pub(super) singletons: SingletonTasks,
    pub(super) lift: Facade,
    pub(super) payment: PaymentDesk,
    pub(super) sweep: Sweep,
    pub(super) orders: order::Desk,
    pub(super) auth: auth::Desk,
}

/// What the program that production runs has not.
#[cfg(feature = "demonstration")]
fn arm(config: &Config) {
    if config.environment == Environment::Production {
        tracing::warn!(
            "this program has the demonstration in it; make production builds one that has not"
        );
    }
    if let Some(folder) = &config.crash_points {
        tracing::warn!(?folder, "a test may end this process at any moment that it arms");
        failpoints::watch(folder.clone());
    }
}

impl App {
    /// Starts everything; once it returns, the socket listens and `/readyz` says yes.
    /// Must run inside an actix system.
    ///
    /// # Errors
    /// Says which part did not start and why.
    pub async fn start(config: Config, io: Io) -> anyhow::Result<Self> {
        #[cfg(feature = "demonstration")]
        arm(&config);
        files::allow(config.http.connections).context(BadConfiguration)?;
        let (listener, address) = listen(config.http.listen)?;
        let (operations_listener, operations) = listen(config.operations.listen)?;
        let limits = Limits {
            workers: config.http.workers,
            connections: config.http.connections,
            patience: Patience::default(),
        };
        tracing::info!(?config, "configuration");
        let (ended, broken) = watch::channel(None);
        let tasks = Tasks::new(ended);
        refuse_what_may_be_lost(&config, &io).await?;
        let timeline = watch_the_timeline(io.clone());
        tasks.keep("timeline of the database", None, |_runs| timeline);
        let stock = Stock::load(&io).await?;
        stock.warn_when_empty();
        let door = Door::new(
            address,
            config.http.connections_per_peer,
            config.http.trusted_proxies.clone(),
        );
        let ground = Ground::prepare(config, io, stock, (address, tasks))?;
        let readiness = Readiness::default();
        let core = ground.open_core().await?;
        let (state, lanes) = ground.open_desks(core, readiness.clone(), door)?;
        let jobs_stop = CancellationToken::new();
        let jobs_thread =
            lanes::start(ground.jobs.clone(), lanes, ground.tasks.clone(), jobs_stop.clone());
        let state = web::Data::new(state);
        let streams = state.streams.clone();
        let replica = state.fleet.replica.clone();
        let server = http::serve(state.clone(), listener, limits)?;
        let handle = server.handle();
        ground.tasks.keep("http", None, |_runs| server.map(|_ended| ()));
        let commands = http::routes::admin::remote_actors::obey(state.clone());
        ground.tasks.keep("remote actors", None, |_runs| commands);
        let server = http::operations::serve(state, operations_listener)?;
        let operations_server = server.handle();
        ground.tasks.keep("operations", None, |_runs| server.map(|_ended| ()));
        readiness.set(true);
        let drain_delay = ground.config.http.drain_delay;
        let Ground { io, system, public_url, draining, .. } = ground;
        Ok(Self {
            address,
            operations,
            public_url,
            io,
            system,
            replica,
            readiness,
            drain_delay,
            streams,
            draining,
            jobs_stop,
            jobs_thread,
            server: handle,
            operations_server,
            broken,
        })
    }
}

fn listen(at: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(at).with_context(|| format!("cannot listen on {at}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Ground {
    fn prepare(
        config: Config,
        io: Io,
        stock: Stock,
        (address, tasks): (SocketAddr, Tasks),
    ) -> anyhow::Result<Self> {
        let lease = config.times.job_lease;
        let first_pause = config.times.job_pause;
        let settings = jobs::Settings {
            lease,
            run_deadline: lease * 3 / 4,
            first_pause,
            ..jobs::Settings::default()
        };
        let simulated = is_simulated(&config, &stock.sold);
        Ok(Self {
            catalogue: Arc::clone(&stock.sold).into(),
            stock,
            system: System::start()?,
            archive: Archive::new(io.clone(), &config.data.join("invoices")),
            jobs: Jobs::new(io.clone(), settings),
            simulated,
            public_url: config
                .http
                .public_url
                .clone()
                .unwrap_or_else(|| format!("http://{address}")),
            draining: CancellationToken::new(),
            tasks,
            config,
            io,
        })
    }

    /// Starts the actors of orders and of everyone they ask.
    async fn open_core(&self) -> anyhow::Result<Core> {
        let config = &self.config;
        let policy = policy(config);
        let sold = contracts(config, &self.stock.sold);
        let removed = contracts(config, &self.stock.removed);
        let contracts = sold.into_iter().chain(removed).collect();
        let provider = config.mail.clone();
        // first, so that it ends last: e-mails are sent until the others have ended
        let post = mail::start(&self.system, move || mail_port::connect(&provider));
        let redis = Redis::start(&self.io, config.redis.as_ref())?;
        let replica = Replica::announce_among(self.io.clone(), redis.clone()).await?;
        let lift = Facade::start_with(
            &self.system,
            contracts,
            &policy,
            &connect_together(redis.clone(), replica.clone()),
        );
        let deadline = config.times.payment_deadline;
        let payment =
            PaymentDesk::start(&self.system, config.payment.clone(), policy.clone(), deadline);
        let singletons =
            SingletonTasks::new(self.io.clone(), replica.clone(), self.draining.clone());
        let public_url = self.public_url.clone();
        let outside = Outside {
            lift: lift.clone(),
            payment: payment.clone(),
            replica: replica.clone(),
            public_url,
        };
        let accounts = config.auth.settings(&config.letterhead.shop, &self.public_url);
        let auth =
            auth::Desk::open(self.io.clone(), redis.clone(), secret_of_codes(config), accounts)
                .await?;
        let orders = self.start_orders(outside, policy).await?;
        let sweep = Sweep::new(config.sweep());
        Ok(Core { post, redis, replica, singletons, lift, payment, sweep, orders, auth })
    }

    /// Starts everything beside the core: what it does by itself, and the services. Answers what
    /// handlers may reach, and the lanes of jobs.
    fn open_desks(
        &self,
        core: Core,
        readiness: Readiness,
        door: Door,
    ) -> anyhow::Result<(State, Vec<Lane>)> {
        let config = &self.config;
        self.keep_sweeping(&core);
        let tree = self.tell_other_replicas(&core.redis, &core.replica);
        self.keep_alarming(core.singletons.clone(), core.orders.clone());
        self.keep_learning(&core.auth);
        let streams = self.open_streams(&core.auth, core.orders.store());
        let mut parts = services::start(&Shared { ground: self, core: &core });
        let paying = core.payment.clone();
        parts.handles.add_supplier("payment", move || paying.status());
        forgetting::keep(&self.tasks, core.singletons.clone(), parts.forgettings);
        let Core { redis, replica, singletons, lift, payment, sweep, orders, auth, post: _ } = core;
        let state = State {
            auth,
            counter: Counter::new(
                self.catalogue.clone(),
                config.auth.secret.expose_secret().as_bytes(),
            )?,
            cards: Cards::new(self.io.clone(), redis.clone()),
            operator_statuses: Arc::new(lift.clone()),
            jobs: self.jobs.clone(),
            orders,
            facade: lift,
            payment,
            sweep,
            unknown_callers: http::unknown_callers::UnknownCallers::default(),
            streams,
            actors: self.system.clone(),
            redis,
            replica: replica.incarnation,
            fleet: Fleet { tree, tasks: self.tasks.clone(), singletons, replica },
            handles: parts.handles,
            readiness,
            face: self.face(door),
            io: self.io.clone(),
        };
        Ok((state, parts.lanes))
    }

    fn face(&self, door: Door) -> Face {
        let config = &self.config;
        Face {
            door,
            https: config.http.is_https(),
            trusted_proxies: config.http.trusted_proxies.clone(),
            callback_networks: config.payment.callback_networks.clone(),
            return_origins: config.http.return_origins.clone(),
            api_origins: config.http.api_origins.clone(),
            simulated: self.simulated,
            breakable: config.environment == Environment::Test,
        }
    }

    /// Stays alive in the fleet, and tells it of this replica's actors and breakers.
    fn tell_other_replicas(&self, redis: &Redis, replica: &Replica) -> ActorView {
        let tree = ActorView::new(redis.clone(), replica.clone(), self.system.clone());
        let shown = tree.clone();
        let alive = replica.clone();
        self.tasks.keep("lease", Some(RENEWAL), |runs| async move { alive.run(&runs).await });
        self.tasks.keep("tree", None, |_runs| async move { shown.show().await });
        let sharing = share_breakers(
            self.system.clone(),
            replica.broadcast.clone(),
            self.config.times.breaker_pause,
        );
        self.tasks.keep("breakers", None, |_runs| sharing);
        tree
    }

    fn keep_sweeping(&self, core: &Core) {
        let orders = core.orders.clone();
        let apply = move |reading, fence| {
            let orders = orders.clone();
            async move { orders.listed_under(reading, Some(fence)).await }
        };
        let sweep = (core.sweep.clone(), core.payment.clone());
        payment::keep_sweeping(&self.tasks, core.singletons.clone(), sweep, apply);
    }

    fn keep_alarming(&self, singletons: SingletonTasks, orders: order::Desk) {
        let every = orders.alarm_pause();
        let alarm = move |held: Held, runs: Runs| {
            let orders = orders.clone();
            async move { orders.keep_alarming(held.fence(), &runs).await }
        };
        let task = ("alarm", Some(every));
        self.tasks.keep_singleton(singletons, task, alarm, std::future::pending);
    }

    fn keep_learning(&self, auth: &auth::Desk) {
        let learning = auth.clone();
        let counting = auth.clone();
        self.tasks.keep("learning", Some(auth::LEARN_EVERY), |runs| async move {
            learning.keep_learning(&runs).await;
        });
        self.tasks.keep("limits", Some(auth::COUNTS_EVERY), |runs| async move {
            counting.keep_counts(&runs).await;
        });
    }

    /// Event streams, with what ends and wakes them although it happened elsewhere.
    fn open_streams(&self, accounts: &auth::Desk, orders: &order::Store) -> Streams {
        let streams = Streams::new(streams::Limits {
            heartbeat: self.config.times.heartbeat,
            ..streams::Limits::default()
        });
        let watched = streams.clone();
        let accounts = accounts.clone();
        let orders = orders.clone();
        self.tasks.keep("sessions of streams", None, |_runs| async move {
            watched.watch_sessions(&accounts).await;
        });
        self.tasks.keep("notifications", None, |_runs| async move {
            orders.notifications().listen(&orders).await;
        });
        streams
    }
}

pub(super) fn secret_of_codes(config: &Config) -> SecretSlice<u8> {
    config.auth.secret.expose_secret().as_bytes().to_vec().into()
}
