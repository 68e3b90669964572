//! What handlers may reach.

use std::sync::Arc;

use super::network::Networks;
use super::operators::OperatorStatuses;
use crate::actors::auth;
use crate::actors::liftoperator::{Cards, Counter};
use crate::io::Io;

/// Everything a handler may reach; shared by all web workers as `web::Data<State>`.
pub struct State {
    /// The database, for reads that no actor has to answer.
    pub io: Io,
    /// Accounts and sessions.
    pub auth: auth::Desk,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// The catalogue, and the offers made from it.
    pub counter: Counter,
    /// The accounts' keycards.
    pub cards: Cards,
    /// How the operators' systems do.
    pub operator_statuses: Arc<dyn OperatorStatuses>,
}
