//! Where the truth is kept, and what replicas count together.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Environment, Section};
use crate::integrations::client::is_loopback_address;
use crate::redis;

/// Where the truth is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`, or `sqlite://FILE?mode=rwc`; may hold a password, so it is never printed.
    pub url: SecretString,
    /// Most connections of each replica; default 16.
    pub connections: Option<u32>,
    /// Most replicas that share it, also while one replaces another; default 1. The server must
    /// allow their connections.
    pub replicas: Option<u32>,
    /// Whether a standby that takes over has every commit: servers that run go on then, no other
    /// starts; default no: all end.
    pub synchronous_standby: Option<bool>,
}

impl Database {
    /// Whether what is asked stays on this machine, or goes to a server whose certificate is
    /// checked.
    fn is_safe_on_the_wire(&self) -> bool {
        let Ok(url) = reqwest::Url::parse(self.url.expose_secret()) else { return true };
        let option = |name: &str| {
            url.query_pairs().filter(|(key, _)| key == name).last().map(|(_, value)| value)
        };
        // a folder is a socket of this machine
        let is_remote =
            |host: &str| !host.starts_with('/') && !is_loopback_address(&format!("tcp://{host}"));
        let host = option("host").or(url.host_str().map(Into::into)).unwrap_or_default();
        let host = host.replace("%2F", "/").replace("%2f", "/");
        url.scheme() == "sqlite"
            || host.is_empty()
            || !is_remote(&host)
            || option("sslmode").is_some_and(|mode| mode == "verify-full")
    }
}

impl Section for Database {
    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        anyhow::ensure!(
            environment != Environment::Production || self.is_safe_on_the_wire(),
            "database.url names another machine: add \
            sslmode=verify-full, and sslrootcert=FILE for an authority of your own (?sslmode=verify-full)"
        );
        Ok(())
    }
}

impl Section for redis::Settings {
    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        self.check_address()?;
        anyhow::ensure!(
            environment != Environment::Production || self.is_safe_on_the_wire(),
            "redis.url names another machine, or servers that others name: write rediss://user:password@host:6379 \
            (rediss-sentinel://, rediss-cluster://), and redis.ca = \"FILE\" for an authority of your own"
        );
        Ok(())
    }
}
