//! RFC 9110 §9: methods.

use crate::expected::{FieldRule, Framing, Statuses, ok, status};
use crate::http1::compose::{Draft, chunked, get, head, post, request, rfc9110, sized};

pub(super) fn cases() -> Vec<Draft> {
    [head_cases(), refused_heads(), options(), allow(), connect()].concat()
}

/// An error of the client's is told without content as well, if HEAD is the method.
fn refused_heads() -> Vec<Draft> {
    let case = |id, requirement, bytes: String, refusal| {
        rfc9110("9.3.2", id, requirement).send(bytes).expect(status(refusal).for_head()).closed()
    };
    let long = |length| "y".repeat(length);
    vec![
        case(
            "head-bad-field",
            "HEAD with a malformed field is 400 without a body.",
            request("HEAD", "/", "X-Name : value\r\n", ""),
            400,
        ),
        case(
            "head-no-host",
            "HEAD without Host is 400 without a body.",
            "HEAD / HTTP/1.1\r\n\r\n".into(),
            400,
        ),
        case(
            "head-bad-then-request",
            "A refused HEAD has one answer, and what follows it has none.",
            request("HEAD", "/", "X-Name : value\r\n", "") + &get("/"),
            400,
        ),
        case(
            "head-lengths",
            "HEAD with two lengths is 400 without a body.",
            request("HEAD", "/", "Content-Length: 0\r\nContent-Length: 1\r\n", ""),
            400,
        )
        .app(),
        case(
            "head-bad-target",
            "HEAD of a target that is none is 400 without a body.",
            request("HEAD", "nowhere", "", ""),
            400,
        )
        .app(),
        case(
            "head-bad-1-0",
            "HEAD of HTTP/1.0 that is refused is answered without a body.",
            "HEAD / HTTP/1.0\r\nX-Name : value\r\n\r\n".into(),
            400,
        )
        .app(),
        case(
            "head-large",
            "HEAD with a body that is too large is 413 without one.",
            request("HEAD", "/", "Content-Length: 999999999999\r\n", ""),
            413,
        )
        .app(),
        case(
            "head-long-target",
            "HEAD with a target that is too long is 414 without a body.",
            request("HEAD", &format!("/{}", long(9000)), "", ""),
            414,
        )
        .app(),
        case(
            "head-expectation",
            "HEAD with an unknown expectation is 417 without a body.",
            request("HEAD", "/", "Expect: miracles\r\n", ""),
            417,
        )
        .app(),
        case(
            "head-long-fields",
            "HEAD with fields that are too long is 431 without a body.",
            request("HEAD", "/", &format!("X: {}\r\n", long(20_000)), ""),
            431,
        )
        .app(),
        case(
            "head-coding",
            "HEAD with an unknown coding is 501 without a body.",
            request("HEAD", "/", "Transfer-Encoding: gzip, chunked\r\n", ""),
            501,
        )
        .app(),
        case(
            "head-version",
            "HEAD of another version is 505 without a body.",
            "HEAD / HTTP/2.0\r\nHost: <host>\r\n\r\n".into(),
            505,
        )
        .app(),
        rfc9110("9.3.2", "head-incomplete", "HEAD that breaks off is 400 without a body.")
            .app()
            .send("HEAD / HTTP/1.1\r\nHost: <ho")
            .half_close()
            .expect(status(400).for_head())
            .closed(),
    ]
}

/// Where to a tunnel is to go is checked even if there are no tunnels.
fn connect() -> Vec<Draft> {
    let refused = |id, requirement, target: &str| {
        rfc9110("9.3.6", id, requirement)
            .send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"))
            .expect(status(Statuses::Refused))
    };
    vec![
        refused("connect-empty-port", "CONNECT to an empty port is refused.", "localhost:"),
        refused(
            "connect-bad-port",
            "CONNECT to a port that is no number is refused.",
            "localhost:a",
        ),
        refused("connect-no-port", "CONNECT to no port is refused.", "localhost"),
    ]
}

fn head_cases() -> Vec<Draft> {
    vec![
        rfc9110("9.3.2", "head", "A response to HEAD has no body.")
            .send(head("/"))
            .expect(status(Statuses::Understood).for_head())
            .open(),
        rfc9110("9.3.2", "head-fields", "HEAD has the fields that GET would have.")
            .app()
            .send(head("/echo/four"))
            .expect(status(200).for_head().equals("content-length", "4").has("content-type"))
            .open(),
        rfc9110("9.3.2", "head-missing", "HEAD of what is not there is 404 without a body.")
            .app()
            .send(head("/no/such/path"))
            .expect(status(404).for_head())
            .open(),
        rfc9110("9.3.2", "head-not-allowed", "HEAD where there is no GET is 405 without a body.")
            .app()
            .send(head("/echo"))
            .expect(status(405).for_head().has("allow"))
            .open(),
        rfc9110("9.3.2", "head-stream", "HEAD of a stream has no chunks.")
            .app()
            .send(head("/stream/5"))
            .expect(status(200).for_head().without("content-length"))
            .open(),
        rfc9110("9.3.2", "head-healthz", "HEAD is everywhere where GET is.")
            .app()
            .send(head("/healthz"))
            .expect(status(200).for_head())
            .open(),
        rfc9110("9.3.2", "head-delayed", "HEAD of a slow answer is slow, and has no body.")
            .app()
            .send(head("/sleep/10"))
            .expect(status(200).for_head())
            .open(),
        rfc9110("9.3.2", "head-close", "HEAD and close go together.")
            .send(request("HEAD", "/", "Connection: close\r\n", ""))
            .expect(status(Statuses::Understood).for_head())
            .closed(),
        rfc9110("9.3.2", "head-1-0", "HEAD works in HTTP/1.0, too.")
            .send("HEAD / HTTP/1.0\r\nHost: <host>\r\n\r\n")
            .expect(status(Statuses::Understood).for_head())
            .closed(),
        rfc9110("9.3.1", "get", "GET gives the text in the path back.")
            .app()
            .send(get("/echo/hello"))
            .expect(ok("hello").framed(Framing::Length))
            .open(),
        rfc9110("9.3.3", "post", "POST gives the body back with its type.")
            .app()
            .send(post("/echo", "Content-Type: a/b; c=d\r\nContent-Length: 3\r\n", "abc"))
            .expect(ok("abc").equals("content-type", "a/b; c=d"))
            .open(),
        rfc9110("17.1", "echo-says-nosniff", "What is sent back is not taken for a page.")
            .app()
            .send(get("/echo/%3Cscript%3Ealert(1)%3C%2Fscript%3E"))
            .expect(
                ok("<script>alert(1)</script>")
                    .equals("content-type", "text/plain; charset=utf-8")
                    .equals("x-content-type-options", "nosniff"),
            )
            .send(post("/echo", "Content-Length: 1\r\n", "<"))
            .expect(
                ok("<")
                    .equals("content-type", "application/octet-stream")
                    .equals("x-content-type-options", "nosniff"),
            )
            .open(),
        rfc9110("9.3.3", "post-chunked", "POST takes a chunked body as well.")
            .app()
            .send(chunked("3\r\nabc\r\n0\r\n\r\n"))
            .expect(ok("abc").framed(Framing::Length))
            .open(),
    ]
}

fn options() -> Vec<Draft> {
    vec![
        rfc9110("9.3.7", "options-asterisk", "OPTIONS * tells of the server as a whole.")
            .app()
            .send(request("OPTIONS", "*", "", ""))
            .expect(status([200, 204]).lists("allow", "GET").lists("allow", "HEAD"))
            .open(),
        rfc9110("9.3.7", "options-asterisk-any", "OPTIONS * is understood.")
            .send(request("OPTIONS", "*", "", ""))
            .expect(status([200, 204, 403, 404, 405, 501]))
            .open(),
        rfc9110("9.3.7", "options-asterisk-1-0", "OPTIONS * works in HTTP/1.0, too.")
            .app()
            .send("OPTIONS * HTTP/1.0\r\n\r\n")
            .expect(status([200, 204]).has("allow"))
            .closed(),
        rfc9110("9.3.7", "options-asterisk-body", "OPTIONS may have a body, which is skipped.")
            .app()
            .send(sized("OPTIONS", "*", "hello"))
            .expect(status([200, 204]))
            .open(),
        rfc9110("9.3.7", "options-path", "OPTIONS of a path says what is allowed there.")
            .app()
            .send(request("OPTIONS", "/echo", "", ""))
            .expect(status([200, 204, 405]).lists("allow", "POST"))
            .open(),
    ]
}

fn allow() -> Vec<Draft> {
    let refused = |id, method, path, allowed| {
        rfc9110(
            "15.5.6",
            id,
            "A method that is known but not allowed is answered with 405 and Allow.",
        )
        .app()
        .send(sized(method, path, ""))
        .expect(status(405).field("allow", FieldRule::Lists(allowed)))
        .open()
    };
    vec![
        refused("not-allowed-post", "POST", "/healthz", "GET"),
        refused("not-allowed-post-head", "POST", "/echo/a", "HEAD"),
        refused("not-allowed-put", "PUT", "/echo", "POST"),
        refused("not-allowed-get", "GET", "/echo", "POST"),
        refused("not-allowed-delete", "DELETE", "/", "GET"),
        refused("not-allowed-patch", "PATCH", "/user-agent", "GET"),
        rfc9110("15.5.6", "allow-head", "Allow names HEAD where it names GET.")
            .app()
            .send(request("DELETE", "/healthz", "", ""))
            .expect(status(405).lists("allow", "GET").lists("allow", "HEAD"))
            .open(),
        rfc9110("9.3.8", "trace", "A server need not offer TRACE.")
            .app()
            .send(request("TRACE", "/", "", ""))
            .expect(status([405, 501]))
            .open(),
        rfc9110(
            "9.1",
            "unknown-before-known",
            "An unknown method is 501 even where others are allowed.",
        )
        .app()
        .send(request("BREW", "/echo", "", ""))
        .expect(status(501))
        .open(),
    ]
}
