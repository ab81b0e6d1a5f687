//! RFC 9112 §3.2: the four forms of a request target.

use crate::expected::{Statuses, ok, status};
use crate::http1::compose::{Draft, get, request, rfc9110, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    let refused = |id, requirement, target| {
        rfc9112("3.2", id, requirement).app().send(get(target)).refused(400)
    };
    vec![
        rfc9112("3.2.1", "origin-form-query", "A query belongs to the target.")
            .send(get("/?a=b&c=%20d"))
            .understood(),
        rfc9112("3.2.1", "origin-form-query-routes", "A query does not change the path.")
            .app()
            .send(get("/echo/path?query/with?marks"))
            .expect(ok("path"))
            .open(),
        rfc9112("3.2.2", "absolute-form", "A server accepts the absolute form.")
            .send(get("http://<host>/"))
            .understood(),
        rfc9112("3.2.2", "absolute-form-path", "The path of the absolute form is the path.")
            .app()
            .send(get("http://<host>/echo/absolute?q"))
            .expect(ok("absolute"))
            .open(),
        rfc9112(
            "3.2.2",
            "absolute-form-other-host",
            "The authority of the absolute form wins over Host.",
        )
        .app()
        .send("GET http://example.org/echo/a HTTP/1.1\r\nHost: example.com\r\n\r\n")
        .expect(ok("a"))
        .open(),
        rfc9112(
            "3.2.2",
            "absolute-form-needs-host",
            "The absolute form does not replace the Host field.",
        )
        .send("GET http://<host>/ HTTP/1.1\r\n\r\n")
        .refused(400),
        rfc9112(
            "3.2.2",
            "absolute-form-no-path",
            "Without a path the absolute form means the root.",
        )
        .app()
        .send(get("http://<host>"))
        .expect(status(200))
        .open(),
        rfc9112(
            "3.2.2",
            "absolute-form-no-path-query",
            "A query may follow the authority at once.",
        )
        .app()
        .send(get("http://<host>?a=b"))
        .expect(status(200))
        .open(),
        rfc9110(
            "4.2.3",
            "absolute-form-upper-case",
            "Schemes are compared without regard to case.",
        )
        .app()
        .send(get("HTTP://<host>/echo/a"))
        .expect(ok("a"))
        .open(),
        rfc9110("4.2.1", "absolute-form-empty-host", "An http URI without a host is refused.")
            .app()
            .send(get("http:///echo/a"))
            .refused(400),
        rfc9110(
            "4.2.2",
            "absolute-form-https-empty-host",
            "Nor is an https URI without one taken.",
        )
        .app()
        .send(get("https:///echo/a"))
        .refused(400),
        rfc9110("4.2.4", "absolute-form-userinfo", "User information in a URI is refused.")
            .app()
            .send(get("http://user:password@<host>/"))
            .refused(400),
        rfc9110("4.2.1", "absolute-form-bad-port", "A port is a number.")
            .app()
            .send(get("http://example.org:port/"))
            .refused(400),
        rfc9112("3.2.3", "authority-form-get", "The authority form is for CONNECT alone.")
            .app()
            .send(get("example.org:80"))
            .refused(400),
        rfc9112("3.2.3", "connect-origin-form", "CONNECT takes nothing but the authority form.")
            .app()
            .send(request("CONNECT", "/", "", ""))
            .refused(400),
        rfc9110("9.3.6", "connect", "A server that is no proxy makes no tunnel.")
            .app()
            .send(request("CONNECT", "example.org:443", "", ""))
            .expect(status(501)),
        rfc9110("9.1", "connect-not-implemented", "CONNECT is as unknown as any other method.")
            .app()
            .send("CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n")
            .expect(status(501))
            .open(),
        rfc9112("3.2.4", "asterisk-form-get", "The asterisk form is for OPTIONS alone.")
            .app()
            .send(get("*"))
            .refused(400),
        rfc9112("3.2", "relative-target", "A path begins with a slash.")
            .app()
            .send(get("echo/a"))
            .refused(400),
        rfc9112("3.2", "fragment", "A target has no fragment.")
            .app()
            .send(get("/echo/a#b"))
            .refused(400),
        refused("fragment-query", "Nor has its query.", "/echo/a?b#c"),
        refused("fragment-absolute-form", "Nor has the absolute form.", "http://<host>/echo/a#b"),
        refused("path-angle", "A path has no angle brackets in it.", "/echo/a>b"),
        refused("path-backtick", "A path has no backtick in it.", "/echo/a`b"),
        refused("query-angle", "A query has no angle brackets in it.", "/echo/a?b<c"),
        refused("query-quotation", "A query has no quotation mark in it.", "/echo/a?b\"c"),
        refused("path-angle-absolute-form", "Nor has the absolute form.", "http://<host>/echo/a<b"),
        rfc9112("3.2", "target-sent-by-browsers", "What browsers leave as it is, is taken.")
            .app()
            .send(get("/echo/^|{}[]\"\\?^|{}[]`\\"))
            .expect(ok("^|{}[]\"\\"))
            .open(),
        rfc9112("3.2", "target-control-byte", "A target holds no control bytes.")
            .app()
            .send(get("/echo/a\x07b"))
            .refused(400),
        rfc9112("3.2", "target-nul", "A target holds no NUL.").send(get("/echo/a\0b")).refused(400),
        rfc9112("3.2", "target-delete", "A target holds no DEL.")
            .app()
            .send(get("/echo/a\x7fb"))
            .refused(400),
        rfc9112("3.2", "target-non-ascii", "Bytes beyond ASCII are percent-encoded in a target.")
            .app()
            .send(get("/echo/\u{e9}"))
            .refused(400),
        rfc9110("7.1", "target-percent", "Percent-encoded bytes are decoded after routing.")
            .app()
            .send(get("/echo/a%20b%2Fc"))
            .expect(ok("a b/c"))
            .open(),
        rfc9110("7.1", "target-reserved", "Every byte that a path may hold is taken.")
            .app()
            .send(get("/echo/-._~!$&'()*+,;=:@"))
            .expect(ok("-._~!$&'()*+,;=:@"))
            .open(),
        rfc9112("3.2", "target-percent-broken", "A broken percent-encoding does no harm.")
            .send(get("/%"))
            .expect(status(Statuses::OneOf((200..500).collect()))),
    ]
}
