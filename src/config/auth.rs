//! Secrets of accounts and offers.

use secrecy::SecretString;
use serde::Deserialize;

use super::{Environment, Section};
use crate::actors::auth;

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

impl Section for Auth {
    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        anyhow::ensure!(
            environment != Environment::Production
                || self.second_factor != auth::SecondFactor::Optional,
            "auth.second_factor = \"optional\" needs environment = \"test\""
        );
        anyhow::ensure!(
            self.most_sessions > 0,
            "auth.most_sessions must be at least 1, or nobody logs in"
        );
        Ok(())
    }
}
