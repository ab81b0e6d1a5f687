//! From plain HTTP to HTTPS: a redirect, and the hsts that makes the next one needless.

use std::time::Duration;

use protocol::http::StatusCode;
use protocol::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use protocol::{Handler, Reply, Request, Response, Target};

use crate::origin::host;

/// A handler whose clients are to use HTTPS.
///
/// ```
/// use app::Https;
/// use std::time::Duration;
/// # use protocol::Request;
/// let handler = |_: &Request<'_>| "only over TLS";
/// let handler = Https::new(handler).redirect(443).hsts(Duration::from_secs(3600));
/// ```
pub struct Https<H> {
    inner: H,
    port: Option<u16>,
    /// Those whose clients are redirected, unless all are.
    listeners: Option<Vec<usize>>,
    hsts: Option<HeaderValue>,
}

impl<H: Handler> Https<H> {
    /// The same handler, without any change so far.
    pub fn new(inner: H) -> Self {
        Https { inner, port: None, listeners: None, hsts: None }
    }

    /// What answers the others.
    pub(crate) fn inner(&self) -> &H {
        &self.inner
    }

    /// Answers requests over plain HTTP with a redirect to this port of the same host, but for
    /// those of a certification authority below `/.well-known/acme-challenge/`.
    #[must_use]
    pub fn redirect(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Redirects no requests but those by these listeners, as [`Request::listener`] numbers them.
    #[must_use]
    pub fn only_from(mut self, listeners: Vec<usize>) -> Self {
        self.listeners = Some(listeners);
        self
    }

    fn redirects(&self, request: &Request<'_>) -> bool {
        let listeners = self.listeners.as_ref();
        listeners.is_none_or(|listeners| listeners.contains(&request.listener()))
            && !request.path().starts_with(CHALLENGES)
    }

    /// Tells clients over TLS not to try plain HTTP with this host for so long (HSTS, RFC 6797).
    /// Whole seconds count.
    #[must_use]
    pub fn hsts(mut self, time: Duration) -> Self {
        let value = HeaderValue::try_from(format!("max-age={}", time.as_secs()));
        self.hsts = value.ok();
        self
    }
}

impl<H> std::fmt::Debug for Https<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Https")
            .field("port", &self.port)
            .field("listeners", &self.listeners)
            .field("hsts", &self.hsts)
            .finish_non_exhaustive()
    }
}

impl<H: Handler> Handler for Https<H> {
    fn handle(&self, request: &Request<'_>) -> Reply {
        match (request.is_secure(), self.port, &self.hsts) {
            (false, Some(port), _) if self.redirects(request) => redirect(request, port).into(),
            // RFC 6797 §7.2: never over plain HTTP.
            (true, _, Some(hsts)) => {
                let hsts = hsts.clone();
                let reply = self.inner.handle(request);
                reply.map(move |it| it.field(STRICT_TRANSPORT_SECURITY, hsts.clone()))
            }
            _ => self.inner.handle(request),
        }
    }
}

/// The path of the proof for a certification authority whose the host is (RFC 8555 §8.3). It asks
/// over plain HTTP, and follows no redirect to a port of our choice.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// For how long a client may remember a redirect: one that it would no longer get should not stay.
const REMEMBERED: &str = "max-age=300";

/// The same target over TLS. The method stays (RFC 9110 §15.4.9).
fn redirect(request: &Request<'_>, port: u16) -> Response {
    let location = host(request).and_then(|host| {
        let query = request.query().map_or(String::new(), |query| format!("?{query}"));
        let path = match request.target() {
            Target::Asterisk => "",
            _ => request.path(),
        };
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        HeaderValue::try_from(format!("https://{host}{port}{path}{query}")).ok()
    });
    match location {
        Some(location) => Response::plain(StatusCode::PERMANENT_REDIRECT)
            .field(LOCATION, location)
            .field(CACHE_CONTROL, HeaderValue::from_static(REMEMBERED)),
        None => Response::plain(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::http::{HeaderMap, Method, Version};
    use protocol::{Field, Now};
    use std::time::{Instant, UNIX_EPOCH};

    /// The status, and the fields that matter here.
    fn ask(
        target: &str,
        host: Option<&str>,
        secure: bool,
    ) -> (u16, Option<String>, Option<String>) {
        let handler = |_: &Request<'_>| Reply::collect(|_| "served");
        let handler = Https::new(handler).redirect(8443).hsts(Duration::from_millis(90_500));
        let fields: Vec<_> =
            host.iter().map(|host| Field { name: "Host", value: host.as_bytes() }).collect();
        let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
        let method = if target == "*" { Method::OPTIONS } else { Method::GET };
        let request = Request::new(method, target, Version::HTTP_11, &fields, now).unwrap();
        let response = match handler.handle(&request.secured(secure)) {
            Reply::Respond(response) => response,
            Reply::Collect(then) => match then(Vec::new(), HeaderMap::new()) {
                Reply::Respond(response) => response,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let field = |wanted| {
            let mut fields = response.fields();
            fields.find(|(name, _)| *name == wanted).map(|(_, it)| it.to_str().unwrap().to_owned())
        };
        (response.status().as_u16(), field(LOCATION), field(STRICT_TRANSPORT_SECURITY))
    }

    #[test]
    fn plain_http_is_redirected() {
        for (target, host, location) in [
            ("/a?b=c", "example.org", "https://example.org:8443/a?b=c"),
            ("/", "example.org:8080", "https://example.org:8443/"),
            ("/", "[::1]:8080", "https://[::1]:8443/"),
            ("//elsewhere.org/", "example.org", "https://example.org:8443//elsewhere.org/"),
            ("http://other.org/x", "example.org", "https://other.org:8443/x"),
            ("http://[::1]:80?a", "example.org", "https://[::1]:8443/?a"),
            ("*", "example.org", "https://example.org:8443"),
        ] {
            assert_eq!(ask(target, Some(host), false), (308, Some(location.into()), None));
        }
        for (target, status) in [
            ("/.well-known/acme-challenge/token", 200),
            ("/.well-known/security.txt", 308),
            ("/x/.well-known/acme-challenge/token", 308),
        ] {
            assert_eq!(ask(target, Some("example.org"), false).0, status, "{target}");
        }
        assert_eq!(ask("/", None, false).0, 400);
        assert_eq!(ask("/", Some(""), false).0, 400);
    }

    #[test]
    fn answers_over_tls_have_hsts() {
        let hsts = Some("max-age=90".to_owned());
        assert_eq!(ask("/", Some("example.org"), true), (200, None, hsts));
    }
}
