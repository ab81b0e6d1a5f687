//! RFC 9112 §6.1, §6.3, §11.2: Transfer-Encoding, alone and in bad company.

use crate::expected::{ok, status};
use crate::http1::compose::{Draft, get, post, request, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    let empty = "0\r\n\r\n";
    let inner = "GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let coded = |coding: &str| {
        let fields = format!("Transfer-Encoding: {coding}\r\n");
        post("/echo", &fields, empty) + &get("/echo/smuggled")
    };
    vec![
        rfc9112("6.3", "no-length", "A request without length or coding has no body.")
            .app()
            .send(post("/echo", "", "") + &get("/echo/next"))
            .expect(ok(""))
            .expect(ok("next"))
            .open(),
        rfc9112(
            "6.1",
            "coding-and-length",
            "Transfer-Encoding and Content-Length together are refused.",
        )
        .app()
        .send(post("/echo", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", empty))
        .refused(400),
        rfc9112(
            "6.1",
            "length-and-coding",
            "Content-Length ahead of Transfer-Encoding is refused, too.",
        )
        .app()
        .send(post("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", empty))
        .refused(400),
        rfc9112("11.2", "smuggling-te-cl", "What follows an ambiguous message is never answered.")
            .app()
            .send(
                post("/echo", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", empty)
                    + &get("/echo/smuggled"),
            )
            .refused(400),
        rfc9112("11.2", "smuggling-cl-zero", "A length of zero does not excuse a transfer coding.")
            .app()
            .send(
                post("/echo", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", empty)
                    + &get("/echo/smuggled"),
            )
            .refused(400),
        rfc9112("6.1", "coding-any-case", "Coding names are compared without regard to case.")
            .app()
            .send(coded("cHuNKeD"))
            .expect(ok(""))
            .expect(ok("smuggled"))
            .open(),
        rfc9112("6.1", "coding-twice", "chunked is not applied twice.")
            .app()
            .send(coded("chunked, chunked"))
            .refused(400),
        rfc9112("6.1", "coding-twice-lines", "chunked is not applied twice on two lines.")
            .app()
            .send(coded("chunked\r\nTransfer-Encoding: chunked"))
            .refused(400),
        rfc9112(
            "6.1",
            "coding-unknown-chunked",
            "An unknown coding ahead of chunked is answered with 501.",
        )
        .app()
        .send(coded("rot13, chunked"))
        .refused(501),
        rfc9112("6.1", "coding-unknown-chunked-lines", "Codings on two lines are one list.")
            .app()
            .send(coded("rot13\r\nTransfer-Encoding: chunked"))
            .refused(501),
        rfc9112("6.1", "coding-unknown", "A coding that nobody knows is not ignored.")
            .send(coded("rot13"))
            .refused([400, 501]),
        rfc9112("6.3", "coding-gzip", "Without chunked at the end, the length cannot be known.")
            .send(coded("gzip"))
            .refused([400, 501]),
        rfc9112("6.3", "coding-gzip-400", "A body without a known end is answered with 400.")
            .app()
            .send(coded("gzip"))
            .refused(400),
        rfc9112("6.3", "coding-chunked-first-400", "So is one whose last coding is not chunked.")
            .app()
            .send(coded("chunked, gzip"))
            .refused(400),
        rfc9112("6.3", "coding-chunked-first", "chunked is the last coding of a request.")
            .send(coded("chunked, gzip"))
            .refused([400, 501]),
        rfc9112(
            "6.3",
            "coding-chunked-first-lines",
            "chunked is the last coding on two lines, too.",
        )
        .send(coded("chunked\r\nTransfer-Encoding: gzip"))
        .refused([400, 501]),
        rfc9112("7", "coding-identity", "identity is no transfer coding any more.")
            .app()
            .send(coded("identity"))
            .refused([400, 501]),
        rfc9112("7", "coding-identity-chunked", "identity ahead of chunked is not passed over.")
            .app()
            .send(coded("identity, chunked"))
            .refused([400, 501]),
        rfc9112("11.2", "coding-xchunked", "xchunked is not chunked.")
            .send(coded("xchunked"))
            .refused([400, 501]),
        rfc9112("11.2", "coding-chunkedx", "chunkedx is not chunked.")
            .send(coded("chunkedx"))
            .refused([400, 501]),
        rfc9112("11.2", "coding-quoted", "A quoted coding is not chunked.")
            .send(coded("\"chunked\""))
            .refused([400, 501]),
        rfc9112("11.2", "coding-parameter", "chunked has no parameters.")
            .app()
            .send(coded("chunked;a=b"))
            .refused([400, 501]),
        rfc9112("11.2", "coding-vertical-tab", "A control byte does not pass for white space.")
            .app()
            .send(coded("\x0bchunked"))
            .refused(400),
        rfc9112("11.2", "coding-spaced", "Two words are no coding.")
            .send(coded("chunked chunked"))
            .refused([400, 501]),
        rfc9112("6.1", "coding-empty", "A coding field that names no coding is refused.")
            .app()
            .send(coded(""))
            .refused(400),
        rfc9112("6.1", "coding-comma", "A coding field of a comma alone is refused.")
            .app()
            .send(coded(","))
            .refused(400),
        rfc9112("6.1", "coding-empty-elements", "Empty elements of the list are passed over.")
            .app()
            .send(coded(", chunked ,"))
            .expect(ok(""))
            .expect(ok("smuggled"))
            .open(),
        rfc9112("6.1", "coding-1-0", "A transfer coding in HTTP/1.0 is refused.")
            .app()
            .send("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            .refused(400),
        rfc9112("6.1", "coding-1-0-length", "Coding and length in HTTP/1.0 are refused.")
            .app()
            .send(
                "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\
                 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            )
            .refused(400),
        rfc9112("11.2", "coding-underscore", "Transfer_Encoding is another field.")
            .app()
            .send(post("/echo", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"))
            .expect(ok("hello"))
            .open(),
        rfc9112("6.1", "coding-on-get", "A GET request may have a chunked body; it is skipped.")
            .send(request("GET", "/", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"))
            .understood(),
        rfc9112(
            "11.2",
            "smuggling-te-zero",
            "A body is skipped, not answered: OPTIONS, in chunks.",
        )
        .app()
        .send(
            request("OPTIONS", "/", "Transfer-Encoding: chunked\r\n", "")
                + &format!("{:x}\r\n{inner}\r\n{empty}", inner.len())
                + &get("/echo/next"),
        )
        .expect(status(204))
        .expect(ok("next"))
        .open(),
        rfc9112("6.1", "coding-on-get-bad", "A bad coding is refused where no body is expected.")
            .send(request("GET", "/", "Transfer-Encoding: rot13\r\n", ""))
            .refused([400, 501]),
    ]
}
