//! The only file that knows everyone: database, suppliers, actors, HTTP, in that order; and how they end.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use anyhow::Context as _;
use base64::Engine as _;
use chrono::TimeDelta;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::invoice::{Archive, Writer};
use crate::actors::jobs::{self, Handler, Jobs};
use crate::actors::liftoperator::{Cards, Catalogue, Counter, Facade};
use crate::actors::order::drive::Driver;
use crate::actors::order::record::{Terms, Ticket};
use crate::actors::order::replica::Replica;
use crate::actors::order::steps::Outside;
use crate::actors::order::store::{Paper, Store};
use crate::actors::payment::{Desk as PaymentDesk, Sweep};
use crate::actors::supervision::{Policy, StartError, System};
use crate::actors::{auth, mail, order};
use crate::clock::{self, Deadline};
use crate::config::Config;
use crate::http::network::Networks;
use crate::http::state::Readiness;
use crate::http::{self, State};
use crate::integrations::{lift, mail as mail_port};
use crate::io::Io;

/// How long a drain may take before the process ends anyway.
const DRAIN: Duration = Duration::from_secs(30);

/// A running server.
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    /// How the outside reaches it, without a trailing slash.
    pub public_url: String,
    /// The database.
    pub io: Io,
    system: System,
    readiness: Readiness,
    draining: CancellationToken,
    jobs_stop: CancellationToken,
    jobs_thread: actix_rt::Arbiter,
    server: actix_web::dev::ServerHandle,
    broken: watch::Receiver<Option<&'static str>>,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All that was accepted was answered.
    Clean,
    /// Something could not be kept up; a supervisor outside starts the process again.
    GaveUp,
    /// Not everything ended in time.
    DrainTimedOut,
}

impl End {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::GaveUp => 70,
            Self::DrainTimedOut => 75,
        }
    }
}

impl App {
    /// Starts everything; once it returns, the socket listens and `/readyz` says yes.
    /// Must run inside an actix system.
    ///
    /// # Errors
    /// Says which part did not start and why.
    pub async fn start(config: Config, io: Io) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.http.listen)
            .with_context(|| format!("cannot listen on {}", config.http.listen))?;
        let address = listener.local_addr()?;
        let public_url = config.http.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        tracing::info!(?config, "configuration");
        let simulated = config.is_simulated();
        let catalogue = match &config.catalogue {
            Some(file) => Catalogue::load(file)?,
            None => Catalogue::embedded()?,
        };
        let system = System::start()?;
        let policy = policy(&config);
        let archive = Archive::new(io.clone(), &config.data.join("invoices"));
        let jobs =
            Jobs::new(io.clone(), jobs::Settings { first_pause: config.times.job_pause, ..jobs::Settings::default() });
        let outside = Outside {
            lift: Facade::start(&system, contracts(&config, &catalogue)?, &policy),
            payment: PaymentDesk::start(&system, config.payment.clone(), policy.clone(), config.times.payment_deadline),
            replica: Replica::announce(io.clone()).await?,
            public_url: public_url.clone(),
        };
        let draining = CancellationToken::new();
        let driver = Driver {
            store: store(&config, (&io, &jobs), &catalogue, simulated),
            outside: outside.clone(),
            rules: Arc::new(config.rules()?),
            draining: draining.clone(),
        };
        let (orders, schedule) = order::Desk::start(&system, driver, policy.clone()).await?;
        let sweep = Sweep::new(config.sweep());
        let (tell, broken) = watch::channel(None);
        watch_over("schedule", &tell, schedule);
        watch_over("sweep", &tell, keep_sweeping(sweep.clone(), outside.payment.clone(), orders.clone()));
        let replica = outside.replica.clone();
        watch_over("lease", &tell, async move { replica.run().await });
        let jobs_stop = CancellationToken::new();
        let jobs_thread = actix_rt::Arbiter::new();
        start_jobs(&config, (&io, jobs, &archive, &catalogue), &system, (&jobs_thread, &jobs_stop, &tell, simulated));
        let readiness = Readiness::default();
        let state = State {
            auth: desk_of_accounts(&config, &io)?,
            trusted_proxies: Networks::parse(config.http.trusted_proxies.iter().map(String::as_str))?,
            counter: Counter::new(catalogue, config.auth.secret.expose_secret().as_bytes())?,
            cards: Cards::new(io.clone()),
            operator_statuses: Arc::new(outside.lift.clone()),
            orders,
            facade: outside.lift,
            payment: outside.payment,
            sweep,
            callback_networks: config.payment.callback_networks.clone(),
            archive,
            actors: system.clone(),
            replica: outside.replica.incarnation,
            readiness: readiness.clone(),
            return_origins: config.http.return_origins.clone(),
            simulated,
            io: io.clone(),
        };
        let server = http::serve(web::Data::new(state), listener, config.http.workers.unwrap_or(2))?;
        let handle = server.handle();
        watch_over(
            "http",
            &tell,
            server.map(|ended| {
                if let Err(error) = ended {
                    tracing::error!(%error, "the web server ended");
                }
            }),
        );
        readiness.set(true);
        Ok(Self {
            address,
            public_url,
            io,
            system,
            readiness,
            draining,
            jobs_stop,
            jobs_thread,
            server: handle,
            broken,
        })
    }

    /// Runs until `signal` comes or something cannot be kept up, then drains in order:
    /// not ready, no new requests, answers saved, actors ended.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> End {
        let gave_up = tokio::select! {
            () = signal => false,
            why = self.system.gave_up() => {
                tracing::error!(alert = true, why, "supervision gave up");
                true
            }
            part = self.broken.wait_for(Option::is_some) => {
                let part = part.ok().and_then(|part| *part);
                tracing::error!(alert = true, part, "a part of the server broke");
                true
            }
        };
        let deadline = Deadline::after(DRAIN);
        tracing::info!("draining");
        self.readiness.set(false);
        let served = clock::timeout_at(deadline, self.server.stop(true)).await.is_ok();
        self.draining.cancel();
        self.jobs_stop.cancel();
        let in_time = !self.system.shutdown(deadline).await;
        self.jobs_thread.stop();
        tracing::info!(in_time, served, "ended");
        match (gave_up, in_time && served) {
            (true, _) => End::GaveUp,
            (false, true) => End::Clean,
            (false, false) => End::DrainTimedOut,
        }
    }
}

/// Runs a part of the server on this thread; when it ends or panics, the server ends.
fn watch_over(
    part: &'static str,
    broken: &watch::Sender<Option<&'static str>>,
    work: impl Future<Output = ()> + 'static,
) {
    let broken = broken.clone();
    actix_rt::spawn(async move {
        let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
        tracing::debug!(part, panicked, "a part ended");
        broken.send_replace(Some(part));
    });
}

async fn keep_sweeping(sweep: Sweep, desk: PaymentDesk, orders: order::Desk) {
    sweep
        .run(&desk, |listed| {
            let orders = orders.clone();
            async move { orders.listed(listed).await }
        })
        .await;
}

fn policy(config: &Config) -> Policy {
    let mut policy = Policy { down_for: config.times.breaker_pause, ..Policy::default() };
    policy.breaker.open_for = config.times.breaker_pause;
    policy
}

fn store(config: &Config, (io, jobs): (&Io, &Jobs), catalogue: &Arc<Catalogue>, simulated: bool) -> Store {
    let times = config.times.clone();
    let dedups: BTreeMap<_, _> =
        config.contracts.iter().map(|(operator, section)| (operator.clone(), section.dedups_reference)).collect();
    let terms = move |operator: &str| Terms {
        dedups: dedups.get(operator).copied().unwrap_or(false),
        settle: TimeDelta::from_std(times.settle).unwrap_or(TimeDelta::minutes(2)),
        patience: TimeDelta::from_std(times.issue_patience).unwrap_or(TimeDelta::minutes(10)),
    };
    let names = Arc::clone(catalogue);
    let describe = move |ticket: &Ticket| title(&names, &ticket.operator, &ticket.product, &ticket.category);
    Store::new(
        io.clone(),
        jobs.clone(),
        terms,
        Paper { seller: config.seller.clone(), simulated, describe: Box::new(describe) },
    )
}

fn title(catalogue: &Catalogue, operator: &str, product: &str, category: &str) -> String {
    let named = catalogue.operator(operator).and_then(|operator| {
        let product = operator.products.iter().find(|known| known.key == product)?;
        let category = operator.categories.iter().find(|known| known.key == category)?;
        Some(format!("{}, {}, {}", product.name.en, category.name.en, operator.name))
    });
    named.unwrap_or_else(|| mail::plain_title(operator, product, category))
}

fn contracts(config: &Config, catalogue: &Catalogue) -> anyhow::Result<Vec<lift::Contract>> {
    catalogue
        .operators()
        .iter()
        .map(|operator| {
            let section = config.contracts.get(&operator.key).with_context(|| {
                format!("the catalogue has {} but no [contracts.{}] says how it is reached", operator.key, operator.key)
            })?;
            Ok(lift::Contract {
                operator: operator.key.clone(),
                supplier: operator.supplier.clone(),
                endpoint: section.endpoint.clone(),
                credentials: section.credentials.clone(),
                settings: operator.settings.clone(),
                dedups_reference: section.dedups_reference,
                settle: config.times.settle,
                issue_patience: config.times.issue_patience,
                check_deadline: config.times.check_deadline,
                issue_deadline: config.times.issue_deadline,
                time_zone: operator.time_zone,
                last_loading_time: operator.last_loading_time,
            })
        })
        .collect()
}

fn desk_of_accounts(config: &Config, io: &Io) -> anyhow::Result<auth::Desk> {
    let mut keys = auth::Keys::from_pkcs8(&from_base64(&config.auth.signing_key)?)?;
    if let Some(previous) = &config.auth.previous_signing_key {
        keys = keys.with_previous(&from_base64(previous)?)?;
    }
    Ok(auth::Desk::new(io.clone(), keys, secret_of_codes(config)))
}

fn secret_of_codes(config: &Config) -> SecretSlice<u8> {
    config.auth.secret.expose_secret().as_bytes().to_vec().into()
}

fn from_base64(secret: &SecretString) -> anyhow::Result<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(secret.expose_secret()).context("a signing key is not base64")
}

/// Jobs run on a thread of their own: rendering a document takes its time.
fn start_jobs(
    config: &Config,
    (io, jobs, archive, catalogue): (&Io, Jobs, &Archive, &Arc<Catalogue>),
    system: &System,
    (thread, stop, broken, simulated): (
        &actix_rt::Arbiter,
        &CancellationToken,
        &watch::Sender<Option<&'static str>>,
        bool,
    ),
) {
    let provider = config.mail.clone();
    let office = system
        .spawn(mail::spec(), move || mail_port::connect(&provider).map(mail::Office::new).map_err(StartError::new));
    let head = mail::Letterhead { simulated, ..config.letterhead.clone() };
    let (io, archive, secret) = (io.clone(), archive.clone(), secret_of_codes(config));
    let (stop, broken, catalogue) = (stop.clone(), broken.clone(), Arc::clone(catalogue));
    let started = thread.spawn_fn(move || {
        let sender = mail::Sender {
            archive: archive.clone(),
            head,
            post: Box::new(office),
            accounts: Box::new(mail::Registrations::new(io.clone(), secret)),
            title_of: Box::new(move |operator, product, category| title(&catalogue, operator, product, category)),
            io,
        };
        let handlers: Vec<Rc<dyn Handler>> = vec![Rc::new(sender), Rc::new(Writer::new(archive))];
        actix_rt::spawn(async move {
            let work = jobs::work_off(jobs, handlers, stop.clone());
            let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
            if panicked || !stop.is_cancelled() {
                broken.send_replace(Some("jobs"));
            }
        });
    });
    if !started {
        tracing::error!("the thread of jobs did not start");
    }
}
