//! Where the server listens.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::{Environment, Section};
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
    /// Origins whose pages may call the API from a browser, besides its own.
    #[serde(default)]
    pub api_origins: Vec<String>,
    /// Threads that answer requests, at least 1; default 2.
    #[serde(default = "Http::workers")]
    pub workers: usize,
    /// Most connections at a time, at least 1; default 8192. The process must be allowed twice as
    /// many open files and 256.
    #[serde(default = "Http::connections")]
    pub connections: usize,
    /// Most of them from one address, or one /64 of IPv6; those of `trusted_proxies` are not
    /// counted. Default 512.
    #[serde(default = "Http::connections_per_peer")]
    pub connections_per_peer: usize,
    /// How long a leaving replica turns reads away before its socket closes, so that a proxy
    /// notices; default none.
    #[serde(default, deserialize_with = "clock::deserialize")]
    pub drain_delay: Duration,
}

impl Http {
    /// Whether browsers reach it by https alone.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    fn workers() -> usize {
        2
    }

    fn connections() -> usize {
        8192
    }

    fn connections_per_peer() -> usize {
        512
    }
}

impl Section for Http {
    fn check(&self, _environment: Environment) -> anyhow::Result<()> {
        for (name, number) in [
            ("workers", self.workers),
            ("connections", self.connections),
            ("connections_per_peer", self.connections_per_peer),
        ] {
            anyhow::ensure!(number > 0, "http.{name} must be at least 1");
        }
        // browsers name an origin in one way; one that is written otherwise would never be
        // recognised
        for (key, origins) in
            [("return_origins", &self.return_origins), ("api_origins", &self.api_origins)]
        {
            for origin in origins {
                let named =
                    reqwest::Url::parse(origin).map(|url| url.origin().ascii_serialization());
                anyhow::ensure!(
                    named.is_ok_and(|named| named == *origin),
                    "http.{key}: write {origin} as scheme, host and port, such as https://shop.example"
                );
            }
        }
        Ok(())
    }
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
