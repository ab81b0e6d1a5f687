//! Cases for a server that is being built: they ask for one thing at a time, and only the judge
//! plays them. Some ask for more than an RFC does, since a server that has come so far can give it.

use crate::expected::{Expected, Statuses, status};
use crate::http1::compose::{Draft, get, get_with, request, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    [first(), bodies(), half_close()].concat()
}

fn understood() -> Expected {
    status(Statuses::Understood)
}

/// A server that knows one request on a connection passes these.
fn first() -> Vec<Draft> {
    let fields: String =
        (0..40).map(|number| format!("X-Field-{number}: {number:0>64}\r\n")).collect();
    let last = |fields: &str| get_with("/", &format!("{fields}Connection: close\r\n"));
    vec![
        rfc9112("2.1", "judge-get", "A request is answered, and the connection is closed.")
            .send(last(""))
            .expect(understood())
            .closed(),
        rfc9112("5", "judge-get-long", "A head of some 3,500 bytes is read to its end.")
            .send(last(&fields))
            .expect(understood())
            .closed(),
    ]
}

fn bodies() -> Vec<Draft> {
    // Nothing that is filled in later: its length counts.
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    let sized =
        |body: &str| request("GET", "/", &format!("Content-Length: {}\r\n", body.len()), body);
    let chunked = |chunks: &str| request("GET", "/", "Transfer-Encoding: chunked\r\n", chunks);
    vec![
        rfc9112("6.2", "judge-body-then-request", "Behind the body comes the next request.")
            .send(sized("hello") + &get("/"))
            .expect(understood())
            .understood(),
        rfc9112("6.2", "judge-body-like-request", "A body that looks like a request is none.")
            .send(sized(hidden))
            .understood(),
        rfc9112("6.2", "judge-body-apart", "A body may come long after its head.")
            .send(request("GET", "/", "Content-Length: 10\r\n", ""))
            .pause()
            .send("hello")
            .pause()
            .send("world")
            .understood(),
        rfc9112(
            "7.1",
            "judge-chunks-then-request",
            "Behind the last chunk comes the next request.",
        )
        .send(chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") + &get("/"))
        .expect(understood())
        .understood(),
        rfc9112("7.1", "judge-chunk-like-request", "A chunk that looks like a request is none.")
            .send(chunked(&format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len())))
            .understood(),
        rfc9112("7.1", "judge-chunk-size-letters", "The size of a chunk is hexadecimal.")
            .send(chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"))
            .understood(),
        // A server that does not need the body may have answered before it sees this.
        rfc9112("7.1", "judge-chunk-size-wrong", "A size that is none ends the connection.")
            .send(chunked("g\r\nhello\r\n0\r\n\r\n") + &get("/"))
            .refused([200, 204, 301, 302, 303, 307, 308, 400, 403, 404, 405, 500, 501]),
    ]
}

fn half_close() -> Vec<Draft> {
    vec![
        rfc9112("9.6", "judge-half-close", "A client that closes its side is still answered.")
            .send(get("/"))
            .half_close()
            .expect(understood())
            .closed(),
        rfc9112("9.6", "judge-half-close-pipelined", "So are all requests ahead of that.")
            .send(get("/") + &get("/") + &get("/"))
            .half_close()
            .expect(understood())
            .expect(understood())
            .expect(understood())
            .closed(),
        rfc9112("9.6", "judge-half-close-body", "A body ahead of it is taken.")
            .send(request("GET", "/", "Content-Length: 5\r\n", "hello"))
            .half_close()
            .expect(understood())
            .closed(),
        rfc9112("9.6", "judge-half-close-later", "An idle connection ends with its client.")
            .send(get("/"))
            .expect(understood())
            .pause()
            .half_close()
            .closed(),
    ]
}
