//! Whose page has a browser ask (RFC 6454 §7).

use protocol::Request;

/// Whether a request comes from a page of this server, or from no page at all.
///
/// A browser lets every page open a WebSocket to every host (RFC 6455 §10.2) and send it a form, also
/// to one that only it can reach, such as localhost: without this, any page that is visited could read
/// what goes on here, and leave files. What it cannot do is to lie about its `Origin`. Whoever sends
/// none is no browser.
pub(crate) fn is_own(request: &Request<'_>) -> bool {
    let host = request.field("host").unwrap_or_default();
    let mut origins = request.fields().filter(|(name, _)| name.eq_ignore_ascii_case("origin"));
    origins.all(|(_, origin)| {
        let authority =
            [&b"http://"[..], b"https://"].iter().find_map(|it| origin.strip_prefix(*it));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    })
}
