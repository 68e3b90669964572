//! The parts that need more than one line to start.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretSlice};
use tokio_util::sync::CancellationToken;

use super::start::Ground;
use crate::actors::fleet::{FleetRateLimit, Held, Replica, SingletonTasks};
use crate::actors::invoice::Writer;
use crate::actors::jobs::{self, Handler, Jobs};
use crate::actors::liftoperator::{Catalogue, Connect, Facade, Operator};
use crate::actors::order::rules::record::{Terms, Ticket};
use crate::actors::order::store::{Paper, Store};
use crate::actors::supervision::Policy;
use crate::actors::{auth, customer, mail, order};
use crate::clock;
use crate::config::{Config, Environment};
use crate::integrations::client::{is_loopback_address, origin};
use crate::integrations::{RateLimiter, lift, mail as mail_port};
use crate::io::Io;
use crate::language::Language;
use crate::redis::Redis;

const HOUR: Duration = Duration::from_secs(3600);

/// How actors that ask outside are restarted and cut off.
pub(super) fn policy(config: &Config) -> Policy {
    let mut policy = Policy { down_for: config.times.breaker_pause, ..Policy::default() };
    policy.breaker.open_for = config.times.breaker_pause;
    policy
}

/// One contract per operator of the catalogue that can be reached; the others are logged.
pub(super) fn contracts(config: &Config, catalogue: &Catalogue) -> Vec<lift::Contract> {
    let contract = |operator: &Operator| {
        let error = |error: &anyhow::Error| tracing::error!(operator = operator.key, %error, "it is listed as down");
        contract(config, operator).inspect_err(error).ok()
    };
    catalogue.operators().iter().filter_map(contract).collect()
}

/// Builds clients that keep their contracts' pace together with those of the other replicas.
pub(super) fn connect_together(redis: Redis, replica: Replica) -> Connect {
    Arc::new(move |contract: &lift::Contract| {
        let turns = FleetRateLimit::new(redis.clone(), replica.clone(), &contract.actor_name());
        let pace = RateLimiter::new(contract.requests_per_second)
            .map(|pace| pace.together(Arc::new(turns)));
        lift::connect_paced(contract, pace)
    })
}

/// How an operator is reached.
///
/// # Errors
/// Its credentials are not configured or for another address, or a simulated supplier stands in
/// production.
pub fn contract(config: &Config, operator: &Operator) -> anyhow::Result<lift::Contract> {
    let (key, name, access) = (&operator.key, operator.credentials(), &operator.contract);
    let section = config.contracts.get(name);
    let section =
        section.with_context(|| format!("no [contracts.{name}] holds the credentials of {key}"))?;
    let endpoint = endpoint(config, operator);
    let bound_to = section.bound_to();
    anyhow::ensure!(
        bound_to.is_some() || config.environment == Environment::Test,
        "[contracts.{name}] names no origin, so its credentials go nowhere: add origin = \"https://HOST\" of {key}"
    );
    anyhow::ensure!(
        bound_to.is_none() || bound_to == origin(endpoint),
        "the credentials of [contracts.{name}] are for {} alone, and {key} is at {endpoint}",
        bound_to.unwrap_or_default()
    );
    anyhow::ensure!(
        config.environment == Environment::Test || !is_loopback_address(endpoint),
        "simulated suppliers need environment = \"test\": {key} is at {endpoint}"
    );
    Ok(lift::Contract {
        operator: key.clone(),
        supplier: access.supplier.clone(),
        endpoint: endpoint.to_owned(),
        credentials: section.credentials.clone(),
        settings: access.settings.clone(),
        dedups_reference: dedups(config, operator),
        requests_per_second: access.requests_per_second,
        settle: config.times.settle,
        issue_patience: config.times.issue_patience,
        check_deadline: config.times.check_deadline,
        issue_deadline: config.times.issue_deadline,
        time_zone: operator.time_zone,
        last_loading_time: operator.last_loading_time,
    })
}

/// Whether any supplier is a simulator: then everything says so.
pub(super) fn is_simulated(config: &Config, catalogue: &Catalogue) -> bool {
    config.is_simulated()
        || catalogue.operators().iter().any(|one| is_loopback_address(endpoint(config, one)))
}

/// The configuration's word wins over the catalogue's: a test system, a simulator.
fn endpoint<'a>(config: &'a Config, operator: &'a Operator) -> &'a str {
    let section = config.contracts.get(&operator.key);
    section.and_then(|section| section.endpoint.as_deref()).unwrap_or(&operator.contract.endpoint)
}

fn dedups(config: &Config, operator: &Operator) -> bool {
    let section = config.contracts.get(&operator.key);
    section
        .and_then(|section| section.dedups_reference)
        .unwrap_or(operator.contract.dedups_reference)
}

/// Where orders are kept, how their contracts may be asked, and what their invoices say.
pub(super) fn store(ground: &Ground, lift: Facade) -> Store {
    let times = ground.config.times.clone();
    let terms = move |operator: &str| Terms {
        dedups: lift.contract(operator).is_some_and(|contract| contract.dedups_reference),
        settle: TimeDelta::from_std(times.settle).unwrap_or(TimeDelta::minutes(2)),
        patience: TimeDelta::from_std(times.issue_patience).unwrap_or(TimeDelta::minutes(10)),
    };
    let names = ground.catalogue.clone();
    let describe = move |ticket: &Ticket, language| {
        title(&names.now(), language, [&ticket.operator, &ticket.product, &ticket.category])
    };
    let (seller, simulated) = (ground.config.seller.clone(), ground.simulated);
    let paper = Paper { seller, simulated, describe: Box::new(describe) };
    Store::new(ground.io.clone(), ground.jobs.clone(), terms, paper)
}

/// Jobs run on a thread of their own: rendering a document takes its time.
pub(super) fn start_jobs(ground: &Ground, stop: &CancellationToken) -> actix_rt::Arbiter {
    let provider = ground.config.mail.clone();
    let post = mail::start(&ground.system, move || mail_port::connect(&provider));
    let head = mail::Letterhead { simulated: ground.simulated, ..ground.config.letterhead.clone() };
    let (io, archive, jobs) = (ground.io.clone(), ground.archive.clone(), ground.jobs.clone());
    let (secret, catalogue) = (secret_of_codes(&ground.config), ground.catalogue.clone());
    let (stop, broken) = (stop.clone(), ground.broken.clone());
    let thread = actix_rt::Arbiter::new();
    let started = thread.spawn_fn(move || {
        let sender = mail::Sender {
            archive: archive.clone(),
            head,
            post: Box::new(post),
            accounts: Box::new(mail::Registrations::new(io.clone(), secret)),
            describe: Box::new(move |language, slugs| described(&catalogue.now(), language, slugs)),
            io,
        };
        let sender = Rc::new(sender);
        let notices = mail::Notices(Rc::clone(&sender));
        // a provider of e-mails that hangs must not keep a document from being written
        let emails: Vec<Rc<dyn Handler>> = vec![sender, Rc::new(notices)];
        let documents: Vec<Rc<dyn Handler>> = vec![Rc::new(Writer::new(archive))];
        actix_rt::spawn(async move {
            let work = jobs::work_off_lanes(&jobs, vec![emails, documents], &stop);
            let panicked = AssertUnwindSafe(work).catch_unwind().await.is_err();
            if panicked || !stop.is_cancelled() {
                broken.send_replace(Some("jobs"));
            }
        });
    });
    if !started {
        ground.broken.send_replace(Some("jobs"));
    }
    thread
}

/// Forgets what is too old to count, hour after hour, on one replica for all.
pub(super) async fn keep_forgetting(
    singletons: SingletonTasks,
    replica: Replica,
    accounts: auth::Desk,
    (jobs, io): (Jobs, Io),
) {
    let forget = async |held: Held| {
        loop {
            match jobs.purge(held.fence()).await {
                Ok(0) => {}
                Ok(purged) => tracing::info!(purged, "done jobs were forgotten"),
                Err(error) => tracing::warn!(%error, "done jobs could not be forgotten"),
            }
            match order::forget_texts(&io, clock::now(), Some(held.fence())).await {
                Ok(0) => {}
                Ok(texts) => tracing::info!(texts, "texts of answers and callbacks were forgotten"),
                Err(error) => {
                    tracing::warn!(%error, "texts of answers and callbacks could not be forgotten")
                }
            }
            match customer::erase_old(&io, clock::now(), Some(held.fence())).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "people of old orders were forgotten"),
                Err(error) => tracing::warn!(%error, "people of old orders could not be forgotten"),
            }
            if let Err(error) = accounts.forget_old(held.fence()).await {
                tracing::warn!(%error, "old registrations and tokens could not be forgotten");
            }
            if let Err(error) = replica.forget_dead(held.fence()).await {
                tracing::warn!(%error, "dead replicas could not be forgotten");
            }
            clock::sleep(HOUR).await;
        }
    };
    singletons.keep("forgetting", forget, std::future::pending).await;
}

/// What e-mails say of a ticket, from the keys of operator, product and category.
fn described(catalogue: &Catalogue, language: Language, slugs: [&str; 3]) -> mail::Described {
    let product = catalogue.operator(slugs[0]).and_then(|operator| operator.product(slugs[1]));
    let withdrawal = product.map(|product| product.withdrawal.notice().of(language).to_owned());
    mail::Described { title: title(catalogue, language, slugs), withdrawal }
}

/// A ticket's name for people, for example `Day ticket, Adult, Sölden`, from the keys of operator,
/// product and category.
fn title(catalogue: &Catalogue, language: Language, slugs: [&str; 3]) -> String {
    let [operator, product, category] = slugs;
    let named = catalogue.operator(operator).and_then(|operator| {
        let product = operator.products.iter().find(|known| known.key == product)?;
        let category = operator.categories.iter().find(|known| known.key == category)?;
        Some(format!(
            "{}, {}, {}",
            product.name.of(language),
            category.name.of(language),
            operator.name
        ))
    });
    named.unwrap_or_else(|| mail::plain_title(slugs))
}

pub(super) fn secret_of_codes(config: &Config) -> SecretSlice<u8> {
    config.auth.secret.expose_secret().as_bytes().to_vec().into()
}
