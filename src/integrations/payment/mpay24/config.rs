//! The section `[payment]` of the configuration, and the check that endpoint and merchant belong
//! together.

use anyhow::{Context, bail, ensure};
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use super::wire;
use crate::integrations::client::is_loopback;
use crate::network::Networks;

/// The payment provider's settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The provider's address; without a path the provider's own path is used.
    pub endpoint: String,
    /// Five digits: the first is 9 on the test system and 7 in production.
    pub merchant_id: u32,
    /// The password of the SOAP user, which is not the one of the merchant's portal.
    pub password: SecretString,
    /// No real money is to move: only the test system, or a simulator on loopback, is accepted.
    #[serde(default)]
    pub test: bool,
    /// Networks that callbacks may come from; they changed three times in ten years, so they are no
    /// constants.
    pub callback_networks: Networks,
}

impl Config {
    /// Whether the endpoint is a simulator on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        Url::parse(&self.endpoint).is_ok_and(|url| is_loopback(&url))
    }

    /// Refuses an endpoint, a merchant and networks that do not belong together; asked before
    /// anything starts.
    ///
    /// # Errors
    /// The text says which rule is broken and what to write instead.
    pub fn check_merchant(&self) -> anyhow::Result<()> {
        let url = self.checked_endpoint()?;
        ensure!(
            !self.callback_networks.is_empty(),
            "payment: callback_networks is empty: no callback would be taken"
        );
        if !is_loopback(&url) {
            for address in ["127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"] {
                let heard =
                    address.parse().is_ok_and(|address| self.callback_networks.contains(address));
                ensure!(
                    !heard,
                    "payment: callback_networks holds {address}, which is not {}",
                    self.endpoint
                );
            }
        }
        Ok(())
    }

    /// The address that requests go to.
    ///
    /// # Errors
    /// Endpoint, merchant and `test` do not belong together; the text says which rule is broken.
    /// Source: docs.mpay24.com/docs/test-and-productive-system (hosts, first digit of the merchant
    /// id).
    pub(super) fn checked_endpoint(&self) -> anyhow::Result<Url> {
        let mut url = Url::parse(&self.endpoint).context("payment endpoint is not an address")?;
        ensure!(
            url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none(),
            "payment endpoint must be host and path only"
        );
        let first_digit = self.merchant_id / 10_000;
        if is_loopback(&url) {
            ensure!(self.test, "a payment endpoint on loopback needs test = true");
            ensure!(first_digit == 9, "a simulated payment endpoint needs a merchant id 9xxxx");
            ensure!(
                matches!(url.scheme(), "http" | "https"),
                "payment endpoint must be http or https"
            );
        } else {
            ensure!(
                url.scheme() == "https" && url.port().is_none(),
                "payment endpoint must be https on its usual port"
            );
            let (host, digit) =
                if self.test { (wire::TEST_HOST, 9) } else { (wire::PRODUCTION_HOST, 7) };
            if url.host_str() != Some(host) || first_digit != digit {
                bail!(
                    "with test = {} the payment endpoint must be {host} and the merchant id {digit}xxxx, not {} with {}",
                    self.test,
                    url.host_str().unwrap_or_default(),
                    self.merchant_id
                );
            }
        }
        if url.path() == "/" {
            url.set_path(wire::PATH);
        }
        Ok(url)
    }
}
