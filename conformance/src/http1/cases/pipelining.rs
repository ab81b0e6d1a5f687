//! RFC 9112 §9.3.2: requests that do not wait for responses.

use crate::expected::{Framing, Statuses, ok, status};
use crate::http1::compose::{Draft, chunked, get, head, rfc9112, sized};

pub(super) fn cases() -> Vec<Draft> {
    let any = || status(Statuses::Understood);
    let mut many = rfc9112("9.3.2", "pipelined-many", "Many requests are answered in order.").app();
    let numbers = || (0..100).map(|number| format!("{number}"));
    many = many.send(numbers().map(|number| get(&format!("/echo/{number}"))).collect::<String>());
    for number in numbers() {
        many = many.expect(ok(number));
    }
    vec![
        many.open(),
        rfc9112("9.3.2", "pipelined-two", "Two requests at once get two responses.")
            .send(get("/") + &get("/"))
            .expect(any())
            .expect(any())
            .open(),
        rfc9112("9.3.2", "pipelined-head", "HEAD between two GETs shifts nothing.")
            .send(get("/") + &head("/") + &get("/"))
            .expect(any())
            .expect(any().for_head())
            .expect(any())
            .open(),
        rfc9112("9.3.2", "pipelined-order", "A slow answer is not overtaken.")
            .app()
            .send(get("/sleep/50") + &get("/echo/second"))
            .expect(status(200))
            .expect(ok("second"))
            .open(),
        rfc9112("9.3.2", "pipelined-slow", "Slow answers come one after the other.")
            .app()
            .send(get("/sleep/20") + &get("/echo/a") + &get("/sleep/10") + &get("/echo/b"))
            .expect(status(200))
            .expect(ok("a"))
            .expect(status(200))
            .expect(ok("b"))
            .open(),
        rfc9112("9.3.2", "pipelined-work", "Work elsewhere does not change the order.")
            .app()
            .send(get("/work/2") + &get("/echo/a") + &get("/work/1") + &get("/echo/b"))
            .expect(status(200))
            .expect(ok("a"))
            .expect(status(200))
            .expect(ok("b"))
            .open(),
        rfc9112("9.3.2", "pipelined-bodies", "Requests with bodies may be pipelined.")
            .app()
            .send(sized("POST", "/echo", "one") + &chunked("3\r\ntwo\r\n0\r\n\r\n"))
            .send(sized("POST", "/echo", "three"))
            .expect(ok("one"))
            .expect(ok("two"))
            .expect(ok("three"))
            .open(),
        rfc9112("9.3.2", "pipelined-stream", "A streamed response ends before the next begins.")
            .app()
            .send(get("/stream/2") + &get("/echo/next"))
            .expect(status(200).framed(Framing::Chunked))
            .expect(ok("next"))
            .open(),
        rfc9112("9.3.2", "pipelined-large", "Large responses may be pipelined.")
            .app()
            .send(sized("POST", "/echo", &"x".repeat(200_000)).repeat(3) + &get("/echo/next"))
            .expect(ok("x".repeat(200_000)))
            .expect(ok("x".repeat(200_000)))
            .expect(ok("x".repeat(200_000)))
            .expect(ok("next"))
            .open(),
        rfc9112(
            "9.3.2",
            "pipelined-part",
            "Part of a request behind a whole one waits for its rest.",
        )
        .app()
        .send(get("/echo/a") + "GET /echo/b HTT")
        .expect(ok("a"))
        .send("P/1.1\r\nHost: <host>\r\n\r\n")
        .expect(ok("b"))
        .open(),
        rfc9112(
            "9.3.2",
            "pipelined-errors",
            "An error with a response of its own does not end the line.",
        )
        .app()
        .send(get("/no/such/path") + &sized("POST", "/healthz", "x") + &get("/echo/c"))
        .expect(status(404))
        .expect(status(405))
        .expect(ok("c"))
        .open(),
        rfc9112("2.2", "pipelined-crlf", "Empty lines between requests are ignored.")
            .app()
            .send(get("/echo/a") + "\r\n" + &get("/echo/b") + "\r\n\r\n" + &get("/echo/c"))
            .expect(ok("a"))
            .expect(ok("b"))
            .expect(ok("c"))
            .open(),
        rfc9112("2.2", "crlf-after-body", "A CRLF behind a body is ignored.")
            .app()
            .send(sized("POST", "/echo", "hello") + "\r\n" + &get("/echo/b"))
            .expect(ok("hello"))
            .expect(ok("b"))
            .open(),
    ]
}
