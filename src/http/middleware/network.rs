//! Where a request comes from, behind proxies that are trusted by configuration.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;

use crate::network::Networks;

/// The address a request comes from: the peer's, or what trusted proxies say: the last forwarded
/// address that is not a trusted proxy itself. `None` only without a socket, in tests.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &Networks) -> Option<IpAddr> {
    let mut client = request.peer_addr()?.ip();
    // hop by hop: what a client wrote to the left, be it no text at all, hides nothing that a proxy
    // wrote
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .flat_map(|line| line.as_bytes().split(|b| *b == b','));
    let hops: Vec<&str> =
        forwarded.map(|hop| str::from_utf8(hop).unwrap_or_default().trim()).collect();
    for hop in hops.iter().rev() {
        if !trusted.contains(client) {
            break;
        }
        match address_of(hop) {
            Some(before) => client = before,
            None => break,
        }
    }
    Some(client)
}

/// The address of one hop: `192.0.2.1` or `2001:db8::1`, as some proxies write it also
/// `[2001:db8::1]`, `192.0.2.1:50123` and `[2001:db8::1]:50123`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let written = bare
        .unwrap_or(hop)
        .parse()
        .ok()
        .filter(|address: &IpAddr| bare.is_none() || address.is_ipv6());
    written.or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
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
    fn what_is_no_text_hides_nothing_that_a_proxy_wrote() {
        let trusted = Networks::parse(["10.0.0.0/8"]).unwrap();
        let line =
            actix_web::http::header::HeaderValue::from_bytes(b"\xc3\xa9, \xff, 198.51.100.7")
                .unwrap();
        let request = TestRequest::get()
            .peer_addr("10.1.2.3:1".parse().unwrap())
            .insert_header(("x-forwarded-for", line))
            .to_http_request();
        assert_eq!(client_address(&request, &trusted).unwrap().to_string(), "198.51.100.7");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
            ("[::1]", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "nonsense", "10.1.2.3"),
            ("10.1.2.3", "198.51.100.7:50123", "198.51.100.7"),
            ("10.1.2.3", "[2001:db8::7]", "2001:db8::7"),
            ("10.1.2.3", "[2001:db8::7]:50123", "2001:db8::7"),
            ("10.1.2.3", "203.0.113.9, 198.51.100.7:1, 10.9.9.9:2", "198.51.100.7"),
            ("10.1.2.3", "[::1]:9, 10.9.9.9", "::1"),
            ("10.1.2.3", "198.51.100.7:", "10.1.2.3"),
            ("10.1.2.3", "198.51.100.7:70000", "10.1.2.3"),
            ("10.1.2.3", "[198.51.100.7]", "10.1.2.3"),
            ("10.1.2.3", "198.51.100.7 :5", "10.1.2.3"),
        ] {
            assert_eq!(client(peer, forwarded), expected, "{peer} says {forwarded}");
        }
    }
}
