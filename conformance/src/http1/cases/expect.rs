//! RFC 9110 §10.1.1: Expect.

use crate::expected::{ok, status};
use crate::http1::compose::{Draft, chunked, get, get_with, post, request, rfc9110};

pub(super) fn cases() -> Vec<Draft> {
    let waiting =
        |path: &str, fields: &str| post(path, &format!("Expect: 100-continue\r\n{fields}"), "");
    vec![
        rfc9110("10.1.1", "continue", "A client that waits for 100 is told to go on.")
            .app()
            .send(waiting("/echo", "Content-Length: 5\r\n"))
            .expect(status(100))
            .send("hello")
            .expect(ok("hello").no_interim())
            .open(),
        rfc9110("10.1.1", "continue-chunked", "So is one whose body is chunked.")
            .app()
            .send(waiting("/echo", "Transfer-Encoding: chunked\r\n"))
            .expect(status(100))
            .send("5\r\nhello\r\n0\r\n\r\n")
            .expect(ok("hello").no_interim())
            .open(),
        rfc9110("10.1.1", "continue-any-case", "100-continue may be spelt in any case.")
            .app()
            .send(post("/echo", "Expect: 100-Continue\r\nContent-Length: 5\r\n", ""))
            .expect(status(100))
            .send("hello")
            .expect(ok("hello"))
            .open(),
        rfc9110("10.1.1", "continue-with-body", "A client need not wait for 100.")
            .app()
            .send(post("/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"))
            .expect(ok("hello"))
            .open(),
        rfc9110("10.1.1", "continue-no-body", "Without a body there is nothing to go on with.")
            .app()
            .send(get_with("/echo/a", "Expect: 100-continue\r\n"))
            .expect(ok("a").no_interim())
            .open(),
        rfc9110("10.1.1", "continue-empty-body", "An empty body need not be asked for.")
            .app()
            .send(waiting("/echo", "Content-Length: 0\r\n"))
            .expect(ok(""))
            .open(),
        rfc9110("10.1.1", "continue-1-0", "HTTP/1.0 knows no 100.")
            .app()
            .send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            .pause()
            .send("hello")
            .expect(ok("hello").no_interim())
            .closed(),
        rfc9110("10.1.1", "continue-refused-404", "What is not wanted is not asked for: 404.")
            .app()
            .send(waiting("/no/such/path", "Content-Length: 5\r\n"))
            .expect(status(404).no_interim()),
        rfc9110("10.1.1", "continue-refused-405", "What is not wanted is not asked for: 405.")
            .app()
            .send(waiting("/healthz", "Content-Length: 5\r\n"))
            .expect(status(405).no_interim()),
        rfc9110("10.1.1", "continue-refused-413", "What is too large is not asked for: 413.")
            .app()
            .send(waiting("/echo", "Content-Length: 1048577\r\n"))
            .expect(status(413).no_interim())
            .closed(),
        rfc9110(
            "10.1.1",
            "continue-refused-then-request",
            "Whether the body or a request follows a refusal cannot be known: nothing is read.",
        )
        .app()
        .send(waiting("/no/such/path", "Content-Length: 5\r\n"))
        .pause()
        .send(get("/echo/smuggled"))
        .expect(status(404).no_interim().lists("connection", "close"))
        .closed(),
        rfc9110("10.1.1", "continue-pipelined", "100 comes after the responses that are due.")
            .app()
            .send(get_with("/sleep/20", "") + &waiting("/echo", "Content-Length: 5\r\n"))
            .expect(status(200).no_interim())
            .expect(status(100))
            .send("hello")
            .expect(ok("hello"))
            .open(),
        rfc9110("15.5.18", "expectation-unknown", "An unknown expectation is answered with 417.")
            .app()
            .send(request("GET", "/", "Expect: miracles\r\n", ""))
            .refused(417),
        rfc9110(
            "15.5.18",
            "expectation-list",
            "An unknown expectation next to a known one is unknown.",
        )
        .app()
        .send(post("/echo", "Expect: 100-continue, miracles\r\nContent-Length: 5\r\n", "hello"))
        .refused(417),
        rfc9110("10.1.1", "expectation-not-needed", "A body that nobody waits with is taken.")
            .app()
            .send(chunked("1\r\nx\r\n0\r\n\r\n"))
            .expect(ok("x").no_interim())
            .open(),
    ]
}
