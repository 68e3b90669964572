//! Networks by configuration: whose callbacks are listened to, which proxies are believed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A list of networks; empty means nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Reads a list of networks; a bare address is a network of one.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, NetworkError> {
        entries.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address belongs to one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_its_networks_mapped_addresses_included() {
        let networks = Networks::parse([
            "37.221.72.0/24",
            "18.192.138.119",
            "2001:db8::/33",
            "::ffff:10.1.0.0/112",
        ])
        .unwrap();
        for (ip, allowed) in [
            ("37.221.72.0", true),
            ("37.221.72.255", true),
            ("37.221.73.0", false),
            ("37.221.71.255", false),
            ("::ffff:37.221.72.9", true),
            ("::ffff:37.221.73.9", false),
            ("::37.221.72.9", false),
            ("18.192.138.119", true),
            ("18.192.138.118", false),
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
        ] {
            assert_eq!(networks.contains(ip.parse().unwrap()), allowed, "{ip}");
        }
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_network_is_written_as_it_was_read_and_a_mistyped_one_is_refused() {
        for text in ["37.221.72.0/24", "0.0.0.0/0", "::/0", "2001:db8::/32", "127.0.0.1/32"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
        for text in [
            "",
            "37.221.72.0/33",
            "37.221.72.1/24",
            "37.221.72.0/",
            "37.221.72/24",
            "::1/129",
            "::ffff:1.2.3.4/64",
            "1.2.3.4/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
