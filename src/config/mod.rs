//! The configuration: files and environment variables, read strictly, checked as a whole, printed
//! without secrets.

mod listeners;
mod times;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::actors::invoice::Seller;
use crate::actors::mail::Letterhead;
use crate::actors::order;
use crate::actors::order::rules::limits::Rules;
use crate::actors::payment::SweepSettings;
use crate::actors::{auth, reconcile};
use crate::integrations::client::{is_loopback_address, origin};
use crate::integrations::{mail, payment};
use crate::redis;

pub use listeners::{Http, Operations};
pub use times::Times;

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where this is: simulated suppliers are refused in production.
    pub environment: Environment,
    /// The outward face.
    pub http: Http,
    /// What the people who run the server see.
    #[serde(default)]
    pub operations: Operations,
    /// Where the truth is kept.
    pub database: Database,
    /// What replicas count together; each for itself without it.
    pub redis: Option<redis::Settings>,
    /// Folder of documents; on SQLite one process owns it.
    pub data: PathBuf,
    /// Secrets of accounts and offers.
    pub auth: Auth,
    /// Secrets of the operators' contracts, by the names that the catalogue gives them.
    #[serde(default)]
    pub contracts: BTreeMap<String, ContractSection>,
    /// The payment provider.
    pub payment: payment::ProviderConfig,
    /// The mail provider.
    pub mail: mail::ProviderConfig,
    /// What stands on every e-mail.
    pub letterhead: Letterhead,
    /// Who sells.
    pub seller: Seller,
    /// What an account may order.
    #[serde(default)]
    pub orders: order::AccountLimits,
    /// When days are compared, and when a doubt alarms.
    #[serde(default)]
    pub books: reconcile::Settings,
    /// How long is waited for what.
    #[serde(default)]
    pub times: Times,
    /// Folder in which a test arms the moments at which this process ends; refused in production.
    #[cfg(feature = "demonstration")]
    pub crash_points: Option<PathBuf>,
    /// What it was read from: the values under the files, as JSON, and the files.
    #[serde(skip)]
    source: (SecretString, Vec<PathBuf>),
}

/// A configuration that cannot be used, on this machine or at all; ends the process with 78.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used")]
pub struct BadConfiguration;

/// Where a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Real money, real gates.
    Production,
    /// Simulated suppliers are accepted, and everything says so.
    Test,
}

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
        let elsewhere =
            |host: &str| !host.starts_with('/') && !is_loopback_address(&format!("tcp://{host}"));
        let host = option("host").or(url.host_str().map(Into::into)).unwrap_or_default();
        let host = host.replace("%2F", "/").replace("%2f", "/");
        url.scheme() == "sqlite"
            || host.is_empty()
            || !elsewhere(&host)
            || option("sslmode").is_some_and(|mode| mode == "verify-full")
    }
}

/// Secrets of accounts and offers; environment variables in production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// At least 32 characters; seals offers and signing keys, makes the codes in e-mails; the same
    /// on every replica.
    pub secret: SecretString,
    /// Whether an admin needs a second factor: `required`, the default, or `optional`, which
    /// production refuses.
    #[serde(default)]
    pub second_factor: auth::SecondFactor,
    /// Most open sessions of an account; the one unused for longest ends when one more begins.
    #[serde(default = "most_sessions")]
    pub most_sessions: u32,
}

fn most_sessions() -> u32 {
    20
}

impl Auth {
    /// What accounts are set to, in a shop of this name at this address.
    #[must_use]
    pub fn settings(&self, shop: &str, public_url: &str) -> auth::Settings {
        let Self { second_factor, most_sessions, .. } = *self;
        let relying_party = auth::RelyingParty::at(public_url);
        auth::Settings { shop: shop.to_owned(), second_factor, most_sessions, relying_party }
    }
}

/// What of a contract does not stand in the catalogue, and what is to be otherwise than there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSection {
    /// The only origin that the credentials are for, as `https://host:port`; without it that of
    /// `endpoint`. The catalogue names a contract's address, and whoever can write it must not
    /// learn them. Production needs one of the two.
    pub origin: Option<String>,
    /// The address of the supplier of the operator with this key, in place of the catalogue's.
    pub endpoint: Option<String>,
    /// What it wants to see on a call, by its own names.
    pub credentials: BTreeMap<String, SecretString>,
    /// Whether it answers a known reference with its first answer, in place of what the catalogue
    /// says.
    pub dedups_reference: Option<bool>,
}

impl ContractSection {
    /// Where its credentials may go; anywhere when nothing is said of it.
    #[must_use]
    pub fn bound_to(&self) -> Option<String> {
        self.origin.as_deref().or(self.endpoint.as_deref()).and_then(origin)
    }
}

impl Config {
    /// Reads files (later ones win) over `base`, and over both the variables
    /// `STARJACK_SECTION__NAME`.
    ///
    /// # Errors
    /// Names the file or variable and what is wrong with it.
    pub fn read(base: serde_json::Value, files: &[PathBuf]) -> anyhow::Result<Self> {
        let source = (base.to_string().into(), files.to_vec());
        let base = Figment::from(Serialized::defaults(base));
        let files = files.iter().fold(base, |all, file| all.merge(Toml::file_exact(file)));
        let config: Self = files.merge(Env::prefixed("STARJACK_").split("__")).extract()?;
        config.check()?;
        Ok(Self { source, ..config })
    }

    /// The same files once more, as they are now.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn again(&self) -> anyhow::Result<Self> {
        Self::read(serde_json::from_str(self.source.0.expose_secret())?, &self.source.1)
    }

    /// The order rules' times.
    ///
    /// # Errors
    /// A time is too long to count.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let times = &self.times;
        Ok(Rules {
            check_patience: TimeDelta::from_std(times.check_patience)?,
            placed_limit: TimeDelta::from_std(times.placed_limit)?,
            page_life: TimeDelta::from_std(times.page_life)?,
            page_grace: TimeDelta::from_std(times.page_grace)?,
            payment_settle: TimeDelta::from_std(times.payment_settle)?,
            doubt_alarm: TimeDelta::from_std(self.books.alarm_after)?,
            pause: TimeDelta::from_std(times.pause)?,
            pause_limit: TimeDelta::from_std(times.pause_limit)?,
            ..Rules::default()
        })
    }

    /// How often open payments are listed.
    pub fn sweep(&self) -> SweepSettings {
        SweepSettings { every: self.times.sweep_every, pause: self.times.sweep_pause }
    }

    /// Whether any supplier is a simulator: then everything says so.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        let local = |contract: &ContractSection| {
            contract.endpoint.as_deref().is_some_and(is_loopback_address)
        };
        self.contracts.values().any(local)
            || self.payment.is_simulated()
            || self.mail.is_simulated()
    }

    /// What production refuses, numbers that are too small, and numbers that depend on each other.
    fn check(&self) -> anyhow::Result<()> {
        if let Some(redis) = &self.redis {
            redis.check()?;
        }
        self.check_production()?;
        self.check_at_least_one()?;
        self.check_contracts()?;
        self.http.check_origins()?;
        self.payment.check()?;
        self.check_times()
    }

    fn check_production(&self) -> anyhow::Result<()> {
        if self.environment != Environment::Production {
            return Ok(());
        }
        anyhow::ensure!(!self.is_simulated(), "simulated suppliers need environment = \"test\"");
        anyhow::ensure!(!self.payment.test, "the payment test system needs environment = \"test\"");
        #[cfg(feature = "demonstration")]
        anyhow::ensure!(self.crash_points.is_none(), "crash_points needs environment = \"test\"");
        anyhow::ensure!(
            self.auth.second_factor != auth::SecondFactor::Optional,
            "auth.second_factor = \"optional\" needs environment = \"test\""
        );
        anyhow::ensure!(
            self.database.is_safe_on_the_wire(),
            "database.url names another machine: add \
            sslmode=verify-full, and sslrootcert=FILE for an authority of your own (?sslmode=verify-full)"
        );
        anyhow::ensure!(
            self.redis.as_ref().is_none_or(redis::Settings::is_safe_on_the_wire),
            "redis.url names another machine, or servers that others name: write rediss://user:password@host:6379 \
            (rediss-sentinel://, rediss-cluster://), and redis.ca = \"FILE\" for an authority of your own"
        );
        Ok(())
    }

    fn check_at_least_one(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.auth.most_sessions > 0,
            "auth.most_sessions must be at least 1, or nobody logs in"
        );
        for (name, number) in [
            ("workers", self.http.workers),
            ("connections", self.http.connections),
            ("connections_per_peer", self.http.connections_per_peer),
        ] {
            anyhow::ensure!(number > 0, "http.{name} must be at least 1");
        }
        for (name, number) in
            [("most_rejected", self.orders.most_rejected), ("most_unpaid", self.orders.most_unpaid)]
        {
            anyhow::ensure!(number > 0, "orders.{name} must be at least 1, or nothing is sold");
        }
        Ok(())
    }

    fn check_contracts(&self) -> anyhow::Result<()> {
        for (name, section) in &self.contracts {
            let is_origin =
                |text: &String| origin(text).as_deref() == Some(text.trim_end_matches('/'));
            anyhow::ensure!(
                section.origin.as_ref().is_none_or(is_origin),
                "contracts.{name}.origin is not an origin such as https://host or https://host:8443"
            );
            anyhow::ensure!(
                self.environment != Environment::Production || section.bound_to().is_some(),
                "contracts.{name}: add origin = \"https://HOST\", the only place where its credentials go"
            );
        }
        Ok(())
    }

    fn check_times(&self) -> anyhow::Result<()> {
        let times = &self.times;
        for (name, shorter, longer) in [
            ("issue_deadline must not be longer than settle", times.issue_deadline, times.settle),
            (
                "payment_deadline must not be longer than payment_settle",
                times.payment_deadline,
                times.payment_settle,
            ),
            (
                "check_deadline must not be longer than check_patience",
                times.check_deadline,
                times.check_patience,
            ),
            ("pause must not be longer than pause_limit", times.pause, times.pause_limit),
            (
                "check_patience must not be longer than placed_limit",
                times.check_patience,
                times.placed_limit,
            ),
        ] {
            anyhow::ensure!(shorter <= longer, "times: {name} ({shorter:?} > {longer:?})");
        }
        Ok(())
    }
}
