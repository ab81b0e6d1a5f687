//! Which proxies are believed when they say who their client is.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use thiserror::Error;

/// Proxies that are believed when they say who their client is.
///
/// ```
/// use backend_common::TrustedProxies;
/// let proxies = TrustedProxies(vec!["10.0.0.0/8".parse()?, "2001:db8::1".parse()?]);
/// assert!(proxies.contains(Some(([10, 1, 2, 3], 4711).into())));
/// assert!(!proxies.contains(Some(([11, 1, 2, 3], 4711).into())));
/// assert!(!proxies.contains(None), "who comes by a path is not one of them: see `unix`");
/// # Ok::<(), backend_common::NotAProxy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<TrustedProxy>);

/// One proxy, or all of a network. It is parsed from an address, a network in CIDR notation, or the
/// word `unix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// All that have an address of this network.
    Network(IpNet),
    /// All that come through a socket of the unix domain; the mode of its path says who may.
    Unix,
}

/// What should have named a proxy does not.
#[derive(Debug, Error)]
#[error("must be an address, a network such as 10.0.0.0/8, or the word unix")]
pub struct NotAProxy;

impl FromStr for TrustedProxy {
    type Err = NotAProxy;

    fn from_str(text: &str) -> Result<Self, NotAProxy> {
        match (text, text.parse::<IpAddr>()) {
            ("unix", _) => Ok(TrustedProxy::Unix),
            (_, Ok(address)) => Ok(TrustedProxy::Network(address.into())),
            _ => text.parse().map(TrustedProxy::Network).map_err(|_| NotAProxy),
        }
    }
}

impl TrustedProxies {
    /// Whether one of them has this address; without one it has come by a path.
    #[must_use]
    pub fn contains(&self, peer: Option<SocketAddr>) -> bool {
        let address = peer.map(|peer| peer.ip().to_canonical());
        self.0.iter().any(|proxy| match (proxy, address) {
            (TrustedProxy::Network(network), Some(address)) => network.contains(&address),
            (TrustedProxy::Unix, None) => true,
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_a_network_or_the_word_unix() {
        for (proxy, peer, expected) in [
            ("10.0.0.0/8", Some("10.255.0.1:1"), true),
            ("10.0.0.0/8", Some("[::ffff:10.0.0.1]:1"), true),
            ("10.0.0.0/8", Some("11.0.0.1:1"), false),
            ("10.0.0.0/8", Some("[::1]:1"), false),
            ("10.0.0.0/8", None, false),
            ("127.0.0.1", Some("127.0.0.1:1"), true),
            ("127.0.0.1", Some("127.0.0.2:1"), false),
            ("2001:db8::/32", Some("[2001:db8:1::1]:1"), true),
            ("2001:db8::/32", Some("[2001:db9::1]:1"), false),
            ("0.0.0.0/0", Some("[::1]:1"), false),
            ("unix", None, true),
            ("unix", Some("127.0.0.1:1"), false),
        ] {
            let peer = peer.map(|peer| peer.parse().unwrap());
            let proxies = TrustedProxies(vec![proxy.parse().unwrap()]);
            assert_eq!(proxies.contains(peer), expected, "{proxy} {peer:?}");
            assert!(!TrustedProxies::default().contains(peer));
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0", "unix:", "10.0.0.1:80"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
    }
}
