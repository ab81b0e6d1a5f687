//! RFC 9112 §5, RFC 9110 §5: field lines.

use crate::expected::ok;
use crate::http1::compose::{Draft, get_with, post, rfc9110, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9112(
            "5.1",
            "space-before-colon",
            "White space between name and colon is answered with 400.",
        )
        .send(get_with("/", "X-Name : value\r\n"))
        .refused(400),
        rfc9112("5.1", "tab-before-colon", "A tab between name and colon is answered with 400.")
            .send(get_with("/", "X-Name\t: value\r\n"))
            .refused(400),
        rfc9112("5.1", "space-before-colon-length", "A space does not hide a Content-Length.")
            .send(post("/", "Content-Length : 5\r\n", "hello"))
            .refused(400),
        rfc9112("5.1", "space-before-colon-coding", "A space does not hide a Transfer-Encoding.")
            .send(post("/", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"))
            .refused(400),
        rfc9112("5", "no-colon", "A field line has a colon.")
            .send(get_with("/", "X-Name\r\n"))
            .refused(400),
        rfc9112("5", "empty-name", "A field line has a name.")
            .send(get_with("/", ": value\r\n"))
            .refused(400),
        rfc9112("5.2", "folded", "A folded field line is refused.")
            .app()
            .send(get_with("/", "X-Name: one\r\n two\r\n"))
            .refused(400),
        rfc9112("5.2", "folded-tab", "A field line folded with a tab is refused.")
            .app()
            .send(get_with("/", "X-Name: one\r\n\ttwo\r\n"))
            .refused(400),
        rfc9112("5.2", "folded-length", "A folded Content-Length is refused.")
            .app()
            .send(post("/echo", "Content-Length:\r\n 5\r\n", "hello"))
            .refused(400),
        rfc9112("5.2", "folded-coding", "A folded Transfer-Encoding is refused.")
            .app()
            .send(post("/echo", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"))
            .refused(400),
        rfc9110("5.1", "name-not-a-token", "A field name is a token.")
            .app()
            .send(get_with("/", "X(Name): value\r\n"))
            .refused(400),
        rfc9110("5.1", "name-with-space", "A field name holds no space.")
            .send(get_with("/", "X Name: value\r\n"))
            .refused(400),
        rfc9110("5.1", "name-control-byte", "A field name holds no control byte.")
            .app()
            .send(get_with("/", "X\x01Name: value\r\n"))
            .refused(400),
        rfc9110("5.1", "name-non-ascii", "A field name is ASCII.")
            .app()
            .send(get_with("/", "X-N\u{e4}me: value\r\n"))
            .refused(400),
        rfc9110("5.1", "name-any-token", "Every token byte may stand in a field name.")
            .app()
            .send(get_with("/", "!#$%&'*+-.^_`|~0aZ: value\r\n"))
            .understood(),
        rfc9110("5.1", "name-unknown", "Unknown fields are ignored.")
            .send(get_with("/", "X-Nobody-Knows: what it means\r\n"))
            .understood(),
        rfc9110("5.1", "name-any-case", "Field names are compared without regard to case.")
            .app()
            .send(post("/echo", "cONTENT-lENGTH: 5\r\n", "hello"))
            .expect(ok("hello"))
            .open(),
        rfc9112("5.1", "value-trimmed", "White space around a value is not part of it.")
            .app()
            .send(get_with("/user-agent", "User-Agent: \t one  two \t \r\n"))
            .expect(ok("one  two"))
            .open(),
        rfc9112("5.1", "value-no-space", "A value may follow its colon at once.")
            .app()
            .send(get_with("/user-agent", "User-Agent:agent/1\r\n"))
            .expect(ok("agent/1"))
            .open(),
        rfc9112(
            "5.1",
            "value-with-colons",
            "The first colon ends the name; others are of the value.",
        )
        .app()
        .send(get_with("/user-agent", "User-Agent: a:b: c\r\n"))
        .expect(ok("a:b: c"))
        .open(),
        rfc9110("5.5", "value-empty", "A value may be empty.")
            .send(get_with("/", "X-Empty:\r\nX-Blank:  \r\n"))
            .understood(),
        rfc9110("5.5", "value-inner-tab", "A value may hold tabs.")
            .send(get_with("/", "X-Name: one\ttwo\r\n"))
            .understood(),
        rfc9110("5.5", "value-obs-text", "A value may hold bytes beyond ASCII.")
            .app()
            .send(
                [b"GET / HTTP/1.1\r\nHost: <host>\r\nX: \x80\xe9\xff\r\n\r\n".as_slice()].concat(),
            )
            .understood(),
        rfc9110("5.5", "value-nul", "NUL in a value is refused.")
            .app()
            .send(get_with("/", "X-Name: a\0b\r\n"))
            .refused(400),
        rfc9110("5.5", "value-control-byte", "Control bytes in a value are refused.")
            .app()
            .send(get_with("/", "X-Name: a\x01b\r\n"))
            .refused(400),
        rfc9110("5.5", "value-delete", "DEL in a value is refused.")
            .app()
            .send(get_with("/", "X-Name: a\x7fb\r\n"))
            .refused(400),
        rfc9110("5.3", "repeated", "A field may have several lines.")
            .send(get_with("/", "Accept: text/html\r\nAccept: */*\r\n"))
            .understood(),
        rfc9110("5.4", "cookies-many", "A cookie of more than a hundred crumbs is one field.")
            .app()
            .send(get_with("/", &format!("Cookie: {}c=d\r\n", "a=b; ".repeat(120))))
            .understood(),
        rfc9110("5.4", "value-long", "A field line of several KiB is read.")
            .app()
            .send(get_with("/", &format!("X-Long: {}\r\n", "x".repeat(12_000))))
            .understood(),
        rfc9110("5.4", "fields-100", "A head of a hundred field lines is read.")
            .app()
            .send(get_with("/", &"X: y\r\n".repeat(99)))
            .understood(),
        rfc9110(
            "5.4",
            "fields-101",
            "A head of more than a hundred field lines is answered with 431.",
        )
        .app()
        .send(get_with("/", &"X: y\r\n".repeat(100)))
        .refused(431),
        rfc9110("5.4", "head-over-limit", "A head over 16 KiB is answered with 431.")
            .app()
            .send(get_with("/", &format!("X-Long: {}\r\n", "x".repeat(16_384))))
            .refused(431),
        rfc9110("5.4", "head-endless", "A head that does not end is refused before it does.")
            .app()
            .send(format!("GET / HTTP/1.1\r\nHost: <host>\r\nX: {}", "x".repeat(17_000)))
            .refused(431),
        rfc9110("5.4", "head-huge", "A head beyond all measure is refused.")
            .send(get_with("/", &format!("X: {}\r\n", "x".repeat(1000)).repeat(200)))
            .refused([400, 413, 431]),
    ]
}
