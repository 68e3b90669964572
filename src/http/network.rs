//! Where a request comes from, behind proxies that are trusted by configuration.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::network::Networks;

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
}
