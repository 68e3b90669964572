//! Where the server listens.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::clock;
use crate::network::Networks;

/// The outward face.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// How the outside reaches it, without a trailing slash; where it listens without it.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed, as networks.
    #[serde(default)]
    pub trusted_proxies: Networks,
    /// Origins that a `return_url` may have.
    #[serde(default)]
    pub return_origins: Vec<String>,
    /// Threads that answer requests; default 2.
    pub workers: Option<usize>,
    /// How long a leaving replica turns reads away before its socket closes, so that a proxy notices; default none.
    #[serde(default, deserialize_with = "clock::deserialize")]
    pub drain_delay: Duration,
}

/// The listener of metrics and readiness detail: not for the public.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// Where it listens; port 0 picks one. Default `127.0.0.1:9464`.
    pub listen: SocketAddr,
}

impl Default for Operations {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}
