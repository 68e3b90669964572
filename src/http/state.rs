//! What handlers may reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::actors::fleet::{ActorView, Replica, SingletonTasks, Tasks};
use crate::actors::jobs::Jobs;
use crate::actors::liftoperator::{Cards, Counter, Facade};
use crate::actors::payment::{Desk as PaymentDesk, Sweep};
use crate::actors::{auth, order, supervision};
use crate::http::handles::Handles;
use crate::http::middleware::door::Door;
use crate::http::routes::operators::OperatorStatuses;
use crate::http::routes::streams::Streams;
use crate::http::unknown_callers::UnknownCallers;
use crate::io::Io;
use crate::network::Networks;
use crate::redis::Redis;

/// Everything a handler may reach; shared by all web workers as `web::Data<State>`.
pub struct State {
    /// The database, for reads that no actor has to answer.
    pub io: Io,
    /// Accounts and sessions.
    pub auth: auth::Desk,
    /// The catalogue, and the offers made from it.
    pub counter: Counter,
    /// The accounts' keycards.
    pub cards: Cards,
    /// How the operators' systems do.
    pub operator_statuses: Arc<dyn OperatorStatuses>,
    /// E-mails, documents and the like.
    pub jobs: Jobs,
    /// Orders.
    pub orders: order::Desk,
    /// The operators' actors, for their status.
    pub facade: Facade,
    /// The payment provider's actor, for its status.
    pub payment: PaymentDesk,
    /// Reads the list of open payments when a callback claims one.
    pub sweep: Sweep,
    /// Callbacks from elsewhere.
    pub unknown_callers: UnknownCallers,
    /// Open event streams.
    pub streams: Streams,
    /// Every actor, for admins.
    pub actors: supervision::System,
    /// What replicas count together, for its state.
    pub redis: Redis,
    /// What replicas do together.
    pub fleet: Fleet,
    /// What services give to handlers.
    pub handles: Handles,
    /// This replica's incarnation.
    pub replica: Uuid,
    /// Whether requests are taken; false while starting and draining.
    pub readiness: Readiness,
    /// How this server stands to the outside.
    pub face: Face,
}

/// How a server stands to the outside, as the configuration has it.
pub struct Face {
    /// Where the public comes in.
    pub door: Door,
    /// Whether browsers reach this server by https alone.
    pub https: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// Networks that callbacks may come from.
    pub callback_networks: Networks,
    /// Origins that a `return_url` may have, such as `https://shop.example`.
    pub return_origins: Vec<String>,
    /// Origins whose pages may call the API from a browser.
    pub api_origins: Vec<String>,
    /// Whether every supplier is simulated: then every page says so.
    pub simulated: bool,
    /// Whether admins may break actors: never where real money moves.
    pub breakable: bool,
}

/// What replicas do together.
pub struct Fleet {
    /// This replica and its lease.
    pub replica: Replica,
    /// What this replica does by itself.
    pub tasks: Tasks,
    /// What one replica does for all.
    pub singletons: SingletonTasks,
    /// The actors of every replica.
    pub tree: ActorView,
}

/// Whether this replica takes requests; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    ready: AtomicBool,
    leaving: AtomicBool,
}

impl Readiness {
    /// From now on `/readyz` says yes or no.
    pub fn set(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// From now on `/readyz` says no, and reads are turned away to another replica.
    pub fn leave(&self) {
        self.set(false);
        self.0.leaving.store(true, Ordering::Release);
    }

    /// Whether reads are turned away.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::Acquire)
    }

    /// What `/readyz` says.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }
}
