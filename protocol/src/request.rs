//! A request as a handler sees it: borrowed from the bytes that arrived.

use std::fmt;
use std::net::SocketAddr;

use http::{Method, Version};
use httparse::Header;

use crate::clock::Now;
use crate::grammar::{Characters, is_host, tokens};
use crate::refusal::Refusal;

/// The head of a request (RFC 9112 §3, §5). Its body, if any, arrives later: see
/// [`Reply`](crate::Reply) for the ways to take it.
#[derive(Clone)]
pub struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) target: Target<'a>,
    pub(crate) version: Version,
    pub(crate) fields: &'a [Header<'a>],
    pub(crate) now: Now,
    pub(crate) secure: bool,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) listener: usize,
}

impl<'a> Request<'a> {
    /// A request that was framed otherwise than HTTP/1.1 does it. `target` is as there
    /// (RFC 9112 §3.2).
    ///
    /// # Errors
    /// [`Refusal::Target`] if that is not what a target looks like.
    pub fn new(
        method: Method,
        target: &'a str,
        version: Version,
        fields: &'a [Header<'a>],
        now: Now,
    ) -> Result<Self, Refusal> {
        let target = Target::parse(&method, target)?;
        let (secure, peer, listener) = (false, None, 0);
        Ok(Request { method, target, version, fields, now, secure, peer, listener })
    }

    /// The same request, over a connection that is secured.
    #[must_use]
    pub fn secured(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// The same request, from this address.
    #[must_use]
    pub fn from_peer(mut self, peer: Option<SocketAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// The same request, by this listener.
    #[must_use]
    pub fn at_listener(mut self, listener: usize) -> Self {
        self.listener = listener;
        self
    }

    /// The same request, for this authority: in absolute-form, which wins over `Host`. Nothing
    /// changes if it is no host with or without a port, or the target has neither path nor query.
    #[must_use]
    pub fn at_authority(mut self, authority: &'a str) -> Self {
        if let Target::Origin { path, query } | Target::Absolute { path, query, .. } = self.target
            && is_authority(authority)
        {
            self.target = Target::Absolute { authority, path, query };
        }
        self
    }

    /// The method; case matters (RFC 9110 §9.1).
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// What the request is for, in one of four forms.
    #[must_use]
    pub fn target(&self) -> &Target<'a> {
        &self.target
    }

    /// The path, still percent-encoded: `*` for asterisk-form, empty for authority-form.
    #[must_use]
    pub fn path(&self) -> &'a str {
        match self.target {
            Target::Origin { path, .. } | Target::Absolute { path, .. } => path,
            Target::Asterisk => "*",
            Target::Authority(_) => "",
        }
    }

    /// What stands behind the first `?`, still percent-encoded.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        match self.target {
            Target::Origin { query, .. } | Target::Absolute { query, .. } => query,
            Target::Asterisk | Target::Authority(_) => None,
        }
    }

    /// The host that the request is for, with its port if it names one. A target that has an
    /// authority wins over the `Host` field (RFC 9112 §3.2.2).
    ///
    /// ```
    /// # use protocol::{Field, Now, Request, http::{Method, Version}};
    /// # use std::time::{Instant, SystemTime};
    /// # let now = Now { instant: Instant::now(), wall: SystemTime::now() };
    /// let fields = [Field { name: "Host", value: b"localhost" }];
    /// let ask = |target| Request::new(Method::GET, target, Version::HTTP_11, &fields, now);
    /// assert_eq!(ask("/path")?.authority(), Some("localhost"));
    /// assert_eq!(ask("http://example.org:8080/path")?.authority(), Some("example.org:8080"));
    /// # Ok::<(), protocol::Refusal>(())
    /// ```
    #[must_use]
    pub fn authority(&self) -> Option<&'a str> {
        match self.target {
            Target::Absolute { authority, .. } | Target::Authority(authority) => Some(authority),
            Target::Origin { .. } | Target::Asterisk => self.field_str("host"),
        }
    }

    /// HTTP/1.0, HTTP/1.1 or HTTP/2.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// All field lines in the order in which they came, names as the client spelt them.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.fields.iter().map(|field| (field.name, field.value))
    }

    /// The value of the first field line of this name, in any spelling.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }

    /// As [`Request::field`], for a value that is plain text.
    #[must_use]
    pub fn field_str(&self, name: &str) -> Option<&'a str> {
        self.field(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Whether the list-valued field `name` has the element `token`, in any spelling: for
    /// `Connection: keep-alive, Upgrade`, `lists("connection", "upgrade")` is true.
    #[must_use]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.fields().filter(|(field, _)| field.eq_ignore_ascii_case(name)).any(|(_, value)| {
            tokens(value).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
        })
    }

    /// Whether it came over a connection that is secured, as TLS does it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The address of the peer: of the client, or of what stands between. There is none where the
    /// connection is not one of TCP, and none where the backend does not say it.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Which of the server's listeners the connection came by: the first is 0, the others follow in
    /// the order in which the server was given them.
    #[must_use]
    pub fn listener(&self) -> usize {
        self.listener
    }

    /// When the head was complete: the time that came in with its last byte.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Field values may hold credentials; only names are shown.
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("version", &self.version)
            .field("fields", &self.fields.iter().map(|field| field.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The four forms of a request target (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/where?q=now`: the usual form.
    Origin {
        /// Begins with a slash.
        path: &'a str,
        /// What stands behind the first `?`.
        query: Option<&'a str>,
    },
    /// `http://www.example.org/where?q=now`: what a proxy is sent; a server must accept it.
    Absolute {
        /// Host and port; it wins over the `Host` field (RFC 9112 §3.2.2).
        authority: &'a str,
        /// Begins with a slash.
        path: &'a str,
        /// What stands behind the first `?`.
        query: Option<&'a str>,
    },
    /// `www.example.com:80`: only for CONNECT.
    Authority(&'a str),
    /// `*`: only for OPTIONS, of the server as a whole.
    Asterisk,
}

impl<'a> Target<'a> {
    /// Reads a target, whose form the method determines.
    pub(crate) fn parse(method: &Method, target: &'a str) -> Result<Self, Refusal> {
        if *method == Method::CONNECT {
            // RFC 9112 §3.2.3: neither is empty. The last colon may also be one of an address.
            let is_port = |port: &str| port.ends_with(|it: char| it.is_ascii_digit());
            return match target.rsplit_once(':') {
                Some((host, port))
                    if !host.is_empty() && is_port(port) && is_host(target.as_bytes()) =>
                {
                    Ok(Target::Authority(target))
                }
                _ => Err(Refusal::Target),
            };
        }
        if target.starts_with('/') {
            let (path, query) = path_and_query(target).ok_or(Refusal::Target)?;
            return Ok(Target::Origin { path, query });
        }
        if target == "*" && *method == Method::OPTIONS {
            return Ok(Target::Asterisk);
        }
        Self::parse_absolute(target).ok_or(Refusal::Target)
    }

    fn parse_absolute(target: &'a str) -> Option<Self> {
        let (scheme, rest) = target.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !is_authority(authority) {
            return None;
        }
        let (path, query) = path_and_query(tail)?;
        let path = if path.is_empty() { "/" } else { path };
        Some(Target::Absolute { authority, path, query })
    }
}

/// Whether this is a host with or without a port. RFC 9110 §4.2.1: an empty host is invalid;
/// §4.2.4: so is userinfo.
fn is_authority(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(':') && is_host(text.as_bytes())
}

/// Takes path and query apart, if they have no characters but those that may stand there.
fn path_and_query(target: &str) -> Option<(&str, Option<&str>)> {
    let (path, rest) = target.split_at(PATH.span(target.as_bytes()));
    match rest.strip_prefix('?') {
        Some(query) => (QUERY.span(query.as_bytes()) == query.len()).then_some((path, Some(query))),
        None => rest.is_empty().then_some((path, None)),
    }
}

/// What may stand in a path (RFC 3986 §3.3), which the first `?` ends, and in a query (§3.4). Some
/// that a URI may not have, such as `|`, are let through, because browsers send them: the same as
/// in HTTP/2, where the `http` crate decides. A fragment is never sent.
const PATH: Characters = Characters::visible_without(b"#<>?`");
const QUERY: Characters = Characters::visible_without(b"#<>\"");

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;

    use super::*;

    /// What HTTP/2 hands to `Request::new` has been through `PathAndQuery`, which cuts fragments
    /// off.
    #[test]
    fn a_target_may_have_the_characters_that_the_http_crate_allows() {
        for byte in 0..=0x7f_u8 {
            let it = char::from(byte);
            for target in [format!("/a{it}b"), format!("/a?b{it}c")] {
                let is_allowed = byte != b'#' && target.parse::<PathAndQuery>().is_ok();
                for target in [format!("http://h{target}"), target] {
                    let parsed = Target::parse(&Method::GET, &target);
                    assert_eq!(parsed.is_ok(), is_allowed, "{target:?}");
                }
            }
        }
    }

    #[test]
    fn a_target_has_nothing_beyond_ascii() {
        for target in ["/\u{e9}", "/?\u{e9}", "http://h/\u{e9}", "http://\u{e9}/", "\u{e9}"] {
            assert_eq!(Target::parse(&Method::GET, target), Err(Refusal::Target), "{target}");
        }
    }
}
