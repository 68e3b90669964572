//! The public listener: how many connections one peer may have, and whether anybody comes in.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::clock::{self, Deadline};
use crate::network::Networks;

/// How long the listener may take to answer a knock.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a knock asks, and how the answer to it begins.
const KNOCK: &[u8] = b"GET /livez HTTP/1.1\r\nhost: starjack\r\nconnection: close\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200";

/// The door of the public listener; clones share it.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    most: usize,
    proxies: Networks,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// How many connections each peer has.
    peers: HashMap<Peer, usize>,
    /// Where our own knocks come from: they find a place however many others a peer has.
    knocks: HashSet<SocketAddr>,
}

impl Door {
    /// A door at `address` with at most `most` connections of one peer. An IPv6 peer is its /64,
    /// which one household has alone, and all of a /48, of which one customer of a provider has as
    /// many /64 as he likes, are at most four peers together; `proxies` bring many people, so
    /// theirs are not counted.
    #[must_use]
    pub fn new(address: SocketAddr, most: usize, proxies: Networks) -> Self {
        Self(Arc::new(Inner { address, most, proxies, taken: Mutex::default() }))
    }

    /// The same rules at another address, with nobody inside.
    #[cfg(test)]
    pub(in crate::http) fn moved_to(&self, address: SocketAddr) -> Self {
        Self::new(address, self.0.most, self.0.proxies.clone())
    }

    /// A place for a connection from `from`, until it is dropped; `None` when the peer has as many
    /// as it may.
    pub(in crate::http) fn place(&self, from: SocketAddr) -> Option<Place> {
        let mut taken = self.taken();
        if self.0.proxies.contains(from.ip()) || taken.knocks.contains(&from) {
            return Some(Place(None));
        }
        let peers = peers_of(from.ip());
        let most =
            |bits: u32| if bits == SITE { PEERS_OF_A_SITE * self.0.most } else { self.0.most };
        let is_full = |peer: &Peer| {
            taken.peers.get(peer).is_some_and(|connections| *connections >= most(peer.1))
        };
        if peers.iter().any(is_full) {
            return None;
        }
        for peer in &peers {
            *taken.peers.entry(*peer).or_default() += 1;
        }
        Some(Place(Some((self.clone(), peers))))
    }

    /// Whether a new connection is answered within two seconds: all places may be taken, or nobody
    /// accepts.
    pub(in crate::http) async fn answers(&self) -> bool {
        matches!(clock::timeout_at(Deadline::after(PATIENCE), self.knock()).await, Ok(Ok(true)))
    }

    async fn knock(&self) -> io::Result<bool> {
        let to = SocketAddr::new(reachable(self.0.address.ip()), self.0.address.port());
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(to.ip(), 0))?;
        let from = socket.local_addr()?;
        self.taken().knocks.insert(from);
        let _knock = Knock(self, from);
        let mut stream = socket.connect(to).await?;
        stream.write_all(KNOCK).await?;
        let mut answer = [0; ANSWER.len()];
        stream.read_exact(&mut answer).await?;
        Ok(answer == ANSWER)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A knock under way.
struct Knock<'a>(&'a Door, SocketAddr);

impl Drop for Knock<'_> {
    fn drop(&mut self) {
        self.0.taken().knocks.remove(&self.1);
    }
}

/// A connection's place among its peer's.
pub(in crate::http) struct Place(Option<(Door, Vec<Peer>)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((door, peers)) = &self.0 else { return };
        let mut taken = door.taken();
        for peer in peers {
            let left = taken.peers.get(peer).map_or(0, |connections| connections.saturating_sub(1));
            if left == 0 {
                taken.peers.remove(peer);
            } else {
                taken.peers.insert(*peer, left);
            }
        }
    }
}

/// An address as it counts: alone, or with all that share its first bits.
type Peer = (IpAddr, u32);

/// Bits of an address that a customer of a provider has alone.
const SITE: u32 = 48;
const HOUSEHOLD: u32 = 64;
/// As how many peers a customer of a provider counts at most.
const PEERS_OF_A_SITE: usize = 4;

fn peers_of(address: IpAddr) -> Vec<Peer> {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let first = |bits: u32| Ipv6Addr::from(u128::from(v6) >> (128 - bits) << (128 - bits));
            [HOUSEHOLD, SITE].map(|bits| (first(bits).into(), bits)).to_vec()
        }
        v4 @ IpAddr::V4(_) => vec![(v4, 32)],
    }
}

/// The address at which this machine reaches its own listener.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        named @ (IpAddr::V4(_) | IpAddr::V6(_)) => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(most: usize) -> Door {
        Door::new("127.0.0.1:1".parse().unwrap(), most, Networks::parse(["10.0.0.0/8"]).unwrap())
    }

    #[test]
    fn a_peer_has_so_many_places_and_a_trusted_proxy_as_many_as_it_needs() {
        let door = door(2);
        let at = |address: &str| door.place(address.parse().unwrap());
        let first = at("192.0.2.1:1");
        let _second = at("[::ffff:192.0.2.1]:2");
        assert!(first.is_some() && at("192.0.2.1:3").is_none(), "a third of the same peer");
        assert!(at("192.0.2.2:1").is_some(), "another peer");
        drop(first);
        assert!(at("192.0.2.1:4").is_some(), "a place was given back");
        let proxied: Vec<_> = (1..9).filter_map(|port| at(&format!("10.1.2.3:{port}"))).collect();
        assert_eq!(proxied.len(), 8);
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let door = door(1);
        let _first = door.place("[2001:db8:0:1::1]:1".parse().unwrap()).unwrap();
        assert!(door.place("[2001:db8:0:1:ffff::2]:1".parse().unwrap()).is_none());
        assert!(door.place("[2001:db8:0:2::1]:1".parse().unwrap()).is_some());
        assert_eq!(door.taken().peers.len(), 2, "what is over is forgotten");
        let site: Vec<_> = (2..9)
            .filter_map(|net| door.place(format!("[2001:db8:0:{net}::1]:1").parse().unwrap()))
            .collect();
        assert_eq!(site.len(), 3, "with the first four of one customer");
        assert!(door.place("[2001:db8:1:1::1]:1".parse().unwrap()).is_some(), "another customer");
    }
}
