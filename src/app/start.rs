//! Starting everything, each part with what it needs of the parts before it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use anyhow::Context as _;
use futures_util::FutureExt;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::fleet::{ActorView, Held, Replica, SingletonTasks, share_breakers};
use crate::actors::invoice::Archive;
use crate::actors::jobs::{self, Jobs};
use crate::actors::liftoperator::catalogue::Current;
use crate::actors::liftoperator::{Cards, Counter, Facade};
use crate::actors::order::engine::dispatch::Outside;
use crate::actors::payment::{self, Desk as PaymentDesk, Sweep};
use crate::actors::reconcile::ReconcileDesk;
use crate::actors::supervision::System;
use crate::actors::{auth, cases, order};
use crate::config::{BadConfiguration, Config, Environment};
#[cfg(feature = "demonstration")]
use crate::failpoints;
use crate::http::routes::streams::{self, Streams};
use crate::http::state::{Fleet, Readiness};
use crate::http::{self, Door, Limits, Patience, State};
use crate::io::Io;
use crate::redis::Redis;

use super::files;
use super::parts::{
    connect_together, contracts, is_simulated, keep_forgetting, policy, secret_of_codes, start_jobs,
};
use super::restored::{refuse_what_may_be_lost, watch_the_timeline};
use crate::app::catalogue_sync::Stock;
use crate::app::shutdown::watch_over;

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
    /// Told which part of the server ended although nobody ended it.
    pub(super) broken: watch::Sender<Option<&'static str>>,
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
        let (tell, broken) = watch::channel(None);
        refuse_what_may_be_lost(&config, &io).await?;
        watch_over("timeline of the database", &tell, watch_the_timeline(io.clone()));
        let stock = Stock::load(&io).await?;
        stock.warn_when_empty();
        let door = Door::new(
            address,
            config.http.connections_per_peer,
            config.http.trusted_proxies.clone(),
        );
        let ground = Ground::prepare(config, io, stock, (address, tell))?;
        let jobs_stop = CancellationToken::new();
        let jobs_thread = start_jobs(&ground, &jobs_stop);
        let readiness = Readiness::default();
        let state = web::Data::new(ground.open_desks(readiness.clone(), door).await?);
        let (streams, replica) = (state.streams.clone(), state.fleet.replica.clone());
        let server = http::serve(state.clone(), listener, limits)?;
        let handle = server.handle();
        watch_over("http", &ground.broken, server.map(|_ended| ()));
        watch_over(
            "remote actors",
            &ground.broken,
            http::routes::admin::remote_actors::obey(state.clone()),
        );
        let server = http::operations::serve(state, operations_listener)?;
        let operations_server = server.handle();
        watch_over("operations", &ground.broken, server.map(|_ended| ()));
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
        (address, broken): (SocketAddr, watch::Sender<Option<&'static str>>),
    ) -> anyhow::Result<Self> {
        let (lease, first_pause) = (config.times.job_lease, config.times.job_pause);
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
            broken,
            config,
            io,
        })
    }

    /// Starts the actors of orders and of everyone they ask; then what handlers may reach.
    async fn open_desks(&self, readiness: Readiness, door: Door) -> anyhow::Result<State> {
        let config = &self.config;
        let policy = policy(config);
        let (sold, removed) =
            (contracts(config, &self.stock.sold), contracts(config, &self.stock.removed));
        let contracts = sold.into_iter().chain(removed).collect();
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
        let orders = self.start_orders(outside, policy).await?;
        let sweep = Sweep::new(config.sweep());
        self.keep_sweeping(singletons.clone(), sweep.clone(), payment.clone(), orders.clone());
        let tree = self.tell_other_replicas(&redis, &replica);
        self.keep_alarming(singletons.clone(), orders.clone());
        let books =
            self.open_books((lift.clone(), payment.clone(), orders.clone()), singletons.clone());
        let accounts = config.auth.settings(&config.letterhead.shop, &self.public_url);
        let auth =
            auth::Desk::open(self.io.clone(), redis.clone(), secret_of_codes(config), accounts)
                .await?;
        self.keep_learning(auth.clone());
        let streams = self.open_streams(&auth, orders.store());
        self.keep_duty_of_forgetting(&singletons, &replica, &auth);
        Ok(State {
            auth,
            trusted_proxies: config.http.trusted_proxies.clone(),
            counter: Counter::new(
                self.catalogue.clone(),
                config.auth.secret.expose_secret().as_bytes(),
            )?,
            cards: Cards::new(self.io.clone(), redis.clone()),
            operator_statuses: Arc::new(lift.clone()),
            jobs: self.jobs.clone(),
            orders,
            cases: cases::Desk::new(&self.io),
            books,
            facade: lift,
            payment,
            sweep,
            callback_networks: config.payment.callback_networks.clone(),
            unknown_callers: http::unknown_callers::UnknownCallers::default(),
            archive: self.archive.clone(),
            streams,
            actors: self.system.clone(),
            redis,
            replica: replica.incarnation,
            fleet: Fleet { tree, singletons, replica },
            readiness,
            return_origins: config.http.return_origins.clone(),
            door,
            api_origins: config.http.api_origins.clone(),
            https: config.http.is_https(),
            simulated: self.simulated,
            breakable: config.environment == Environment::Test,
            io: self.io.clone(),
        })
    }

    /// Stays alive in the fleet, and tells it of this replica's actors and breakers.
    fn tell_other_replicas(&self, redis: &Redis, replica: &Replica) -> ActorView {
        let tree = ActorView::new(redis.clone(), replica.clone(), self.system.clone());
        let (shown, alive) = (tree.clone(), replica.clone());
        watch_over("lease", &self.broken, async move { alive.run().await });
        watch_over("tree", &self.broken, async move { shown.show().await });
        let sharing = share_breakers(
            self.system.clone(),
            replica.broadcast.clone(),
            self.config.times.breaker_pause,
        );
        watch_over("breakers", &self.broken, sharing);
        tree
    }

    fn keep_sweeping(
        &self,
        singletons: SingletonTasks,
        sweep: Sweep,
        payment: PaymentDesk,
        orders: order::Desk,
    ) {
        let take = move |reading, fence| {
            let orders = orders.clone();
            async move { orders.listed_under(reading, Some(fence)).await }
        };
        watch_over("sweep", &self.broken, payment::keep_sweeping(singletons, sweep, payment, take));
    }

    fn keep_alarming(&self, singletons: SingletonTasks, orders: order::Desk) {
        let alarm = move |held: Held| orders.clone().keep_alarming(held.fence());
        watch_over("alarm", &self.broken, async move {
            singletons.keep("alarm", alarm, std::future::pending).await
        });
    }

    fn keep_duty_of_forgetting(
        &self,
        singletons: &SingletonTasks,
        replica: &Replica,
        auth: &auth::Desk,
    ) {
        let forgetting = keep_forgetting(
            singletons.clone(),
            replica.clone(),
            auth.clone(),
            (self.jobs.clone(), self.io.clone()),
        );
        watch_over("forgetting", &self.broken, forgetting);
    }

    fn keep_learning(&self, auth: auth::Desk) {
        let counting = auth.clone();
        watch_over("learning", &self.broken, async move { auth.keep_learning().await });
        watch_over("limits", &self.broken, async move { counting.keep_counts().await });
    }

    /// Reconciliation, with its worker and its daily request.
    fn open_books(
        &self,
        asked: (Facade, PaymentDesk, order::Desk),
        singletons: SingletonTasks,
    ) -> ReconcileDesk {
        let books = ReconcileDesk::new(&self.io, asked, self.config.times.job_pause);
        watch_over("books", &self.broken, books.clone().keep(self.draining.clone()));
        watch_over(
            "daily books",
            &self.broken,
            books.clone().keep_daily(self.config.books, singletons),
        );
        books
    }

    /// Event streams, with what ends and wakes them although it happened elsewhere.
    fn open_streams(&self, accounts: &auth::Desk, orders: &order::Store) -> Streams {
        let streams = Streams::new(streams::Limits {
            heartbeat: self.config.times.heartbeat,
            ..streams::Limits::default()
        });
        let (watched, accounts, orders) = (streams.clone(), accounts.clone(), orders.clone());
        watch_over("sessions of streams", &self.broken, async move {
            watched.watch_sessions(&accounts).await
        });
        watch_over("notifications", &self.broken, async move {
            orders.notifications().listen(&orders).await
        });
        streams
    }
}
