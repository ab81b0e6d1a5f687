//! RFC 9112 §3.2, RFC 9110 §7.2: the Host field.

use crate::expected::{Statuses, status};
use crate::http1::compose::{Draft, rfc9110, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    let hosted = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n");
    vec![
        rfc9112("3.2", "host-missing", "A request of HTTP/1.1 without Host is answered with 400.")
            .send(hosted(""))
            .refused(400),
        rfc9112(
            "3.2",
            "host-missing-1-2",
            "A request of HTTP/1.2 without Host is answered with 400.",
        )
        .app()
        .send("GET / HTTP/1.2\r\n\r\n")
        .refused(400),
        rfc9112("3.2", "host-missing-options", "OPTIONS * needs Host, too.")
            .app()
            .send("OPTIONS * HTTP/1.1\r\n\r\n")
            .refused(400),
        rfc9112("3.2", "host-missing-1-0", "A request of HTTP/1.0 needs no Host.")
            .send("GET / HTTP/1.0\r\n\r\n")
            .expect(status(Statuses::Understood))
            .closed(),
        rfc9112("3.2", "host-twice", "Two Host lines are answered with 400.")
            .send(hosted("Host: <host>\r\nHost: example.org\r\n"))
            .refused(400),
        rfc9112(
            "3.2",
            "host-twice-equal",
            "Two Host lines are answered with 400 even if they agree.",
        )
        .send(hosted("Host: <host>\r\nHost: <host>\r\n"))
        .refused(400),
        rfc9112("3.2", "host-twice-1-0", "Two Host lines are answered with 400 in HTTP/1.0, too.")
            .app()
            .send("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")
            .refused(400),
        rfc9112("3.2", "host-twice-case", "Two Host lines in two spellings are two Host lines.")
            .send(hosted("Host: <host>\r\nhOST: <host>\r\n"))
            .refused(400),
        rfc9112("3.2", "host-with-space", "A host holds no space.")
            .send(hosted("Host: exam ple\r\n"))
            .refused(400),
        rfc9112("3.2", "host-with-slash", "A host is not a URI.")
            .app()
            .send(hosted("Host: http://example.org/\r\n"))
            .refused(400),
        rfc9112("3.2", "host-with-userinfo", "A host comes without user information.")
            .app()
            .send(hosted("Host: user@example.org\r\n"))
            .refused(400),
        rfc9112("3.2", "host-with-bad-port", "The port of a host is a number.")
            .app()
            .send(hosted("Host: example.org:80x\r\n"))
            .refused(400),
        rfc9112("3.2", "host-two-ports", "A host has one port.")
            .app()
            .send(hosted("Host: example.org:80:80\r\n"))
            .refused(400),
        rfc9112("3.2", "host-open-bracket", "An address in brackets ends in a bracket.")
            .app()
            .send(hosted("Host: [::1\r\n"))
            .refused(400),
        rfc9112("3.2", "host-list", "A host with white space behind a comma is refused.")
            .app()
            .send(hosted("Host: a.example, b.example\r\n"))
            .refused(400),
        rfc9110("7.2", "host-empty", "Host may be empty.")
            .app()
            .send(hosted("Host:\r\n"))
            .understood(),
        rfc9110("7.2", "host-ipv6", "Host may be an IPv6 address.")
            .app()
            .send(hosted("Host: [2001:db8::1]:8080\r\n"))
            .understood(),
        rfc9110("7.2", "host-empty-port", "A port may be empty.")
            .app()
            .send(hosted("Host: example.org:\r\n"))
            .understood(),
        rfc9110("7.2", "host-spelling", "The name of the Host field may be spelt in any case.")
            .send(hosted("hOsT: <host>\r\n"))
            .understood(),
        rfc9110("7.2", "host-last", "Host may follow other fields.")
            .send(hosted("Accept: */*\r\nX-Other: y\r\nHost: <host>\r\n"))
            .understood(),
    ]
}
