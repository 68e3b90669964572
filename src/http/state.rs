//! What handlers may reach.

use super::network::Networks;
use crate::actors::auth;
use crate::io::Io;

/// Everything a handler may reach; shared by all web workers as `web::Data<State>`.
pub struct State {
    /// The database, for reads that no actor has to answer.
    pub io: Io,
    /// Accounts and sessions.
    pub auth: auth::Desk,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
}
