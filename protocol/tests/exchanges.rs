//! What is answered to what, as data: the bytes of a client against the bytes of the server.
//!
//! Every row runs whole, byte by byte, split in two at every point, and with another request behind
//! it. The output is the same to the byte, and the request behind is answered if and only if the
//! connection persists.

mod common;

use common::demo::Demo;
use common::{End, drive};
use protocol::Refusal::{self, *};
use protocol::{Limits, http};

/// What comes of a row: the output, and whether the connection persists.
enum Expected {
    Kept(String),
    Closed(String),
}
use Expected::{Closed, Kept};

type Row<'a> = (&'a str, Expected);

/// Small limits, so that rows that exceed them are short.
fn limits() -> Limits {
    Limits {
        max_request_line: 60,
        max_head: 160,
        max_fields: 6,
        max_body: 60,
        max_collect: 30,
        max_chunk_extensions: 8,
        max_discard: 20,
        ..Limits::default()
    }
}

fn check(rows: &[Row<'_>]) {
    common::silence_expected_panics();
    for (input, expected) in rows {
        let (output, kept) = match expected {
            Kept(output) => (output.as_str(), true),
            Closed(output) => (output.as_str(), false),
        };
        let next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
        let longer = [*input, next].concat();
        let longer_output = if kept {
            [output, &ok("GET origin /next None HTTP/1.1")].concat()
        } else {
            output.into()
        };
        for (input, output) in [(*input, output), (&longer, &longer_output)] {
            let outcome = (output.to_owned(), kept);
            let wire = input.as_bytes();
            assert_eq!(exchange(&[wire]), outcome, "{input:?} whole");
            let bytes: Vec<&[u8]> = wire.chunks(1).collect();
            assert_eq!(exchange(&bytes), outcome, "{input:?} byte by byte");
            for at in 1..wire.len() {
                let (first, second) = wire.split_at(at);
                assert_eq!(exchange(&[first, second]), outcome, "{input:?} split at {at}");
            }
        }
    }
}

/// Feeds the pieces and waits a second, which is longer than any reply takes and shorter than any
/// timeout.
fn exchange(pieces: &[&[u8]]) -> (String, bool) {
    let mut driver = drive(Demo, limits());
    for piece in pieces {
        driver.feed(piece);
    }
    driver.pass_ms(1000);
    assert_eq!(driver.lost, 0);
    (driver.text(), driver.end == End::Open)
}

fn ok(body: &str) -> String {
    response("200 OK", "", body)
}

fn ok_closing(body: &str) -> String {
    response("200 OK", "connection: close\r\n", body)
}

/// A response with a body of plain text.
fn response(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {length}\r\n{fields}\r\n{body}"
    )
}

/// What is left of a response if it answers HEAD.
fn to_head(response: &str) -> String {
    let (head, _) = response.split_once("\r\n\r\n").expect("a head has an end");
    format!("{head}\r\n\r\n")
}

fn refused(refusal: Refusal) -> Expected {
    let status = refusal.status();
    let reason = status.canonical_reason().expect("a refusal has a standard status");
    let status = format!("{} {reason}", status.as_str());
    Closed(response(&status, "connection: close\r\n", &format!("{status}: {refusal}\n")))
}

fn internal_error() -> Expected {
    let status = "500 Internal Server Error";
    Closed(response(status, "connection: close\r\n", &format!("{status}\n")))
}

/// Requests for `/` with these field lines behind `Host`.
fn check_fields(rows: Vec<(&str, Expected)>) {
    for (fields, expected) in rows {
        check(&[(&format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n"), expected)]);
    }
}

/// The answer to such a request.
fn plain() -> Expected {
    Kept(ok("GET origin / None HTTP/1.1"))
}

#[test]
fn request_line() {
    check(&[
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", plain()),
        ("get / HTTP/1.1\r\nHost: h\r\n\r\n", Kept(ok("get origin / None HTTP/1.1"))),
        ("M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n", Kept(ok("M-SEARCH origin / None HTTP/1.1"))),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET /  HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        (" GET / HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET /\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET\r\n\r\n", refused(RequestLine)),
        ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / b HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1.1\nHost: h\r\n\r\n", refused(LineEnding)),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", refused(LineEnding)),
        ("GET / HTTP/1.1\r\nHost: h\r\n\n", refused(LineEnding)),
        ("GET /\rHTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", refused(LineEnding)),
        // What is no HTTP at all has no use for an answer.
        ("\u{16}\u{3}\u{1}\u{2}", Closed(String::new())),
        ("ANOTHER PROTOCOL BEGINS\r\n\r\n", Closed(String::new())),
        ("GET / BEGINS\r\n\r\n", refused(RequestLine)),
        ("GET b\rc BEGINS\r\n\r\n", refused(RequestLine)),
        ("GET b BEGINS\rc\r\n\r\n", refused(RequestLine)),
        ("GET begins HTTP/1.1\r\n\r\n", refused(Target)),
    ]);
}

#[test]
fn empty_lines_before_a_request_are_ignored() {
    check(&[
        ("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", plain()),
        ("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", plain()),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n", plain()),
        ("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("\r\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
    ]);
}

#[test]
fn versions() {
    check(&[
        ("GET / HTTP/1.0\r\n\r\n", Closed(ok_closing("GET origin / None HTTP/1.0"))),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", plain()),
        ("GET / HTTP/1.9\r\nHost: h\r\n\r\n", plain()),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", refused(Version)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused(Version)),
        ("GET / b HTTP/2.0\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET  / HTTP/2.0\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/2.0\rb\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/0.9\r\nHost: h\r\n\r\n", refused(Version)),
        ("GET / HTTP/3.1\r\nHost: h\r\n\r\n", refused(Version)),
        ("GET / HTTP/1.10\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1.\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / http/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTPS/1.1\r\nHost: h\r\n\r\n", refused(RequestLine)),
        ("GET / HTTP/1,1\r\nHost: h\r\n\r\n", refused(RequestLine)),
    ]);
}

#[test]
fn targets_in_their_four_forms() {
    for (line, understood) in [
        ("GET /", "GET origin / None"),
        ("GET /a/b%20c", "GET origin /a/b%20c None"),
        ("GET /a?", "GET origin /a Some(\"\")"),
        ("GET /a?b=c?d", "GET origin /a Some(\"b=c?d\")"),
        ("GET //a", "GET origin //a None"),
        ("GET http://a.example", "GET absolute a.example / None"),
        ("GET HTTPS://a.example:8443/b?c", "GET absolute a.example:8443 /b Some(\"c\")"),
        ("GET http://[::1]:80?q", "GET absolute [::1]:80 / Some(\"q\")"),
        ("OPTIONS /", "OPTIONS origin / None"),
        ("OPTIONS *", "OPTIONS asterisk"),
    ] {
        let input = format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n");
        check(&[(&input, Kept(ok(&format!("{understood} HTTP/1.1"))))]);
    }
    let connect = "CONNECT a.example:443 HTTP/1.1\r\nHost: h\r\n\r\n";
    let understood = "CONNECT authority a.example:443 HTTP/1.1";
    check(&[(connect, Kept(response("403 Forbidden", "", understood)))]);
}

#[test]
fn targets_of_no_form() {
    for line in [
        "GET *",
        "GET a",
        "GET a/b",
        "GET ?a",
        "GET #",
        "GET /#a",
        "GET /\u{e9}",
        "GET http:/a",
        "GET http://",
        "GET http:///a",
        "GET http://:80/",
        "GET http://user@a.example/",
        "GET ftp://a.example/",
        "GET a.example:443",
        "CONNECT a.example",
        "CONNECT a.example:",
        "CONNECT :443",
        "CONNECT a.example:x",
        "CONNECT [::1]",
        "CONNECT [::1]:",
        "CONNECT /",
        "CONNECT http://a.example/",
    ] {
        check(&[(&format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n"), refused(Target))]);
    }
}

#[test]
fn host() {
    let with = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n");
    for fields in [
        "Host: h\r\n",
        "hOST: h\r\n",
        "Host:h\r\n",
        "Host: \t h \t\r\n",
        "Host:\r\n",
        "Host: h:80\r\n",
        "Host: h:\r\n",
        "Host: 127.0.0.1:80\r\n",
        "Host: [::1]\r\n",
        "Host: [::ffff:127.0.0.1]:80\r\n",
        "Host: a_b.example\r\n",
        "Host: a%2Db.example\r\n",
        "Host: [1:2:3:4:5:6:7:8]:\r\n",
    ] {
        check(&[(&with(fields), plain())]);
    }
    for fields in [
        "",
        "X: h\r\n",
        "Host: h\r\nHost: h\r\n",
        "Host: a b\r\n",
        "Host: a,b@c\r\n",
        "Host: h/\r\n",
        "Host: h:x\r\n",
        "Host: h:80:80\r\n",
        "Host: [::1\r\n",
        "Host: []\r\n",
        "Host: [1]\r\n",
        "Host: [127.0.0.1]\r\n",
        "Host: [::1::2]\r\n",
        "Host: [12345::]\r\n",
        "Host: [v1.a]\r\n",
        "Host: a%2\r\n",
        "Host: a%zz\r\n",
        "Host: %\r\n",
        "Host: [::1]x\r\n",
        "Host: \u{e9}\r\n",
    ] {
        check(&[(&with(fields), refused(Host))]);
    }
    check(&[("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", refused(Host))]);
}

#[test]
fn field_lines() {
    check(&[(
        "GET /fields HTTP/1.1\r\nHost: h\r\nA:1\r\na: \t2 3\t \r\nB:\r\n\
         !#$%&'*+-.^_`|~9: \u{e9}\"\r\n\r\n",
        Kept(ok("Host=h\nA=1\na=2 3\nB=\n!#$%&'*+-.^_`|~9=\\xc3\\xa9\\\"\n")),
    )]);
    let faulty = [
        "X : y",
        "X\t: y",
        " X: y",
        "X",
        ": y",
        "X y: z",
        "X(: y",
        "\u{e9}: y",
        "X: y\r\n folded",
        "X: y\r\n\tfolded",
        "X: y\rz",
        "X: y\r\r",
        "X: y\0z",
        "X: y\u{1}",
        "X: y\u{b}z",
        "X: y\u{7f}",
        "X\0: y",
    ];
    check_fields(faulty.map(|fields| (fields, refused(FieldLine))).into());
    check_fields(vec![("X: y\nA: b", refused(LineEnding)), ("X: y\n", refused(LineEnding))]);
}

#[test]
fn persistence_by_version_and_tokens() {
    let text = "GET origin / None HTTP/1.1";
    check_fields(vec![
        ("Connection: keep-alive", plain()),
        ("Connection: close", Closed(ok_closing(text))),
        ("Connection: CLOSE", Closed(ok_closing(text))),
        ("Connection: keep-alive, close", Closed(ok_closing(text))),
        ("Connection: close,keep-alive", Closed(ok_closing(text))),
        ("Connection: ,, x ,\tclose ,", Closed(ok_closing(text))),
        ("Connection: x\r\nConnection: close", Closed(ok_closing(text))),
        ("Connection: closed", plain()),
        ("Connection: not-close", plain()),
        ("Connection:", plain()),
        ("Proxy-Connection: close", plain()),
    ]);
    let old = "GET origin / None HTTP/1.0";
    let kept = || Kept(response("200 OK", "connection: keep-alive\r\n", old));
    check(&[
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", kept()),
        ("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n", kept()),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", Closed(ok_closing(old))),
        ("GET / HTTP/1.0\r\nConnection: x\r\n\r\n", Closed(ok_closing(old))),
        ("GET /close HTTP/1.1\r\nHost: h\r\n\r\n", Closed(ok_closing("bye"))),
    ]);
}

/// Rows of field lines and body, posted to a path.
fn check_posts(path: &str, rows: Vec<(&str, &str, Expected)>) {
    for (fields, body, expected) in rows {
        let input = format!("POST {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n{body}");
        check(&[(&input, expected)]);
    }
}

#[test]
fn content_length() {
    let collected = |body| Kept(ok(&format!("collected {body:?}")));
    check_posts(
        "/collect",
        vec![
            ("X: y", "", collected("")),
            ("Content-Length: 0", "", collected("")),
            ("Content-Length: 5", "hello", collected("hello")),
            ("content-length:5", "he\r\no", collected("he\r\no")),
            ("Content-Length: 005", "hello", collected("hello")),
            ("Content-Length: 5, 5", "hello", refused(ContentLength)),
            ("Content-Length: 5\r\nContent-Length: 5", "hello", refused(ContentLength)),
            ("Content-Length: 5\r\nContent-Length: 6", "hello", refused(ContentLength)),
            ("Content-Length:", "hello", refused(ContentLength)),
            ("Content-Length: +5", "hello", refused(ContentLength)),
            ("Content-Length: -5", "hello", refused(ContentLength)),
            ("Content-Length: 5 5", "hello", refused(ContentLength)),
            ("Content-Length: 5.0", "hello", refused(ContentLength)),
            ("Content-Length: 0x5", "hello", refused(ContentLength)),
            ("Content-Length: five", "hello", refused(ContentLength)),
            ("Content-Length: 18446744073709551616", "hello", refused(ContentLength)),
            ("Content-Length: 18446744073709551615", "hello", refused(BodyTooLarge)),
            ("Content_Length: 5", "", collected("")),
        ],
    );
}

#[test]
fn transfer_encoding() {
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let collected = || Kept(ok("collected \"hello\""));
    check_posts(
        "/collect",
        vec![
            ("Transfer-Encoding: chunked", chunks, collected()),
            ("transfer-encoding:CHUNKED", chunks, collected()),
            ("Transfer-Encoding: , chunked,", chunks, collected()),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", chunks, refused(Framing)),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", chunks, refused(Framing)),
            ("Content-Length: x\r\nTransfer-Encoding: chunked", chunks, refused(ContentLength)),
            ("Transfer-Encoding: chunked, chunked", chunks, refused(Framing)),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", chunks, refused(Framing)),
            ("Transfer-Encoding: gzip, chunked", chunks, refused(TransferCoding)),
            (
                "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                chunks,
                refused(TransferCoding),
            ),
            ("Transfer-Encoding: chunked, gzip", chunks, refused(Framing)),
            ("Transfer-Encoding: chunked, identity", chunks, refused(Framing)),
            ("Transfer-Encoding: gzip", chunks, refused(Framing)),
            ("Transfer-Encoding: identity", chunks, refused(Framing)),
            ("Transfer-Encoding: identity\r\nContent-Length: 5", chunks, refused(Framing)),
            ("Transfer-Encoding:", chunks, refused(Framing)),
            ("Transfer-Encoding: ,", chunks, refused(Framing)),
            ("Transfer-Encoding: chunked;q=1", chunks, refused(Framing)),
            ("Transfer-Encoding: \"chunked\"", chunks, refused(Framing)),
            ("Transfer-Encoding: xchunked", chunks, refused(Framing)),
            ("Transfer-Encoding: chunked\u{a0}", chunks, refused(Framing)),
            ("Transfer-Encoding: chunked\u{b}", chunks, refused(FieldLine)),
            ("Transfer-Encoding : chunked", chunks, refused(FieldLine)),
            (
                "Transfer_Encoding: chunked\r\nContent-Length: 15",
                chunks,
                Kept(ok("collected \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"")),
            ),
        ],
    );
    check(&[(
        "POST /collect HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        refused(Framing),
    )]);
}

#[test]
fn chunks() {
    let post = |body, expected| {
        check_posts("/collect", vec![("Transfer-Encoding: chunked", body, expected)]);
    };
    let collected = |body| Kept(ok(&format!("collected {body:?}")));
    post("0\r\n\r\n", collected(""));
    post("000\r\n\r\n", collected(""));
    post("1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n0\r\n\r\n", collected("abc0123456789"));
    post("2\r\n\r\n\r\n0\r\n\r\n", collected("\r\n"));
    post("1;a\r\na\r\n0;b=c\r\n\r\n", collected("a"));
    post("1 ; a=\"b\"\r\na\r\n0\r\n\r\n", collected("a"));
    post("1\r\na\r\n0\r\nA: b\r\nHost: other\r\nContent-Length: 7\r\n\r\n", collected("a"));
    for faulty in [
        "\r\n",
        "x\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "-1\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\r\na\r\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "1;123456789\r\na\r\n0\r\n\r\n",
        "1;\r\na\r\n0\r\n\r\n",
        "1;a b\r\na\r\n0\r\n\r\n",
        "1;a=\"b\r\na\r\n0\r\n\r\n",
        "1\r\na\r\n0;\"a\"\r\n\r\n",
        "10000000000000000\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA: b\r\n folded\r\n\r\n",
        "0\r\nA: b\0\r\n\r\n",
        "0\r\n\n",
    ] {
        post(faulty, refused(Chunk));
    }
    post(&format!("0\r\nA: {}\r\n\r\n", "b".repeat(160)), refused(FieldsTooLarge));
}

#[test]
fn bodies_are_limited() {
    let big = "0123456789".repeat(7);
    check_posts(
        "/collect",
        vec![
            ("Content-Length: 30", &big[..30], Kept(ok(&format!("collected {:?}", &big[..30])))),
            ("Content-Length: 31", &big[..31], refused(BodyTooLarge)),
            ("Content-Length: 61", &big[..61], refused(BodyTooLarge)),
            (
                "Transfer-Encoding: chunked",
                &format!("1f\r\n{}\r\n0\r\n\r\n", &big[..31]),
                refused(BodyTooLarge),
            ),
            (
                "Transfer-Encoding: chunked",
                "f\r\n0123456789abcde\r\nf\r\n0123456789abcde\r\n1\r\nx\r\n0\r\n\r\n",
                refused(BodyTooLarge),
            ),
        ],
    );
    check_posts(
        "/stream",
        vec![
            ("Content-Length: 60", &big[..60], Kept(ok(&format!("streamed {:?}", &big[..60])))),
            ("Content-Length: 61", &big[..61], refused(BodyTooLarge)),
            (
                "Transfer-Encoding: chunked",
                &format!("1e\r\n{}\r\n1f\r\n{}\r\n0\r\n\r\n", &big[..30], &big[..31]),
                refused(BodyTooLarge),
            ),
        ],
    );
}

#[test]
fn bodies_are_streamed() {
    let streamed = |body| Kept(ok(&format!("streamed {body:?}")));
    check_posts(
        "/stream",
        vec![
            ("X: y", "", streamed("")),
            ("Content-Length: 0", "", streamed("")),
            ("Content-Length: 5", "hello", streamed("hello")),
            ("Transfer-Encoding: chunked", "0\r\n\r\n", streamed("")),
            (
                "Transfer-Encoding: chunked",
                "2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n",
                streamed("hello"),
            ),
        ],
    );
    let full = || Kept("HTTP/1.1 507 Insufficient Storage\r\ncontent-length: 0\r\n\r\n".to_owned());
    check_posts(
        "/stream/full",
        vec![
            ("X: y", "", Kept(ok("nothing to store"))),
            ("Content-Length: 5", "hello", full()),
            ("Transfer-Encoding: chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", full()),
        ],
    );
}

#[test]
fn bodies_that_nobody_wants_are_thrown_away() {
    let answer = "POST origin / None HTTP/1.1";
    let big = "x".repeat(21);
    check_posts(
        "/",
        vec![
            ("Content-Length: 5", "hello", Kept(ok(answer))),
            ("Content-Length: 20", &big[..20], Kept(ok(answer))),
            ("Content-Length: 21", &big, Closed(ok_closing(answer))),
            ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", Kept(ok(answer))),
            // How long it is shows too late for the head to say that the connection ends.
            (
                "Transfer-Encoding: chunked",
                "14\r\nxxxxxxxxxxxxxxxxxxxx\r\n1\r\nx\r\n0\r\n\r\n",
                Closed(ok(answer)),
            ),
            ("Transfer-Encoding: chunked", "5\r\nhello!\r\n", Closed(ok(answer))),
            ("Content-Length: 5\r\nConnection: close", "hello", Closed(ok_closing(answer))),
        ],
    );
    check_posts(
        "/later",
        vec![
            ("Content-Length: 5", "hello", Kept(ok("later"))),
            ("Content-Length: 21", &big, Closed(ok_closing("later"))),
        ],
    );
}

#[test]
fn heads_are_limited() {
    let request = |target: usize, fields: &[usize]| {
        let mut text = format!("GET /{} HTTP/1.1\r\nHost: h\r\n", "x".repeat(target - 1));
        for field in fields {
            text += &format!("A: {}\r\n", "x".repeat(field - 3));
        }
        text + "\r\n"
    };
    // GET SP, SP HTTP/1.1: thirteen bytes beside the target.
    let longest = format!("GET origin /{} None HTTP/1.1", "x".repeat(46));
    check(&[
        (&request(60 - 13, &[]), Kept(ok(&longest))),
        (&request(61 - 13, &[]), refused(RequestLineTooLong)),
        (&request(300, &[]), refused(RequestLineTooLong)),
        // The request line has 16 bytes, `Host: h` 9, the empty line 2.
        (&request(1, &[131]), plain()),
        (&request(1, &[132]), refused(FieldsTooLarge)),
        (&request(1, &[60, 60, 60]), refused(FieldsTooLarge)),
        (&request(1, &[4; 5]), plain()),
        (&request(1, &[4; 6]), refused(FieldsTooLarge)),
        (&"G".repeat(62), refused(RequestLineTooLong)),
    ]);
}

#[test]
fn expectations() {
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    let with = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    for (path, answer) in
        [("/collect", "collected"), ("/stream", "streamed"), ("/work/collect", "worked")]
    {
        let mut driver = drive(Demo, limits());
        driver.feed_bytewise(with(path, 5));
        assert_eq!(driver.take_text(), go_on, "{path}");
        driver.feed_bytewise("hello");
        assert_eq!(driver.take_text(), ok(&format!("{answer} \"hello\"")), "{path}");
        driver.feed(with(path, 5) + "hello");
        let answer = ok(&format!("{answer} \"hello\""));
        assert_eq!(driver.take_text(), answer, "the body is on its way already: {path}");
        assert_eq!(driver.end, End::Open);
    }
    check(&[
        // Nobody asks for the body, so it may or may not come: the connection cannot persist.
        (&with("/", 5), Closed(ok_closing("POST origin / None HTTP/1.1"))),
        (&with("/collect", 31), refused(BodyTooLarge)),
        (&with("/collect", 61), refused(BodyTooLarge)),
        (&with("/collect", 0), Kept(ok("collected \"\""))),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", plain()),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n", refused(Expectation)),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x\r\n\r\n", refused(Expectation)),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect:\r\n\r\n", refused(Expectation)),
        (
            "POST /collect HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
            Closed(ok_closing("collected \"hi\"")),
        ),
    ]);
}

/// RFC 9110 §9.3.2: also a refusal of HEAD has its length and no content, once the method is known.
#[test]
fn a_refused_head_has_no_content() {
    let long = "x".repeat(160);
    let rows = [
        ("HEAD / HTTP/1.1\r\n\r\n", Host),
        ("HEAD / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n", FieldLine),
        (
            "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            ContentLength,
        ),
        ("HEAD / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", LineEnding),
        ("HEAD nowhere HTTP/1.1\r\nHost: h\r\n\r\n", Target),
        ("HEAD  / HTTP/1.1\r\nHost: h\r\n\r\n", RequestLine),
        ("HEAD \r\n\r\n", RequestLine),
        ("HEAD / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Framing),
        ("HEAD / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", Host),
        ("HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 61\r\n\r\n", BodyTooLarge),
        ("HEAD /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 31\r\n\r\n", BodyTooLarge),
        ("HEAD /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;;\r\n", Chunk),
        (&*format!("HEAD /{long}"), RequestLineTooLong),
        ("HEAD / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", Expectation),
        (&format!("HEAD / HTTP/1.1\r\nHost: h\r\nX: {long}"), FieldsTooLarge),
        ("HEAD / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", TransferCoding),
        ("HEAD / HTTP/2.0\r\nHost: h\r\n\r\n", Version),
        ("\r\nHEAD / HTTP/1.1\r\n\r\n", Host),
    ];
    for (input, refusal) in rows {
        let Closed(whole) = refused(refusal) else { unreachable!() };
        check(&[(input, Closed(to_head(&whole)))]);
    }
    let first = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let Closed(whole) = refused(Host) else { unreachable!() };
    let answers = [ok("GET origin /a None HTTP/1.1"), to_head(&whole)].concat();
    check(&[(&format!("{first}HEAD / HTTP/1.1\r\n\r\n"), Closed(answers))]);
    // These are other methods, or none.
    check(&[
        ("head / HTTP/1.1\r\n\r\n", refused(Host)),
        ("HEADS / HTTP/1.1\r\n\r\n", refused(Host)),
        ("HEAD\t/ HTTP/1.1\r\n\r\n", refused(RequestLine)),
        ("HEAD\r\n\r\n", refused(RequestLine)),
    ]);
}

#[test]
fn responses_without_a_body() {
    check(&[
        ("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", Kept(to_head(&ok("HEAD origin / None HTTP/1.1")))),
        (
            "HEAD /source HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()),
        ),
        (
            "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_owned()),
        ),
        (
            "HEAD /large HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n".to_owned()),
        ),
        (
            "GET /204 HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        ),
        (
            "GET /304 HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 304 Not Modified\r\n\r\n".to_owned()),
        ),
        (
            "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()),
        ),
        (
            "GET /file/empty HTTP/1.1\r\nHost: h\r\n\r\n",
            Kept("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()),
        ),
    ]);
}

#[test]
fn replies_from_elsewhere() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    check(&[
        (&get("/later"), Kept(ok("later"))),
        (&get("/work"), Kept(ok("worked"))),
        (&get("/work/later"), Kept(ok("much later"))),
        (&get("/work/collect"), Kept(ok("worked \"\""))),
        (&get("/future"), Kept(ok("came to pass"))),
        (&get("/file"), Kept("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789".to_owned())),
    ]);
    check_posts("/work/collect", vec![("Content-Length: 2", "hi", Kept(ok("worked \"hi\"")))]);
}

#[test]
fn bodies_that_are_produced() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let chunked = |chunks: &str| {
        Kept(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"))
    };
    let counted = "00000002\r\n1,\r\n00000002\r\n2,\r\n00000002\r\n3,\r\n";
    let until_close = Closed("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n1,2,3,".to_owned());
    check(&[
        (&get("/source"), chunked(counted)),
        (&get("/source/slow"), chunked(counted)),
        (&get("/source/empty"), chunked("")),
        ("GET /source HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", until_close),
    ]);
}

#[test]
fn answers_stand_in_the_order_of_the_requests() {
    let paths = ["/a", "/later", "/b", "/work/later", "/source", "/file", "/work", "/c"];
    let input: String =
        paths.iter().map(|path| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    let chunks = "00000002\r\n1,\r\n00000002\r\n2,\r\n00000002\r\n3,\r\n0\r\n\r\n";
    let output = [
        ok("GET origin /a None HTTP/1.1"),
        ok("later"),
        ok("GET origin /b None HTTP/1.1"),
        ok("much later"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"),
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789".to_owned(),
        ok("worked"),
        ok("GET origin /c None HTTP/1.1"),
    ];
    check(&[(&input, Kept(output.concat()))]);
}

#[test]
fn requests_before_a_refused_message_are_answered() {
    let input = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n\
                 POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi\
                 GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n";
    let Closed(refusal) = refused(Host) else { unreachable!() };
    check(&[(input, Closed([ok("later"), ok("collected \"hi\""), refusal].concat()))]);
}

#[test]
fn a_refusal_knows_nothing_of_the_request_before_it() {
    let Closed(refusal) = refused(Host) else { unreachable!() };
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n";
    check(&[
        (
            "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            Closed(format!("{head}\r\n{refusal}")),
        ),
        (
            "HEAD /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            Closed(format!("{head}connection: keep-alive\r\n\r\n{refusal}")),
        ),
    ]);
}

#[test]
fn a_panic_is_answered_and_costs_the_connection() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    check(&[
        (&get("/panic"), internal_error()),
        (&get("/panic/collect"), internal_error()),
        (&get("/panic/work"), internal_error()),
        (&get("/panic/future"), internal_error()),
        (&get("/stream/panic"), internal_error()),
    ]);
    for path in ["/panic", "/panic/collect", "/panic/work", "/stream/panic"] {
        check_posts(path, vec![("Content-Length: 5", "hello", internal_error())]);
    }
}

#[test]
fn a_broken_source_ends_the_connection_and_not_the_body() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let before = ok("GET origin / None HTTP/1.1");
    check(&[
        (
            &(get("/") + &get("/panic/source")),
            Closed(format!("{before}{head}00000004\r\npart\r\n")),
        ),
        (&(get("/") + &get("/stalled/source")), Closed(format!("{before}{head}"))),
    ]);
}

#[test]
fn the_status_line_of_a_refusal_is_as_documented() {
    for (refusal, code) in [
        (LineEnding, 400),
        (Timeout, 408),
        (BodyTooLarge, 413),
        (RequestLineTooLong, 414),
        (Expectation, 417),
        (FieldsTooLarge, 431),
        (TransferCoding, 501),
        (Version, 505),
    ] {
        assert_eq!(refusal.status(), http::StatusCode::from_u16(code).unwrap());
    }
}
