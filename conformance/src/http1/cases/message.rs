//! RFC 9112 §2, §4, §8: what a message is, its version, and where it breaks off.

use crate::expected::{Statuses, ok, status};
use crate::http1::compose::{Draft, get, rfc9110, rfc9112, sized};

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9112("2.1", "simple-get", "A request without a body is answered.")
            .send(get("/"))
            .understood(),
        rfc9112("2.2", "leading-crlf", "An empty line before the request line is ignored.")
            .send(format!("\r\n{}", get("/")))
            .understood(),
        rfc9112("2.2", "leading-crlfs", "Several empty lines before the request line are ignored.")
            .app()
            .send(format!("\r\n\r\n\r\n{}", get("/echo/a")))
            .understood(),
        rfc9112("2.2", "leading-crlf-apart", "An empty line ahead of a pause is ignored.")
            .send("\r\n")
            .pause()
            .send(get("/"))
            .understood(),
        rfc9112("2.2", "leading-lf", "A bare LF before the request line is refused.")
            .app()
            .send(format!("\n{}", get("/")))
            .refused(400),
        rfc9112("2.2", "bare-lf-request-line", "A request line that ends in LF alone is refused.")
            .app()
            .send("GET / HTTP/1.1\nHost: <host>\r\n\r\n")
            .refused(400),
        rfc9112("2.2", "bare-lf-field-line", "A field line that ends in LF alone is refused.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\nAccept: */*\r\n\r\n")
            .refused(400),
        rfc9112("2.2", "bare-lf-empty-line", "A head that ends in LF alone is refused.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\r\n\n")
            .refused(400),
        rfc9112("2.2", "bare-lf-throughout", "A head with LF for every CRLF is refused.")
            .app()
            .send("GET / HTTP/1.1\nHost: <host>\n\n")
            .refused(400),
        rfc9112("2.2", "bare-cr-request-line", "A CR alone in the request line is refused.")
            .app()
            .send("GET /\r HTTP/1.1\r\nHost: <host>\r\n\r\n")
            .refused(400),
        rfc9112("2.2", "bare-cr-field-line", "A CR alone in a field line is refused.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\r\nA: b\rc: d\r\n\r\n")
            .refused(400),
        rfc9112("2.2", "bare-cr-line-end", "A CR alone does not end a line.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\rA: b\r\n\r\n")
            .refused(400),
        rfc9112("2.2", "double-cr", "CR CR LF does not end a line.")
            .app()
            .send("GET / HTTP/1.1\r\r\nHost: <host>\r\n\r\n")
            .refused(400),
        rfc9112(
            "2.2",
            "space-before-first-field",
            "White space ahead of the first field is refused.",
        )
        .app()
        .send("GET / HTTP/1.1\r\n X: y\r\nHost: <host>\r\n\r\n")
        .refused(400),
        rfc9112("2.2", "tls-hello", "What is not HTTP at all has no use for an answer.")
            .app()
            .send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".as_slice())
            .closed(),
        rfc9112("2.2", "not-http", "A line that is no request line is answered with 400.")
            .send("I do not speak HTTP at all\r\n\r\n")
            .refused(400),
        rfc9112("2.3", "version-lower-case", "The version is written in upper case.")
            .send("GET / http/1.1\r\nHost: <host>\r\n\r\n")
            .refused(400),
        rfc9112("2.3", "version-two-digits", "A minor version has one digit.")
            .send("GET / HTTP/1.10\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        rfc9112("2.3", "version-no-minor", "A version has a minor number.")
            .send("GET / HTTP/1\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        rfc9112("2.3", "version-no-digit", "A version has a minor number behind its dot.")
            .send("GET / HTTP/1.\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        rfc9112("2.3", "version-no-dot", "A version has a dot.")
            .send("GET / HTTP/11\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        rfc9112("2.3", "version-other-name", "The protocol's name is HTTP.")
            .send("GET / HTTQ/1.1\r\nHost: <host>\r\n\r\n")
            .refused(400),
        rfc9112("2.3", "version-negative", "A version has no sign.")
            .send("GET / HTTP/-1.1\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        // It should be, which is not to say that it has to.
        rfc9110("2.5", "version-1-2", "A later minor version is answered as the latest known.")
            .app()
            .send("GET / HTTP/1.2\r\nHost: <host>\r\n\r\n")
            .understood(),
        rfc9110("2.5", "version-1-9", "A later minor version brings no new framing.")
            .app()
            .send("POST /echo HTTP/1.9\r\nHost: <host>\r\nContent-Length: 1\r\n\r\nx")
            .expect(ok("x"))
            .open(),
        rfc9110("15.6.6", "version-2-0", "Another major version is answered with 505.")
            .app()
            .send("GET / HTTP/2.0\r\nHost: <host>\r\n\r\n")
            .refused(505),
        rfc9110("15.6.6", "version-3-0", "A major version of the future is answered with 505.")
            .app()
            .send("GET / HTTP/3.0\r\nHost: <host>\r\n\r\n")
            .refused(505),
        rfc9110("15.6.6", "version-0-9", "HTTP/0.9 has no version to name.")
            .app()
            .send("GET / HTTP/0.9\r\nHost: <host>\r\n\r\n")
            .refused([400, 505]),
        rfc9112("3", "http-2-almost", "Only the whole preface of HTTP/2 is one.")
            .app()
            .send("PRI * HTTP/2.0\r\n\r\nSM\r\n \r\n")
            .refused([400, 505]),
        rfc9112("3", "http-2-too-late", "Behind a request the preface of HTTP/2 is none.")
            .app()
            .send(get("/echo/a") + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .expect(ok("a"))
            .refused([400, 505]),
        // A server that still speaks HTTP/0.9 may answer it.
        rfc9112("3", "simple-request", "A request line of HTTP/0.9 is refused.")
            .app()
            .send("GET /\r\n\r\n")
            .refused([400, 505]),
        rfc9112("4", "status-line-reason", "A status line has a space behind its code.")
            .send(get("/no/such/path/anywhere"))
            .expect(status(Statuses::Understood))
            .open(),
        rfc9110(
            "2.5",
            "version-of-response",
            "A request of HTTP/1.0 is answered in HTTP/1.1 form.",
        )
        .send("GET / HTTP/1.0\r\nHost: <host>\r\n\r\n")
        .expect(status(Statuses::Understood).without("transfer-encoding")),
        rfc9112("9.6", "nothing-sent", "A connection without a request is closed without a word.")
            .app()
            .half_close()
            .closed(),
        rfc9112("2.2", "only-crlf", "Empty lines alone are not a request.")
            .app()
            .send("\r\n\r\n")
            .half_close()
            .closed(),
        rfc9112(
            "8",
            "incomplete-request-line",
            "A request that breaks off in its line is refused.",
        )
        .app()
        .send("GET / HT")
        .half_close()
        .refused(400),
        rfc9112("8", "incomplete-head", "A request that breaks off in its fields is refused.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\r\nAcc")
            .half_close()
            .refused(400),
        rfc9112("8", "incomplete-no-empty-line", "A head without an empty line is no head.")
            .app()
            .send("GET / HTTP/1.1\r\nHost: <host>\r\n")
            .half_close()
            .refused(400),
        rfc9112("8", "incomplete-body", "A body shorter than its Content-Length is refused.")
            .app()
            .send("POST /echo HTTP/1.1\r\nHost: <host>\r\nContent-Length: 10\r\n\r\nhello")
            .half_close()
            .refused(400),
        rfc9112(
            "8",
            "incomplete-second",
            "A complete request ahead of an incomplete one is answered.",
        )
        .app()
        .send(sized("POST", "/echo", "first"))
        .send("GET /echo/second HTTP/1.1\r\nHo")
        .half_close()
        .expect(ok("first"))
        .refused(400),
    ]
}
