//! The configuration: files and environment variables, read strictly, checked as a whole, printed
//! without secrets.

mod auth;
mod database;
mod listeners;
mod section;
mod suppliers;
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
use crate::actors::reconcile;
use crate::integrations::{mail, payment};
use crate::redis;

pub use auth::Auth;
pub use database::Database;
pub use listeners::{Http, Operations};
pub use section::Section;
pub use suppliers::ContractSection;
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

    /// The sections that say for themselves whether they can be used.
    fn sections(&self) -> [&dyn Section; 9] {
        [
            &self.redis,
            &self.database,
            &self.auth,
            &self.orders,
            &self.contracts,
            &self.http,
            &self.payment,
            &self.mail,
            &self.times,
        ]
    }

    /// Whether any supplier is a simulator: then everything says so.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.sections().iter().any(|section| section.is_simulated())
    }

    /// What production refuses, numbers that are too small, and numbers that depend on each other.
    fn check(&self) -> anyhow::Result<()> {
        if self.environment == Environment::Production {
            anyhow::ensure!(
                !self.is_simulated(),
                "simulated suppliers need environment = \"test\""
            );
            #[cfg(feature = "demonstration")]
            anyhow::ensure!(
                self.crash_points.is_none(),
                "crash_points needs environment = \"test\""
            );
        }
        self.sections().iter().try_for_each(|section| section.check(self.environment))
    }
}
