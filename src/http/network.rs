//! Where a request comes from, behind proxies that are trusted by configuration.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;

/// A list of networks such as `10.0.0.0/8` or `::1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// One network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A network that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network such as 10.0.0.0/8: {0}")]
pub struct NotANetwork(String);

impl Networks {
    /// Reads a list of networks; an address alone is a network of one.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, NotANetwork> {
        entries.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address belongs to one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(own) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(own) & mask == u128::from(other) & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_unreadable| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_unreadable| wrong())?,
            None => most,
        };
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

/// The address a request comes from: the peer's, or what trusted proxies say: the last forwarded address that is not
/// a trusted proxy itself. `None` only without a socket, in tests.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &Networks) -> Option<IpAddr> {
    let mut client = request.peer_addr()?.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        if !trusted.contains(client) {
            break;
        }
        match hop.parse() {
            Ok(before) => client = before,
            Err(_) => break,
        }
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(peer: &str, forwarded: &str) -> String {
        let trusted = Networks::parse(["10.0.0.0/8", "::1"]).unwrap();
        let request = TestRequest::get()
            .peer_addr(format!("{peer}:1").parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        client_address(&request, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
            ("[::1]", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "nonsense", "10.1.2.3"),
        ] {
            assert_eq!(client(peer, forwarded), expected, "{peer} says {forwarded}");
        }
    }

    #[test]
    fn networks_are_read_strictly() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("192.0.2.1".parse().unwrap()));
        assert!(!"::/0".parse::<Network>().unwrap().contains("192.0.2.1".parse().unwrap()));
    }
}
