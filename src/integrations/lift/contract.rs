//! The settings of one operator at one supplier.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};

/// The settings of one operator at one supplier.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The operator's key, for example `solden`.
    pub operator: String,
    /// The supplier's key in [`super::SUPPLIERS`].
    pub supplier: String,
    /// The supplier's address for this operator, without a trailing slash.
    pub endpoint: String,
    /// What the supplier wants to see on a call, by the supplier's own names.
    pub credentials: BTreeMap<String, SecretString>,
    /// Further settings by the supplier's own names, for example its project number.
    pub settings: BTreeMap<String, String>,
    /// Whether the supplier confirmed that it answers a known reference with its first answer.
    pub dedups_reference: bool,
    /// Most requests in a second; 0 for no limit. Kept by all replicas together.
    pub requests_per_second: u32,
    /// Longest life of one request at the supplier; default 120 s.
    pub settle: Duration,
    /// How long a line may be asked for in all; default 10 min.
    pub issue_patience: Duration,
    /// Deadline of one check; default 8 s.
    pub check_deadline: Duration,
    /// Deadline of one issue, find or cancel; default 30 s.
    pub issue_deadline: Duration,
    /// The operator's days are days of this zone.
    pub time_zone: Tz,
    /// Latest local time on the first day of validity at which a ticket is still loaded; default
    /// 16:00.
    pub last_loading_time: NaiveTime,
}

impl Contract {
    /// The name of the contract's actor, for example `dta/solden`.
    #[must_use]
    pub fn actor_name(&self) -> String {
        format!("{}/{}", self.supplier, self.operator)
    }

    /// Whether another contract says the same in every word, its credentials included.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let secrets = |contract: &Self| -> Vec<(String, String)> {
            let all = contract.credentials.iter();
            all.map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned())).collect()
        };
        // the credentials show nothing of themselves
        format!("{self:?}") == format!("{other:?}") && secrets(self) == secrets(other)
    }

    /// The credential of that name.
    ///
    /// # Errors
    /// The contract has none; the text names it.
    pub fn credential(&self, name: &str) -> anyhow::Result<SecretString> {
        let missing = || anyhow::anyhow!("{} lacks the credential {name}", self.actor_name());
        self.credentials.get(name).cloned().ok_or_else(missing)
    }

    /// The setting of that name, where there is one.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Checks that every setting is one of `names`: a misspelt one must not silently do nothing.
    ///
    /// # Errors
    /// A setting is unknown; the text names it.
    pub fn only_settings(&self, names: &[&str]) -> anyhow::Result<()> {
        match self.settings.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => {
                Err(anyhow::anyhow!("{} has the unknown setting {unknown}", self.actor_name()))
            }
            None => Ok(()),
        }
    }
}
