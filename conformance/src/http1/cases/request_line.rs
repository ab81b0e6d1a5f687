//! RFC 9112 §3, §3.1: the request line and the method in it.

use crate::expected::{ok, status};
use crate::http1::compose::{Draft, get, rfc9110, rfc9112, sized};

pub(super) fn cases() -> Vec<Draft> {
    let line = |line: &str| format!("{line}\r\nHost: <host>\r\n\r\n");
    vec![
        rfc9112("3", "two-spaces-before-target", "One space stands between method and target.")
            .app()
            .send(line("GET  / HTTP/1.1"))
            .refused(400),
        rfc9112("3", "two-spaces-before-version", "One space stands between target and version.")
            .app()
            .send(line("GET /  HTTP/1.1"))
            .refused(400),
        rfc9112("3", "tab-before-target", "No tab stands between method and target.")
            .app()
            .send(line("GET\t/ HTTP/1.1"))
            .refused(400),
        rfc9112("3", "tab-before-version", "No tab stands between target and version.")
            .app()
            .send(line("GET /\tHTTP/1.1"))
            .refused(400),
        rfc9112("3", "space-after-version", "The request line ends with its version.")
            .app()
            .send(line("GET / HTTP/1.1 "))
            .refused(400),
        rfc9112("3", "space-before-method", "The request line begins with its method.")
            .app()
            .send(line(" GET / HTTP/1.1"))
            .refused(400),
        rfc9112("3", "no-target", "A request line has a target.")
            .send(line("GET HTTP/1.1"))
            .refused(400),
        rfc9112("3", "empty-target", "A target is not empty.")
            .app()
            .send(line("GET  HTTP/1.1"))
            .refused(400),
        rfc9112("3", "only-method", "A request line is more than a method.")
            .send(line("GET"))
            .refused(400),
        rfc9112("3", "space-in-target", "A target with a space in it is refused.")
            .app()
            .send(line("GET /a b HTTP/1.1"))
            .refused(400),
        rfc9112("3.1", "method-not-a-token", "A method is a token.")
            .send(line("GE(T / HTTP/1.1"))
            .refused([400, 405, 501]),
        rfc9112(
            "3.1",
            "method-with-colon",
            "A field line in the place of the request line is refused.",
        )
        .send("Host: <host>\r\n\r\n")
        .refused(400),
        rfc9112("3.1", "method-control-byte", "A method holds no control bytes.")
            .app()
            .send(line("GE\x01T / HTTP/1.1"))
            .refused(400),
        rfc9112("3.1", "method-lower-case", "Methods are case-sensitive: get is not GET.")
            .app()
            .send(line("get / HTTP/1.1"))
            .expect(status([405, 501]))
            .open(),
        rfc9110("15.6.2", "method-unknown", "A method that nobody knows is answered with 501.")
            .app()
            .send(line("BREW / HTTP/1.1"))
            .expect(status(501))
            .open(),
        rfc9112("3", "method-long", "A method longer than any known is answered with 501.")
            .app()
            .send(line(&format!("{} / HTTP/1.1", "M".repeat(300))))
            .expect(status(501))
            .open(),
        rfc9112("3.1", "method-with-hyphen", "Every token byte may stand in a method.")
            .app()
            .send(line("M!#$%&'*+-.^_`|~9 / HTTP/1.1"))
            .expect(status(501))
            .open(),
        rfc9110(
            "15.6.2",
            "method-unknown-with-body",
            "The body of an unknown method is not a request.",
        )
        .app()
        .send(sized("BREW", "/", "GET /echo/smuggled HTTP/1.1\r\n\r\n"))
        .expect(status(501))
        .open(),
        rfc9112("3", "request-line-8000", "A request line of 8000 bytes is read.")
            .send(get(&format!("/?{}", "x".repeat(7984))))
            .understood(),
        rfc9112("3", "request-line-at-limit", "A request line of just 8 KiB is read.")
            .app()
            .send(get(&format!("/echo/a?{}", "x".repeat(8192 - 21))))
            .expect(ok("a"))
            .open(),
        rfc9110(
            "15.5.15",
            "request-line-over-limit",
            "A request line over 8 KiB is answered with 414.",
        )
        .app()
        .send(get(&format!("/echo/a?{}", "x".repeat(8192 - 20))))
        .refused(414),
        rfc9110(
            "15.5.15",
            "request-line-huge",
            "A target beyond all measure is answered with 414.",
        )
        .send(get(&format!("/{}", "x".repeat(100_000))))
        .refused([400, 414, 431]),
        rfc9110(
            "15.5.15",
            "request-line-endless",
            "A request line that does not end is refused before it does.",
        )
        .app()
        .send(format!("GET /{}", "x".repeat(9000)))
        .refused(414),
    ]
}
