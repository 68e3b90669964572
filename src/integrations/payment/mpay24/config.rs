//! The section `[payment]` of the configuration, and the check that endpoint and merchant belong together.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::wire;
use crate::integrations::client::is_loopback;

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
    /// Networks that callbacks may come from; they changed three times in ten years, so they are no constants.
    pub callback_networks: Vec<Network>,
}

impl Config {
    /// Whether the endpoint is a simulator on this machine.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        Url::parse(&self.endpoint).is_ok_and(|url| is_loopback(&url))
    }

    /// The address that requests go to.
    ///
    /// # Errors
    /// Endpoint, merchant and `test` do not belong together; the text says which rule is broken.
    /// Source: docs.mpay24.com/docs/test-and-productive-system (hosts, first digit of the merchant id).
    pub(super) fn checked_endpoint(&self) -> anyhow::Result<Url> {
        let mut url = Url::parse(&self.endpoint).context("payment endpoint is not an address")?;
        ensure!(
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none(),
            "payment endpoint must be host and path only"
        );
        let first_digit = self.merchant_id / 10_000;
        if is_loopback(&url) {
            ensure!(self.test, "a payment endpoint on loopback needs test = true");
            ensure!(first_digit == 9, "a simulated payment endpoint needs a merchant id 9xxxx");
            ensure!(matches!(url.scheme(), "http" | "https"), "payment endpoint must be http or https");
        } else {
            ensure!(
                url.scheme() == "https" && url.port().is_none(),
                "payment endpoint must be https on its usual port"
            );
            let (host, digit) = if self.test { (wire::TEST_HOST, 9) } else { (wire::PRODUCTION_HOST, 7) };
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

/// A network such as `37.221.72.0/24`; a bare address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `ip` lies in the network; `::ffff:192.0.2.1` counts as `192.0.2.1` on both sides.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                u32::from(own).checked_shr(shift) == u32::from(other).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                u128::from(own).checked_shr(shift) == u128::from(other).checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network such as 37.221.72.0/24")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refuse = || NetworkError(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let written: IpAddr = address.parse().map_err(|_not_an_address| refuse())?;
        let address = written.to_canonical();
        let mapped = written.is_ipv6() && address.is_ipv4();
        let width = if address.is_ipv4() { 32_u8 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => {
                let bits: u8 = bits.parse().map_err(|_not_a_number| refuse())?;
                if mapped { bits.checked_sub(96).ok_or_else(refuse)? } else { bits }
            }
        };
        if bits > width || (bits < width && has_bits_below(address, bits)) {
            return Err(refuse());
        }
        Ok(Self { address, bits })
    }
}

/// Whether the address names more than its network, which hints at a typing mistake.
fn has_bits_below(address: IpAddr, bits: u8) -> bool {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_shl(u32::from(bits)).unwrap_or(0) != 0,
        IpAddr::V6(v6) => u128::from(v6).checked_shl(u32::from(bits)).unwrap_or(0) != 0,
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
