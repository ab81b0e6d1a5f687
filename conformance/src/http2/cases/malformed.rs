//! RFC 9113 §8.1.1, §8.2, §8.3, §8.5: requests that are malformed.

use crate::expected::{ok, status};
use crate::http2::compose::{Draft, fields, get, get_with, post, request, rfc9113, with};
use crate::http2::frame::Code::ProtocolError;
use crate::http2::frame::{continuation, data, headers};
use crate::http2::hpack::{Literal, indexed};
use crate::http2::step::Outcome;

pub(super) fn cases() -> Vec<Draft> {
    let areas = [messages(), trailers(), pseudo_fields(), paths(), names_and_values()];
    [areas.concat(), of_the_connection(), connect()].concat()
}

fn messages() -> Vec<Draft> {
    let sized = |id, requirement, length| {
        rfc9113("8.1.1", id, requirement)
            .send(headers(1, with(post("/echo"), &[("content-length", length)])))
    };
    vec![
        rfc9113("8.1", "h2-headers-twice", "A second field section ends the request.")
            .send_all([
                headers(1, post("/echo")),
                data(1, "test"),
                headers(1, fields(&[("a", "b")])),
            ])
            .malformed(1),
        rfc9113("8.1", "h2-trailers-then-data", "Nothing follows on trailers.")
            .send_all([
                headers(1, post("/echo")),
                headers(1, fields(&[("a", "b")])),
                data(1, "test").end_stream(),
            ])
            .malformed(1),
        rfc9113("8.1", "h2-trailers-upper-case", "Trailers are checked as other fields are.")
            .send_all([headers(1, post("/echo")), headers(1, fields(&[("X-A", "b")])).end_stream()])
            .malformed(1),
        rfc9113(
            "8.2.2",
            "h2-trailers-connection",
            "Nor do trailers speak of a connection of HTTP/1.1.",
        )
        .send_all([
            headers(1, post("/echo")),
            headers(1, fields(&[("connection", "close")])).end_stream(),
        ])
        .malformed(1),
        sized("h2-length-less", "Content that is longer than was said is malformed.", "1")
            .send(data(1, "test").end_stream())
            .malformed(1),
        sized("h2-length-more", "Content that is shorter than was said is malformed.", "5")
            .send(data(1, "test").end_stream())
            .malformed(1),
        sized("h2-length-sum", "It is all DATA together that count.", "4")
            .send_all([data(1, "test"), data(1, "test").end_stream()])
            .malformed(1),
        sized("h2-length-zero", "Content where none was announced is malformed.", "0")
            .send(data(1, "a").end_stream())
            .malformed(1),
        sized("h2-length-trailers", "Trailers end the content.", "5")
            .send_all([data(1, "test"), headers(1, fields(&[("a", "b")])).end_stream()])
            .malformed(1),
        rfc9113("8.1.1", "h2-length-missing", "A request without content has not announced any.")
            .send(headers(1, with(post("/echo"), &[("content-length", "4")])).end_stream())
            .malformed(1),
        sized("h2-length-no-number", "A length is a number.", "four")
            .send(data(1, "test").end_stream())
            .malformed(1),
        sized("h2-length-sign", "A length has no sign.", "+4")
            .send(data(1, "test").end_stream())
            .malformed(1),
        rfc9113("8.1.1", "h2-length-two", "Two lengths that differ are malformed.")
            .send(headers(
                1,
                with(post("/echo"), &[("content-length", "4"), ("content-length", "5")]),
            ))
            .send(data(1, "test").end_stream())
            .malformed(1),
    ]
}

fn trailers() -> Vec<Draft> {
    let with = |id, block: Vec<u8>| {
        rfc9113("8.1", id, "Trailers have no pseudo-fields.")
            .send_all([headers(1, post("/echo")), data(1, "test"), headers(1, block).end_stream()])
            .malformed(1)
    };
    vec![
        with("h2-trailers-path", fields(&[(":path", "/")])),
        with("h2-trailers-status", fields(&[(":status", "200")])),
        with(
            "h2-trailers-authority-coded",
            Literal::Indexed.field_coded(":authority", "localhost"),
        ),
        with("h2-trailers-method-indexed", indexed(2)),
        with("h2-trailers-pseudo-last", [fields(&[("a", "b")]), indexed(6)].concat()),
        rfc9113("8.1", "h2-trailers-pseudo-alone", "Such trailers leave other streams alone.")
            .app()
            .send_all([
                headers(1, post("/echo")),
                headers(3, post("/echo")),
                data(1, "one"),
                data(3, "three"),
                headers(1, fields(&[(":path", "/")])).end_stream(),
                headers(3, fields(&[("a", "b")])).end_stream(),
            ])
            .any_of([Outcome::Reset(1, vec![ProtocolError])])
            .response(3, ok("three"))
            .goes_on(5),
    ]
}

fn wrong(
    section: &'static str,
    id: &'static str,
    requirement: &'static str,
    block: impl Into<Vec<u8>>,
) -> Draft {
    rfc9113(section, id, requirement).send(headers(1, block).end_stream()).malformed(1)
}

fn pseudo_fields() -> Vec<Draft> {
    const METHOD: (&str, &str) = (":method", "GET");
    const SCHEME: (&str, &str) = (":scheme", "http");
    const PATH: (&str, &str) = (":path", "/");
    const AUTHORITY: (&str, &str) = (":authority", "localhost");
    let case =
        |id, requirement, list: &[(&str, &str)]| wrong("8.3.1", id, requirement, fields(list));
    vec![
        case("h2-no-method", "A request has a method.", &[SCHEME, PATH, AUTHORITY]),
        case("h2-no-scheme", "A request has a scheme.", &[METHOD, PATH, AUTHORITY]),
        case("h2-no-path", "A request has a path.", &[METHOD, SCHEME, AUTHORITY]),
        case("h2-nothing", "A request has pseudo-fields.", &[("a", "b")]),
        case("h2-empty", "A request has fields.", &[]),
        case("h2-empty-path", "A path is not empty.", &[METHOD, SCHEME, (":path", ""), AUTHORITY]),
        case(
            "h2-empty-method",
            "A method is not empty.",
            &[(":method", ""), SCHEME, PATH, AUTHORITY],
        ),
        case(
            "h2-empty-scheme",
            "A scheme is not empty.",
            &[METHOD, (":scheme", ""), PATH, AUTHORITY],
        ),
        case(
            "h2-scheme-space",
            "A scheme has no white space.",
            &[METHOD, (":scheme", "ht tp"), PATH, AUTHORITY],
        ),
        case(
            "h2-path-asterisk",
            "The path `*` is for OPTIONS alone.",
            &[METHOD, SCHEME, (":path", "*"), AUTHORITY],
        )
        .app(),
        case(
            "h2-method-space",
            "A method is a token.",
            &[(":method", "GE T"), SCHEME, PATH, AUTHORITY],
        ),
        case(
            "h2-path-relative",
            "A path begins with a slash.",
            &[METHOD, SCHEME, (":path", "echo"), AUTHORITY],
        )
        .app(),
        case(
            "h2-path-space",
            "A path has no white space.",
            &[METHOD, SCHEME, (":path", "/a b"), AUTHORITY],
        ),
        case(
            "h2-path-line",
            "A path is not two lines.",
            &[METHOD, SCHEME, (":path", "/ HTTP/1.1\r\nx-b: c"), AUTHORITY],
        ),
        case(
            "h2-method-line",
            "A method is not two lines.",
            &[(":method", "GET / HTTP/1.1\r\nx-b: c"), SCHEME, PATH, AUTHORITY],
        ),
        case(
            "h2-authority-line",
            "An authority is not two lines.",
            &[METHOD, SCHEME, PATH, (":authority", "a\r\nx-b: c")],
        ),
        case(
            "h2-authority-user",
            "An authority comes without user information.",
            &[METHOD, SCHEME, PATH, (":authority", "user@example.com")],
        )
        .app(),
        case(
            "h2-host-differs",
            "Host names the host of :authority, if it is there.",
            &[METHOD, SCHEME, PATH, AUTHORITY, ("host", "example.com")],
        )
        .app(),
        case(
            "h2-host-twice",
            "There is one Host, also where both say the same.",
            &[METHOD, SCHEME, PATH, ("host", "localhost"), ("host", "localhost")],
        )
        .app(),
        rfc9113("8.3.1", "h2-no-host", "A request without a host is answered with 400.")
            .app()
            .send(headers(1, fields(&[METHOD, SCHEME, PATH])).end_stream())
            .response(1, status(400))
            .goes_on(3),
        rfc9113("8.3.1", "h2-host-empty", "Host may be empty.")
            .app()
            .send(headers(1, fields(&[METHOD, SCHEME, PATH, ("host", "")])).end_stream())
            .understood(1)
            .goes_on(3),
        case("h2-method-twice", "There is one method.", &[METHOD, METHOD, SCHEME, PATH, AUTHORITY]),
        case("h2-scheme-twice", "There is one scheme.", &[METHOD, SCHEME, SCHEME, PATH, AUTHORITY]),
        case("h2-path-twice", "There is one path.", &[METHOD, SCHEME, PATH, PATH, AUTHORITY]),
        case(
            "h2-authority-twice",
            "There is one authority.",
            &[METHOD, SCHEME, PATH, AUTHORITY, AUTHORITY],
        ),
        wrong(
            "8.3",
            "h2-pseudo-unknown",
            "A pseudo-field that is not defined is malformed.",
            get_with(&[(":test", "ok")]),
        ),
        wrong("8.3", "h2-pseudo-empty", "A name is not a colon alone.", get_with(&[(":", "ok")])),
        wrong(
            "8.3",
            "h2-pseudo-status",
            "A pseudo-field of responses does not belong in a request.",
            get_with(&[(":status", "200")]),
        ),
        wrong(
            "8.3",
            "h2-pseudo-late",
            "Pseudo-fields stand before the fields.",
            fields(&[METHOD, SCHEME, AUTHORITY, ("a", "b"), PATH]),
        ),
        wrong(
            "8.3",
            "h2-pseudo-upper-case",
            "The name of a pseudo-field is in lower case.",
            fields(&[(":Method", "GET"), SCHEME, PATH, AUTHORITY]),
        ),
    ]
}

/// Paths that are refused in HTTP/1.1 as well.
fn paths() -> Vec<Draft> {
    let refused = |id, requirement, block: Vec<u8>| {
        rfc9113("8.3.1", id, requirement)
            .app()
            .send(headers(1, block).end_stream())
            .any_of([Outcome::Reset(1, vec![ProtocolError])])
            .goes_on(3)
    };
    let around = |path: Vec<u8>| {
        let authority = fields(&[(":authority", "localhost")]);
        [indexed(2), indexed(6), path, authority].concat()
    };
    let added = || Literal::Indexed.at_coded(4, "/echo/a#b");
    vec![
        refused("h2-path-fragment", "A path has no fragment.", get("/echo/a#b")),
        refused("h2-path-fragment-end", "Whatever it ends in.", get("/echo/a#.png")),
        refused("h2-path-fragment-query", "Nor has a query.", get("/echo/a?b#c")),
        refused("h2-path-fragment-only", "Nor is it nothing else.", get("#")),
        refused("h2-path-fragment-coded", "Also in Huffman code.", around(added())),
        refused(
            "h2-path-fragment-named",
            "Also behind a name that is written out.",
            around(Literal::NeverIndexed.field_coded(":path", "/echo/a#b")),
        ),
        rfc9113("8.3.1", "h2-path-fragment-indexed", "Also one that was sent before.")
            .app()
            .send_all([
                headers(1, around(added())).end_stream(),
                headers(3, around(indexed(62))).end_stream(),
            ])
            .any_of([Outcome::Reset(1, vec![ProtocolError])])
            .any_of([Outcome::Reset(3, vec![ProtocolError])])
            .goes_on(5),
        rfc9113("8.3.1", "h2-path-fragment-continued", "Also one that is continued.")
            .app()
            .send_all([
                headers(1, &around(added())[..7]).unfinished().end_stream().padded(9),
                continuation(1, &around(added())[7..]),
            ])
            .any_of([Outcome::Reset(1, vec![ProtocolError])])
            .goes_on(3),
        refused("h2-path-angle", "A path has no angle brackets in it.", get("/echo/a<b")),
        refused("h2-path-backtick", "A path has no backtick in it.", get("/echo/a`b")),
        refused("h2-query-angle", "A query has no angle brackets in it.", get("/echo/a?b>c")),
        refused("h2-query-quotation", "A query has no quotation mark in it.", get("/echo/a?b\"c")),
        rfc9113("8.3.1", "h2-path-sent-by-browsers", "What browsers leave as it is, is taken.")
            .app()
            .send(headers(1, get("/echo/^|{}[]\"\\?^|{}[]`\\")).end_stream())
            .response(1, ok("^|{}[]\"\\"))
            .goes_on(3),
    ]
}

fn names_and_values() -> Vec<Draft> {
    let field =
        |name: &[u8], value: &[u8]| [get("/"), Literal::Unindexed.field(name, value)].concat();
    let mut cases = vec![
        wrong(
            "8.2",
            "h2-name-upper-case",
            "The name of a field is in lower case.",
            field(b"X-Test", b"ok"),
        ),
        wrong(
            "8.2",
            "h2-name-upper-case-coded",
            "Also in Huffman code.",
            [get("/"), Literal::Unindexed.field_coded("X-TEST", "ok")].concat(),
        ),
    ];
    for (id, requirement, name) in [
        ("h2-name-empty", "A name is not empty.", &b""[..]),
        ("h2-name-space", "A name has no space in it.", b"x test"),
        ("h2-name-space-end", "A name does not end in a space.", b"x-test "),
        ("h2-name-nul", "A name has no NUL in it.", b"x\0test"),
        ("h2-name-line", "A name has no CRLF in it.", b"x-a: b\r\nx-test"),
        ("h2-name-colon", "A name has no colon in it.", b"x:test"),
        ("h2-name-delete", "A name has no DEL in it.", b"x-\x7f"),
        ("h2-name-high", "A name is in ASCII.", b"x-\xe4"),
    ] {
        cases.push(wrong("8.2.1", id, requirement, field(name, b"ok")));
    }
    for (id, requirement, value) in [
        ("h2-value-nul", "A value has no NUL in it.", &b"a\0b"[..]),
        ("h2-value-cr", "A value has no CR in it.", b"a\rb"),
        ("h2-value-lf", "A value has no LF in it.", b"a\nb"),
        ("h2-value-line", "A value is not two lines.", b"a\r\nx-b: c"),
        ("h2-value-space-start", "A value does not begin with a space.", b" a"),
        ("h2-value-space-end", "A value does not end with a space.", b"a "),
        ("h2-value-tab-start", "A value does not begin with a tab.", b"\ta"),
        ("h2-value-tab-end", "A value does not end with a tab.", b"a\t"),
    ] {
        cases.push(wrong("8.2.1", id, requirement, field(b"x-test", value)));
    }
    for (id, requirement, value) in [
        ("h2-value-empty", "A value may be empty.", &b""[..]),
        ("h2-value-inner-space", "A value may have white space within.", b"a \t b"),
        ("h2-value-high", "A value may have octets beyond ASCII.", b"\xc3\xa4\xff"),
    ] {
        cases.push(
            rfc9113("8.2.1", id, requirement)
                .send(headers(1, field(b"x-test", value)).end_stream())
                .understood(1)
                .goes_on(3),
        );
    }
    cases
}

fn of_the_connection() -> Vec<Draft> {
    let list = [
        ("h2-field-connection", ("connection", "keep-alive")),
        ("h2-field-proxy-connection", ("proxy-connection", "keep-alive")),
        ("h2-field-keep-alive", ("keep-alive", "timeout=5")),
        ("h2-field-transfer-encoding", ("transfer-encoding", "chunked")),
        ("h2-field-upgrade", ("upgrade", "websocket")),
    ];
    let mut cases: Vec<Draft> = list
        .into_iter()
        .map(|(id, field)| {
            let requirement = "A field of an HTTP/1.1 connection is malformed.";
            wrong("8.2.2", id, requirement, get_with(&[field]))
        })
        .collect();
    cases.extend([
        wrong(
            "8.2.2",
            "h2-te-other",
            "TE says nothing but `trailers`.",
            get_with(&[("te", "gzip")]),
        ),
        wrong(
            "8.2.2",
            "h2-te-more",
            "TE says `trailers` and nothing more.",
            get_with(&[("te", "trailers, deflate;q=0.5")]),
        ),
        wrong(
            "8.6",
            "h2-upgrade",
            "There is no upgrade in HTTP/2.",
            get_with(&[("connection", "upgrade"), ("upgrade", "h2c")]),
        ),
    ]);
    cases
}

fn connect() -> Vec<Draft> {
    vec![
        wrong(
            "8.5",
            "h2-connect-path",
            "CONNECT has no path and no scheme.",
            request("CONNECT", "/"),
        )
        .app(),
        wrong(
            "8.5",
            "h2-connect-no-authority",
            "CONNECT says where to.",
            fields(&[(":method", "CONNECT")]),
        ),
        wrong(
            "8.5",
            "h2-connect-protocol",
            "CONNECT with :protocol has to have been offered.",
            fields(&[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":path", "/"),
                (":authority", "localhost"),
            ]),
        )
        .app(),
        rfc9113("8.5", "h2-connect", "CONNECT is refused where there are no tunnels.")
            .app()
            .send(headers(1, fields(&[(":method", "CONNECT"), (":authority", "localhost:1")])))
            .malformed(1),
        rfc9113(
            "8.5",
            "h2-connect-not-implemented",
            "CONNECT is a method that is not implemented.",
        )
        .app()
        .send(
            headers(1, fields(&[(":method", "CONNECT"), (":authority", "localhost:1")]))
                .end_stream(),
        )
        .response(1, status(501))
        .goes_on(3),
        rfc9113(
            "5.1",
            "h2-malformed-then-data",
            "What is still on its way to a stream that was reset is discarded.",
        )
        .app()
        .send(headers(1, with(post("/echo"), &[("connection", "close")])))
        .any_of([Outcome::Reset(1, vec![ProtocolError])])
        .send_all([data(1, "late"), data(1, "").end_stream()])
        .goes_on(3),
        rfc9113("8.1.1", "h2-malformed-alone", "A malformed request leaves the connection alone.")
            .app()
            .send(headers(1, get_with(&[("connection", "close")])).end_stream())
            .any_of([Outcome::Reset(1, vec![ProtocolError])])
            .goes_on(3),
    ]
}
