//! Where somebody asks from, as wide as one household, company or customer of a provider is likely
//! to reach.

use std::net::{IpAddr, Ipv4Addr};

/// The networks that an address stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin(IpAddr);

impl Origin {
    /// Where an address stands; without one, as in tests, all ask from one network.
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical())
    }

    /// One household, hotel or company: the first 24 bits of IPv4, the first 64 of IPv6.
    pub(super) fn network(self) -> String {
        match self.0 {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & (u32::MAX << 8)).into()).to_string(),
            IpAddr::V6(v6) => first_bits(v6.into(), 64),
        }
    }

    /// The most that one customer of a provider has: the first 48 bits of IPv6, which are 65,536
    /// networks. IPv4 is scarce enough to have nothing wider.
    pub(super) fn site(self) -> Option<String> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(first_bits(v6.into(), 48)),
        }
    }

    /// As its owner is shown it among the sessions: enough to know home from elsewhere, the first
    /// 24 bits of IPv4, the first 48 of IPv6.
    pub(super) fn masked(self) -> String {
        match self.0 {
            IpAddr::V4(_) => format!("{}/24", self.network()),
            IpAddr::V6(v6) => format!("{}/48", first_bits(v6.into(), 48)),
        }
    }

    /// The site, or the network where there is none.
    pub(super) fn widest(self) -> String {
        self.site().unwrap_or_else(|| self.network())
    }
}

fn first_bits(address: u128, bits: u32) -> String {
    IpAddr::V6((address & (u128::MAX << (128 - bits))).into()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Origin {
        Origin::of(Some(text.parse().unwrap()))
    }

    #[test]
    fn neighbours_ask_from_one_network() {
        assert_eq!(of("2001:db8::1").network(), of("2001:db8::2").network());
        assert_ne!(of("2001:db8::1").network(), of("2001:db8:0:1::1").network());
        assert_eq!(of("192.0.2.1").network(), of("192.0.2.200").network());
        assert_ne!(of("192.0.2.1").network(), of("192.0.3.1").network());
        assert_eq!(of("::ffff:192.0.2.1").network(), of("192.0.2.9").network());
    }

    #[test]
    fn all_networks_of_one_customer_are_one_site() {
        assert_eq!(of("2001:db8:7:1::1").site(), of("2001:db8:7:ffff::2").site());
        assert_ne!(of("2001:db8:7::1").site(), of("2001:db8:8::1").site());
        assert_eq!(
            (of("192.0.2.1").site(), of("192.0.2.1").widest()),
            (None, "192.0.2.0".to_owned())
        );
        assert_eq!(of("2001:db8:7:1::1").widest(), "2001:db8:7::");
        assert_eq!(of("2001:db8:7:1::1").masked(), "2001:db8:7::/48");
        assert_eq!(of("192.0.2.77").masked(), "192.0.2.0/24");
    }
}
