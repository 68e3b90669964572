//! Keeps the catalogue and the contracts' actors as the database and the configuration have them,
//! without a restart.
//!
//! The database's newest version is looked at every two seconds, on every replica. The
//! configuration's contracts are read again with each new version and when the process is sent
//! `SIGHUP`. Actors come first and go last: nothing is offered whose contract is not there, and a
//! removed operator keeps its actor while an order needs it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::contracts::contracts;
use super::start::Ground;
use crate::actors::fleet::{Broadcast, FleetEvent, Listener, Runs};
use crate::actors::liftoperator::Facade;
use crate::actors::liftoperator::catalogue::{Catalogue, Current, store};
use crate::actors::order::store::Store;
use crate::clock;
use crate::config::Config;
use crate::io::Io;

/// How often the database is asked for its newest version.
pub(super) const LOOK: Duration = Duration::from_secs(2);

/// What keeps the catalogue current.
pub(super) struct Shelf {
    io: Io,
    config: Config,
    current: Current,
    lift: Facade,
    orders: Store,
    broadcast: Broadcast,
    seen: i64,
    /// Removed operators whose actors may still be needed.
    leaving: BTreeSet<String>,
}

impl Shelf {
    /// Everything that was read at the start.
    pub(super) fn new(ground: &Ground, lift: Facade, orders: Store, broadcast: Broadcast) -> Self {
        let leaving =
            ground.stock.removed.operators().iter().map(|operator| operator.key.clone()).collect();
        let io = ground.io.clone();
        let config = ground.config.clone();
        let current = ground.catalogue.clone();
        Self { io, config, current, lift, orders, broadcast, seen: ground.stock.version, leaving }
    }

    /// Goes on for ever.
    pub(super) async fn keep(mut self, runs: Runs) {
        let mut hang_up = signal(SignalKind::hangup()).ok();
        let mut heard = self.broadcast.listen();
        loop {
            let asked = async {
                match &mut hang_up {
                    Some(hang_up) => hang_up.recv().await,
                    None => std::future::pending().await,
                }
            };
            let told = tokio::select! {
                _ = asked => true,
                () = until_changed(&mut heard) => false,
                () = clock::sleep(LOOK) => false,
            };
            if let Err(error) = runs.watch(self.look(told)).await {
                tracing::error!(
                    event = "catalogue.not_changed",
                    error = format!("{error:#}"),
                    "the catalogue stays as it was"
                );
            }
        }
    }

    async fn look(&mut self, told: bool) -> anyhow::Result<()> {
        let newest = store::newest(&self.io).await?;
        if told || newest != self.seen {
            self.change().await?;
        }
        self.let_go().await
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let stock = Stock::load(&self.io).await?;
        match self.config.again() {
            Ok(config) => self.config = config,
            Err(error) => {
                tracing::error!(
                    event = "contract.not_changed",
                    error = format!("{error:#}"),
                    "the configuration's contracts stay as they were"
                );
            }
        }
        let mut wanted = contracts(&self.config, &stock.sold);
        self.leaving = self.still_needed(&stock.removed).await?;
        let needed = contracts(&self.config, &stock.removed);
        wanted.extend(
            needed.into_iter().filter(|contract| self.leaving.contains(&contract.operator)),
        );
        self.lift.bring_to(wanted).await;
        self.seen = stock.version;
        tracing::info!(
            version = stock.version,
            operators = stock.sold.operators().len(),
            "the catalogue has changed"
        );
        self.current.replace(stock.sold);
        // whoever sees it first tells the others, which look for themselves too
        self.broadcast.publish(&FleetEvent::Catalogue);
        Ok(())
    }

    /// Of what was removed, the operators that are reached or that an order needs: it may have been
    /// placed while its operator was listed as down.
    async fn still_needed(&self, removed: &Catalogue) -> anyhow::Result<BTreeSet<String>> {
        let mut needed = BTreeSet::new();
        for operator in removed.operators() {
            let key = &operator.key;
            if self.lift.contract(key).is_some() || self.orders.needs_operator(key.clone()).await? {
                needed.insert(key.clone());
            }
        }
        Ok(needed)
    }

    async fn let_go(&mut self) -> anyhow::Result<()> {
        for key in self.leaving.clone() {
            if !self.orders.needs_operator(key.clone()).await? {
                self.lift.retire(&key).await;
                self.leaving.remove(&key);
            }
        }
        Ok(())
    }
}

async fn until_changed(heard: &mut Listener) {
    while heard.next().await != FleetEvent::Catalogue {}
}

/// What the database holds of the catalogue, read.
pub(super) struct Stock {
    pub(super) version: i64,
    pub(super) sold: std::sync::Arc<Catalogue>,
    pub(super) removed: std::sync::Arc<Catalogue>,
}

impl Stock {
    pub(super) async fn load(io: &Io) -> anyhow::Result<Self> {
        let kept = store::load(io).await.context("the catalogue cannot be read")?;
        let (sold, removed) = kept.catalogues();
        Ok(Self { version: kept.version, sold, removed })
    }

    /// Says what to do when there is nothing to sell.
    pub(super) fn warn_when_empty(&self) {
        if self.sold.operators().is_empty() {
            tracing::warn!(
                "there is nothing to sell: no operator was imported into this database; \
                 `starjack import operators FILE --take` with this configuration brings some in, the server need not be restarted"
            );
        }
    }
}
