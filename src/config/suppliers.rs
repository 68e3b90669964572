//! Who is asked outside: the operators' contracts, the payment provider, the mail provider.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use super::{Environment, Section};
use crate::integrations::client::{is_loopback_address, origin};
use crate::integrations::{mail, payment};

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

impl Section for BTreeMap<String, ContractSection> {
    fn is_simulated(&self) -> bool {
        let mut endpoints = self.values().filter_map(|contract| contract.endpoint.as_deref());
        endpoints.any(is_loopback_address)
    }

    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        for (name, section) in self {
            let is_origin =
                |text: &String| origin(text).as_deref() == Some(text.trim_end_matches('/'));
            anyhow::ensure!(
                section.origin.as_ref().is_none_or(is_origin),
                "contracts.{name}.origin is not an origin such as https://host or https://host:8443"
            );
            anyhow::ensure!(
                environment != Environment::Production || section.bound_to().is_some(),
                "contracts.{name}: add origin = \"https://HOST\", the only place where its credentials go"
            );
        }
        Ok(())
    }
}

impl Section for payment::ProviderConfig {
    fn is_simulated(&self) -> bool {
        self.is_local()
    }

    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        anyhow::ensure!(
            environment != Environment::Production || !self.test,
            "the payment test system needs environment = \"test\""
        );
        self.check_merchant()
    }
}

impl Section for mail::ProviderConfig {
    fn is_simulated(&self) -> bool {
        self.is_local()
    }

    fn check(&self, _environment: Environment) -> anyhow::Result<()> {
        Ok(())
    }
}
