//! RFC 9112 §9: persistence, close tokens, keep-alive of HTTP/1.0, half-close.

use crate::expected::{Expected, FieldRule, Framing, Statuses, ok, status};
use crate::http1::compose::{Draft, get, get_with, post, rfc9110, rfc9112, sized};

pub(super) fn cases() -> Vec<Draft> {
    [tokens(), old(), half_close(), after_errors()].concat()
}

fn understood() -> Expected {
    status(Statuses::Understood)
}

fn tokens() -> Vec<Draft> {
    let close = |value: &str| get_with("/", &format!("Connection: {value}\r\n"));
    vec![
        rfc9112("9.3", "persistent", "A connection of HTTP/1.1 persists.")
            .send(get("/"))
            .expect(understood())
            .send(get("/"))
            .expect(understood())
            .send(get("/"))
            .understood(),
        rfc9112("9.6", "close", "After a request with close the server closes.")
            .send(close("close"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-announced", "The last response says that it is the last.")
            .app()
            .send(close("close"))
            .expect(understood().lists("connection", "close"))
            .closed(),
        rfc9112("9.6", "close-any-case", "close may be spelt in any case.")
            .send(close("CLOSE"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-in-list", "close may be one of several options.")
            .send(close("x-option, close"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-with-keep-alive", "close wins over keep-alive.")
            .send(close("close, keep-alive"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-two-lines", "Options on two lines are one list.")
            .app()
            .send(close("keep-alive\r\nConnection: close"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-empty-elements", "Empty elements of the list are passed over.")
            .send(close(", ,close,"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-in-response", "An error that ends the connection says so.")
            .app()
            .send("GET / HTTP/1.1\r\n\r\n")
            .expect(status(400).lists("connection", "close"))
            .closed(),
        rfc9112("9.6", "close-then-request", "Nothing behind a request with close is answered.")
            .send(close("close") + &get("/"))
            .expect(understood())
            .closed(),
        rfc9112("9.6", "close-with-body", "The body of a request with close is still read.")
            .app()
            .send("POST /echo HTTP/1.1\r\nHost: <host>\r\nConnection: close\r\n")
            .send("Content-Length: 5\r\n\r\nhello")
            .expect(ok("hello"))
            .closed(),
        rfc9112("9.3", "keep-alive-1-1", "keep-alive changes nothing in HTTP/1.1.")
            .send(close("keep-alive"))
            .understood(),
        rfc9112("9.6", "closed-is-not-close", "closed is not close.")
            .send(close("closed"))
            .understood(),
        rfc9112(
            "9.3",
            "no-close-unasked",
            "A connection that persists is not announced as closing.",
        )
        .send(get("/"))
        .expect(understood().field("connection", FieldRule::Omits("close")))
        .open(),
        rfc9110("7.6.1", "connection-empty", "An empty Connection field is an empty list.")
            .app()
            .send(close(""))
            .understood(),
        rfc9110("7.6.1", "connection-names-field", "Connection may name other fields.")
            .send(get_with("/", "Connection: x-hop\r\nX-Hop: 1\r\n"))
            .understood(),
        rfc9110("7.8", "upgrade-unknown", "An upgrade to an unknown protocol is ignored.")
            .send(get_with("/", "Connection: upgrade\r\nUpgrade: nonsense/9\r\n"))
            .understood(),
        rfc9110("7.8", "upgrade-h2c", "HTTP/1.1 stays HTTP/1.1, although a client asks for h2c.")
            .app()
            .send(
                get_with(
                    "/echo/a",
                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                     HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
                ) + &get("/echo/b"),
            )
            .expect(ok("a").no_interim().without("upgrade"))
            .expect(ok("b"))
            .open(),
        rfc9110(
            "7.8",
            "upgrade-not-listed",
            "An upgrade that Connection does not name is ignored.",
        )
        .app()
        .send(get_with("/echo/a", "Upgrade: websocket\r\n"))
        .expect(ok("a").no_interim())
        .open(),
        rfc9110("7.8", "upgrade-1-0", "An upgrade in HTTP/1.0 is ignored.")
            .app()
            .send("GET /echo/a HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            .expect(ok("a").no_interim())
            .closed(),
    ]
}

fn old() -> Vec<Draft> {
    let old = |connection: &str| format!("GET / HTTP/1.0\r\nHost: <host>\r\n{connection}\r\n");
    vec![
        rfc9112("9.3", "closes-1-0", "A connection of HTTP/1.0 is closed after its response.")
            .send(old(""))
            .expect(understood())
            .closed(),
        rfc9112(
            "9.3",
            "closes-1-0-then-request",
            "Nothing behind a request of HTTP/1.0 is answered.",
        )
        .send(old("") + &old(""))
        .expect(understood())
        .closed(),
        rfc9112(
            "9.3",
            "keep-alive-1-0",
            "A connection of HTTP/1.0 persists on request, and is told so.",
        )
        .app()
        .send(old("Connection: keep-alive\r\n"))
        .expect(understood().lists("connection", "keep-alive"))
        .open(),
        rfc9112("9.3", "keep-alive-1-0-any-case", "keep-alive may be spelt in any case.")
            .app()
            .send(old("Connection: Keep-Alive\r\n"))
            .understood(),
        rfc9112("9.3", "keep-alive-1-0-close", "close wins over keep-alive in HTTP/1.0, too.")
            .send(old("Connection: keep-alive, close\r\n"))
            .expect(understood())
            .closed(),
        rfc9112("9.3", "keep-alive-1-0-once", "Each request of HTTP/1.0 asks for itself.")
            .app()
            .send(old("Connection: keep-alive\r\n"))
            .expect(understood())
            .send(old(""))
            .expect(understood())
            .closed(),
        rfc9112("6.3", "length-1-0", "A body of HTTP/1.0 has a Content-Length.")
            .app()
            .send("POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
            .expect(ok("hello"))
            .closed(),
        rfc9112("6.1", "no-chunks-1-0", "A response to HTTP/1.0 is not chunked.")
            .app()
            .send("GET /stream/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .expect(status(200).framed(Framing::Close).without("transfer-encoding"))
            .closed(),
        rfc9112("9.3", "proxy-connection", "Proxy-Connection means nothing to a server.")
            .send(old("Proxy-Connection: keep-alive\r\n"))
            .expect(understood())
            .closed(),
    ]
}

/// Asks for a WebSocket (RFC 6455 §4.1).
const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn half_close() -> Vec<Draft> {
    vec![
        rfc9112("9.6", "half-close", "A client that closes its side is still answered.")
            .app()
            .send(get("/echo/a"))
            .half_close()
            .expect(ok("a"))
            .closed(),
        rfc9112("9.6", "half-close-pipelined", "All requests ahead of a half-close are answered.")
            .app()
            .send(get("/echo/a") + &get("/echo/b") + &get("/echo/c"))
            .half_close()
            .expect(ok("a"))
            .expect(ok("b"))
            .expect(ok("c"))
            .closed(),
        rfc9112("9.6", "half-close-body", "A body ahead of a half-close is taken.")
            .app()
            .send(sized("POST", "/echo", "hello"))
            .half_close()
            .expect(ok("hello"))
            .closed(),
        rfc9112(
            "9.6",
            "half-close-delayed",
            "An answer that takes its time survives a half-close.",
        )
        .app()
        .send(get("/sleep/60"))
        .half_close()
        .expect(status(200))
        .closed(),
        rfc9112("9.6", "half-close-delayed-pipelined", "So do the answers behind it.")
            .app()
            .send(get("/sleep/60") + &get("/echo/b"))
            .half_close()
            .expect(status(200))
            .expect(ok("b"))
            .closed(),
        rfc9112("9.6", "half-close-work", "Work under way survives a half-close.")
            .app()
            .send(get("/work/2") + &get("/echo/b"))
            .half_close()
            .expect(status(200))
            .expect(ok("b"))
            .closed(),
        rfc9112("9.6", "half-close-stream", "A stream survives a half-close.")
            .app()
            .send(get("/stream/2"))
            .half_close()
            .expect(status(200).framed(Framing::Chunked))
            .closed(),
        rfc9112("9.6", "half-close-upgrade", "An upgrade survives a half-close.")
            .app()
            .send(get_with("/ws/echo", UPGRADE))
            .half_close()
            .expect(status(101))
            .closed(),
        rfc9112(
            "9.6",
            "half-close-upgrade-pipelined",
            "An upgrade behind another request survives it, too.",
        )
        .app()
        .send(get("/echo/a") + &get_with("/ws/echo", UPGRADE))
        .half_close()
        .expect(ok("a"))
        .expect(status(101))
        .closed(),
        rfc9110("10.1.1", "half-close-expect", "A body that is asked for and never comes is 400.")
            .app()
            .send(post("/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""))
            .half_close()
            .refused(400),
        rfc9112("9.6", "half-close-later", "An idle connection that the client closes is closed.")
            .app()
            .send(get("/echo/a"))
            .expect(ok("a"))
            .pause()
            .half_close()
            .closed(),
    ]
}

fn after_errors() -> Vec<Draft> {
    vec![
        rfc9112("9.3", "open-after-404", "404 does not end the connection.")
            .app()
            .send(get("/no/such/path"))
            .expect(status(404))
            .open(),
        rfc9112("9.3", "open-after-405", "405 does not end the connection.")
            .app()
            .send(sized("POST", "/healthz", "hello"))
            .expect(status(405))
            .open(),
        rfc9112("9.3", "closed-once", "A refused message has one response.")
            .send(get_with("/", "Name : value\r\n").repeat(2))
            .refused(400),
        rfc9112("9.3", "bad-after-good", "A bad request does not harm the one before it.")
            .app()
            .send(get("/echo/a") + "GET / HTTP/1.1\r\n\r\n" + &get("/echo/b"))
            .expect(ok("a"))
            .refused(400),
        rfc9112(
            "9.6",
            "readable-to-the-end",
            "A response is readable though its request still comes.",
        )
        .app()
        .send("GET / HTTP/1.1\r\nBad Name: x\r\n\r\n")
        .send("x".repeat(300_000))
        .refused(400),
        rfc9112("9.3", "large-unwanted-body", "A body too large to skip costs the connection.")
            .app()
            .send("POST /no/such/path HTTP/1.1\r\nHost: <host>\r\nContent-Length: 900000\r\n\r\n")
            .expect(status(404).lists("connection", "close"))
            .closed(),
    ]
}
