//! Who the client is, as proxies in front of the server tell it in fields of a request: `Forwarded`
//! (RFC 7239), or `X-Forwarded-For` and its kin.

use std::net::{IpAddr, SocketAddr};

use backend_common::TrustedProxies;
use protocol::{Handler, Reply, Request};

/// Which fields the proxies set. The others are not looked at: a proxy that does not know them
/// passes on whatever a client has written there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ForwardedField {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A handler behind proxies: it sees requests as the client has sent them. [`Request::peer`] is the
/// client, [`Request::is_secure`] says whether it used TLS, and [`Request::authority`] is the host
/// that it has asked. Only what trusted proxies say counts.
///
/// ```
/// use app::{Forwarded, ForwardedField};
/// use backend_common::TrustedProxies;
/// # use protocol::Request;
/// let proxies = TrustedProxies(vec!["10.0.0.0/8".parse()?]);
/// let handler = |request: &Request<'_>| format!("{:?}\n", request.peer());
/// let handler = Forwarded::new(handler, proxies, ForwardedField::XForwarded);
/// # drop(handler);
/// # Ok::<(), backend_common::NotAProxy>(())
/// ```
#[derive(Debug)]
pub struct Forwarded<H> {
    inner: H,
    trust: Trust,
    field: ForwardedField,
}

/// Which proxies are believed, by the listener that they come by.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    usual: TrustedProxies,
    /// Those of listeners that have others.
    special: Vec<(usize, TrustedProxies)>,
}

impl Trust {
    /// The same, but for one listener, as [`Request::listener`] numbers them.
    #[must_use]
    pub fn but_at(mut self, listener: usize, proxies: TrustedProxies) -> Self {
        self.special.push((listener, proxies));
        self
    }

    /// Those that are believed at a listener.
    #[must_use]
    pub fn at(&self, listener: usize) -> &TrustedProxies {
        let special = self.special.iter().find(|(at, _)| *at == listener);
        special.map_or(&self.usual, |(_, proxies)| proxies)
    }
}

impl From<TrustedProxies> for Trust {
    /// The same for all listeners.
    fn from(usual: TrustedProxies) -> Self {
        Trust { usual, special: Vec::new() }
    }
}

impl<H: Handler> Forwarded<H> {
    /// A handler behind these proxies, which set this field. Without proxies nothing changes.
    pub fn new(inner: H, trust: impl Into<Trust>, field: ForwardedField) -> Self {
        Forwarded { inner, trust: trust.into(), field }
    }
}

impl<H: Handler> Handler for Forwarded<H> {
    fn handle(&self, request: &Request<'_>) -> Reply {
        match as_sent(request, &self.trust, self.field) {
            Some(request) => self.inner.handle(&request),
            None => self.inner.handle(request),
        }
    }
}

/// The request as its client has sent it, if it has come through a trusted proxy.
pub(crate) fn as_sent<'a>(
    request: &Request<'a>,
    trust: &Trust,
    field: ForwardedField,
) -> Option<Request<'a>> {
    let proxies = trust.at(request.listener());
    if !proxies.contains(request.peer()) {
        return None;
    }
    let hop = match field {
        ForwardedField::XForwarded => Hop {
            client: client(request.peer(), proxies, elements(request, "x-forwarded-for")).0,
            proto: elements(request, "x-forwarded-proto").next(),
            host: elements(request, "x-forwarded-host").next(),
        },
        ForwardedField::Forwarded => forwarded(request, proxies),
    };
    let mut request = request.clone().from_peer(hop.client);
    if let Some(proto) = hop.proto {
        request = request.secured(proto.eq_ignore_ascii_case("https"));
    }
    Some(match hop.host {
        Some(host) => request.at_authority(host),
        None => request,
    })
}

/// What a proxy says of whom it was asked by.
#[derive(Default)]
struct Hop<'a> {
    client: Option<SocketAddr>,
    proto: Option<&'a str>,
    host: Option<&'a str>,
}

/// The client, and how many elements lead to it. Each proxy adds whom it was asked by at the end;
/// so from there on elements are true as long as those who have added them are trusted. What is no
/// address (`unknown`, an obfuscated identifier, anything else) hides what is before it: then the
/// last proxy that is known stands for the client.
fn client<'a>(
    peer: Option<SocketAddr>,
    proxies: &TrustedProxies,
    nodes: impl Iterator<Item = &'a str>,
) -> (Option<SocketAddr>, usize) {
    let (mut known, mut count) = (peer, 0);
    for node in nodes {
        count += 1;
        let Some(address) = address(node) else { break };
        known = Some(address);
        if !proxies.contains(known) {
            break;
        }
    }
    (known, count)
}

/// What the element of `Forwarded` says that tells of the client, or the first if none does.
fn forwarded<'a>(request: &Request<'a>, proxies: &TrustedProxies) -> Hop<'a> {
    let nodes = elements(request, "forwarded")
        .map(|element| parameter(element, "for").unwrap_or("unknown"));
    let (client, count) = client(request.peer(), proxies, nodes);
    let Some(element) = elements(request, "forwarded").nth(count.saturating_sub(1)) else {
        return Hop { client, ..Hop::default() };
    };
    Hop { client, proto: parameter(element, "proto"), host: parameter(element, "host") }
}

/// The elements of a list over all fields of this name, the last first. They are looked for from
/// the end, so that no quote that a client has left open swallows what proxies have added. A line
/// that is no text is one element, of which nothing can be made.
fn elements<'a>(request: &Request<'a>, name: &str) -> impl Iterator<Item = &'a str> {
    let lines: Vec<_> = request
        .fields()
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| str::from_utf8(value).unwrap_or("?"))
        .collect();
    lines.into_iter().rev().flat_map(|line| pieces(line, ',')).filter(|it| !it.is_empty())
}

/// The value of a parameter in an element, without its quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = pieces(element, ';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(it, _)| it.trim_ascii().eq_ignore_ascii_case(name))?;
    let value = value.trim_ascii();
    Some(value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value))
}

/// What stands between separators that are not in quotes, the last first.
fn pieces(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let is_end = move |it: char| {
        is_quoted ^= it == '"';
        it == separator && !is_quoted
    };
    text.rsplit(is_end).map(str::trim_ascii)
}

/// An address with or without a port (RFC 7239 §6), and one of IPv6 without brackets, as
/// `X-Forwarded-For` mostly has it. A port that is not known is 0.
fn address(node: &str) -> Option<SocketAddr> {
    if let Ok(address) = node.parse::<SocketAddr>() {
        return Some(SocketAddr::new(address.ip().to_canonical(), address.port()));
    }
    let bare = node.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(node);
    let address: IpAddr = bare.parse().ok()?;
    Some(SocketAddr::new(address.to_canonical(), 0))
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, UNIX_EPOCH};

    use ForwardedField::{Forwarded, XForwarded};
    use proptest::prelude::*;
    use protocol::http::{Method, Version};
    use protocol::{Field, Now};

    use super::*;

    /// Asks through the proxy 10.0.0.1 and says who seems to have asked whom, and how.
    fn ask(field: ForwardedField, from: Option<&str>, fields: &[(&str, &str)]) -> String {
        let fields: Vec<_> = [("Host", "inner")]
            .iter()
            .chain(fields)
            .map(|(name, value)| Field { name, value: value.as_bytes() })
            .collect();
        let proxies = ["10.0.0.0/8", "unix"].map(|it| it.parse().unwrap());
        let proxies = TrustedProxies(proxies.into());
        let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
        let request = Request::new(Method::GET, "/path?query", Version::HTTP_11, &fields, now);
        let request = request.unwrap().from_peer(from.map(|it| it.parse().unwrap()));
        let seen = as_sent(&request, &proxies.into(), field).unwrap_or(request);
        assert_eq!((seen.path(), seen.query()), ("/path", Some("query")));
        let scheme = if seen.is_secure() { "https" } else { "http" };
        let peer = seen.peer().map_or("nobody".to_owned(), |peer| peer.to_string());
        format!("{peer} {scheme}://{}", seen.authority().unwrap())
    }

    const PROXY: Option<&str> = Some("10.0.0.1:80");

    fn x_forwarded_for(value: &str) -> String {
        let seen = ask(XForwarded, PROXY, &[("X-Forwarded-For", value)]);
        seen.strip_suffix(" http://inner").unwrap().to_owned()
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_client() {
        for (value, client) in [
            ("192.0.2.1", "192.0.2.1:0"),
            ("203.0.113.9, 192.0.2.1", "192.0.2.1:0"),
            ("203.0.113.9, 192.0.2.1, 10.2.3.4,10.5.6.7", "192.0.2.1:0"),
            ("10.5.6.7, 10.2.3.4", "10.5.6.7:0"),
            ("192.0.2.1:4711", "192.0.2.1:4711"),
            ("2001:db8::1", "[2001:db8::1]:0"),
            ("[2001:db8::1]:4711", "[2001:db8::1]:4711"),
            ("[2001:db8::1]", "[2001:db8::1]:0"),
            ("::ffff:192.0.2.1", "192.0.2.1:0"),
            ("192.0.2.1, ,", "192.0.2.1:0"),
            ("192.0.2.1, unknown", "10.0.0.1:80"),
            ("192.0.2.1, _hidden, 10.2.3.4", "10.2.3.4:0"),
            ("", "10.0.0.1:80"),
            ("192.0.2.1\", \"", "10.0.0.1:80"),
            ("192.0.2.300", "10.0.0.1:80"),
        ] {
            assert_eq!(x_forwarded_for(value), client, "{value}");
        }
        let lines = [("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1,10.1.1.1")];
        assert_eq!(ask(XForwarded, PROXY, &lines), "192.0.2.1:0 http://inner");
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_the_fields_that_they_set() {
        let fields = [
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "example.org"),
            ("Forwarded", "for=192.0.2.2;host=example.net"),
        ];
        for (field, from, seen) in [
            (XForwarded, PROXY, "192.0.2.1:0 https://example.org"),
            (XForwarded, None, "192.0.2.1:0 https://example.org"),
            (XForwarded, Some("11.0.0.1:80"), "11.0.0.1:80 http://inner"),
            (Forwarded, PROXY, "192.0.2.2:0 http://example.net"),
            (Forwarded, Some("11.0.0.1:80"), "11.0.0.1:80 http://inner"),
        ] {
            assert_eq!(ask(field, from, &fields), seen, "{field:?} {from:?}");
        }
        for host in ["", "a b", "evil/", "user@evil", ":80"] {
            let seen = ask(XForwarded, PROXY, &[("X-Forwarded-Host", host)]);
            assert_eq!(seen, "10.0.0.1:80 http://inner", "{host}");
        }
    }

    #[test]
    fn forwarded_says_it_in_elements_with_parameters() {
        for (value, seen) in [
            ("for=192.0.2.1;proto=https;host=example.org", "192.0.2.1:0 https://example.org"),
            ("For=\"[2001:db8::1]:4711\" ; Proto = http", "[2001:db8::1]:4711 http://inner"),
            ("for=203.0.113.9;proto=https, for=192.0.2.1", "192.0.2.1:0 http://inner"),
            ("for=192.0.2.1;proto=https, for=10.1.1.1;proto=http", "192.0.2.1:0 https://inner"),
            ("host=\"example.org:80\"", "10.0.0.1:80 http://example.org:80"),
            ("for=_hidden;proto=https", "10.0.0.1:80 https://inner"),
            ("for=\"_a,b;c\", for=10.1.1.1", "10.1.1.1:0 http://inner"),
            ("for=\"open, for=192.0.2.1", "192.0.2.1:0 http://inner"),
            ("for=\"192.0.2.1, for=\"10.1.1.1\"", "10.1.1.1:0 http://inner"),
            ("nonsense", "10.0.0.1:80 http://inner"),
            ("", "10.0.0.1:80 http://inner"),
        ] {
            assert_eq!(ask(Forwarded, PROXY, &[("Forwarded", value)]), seen, "{value}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_client_writes_changes_what_proxies_add(
            written in "[ -~]{0,60}",
            is_quoted in any::<bool>(),
        ) {
            let seen = x_forwarded_for(&format!("{written}, 192.0.2.1, 10.1.1.1"));
            prop_assert_eq!(seen, "192.0.2.1:0");
            let quote = if is_quoted { "\"" } else { "" };
            let value = format!("{written}, for={quote}192.0.2.1{quote};proto=https, for=10.1.1.1");
            let seen = ask(Forwarded, PROXY, &[("Forwarded", &value)]);
            prop_assert_eq!(seen, "192.0.2.1:0 https://inner");
        }

        #[test]
        fn any_bytes_are_taken(value in "\\PC{0,80}") {
            x_forwarded_for(&value);
            ask(Forwarded, PROXY, &[("Forwarded", &value)]);
        }
    }
}
