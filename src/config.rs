//! The configuration: files and environment variables, read strictly, checked as a whole, printed without secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::actors::{
    invoice::Seller,
    mail::Letterhead,
    order::{self, rules::Rules},
    payment::SweepSettings,
    reconcile,
};
use crate::clock;
use crate::integrations::{client::is_loopback_address, mail, payment};
use crate::redis;

mod listeners;

pub use listeners::{Http, Operations};

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
    /// What stands on every letter.
    pub letterhead: Letterhead,
    /// Who sells.
    pub seller: Seller,
    /// What an account may order.
    #[serde(default)]
    pub orders: order::Settings,
    /// When days are compared, and when a doubt alarms.
    #[serde(default)]
    pub books: reconcile::Settings,
    /// How long is waited for what.
    #[serde(default)]
    pub times: Times,
    /// Folder in which a test arms the moments at which this process ends; refused in production.
    pub crash_points: Option<PathBuf>,
    /// What it was read from: the values under the files, as JSON, and the files.
    #[serde(skip)]
    source: (SecretString, Vec<PathBuf>),
}

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
    /// Most replicas that share it, also while one replaces another; default 1. The server must allow their connections.
    pub replicas: Option<u32>,
    /// Whether a standby that takes over has every commit: servers that run go on then, no other starts; default no: all end.
    pub synchronous_standby: Option<bool>,
}

/// Secrets of accounts and offers; environment variables in production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// At least 32 characters; seals offers and signing keys, makes the codes in letters; the same on every replica.
    pub secret: SecretString,
}

/// What of a contract does not stand in the catalogue, and what is to be otherwise than there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSection {
    /// The address of the supplier of the operator with this key, in place of the catalogue's.
    pub endpoint: Option<String>,
    /// What it wants to see on a call, by its own names.
    pub credentials: BTreeMap<String, SecretString>,
    /// Whether it answers a known reference with its first answer, in place of what the catalogue says.
    pub dedups_reference: Option<bool>,
}

/// How long is waited for what; each as `500ms`, `30s`, `10m`, `14d`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Times {
    /// Longest life of one request at a lift supplier.
    #[serde(deserialize_with = "clock::deserialize")]
    pub settle: Duration,
    /// Longest life of one request at the payment provider.
    #[serde(deserialize_with = "clock::deserialize")]
    pub payment_settle: Duration,
    /// Deadline of one card check.
    #[serde(deserialize_with = "clock::deserialize")]
    pub check_deadline: Duration,
    /// Deadline of one issue, find or cancel.
    #[serde(deserialize_with = "clock::deserialize")]
    pub issue_deadline: Duration,
    /// Deadline of one question to the payment provider.
    #[serde(deserialize_with = "clock::deserialize")]
    pub payment_deadline: Duration,
    /// How long a line is asked for in all.
    #[serde(deserialize_with = "clock::deserialize")]
    pub issue_patience: Duration,
    /// How long checks are asked for in all.
    #[serde(deserialize_with = "clock::deserialize")]
    pub check_patience: Duration,
    /// How long an order may stand in placed.
    #[serde(deserialize_with = "clock::deserialize")]
    pub placed_limit: Duration,
    /// How long a payment page can be paid.
    #[serde(deserialize_with = "clock::deserialize")]
    pub page_life: Duration,
    /// How long after that a payment may still be reported.
    #[serde(deserialize_with = "clock::deserialize")]
    pub page_grace: Duration,
    /// First pause before asking again.
    #[serde(deserialize_with = "clock::deserialize")]
    pub pause: Duration,
    /// Longest pause before asking again.
    #[serde(deserialize_with = "clock::deserialize")]
    pub pause_limit: Duration,
    /// How often open payments are listed without a callback.
    #[serde(deserialize_with = "clock::deserialize")]
    pub sweep_every: Duration,
    /// Shortest pause between two lists.
    #[serde(deserialize_with = "clock::deserialize")]
    pub sweep_pause: Duration,
    /// The pause after a job's first failed attempt.
    #[serde(deserialize_with = "clock::deserialize")]
    pub job_pause: Duration,
    /// After how long a job whose worker was never heard of again is anybody's; an attempt has three quarters of it.
    #[serde(deserialize_with = "clock::deserialize")]
    pub job_lease: Duration,
    /// After how long without an event a stream says that somebody is there.
    #[serde(deserialize_with = "clock::deserialize")]
    pub heartbeat: Duration,
    /// How long a failing actor's breaker stays open, and how long a crashing actor stays down.
    #[serde(deserialize_with = "clock::deserialize")]
    pub breaker_pause: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            settle: seconds(120),
            payment_settle: seconds(120),
            check_deadline: seconds(8),
            issue_deadline: seconds(30),
            payment_deadline: seconds(60),
            issue_patience: seconds(600),
            check_patience: seconds(20),
            placed_limit: seconds(120),
            page_life: seconds(1800),
            page_grace: seconds(900),
            pause: Duration::from_millis(500),
            pause_limit: seconds(30),
            sweep_every: seconds(60),
            sweep_pause: seconds(1),
            job_pause: seconds(5),
            job_lease: seconds(60),
            heartbeat: seconds(15),
            breaker_pause: seconds(5),
        }
    }
}

impl Config {
    /// Reads files (later ones win) over `base`, and over both the variables `STARJACK_SECTION__NAME`.
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
        let local = |contract: &ContractSection| contract.endpoint.as_deref().is_some_and(is_loopback_address);
        self.contracts.values().any(local) || self.payment.is_simulated() || self.mail.is_simulated()
    }

    /// Numbers that depend on each other, and what production refuses.
    fn check(&self) -> anyhow::Result<()> {
        let (times, production) = (&self.times, self.environment == Environment::Production);
        anyhow::ensure!(!(production && self.is_simulated()), "simulated suppliers need environment = \"test\"");
        anyhow::ensure!(!(production && self.payment.test), "the payment test system needs environment = \"test\"");
        anyhow::ensure!(!(production && self.crash_points.is_some()), "crash_points needs environment = \"test\"");
        self.payment.check()?;
        self.redis.as_ref().map_or(Ok(()), redis::Settings::check)?;
        for (name, shorter, longer) in [
            ("issue_deadline must not be longer than settle", times.issue_deadline, times.settle),
            ("payment_deadline must not be longer than payment_settle", times.payment_deadline, times.payment_settle),
            ("check_deadline must not be longer than check_patience", times.check_deadline, times.check_patience),
            ("pause must not be longer than pause_limit", times.pause, times.pause_limit),
            ("check_patience must not be longer than placed_limit", times.check_patience, times.placed_limit),
        ] {
            anyhow::ensure!(shorter <= longer, "times: {name} ({shorter:?} > {longer:?})");
        }
        Ok(())
    }
}
