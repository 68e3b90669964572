//! The parts that need more than one line to start.

use std::collections::BTreeMap;
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
use crate::actors::invoice::Writer;
use crate::actors::jobs::{self, Handler};
use crate::actors::liftoperator::Catalogue;
use crate::actors::order::record::{Terms, Ticket};
use crate::actors::order::store::{Paper, Store};
use crate::actors::payment::{Desk as PaymentDesk, Sweep};
use crate::actors::supervision::{Policy, StartError};
use crate::actors::{auth, mail, order};
use crate::clock;
use crate::config::Config;
use crate::integrations::{lift, mail as mail_port};
use crate::language::Language;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How actors that ask outside are restarted and cut off.
pub(super) fn policy(config: &Config) -> Policy {
    let mut policy = Policy { down_for: config.times.breaker_pause, ..Policy::default() };
    policy.breaker.open_for = config.times.breaker_pause;
    policy
}

/// One contract per operator of the catalogue.
pub(super) fn contracts(config: &Config, catalogue: &Catalogue) -> anyhow::Result<Vec<lift::Contract>> {
    let contract = |operator: &crate::actors::liftoperator::Operator| {
        let key = &operator.key;
        let section = config.contracts.get(key);
        let section = section.with_context(|| format!("no [contracts.{key}] says how {key} is reached"))?;
        Ok(lift::Contract {
            operator: key.clone(),
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
    };
    catalogue.operators().iter().map(contract).collect()
}

/// Where orders are kept, how their contracts may be asked, and what their invoices say.
pub(super) fn store(ground: &Ground) -> Store {
    let times = ground.config.times.clone();
    let sections = ground.config.contracts.iter();
    let dedups: BTreeMap<_, _> =
        sections.map(|(operator, section)| (operator.clone(), section.dedups_reference)).collect();
    let terms = move |operator: &str| Terms {
        dedups: dedups.get(operator).copied().unwrap_or(false),
        settle: TimeDelta::from_std(times.settle).unwrap_or(TimeDelta::minutes(2)),
        patience: TimeDelta::from_std(times.issue_patience).unwrap_or(TimeDelta::minutes(10)),
    };
    let names = Arc::clone(&ground.catalogue);
    let describe =
        move |ticket: &Ticket, language| title(&names, language, [&ticket.operator, &ticket.product, &ticket.category]);
    let (seller, simulated) = (ground.config.seller.clone(), ground.simulated);
    let paper = Paper { seller, simulated, describe: Box::new(describe) };
    Store::new(ground.io.clone(), ground.jobs.clone(), terms, paper)
}

/// Jobs run on a thread of their own: rendering a document takes its time.
pub(super) fn start_jobs(ground: &Ground, stop: &CancellationToken) -> actix_rt::Arbiter {
    let provider = ground.config.mail.clone();
    let connect = move || mail_port::connect(&provider).map(mail::Office::new).map_err(StartError::new);
    let office = ground.system.spawn(mail::spec(), connect);
    let head = mail::Letterhead { simulated: ground.simulated, ..ground.config.letterhead.clone() };
    let (io, archive, jobs) = (ground.io.clone(), ground.archive.clone(), ground.jobs.clone());
    let (secret, catalogue) = (secret_of_codes(&ground.config), Arc::clone(&ground.catalogue));
    let (stop, broken) = (stop.clone(), ground.broken.clone());
    let thread = actix_rt::Arbiter::new();
    let started = thread.spawn_fn(move || {
        let sender = mail::Sender {
            archive: archive.clone(),
            head,
            post: Box::new(office),
            accounts: Box::new(mail::Registrations::new(io.clone(), secret)),
            title_of: Box::new(move |language, slugs| title(&catalogue, language, slugs)),
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
        ground.broken.send_replace(Some("jobs"));
    }
    thread
}

/// Forgets registrations and tokens that are too old to count, at the start and once a day.
pub(super) async fn keep_forgetting(accounts: auth::Desk) {
    loop {
        if let Err(error) = accounts.forget_old().await {
            tracing::warn!(%error, "old registrations and tokens could not be forgotten");
        }
        clock::sleep(DAY).await;
    }
}

/// Reads the list of open payments for ever and tells the orders.
pub(super) async fn keep_sweeping(sweep: Sweep, desk: PaymentDesk, orders: order::Desk) {
    let tell = |listed| {
        let orders = orders.clone();
        async move { orders.listed(listed).await }
    };
    sweep.run(&desk, tell).await;
}

/// A ticket's name for people, for example `Day ticket, Adult, Sölden`, from the keys of operator, product and category.
fn title(catalogue: &Catalogue, language: Language, slugs: [&str; 3]) -> String {
    let [operator, product, category] = slugs;
    let named = catalogue.operator(operator).and_then(|operator| {
        let product = operator.products.iter().find(|known| known.key == product)?;
        let category = operator.categories.iter().find(|known| known.key == category)?;
        Some(format!("{}, {}, {}", product.name.of(language), category.name.of(language), operator.name))
    });
    named.unwrap_or_else(|| mail::plain_title(slugs))
}

pub(super) fn secret_of_codes(config: &Config) -> SecretSlice<u8> {
    config.auth.secret.expose_secret().as_bytes().to_vec().into()
}
