//! Who asks, as far as a limit of one caller goes: the address that a request came from. Behind a
//! proxy that the configuration names, the address that it says it forwards for.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap};

/// The other end of a connection; the accept loop puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// One caller: an address of IPv4, or the 64 bits of IPv6 that one home or office has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallerAddress(IpAddr);

impl CallerAddress {
    fn of(address: IpAddr) -> Self {
        CallerAddress(match address.to_canonical() {
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
            v4 => v4,
        })
    }
}

/// The caller of a request. `X-Forwarded-For` is read from its end, where our own proxies write, and
/// only as far as they wrote it: what stands before is whatever a client likes to say.
pub fn caller(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpAddr]) -> CallerAddress {
    let peer = extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.to_canonical());
    let is_proxy = |address: &IpAddr| proxies.contains(address);
    if !is_proxy(&peer) {
        return CallerAddress::of(peer);
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let told = forwarded.iter().rev().map_while(|address| parse(address.trim()));
    let mut last = peer;
    for address in told {
        last = address;
        if !is_proxy(&address) {
            break;
        }
    }
    CallerAddress::of(last)
}

/// An address, which some proxies give with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    Some(address.ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_who_our_own_proxies_say_and_never_who_a_client_says() {
        let proxies: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        for (peer, forwarded, caller_is) in [
            ("203.0.113.9", "", "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.1", "unknown", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(Peer(peer.parse().unwrap()));
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            let expected = CallerAddress(caller_is.parse().unwrap());
            assert_eq!(caller(&extensions, &headers, &proxies), expected, "{peer} {forwarded}");
        }
    }
}
