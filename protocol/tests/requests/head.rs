//! What a head consists of.

use proptest::prelude::*;
use proptest::sample::select;

use super::{mostly, or_rarely};

/// Method and target: the form of the one depends on the other.
pub(super) fn method_and_target() -> BoxedStrategy<String> {
    let method = prop_oneof![
        8 => select(&["GET", "POST", "HEAD", "PUT", "OPTIONS", "get"][..]).prop_map(String::from),
        1 => "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,9}",
    ];
    let origin = "/[a-z0-9%._~!$&'()*+,;=:@|/\"{}^-]{0,12}([?][a-z?/%=&|{}^`]{0,6})?";
    // With a character that may stand in a path or in a query, but not in both, or in neither.
    let odd = "(http://h)?/[a-z<>`\"#]{0,4}([?][a-z<>`\"#?]{0,4})?";
    let host = select(
        &[
            "h",
            "h",
            "h",
            "a.b",
            "a.b:80",
            "[::1]",
            "[1::]:8",
            "[::ffff:1.2.3.4]:443",
            "%41",
            "h:",
            ":1",
            "",
            "u@h",
            "[::1",
            "[]",
            "[1.2]",
            "[:::]",
            "[12345::]",
            "[v1.x]",
            "a%4",
            "a%zz",
            "h:x",
            "h:1:2",
            "[::1]x",
        ][..],
    );
    let scheme = select(&["http", "http", "http", "http", "HTTPS", "ftp", "", "ht"][..]);
    let absolute = (scheme, host.clone(), "(/[a-z\"|]{0,3}){0,2}([?][a-z?`|]{0,3})?")
        .prop_map(|(scheme, host, rest)| format!("{scheme}://{host}{rest}"));
    let any = prop_oneof![
        8 => absolute,
        3 => odd,
        1 => host.prop_map(String::from),
        1 => select(
            &["*", "", "/#a", "a", "/a b", "/\u{e9}", "/\u{1}", "/a\u{7f}", "?", "**", "/\ta"][..]
        )
            .prop_map(String::from),
    ];
    let space = || mostly(&[" "], &["  ", "\t", "", " \t", "\r"]);
    let usual = (method, space(), or_rarely(origin, any.clone()))
        .prop_map(|(method, space, target)| format!("{method}{space}{target}"));
    let of_any_form = (select(&["GET ", "OPTIONS ", "CONNECT "][..]), any)
        .prop_map(|(method, target)| format!("{method}{target}"));
    let strange = select(
        &[
            "OPTIONS *",
            "GET *",
            "PRI *",
            "CONNECT h:1",
            "CONNECT [::1]:1",
            "CONNECT [::1]",
            "HELO you",
            "G@T /",
            "SSH-2.0 a",
            "",
        ][..],
    );
    prop_oneof![36 => usual, 3 => of_any_form, 1 => strange.prop_map(String::from)].boxed()
}

pub(super) fn version() -> BoxedStrategy<String> {
    let right = &[
        "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1",
        "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/1.9",
    ];
    let wrong = &[
        "HTTP/2.0",
        "HTTP/0.9",
        "HTTP/3.0",
        "HTTP/1.10",
        "HTTP/1.",
        "HTTP/1",
        "HTTP/11",
        "http/1.1",
        "HTTP/1.1 ",
        "HTTP/a.1",
        "HTTP/1,1",
        "XTTP/1.1",
        "x",
        "",
        "HTTP/1.1 x",
        "a HTTP/2.0",
    ];
    mostly(right, wrong)
}

/// A field line that says nothing of the message.
pub(super) fn other_field() -> BoxedStrategy<String> {
    let right = "[A-Za-z!#$%&'*+.^_`|~-]{1,8}:[ \t]{0,2}[ -~\t\u{e9}]{0,12}[ \t]{0,2}";
    let wrong = prop_oneof![
        select(
            &[
                " folded",
                "\tfolded",
                "X : y",
                ": y",
                "X",
                "X Y: z",
                "X:\0",
                "X: \r",
                "X: a\rb",
                "X: \u{7f}",
                "\u{e9}: x",
                "(x): y",
                ""
            ][..]
        )
        .prop_map(String::from),
        "[ -~\u{0}-\u{1f}]{0,9}:?[ -~\u{0}-\u{1f}]{0,9}",
    ];
    or_rarely(right, wrong)
}

/// A field line that says something of the connection.
pub(super) fn telling_field() -> BoxedStrategy<String> {
    select(
        &[
            "Connection: keep-alive",
            "Connection: close",
            "connection:x,close",
            "Connection: ,Keep-Alive ,",
            "Connection: closed",
            "Expect: 100-continue",
            "expect:100-CONTINUE",
            "Expect: 100-Continue",
            "Expect:",
            "Expect: 200-ok",
            "Keep-Alive: 5",
            "Host: h",
            "Host:",
        ][..],
    )
    .prop_map(String::from)
    .boxed()
}

pub(super) fn host() -> BoxedStrategy<String> {
    let right = &[
        "Host: h",
        "host:h",
        "HOST: \t a.b:80 ",
        "Host: [::1]:8",
        "Host:",
        "Host: 127.0.0.1",
        "Host: a%2Eb",
    ];
    let wrong = &[
        "",
        "Host : h",
        "Host: h, h",
        "Host: a b",
        "Host: u@h",
        "Host: h:x",
        "Host: [::1",
        "Host: [::1]x",
        "Host: [1]",
        "Host: [1.2.3.4]",
        "Host: [::1::2]",
        "Host: [::g]",
        "Host: [v1.a]",
        "Host: %",
        "Host: a%4",
        "Host: %zz",
        "Host: h/",
        "Host: h?",
        "Host: \u{e9}",
        "Host: :80",
        "Host: h:1:2",
        "Host: h\r\nHost: h",
        "Host:h\r\nhost:g",
    ];
    mostly(right, wrong)
}
