//! The host that a request is for, and its origin: the page on behalf of which a browser asks
//! (RFC 6454 §7).

use protocol::Request;

/// Whether a request comes from a page of this server, or from no page at all.
///
/// A browser lets every page open a WebSocket to every host (RFC 6455 §10.2) and send it a form,
/// also to one that only it can reach, such as localhost: without this, any page that is visited
/// could read what goes on here, and leave files. What it cannot do is to lie about its `Origin`. A
/// client that sends none is no browser.
pub(crate) fn is_own(request: &Request<'_>) -> bool {
    let host = request.authority().unwrap_or_default().as_bytes();
    let mut origins = request.fields().filter(|(name, _)| name.eq_ignore_ascii_case("origin"));
    origins.all(|(_, origin)| {
        let authority =
            [&b"http://"[..], b"https://"].iter().find_map(|it| origin.strip_prefix(*it));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    })
}

/// The host of a request, without its port.
pub(crate) fn host<'a>(request: &Request<'a>) -> Option<&'a str> {
    let authority = request.authority()?;
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1, // an IPv6 address has colons of its own
        None => authority.find(':').unwrap_or(authority.len()),
    };
    Some(&authority[..end]).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::http::{Method, Version};
    use protocol::{Field, Now};
    use std::time::{Instant, UNIX_EPOCH};

    #[test]
    fn an_origin_is_compared_with_the_host_that_the_request_is_for() {
        for (target, host, origin, expected) in [
            ("/files/a", "good.example", "http://good.example", true),
            ("/files/a", "good.example:80", "https://GOOD.example:80", true),
            ("/files/a", "good.example", "http://evil.example", false),
            ("/files/a", "good.example", "null", false),
            // RFC 9112 §3.2.2: Host says nothing then.
            ("http://good.example/files/a", "evil.example", "http://good.example", true),
            ("http://good.example/files/a", "evil.example", "http://evil.example", false),
        ] {
            let fields = [
                Field { name: "Host", value: host.as_bytes() },
                Field { name: "Origin", value: origin.as_bytes() },
            ];
            let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
            let request = Request::new(Method::PUT, target, Version::HTTP_11, &fields, now);
            assert_eq!(is_own(&request.unwrap()), expected, "{target} {host} {origin}");
        }
    }
}
