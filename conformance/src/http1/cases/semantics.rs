//! RFC 9110 §5.6.7, §6.6, §8, §15: what responses say of themselves.

use crate::expected::{Expected, FieldRule, Statuses, ok, status};
use crate::http1::compose::{Draft, get, get_with, head, rfc9110};

pub(super) fn cases() -> Vec<Draft> {
    let dated = |expected: Expected| expected.field("date", FieldRule::ImfFixdate);
    vec![
        rfc9110("6.6.1", "date", "A response has a Date in the one format there is to write.")
            .send(get("/"))
            .expect(dated(status(Statuses::Understood)))
            .open(),
        rfc9110("6.6.1", "date-404", "An error by the client has a Date.")
            .send(get("/no/such/path/anywhere"))
            .expect(dated(status(Statuses::Understood))),
        rfc9110("6.6.1", "date-400", "A refusal has a Date.")
            .send(get_with("/", "Name : value\r\n"))
            .expect(dated(status(400)))
            .closed(),
        rfc9110("6.6.1", "date-head", "A response to HEAD has a Date.")
            .send(head("/"))
            .expect(dated(status(Statuses::Understood).for_head()))
            .open(),
        rfc9110("6.6.1", "date-1-0", "A response to HTTP/1.0 has a Date.")
            .send("GET / HTTP/1.0\r\nHost: <host>\r\n\r\n")
            .expect(dated(status(Statuses::Understood)))
            .closed(),
        rfc9110("8.3", "content-type", "A page says that it is HTML.")
            .app()
            .send(get("/"))
            .expect(status(200).field("content-type", FieldRule::Begins("text/html")))
            .open(),
        rfc9110("8.3", "content-type-text", "A text says that it is text.")
            .app()
            .send(get("/echo/a"))
            .expect(status(200).field("content-type", FieldRule::Begins("text/plain")))
            .open(),
        rfc9110("8.3", "content-type-error", "An error's text says that it is text.")
            .app()
            .send(get("/no/such/path"))
            .expect(status(404).has("content-type"))
            .open(),
        rfc9110("8.6", "content-length", "A response whose length is known says it.")
            .app()
            .send(get("/echo/hello"))
            .expect(status(200).equals("content-length", "5").without("transfer-encoding"))
            .open(),
        rfc9110("15.5.5", "not-found", "A path that leads nowhere is 404.")
            .app()
            .send(get("/no/such/path"))
            .expect(status(404))
            .open(),
        rfc9110("17.1", "not-found-says-nothing-back", "An error says nothing of what was asked.")
            .app()
            .send(get("/%3Cscript%3Ealert(1)%3C/script%3E"))
            .expect(
                status(404)
                    .body("404 Not Found\n")
                    .equals("content-type", "text/plain; charset=utf-8"),
            )
            .open(),
        rfc9110("15.5.5", "not-found-case", "Paths are case-sensitive.")
            .app()
            .send(get("/HEALTHZ"))
            .expect(status(404))
            .open(),
        rfc9110("10.1.5", "user-agent", "The User-Agent is what the client says.")
            .app()
            .send(get_with("/user-agent", "User-Agent: conformance (suite)\r\n"))
            .expect(
                ok("conformance (suite)")
                    .equals("content-type", "text/plain; charset=utf-8")
                    .equals("x-content-type-options", "nosniff"),
            )
            .open(),
        rfc9110("10.1.5", "user-agent-utf-8", "The User-Agent may be in UTF-8.")
            .app()
            .send(get_with("/user-agent", "User-Agent: k\u{e9}rn/1\r\n"))
            .expect(ok("k\u{e9}rn/1").equals("content-type", "text/plain; charset=utf-8"))
            .open(),
        rfc9110("5.5", "user-agent-no-text", "A value that is no text is given back as it came.")
            .app()
            .send(*b"GET /user-agent HTTP/1.1\r\nHost: <host>\r\nUser-Agent: \xe9\xff\r\n\r\n")
            .expect(
                ok(b"\xe9\xff")
                    .equals("content-type", "application/octet-stream")
                    .equals("x-content-type-options", "nosniff"),
            )
            .open(),
        rfc9110("10.1.5", "user-agent-missing", "A client need not say what it is.")
            .app()
            .send(get("/user-agent"))
            .expect(ok(""))
            .open(),
        rfc9110("10.1.4", "te-trailers", "A client may say that it takes trailers.")
            .send(get_with("/", "TE: trailers\r\nConnection: TE\r\n"))
            .understood(),
        rfc9110(
            "12.5.1",
            "accept-nothing-known",
            "An Accept that cannot be met may be disregarded.",
        )
        .send(get_with("/", "Accept: x-nobody/x-knows\r\n"))
        .understood(),
        rfc9110("12.5.3", "accept-encoding-identity", "A client may ask for no coding at all.")
            .app()
            .send(get_with("/echo/a", "Accept-Encoding: identity\r\n"))
            .expect(ok("a").without("content-encoding"))
            .open(),
        rfc9110(
            "12.5.3",
            "accept-encoding-ignored",
            "Nothing is compressed (BREACH), also if asked.",
        )
        .app()
        .send(get_with("/echo/a", "Accept-Encoding: gzip, deflate, br, zstd\r\n"))
        .expect(ok("a").without("content-encoding"))
        .open(),
        rfc9110("13.1", "precondition-on-error", "Preconditions do not matter to a 404.")
            .app()
            .send(get_with("/no/such/path", "If-None-Match: *\r\n"))
            .expect(status(404))
            .open(),
        rfc9110("14.2", "range-ignored", "A range of what has no ranges is the whole.")
            .app()
            .send(get_with("/echo/hello", "Range: bytes=0-1\r\n"))
            .expect(status([200, 206]))
            .open(),
    ]
}
