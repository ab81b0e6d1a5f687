//! What a URL says.

use std::error::Error;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use http::Uri;

/// A server, and what to ask it for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    pub(super) protocol: Protocol,
    pub(super) is_secure: bool,
    /// As the server is told it.
    pub(super) authority: String,
    host: String,
    port: u16,
    /// With the query, if there is one.
    pub(super) path: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Http,
    WebSocket,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, Box<dyn Error>> {
        // As on a command line of curl.
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = whole.parse().map_err(|error| format!("{url}: {error}"))?;
        let (protocol, is_secure) = match uri.scheme_str() {
            Some("http") => (Protocol::Http, false),
            Some("https") => (Protocol::Http, true),
            Some("ws") => (Protocol::WebSocket, false),
            Some("wss") => (Protocol::WebSocket, true),
            other => return Err(format!("{url}: {}:// is not known", other.unwrap_or("")).into()),
        };
        let authority = uri.authority().ok_or_else(|| format!("{url}: no server"))?;
        if authority.as_str().contains('@') {
            return Err(format!("{url}: names of users are not known here").into());
        }
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Target { protocol, is_secure, authority: authority.to_string(), host, port, path })
    }

    /// The address of the server; if it has several, the first that can be connected to.
    pub(super) fn resolve(&self, timeout: Duration) -> Result<SocketAddr, Box<dyn Error>> {
        let unknown = |error| format!("{}: {error}", self.host);
        let addresses: Vec<_> =
            (self.host.as_str(), self.port).to_socket_addrs().map_err(unknown)?.collect();
        let [first, _, ..] = addresses[..] else {
            return Ok(*addresses.first().ok_or_else(|| format!("{}: no address", self.host))?);
        };
        let answers = |address: &&SocketAddr| TcpStream::connect_timeout(address, timeout).is_ok();
        Ok(*addresses.iter().find(answers).unwrap_or(&first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, protocol, is_secure, host, port, path) in [
            ("http://a/b?c", Protocol::Http, false, "a", 80, "/b?c"),
            ("https://a", Protocol::Http, true, "a", 443, "/"),
            ("127.0.0.1:8080/x", Protocol::Http, false, "127.0.0.1", 8080, "/x"),
            ("localhost:80", Protocol::Http, false, "localhost", 80, "/"),
            ("ws://[::1]:9/e", Protocol::WebSocket, false, "::1", 9, "/e"),
            ("wss://a", Protocol::WebSocket, true, "a", 443, "/"),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!((target.protocol, target.is_secure), (protocol, is_secure), "{url}");
            assert_eq!((target.host.as_str(), target.port), (host, port), "{url}");
            assert_eq!(target.path, path);
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["ftp://a", "http://", "http://a b", "http://me@a"] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }
}
