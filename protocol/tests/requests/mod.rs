//! Requests by the grammar of RFC 9112, most of them right, and whatever can be wrong with one.

#![allow(dead_code, reason = "each test binary uses its own part")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::RngSeed;
use protocol::Limits;

/// The same cases every time. `PROPTEST_CASES` asks for more, `PROPTEST_RNG_SEED` for others.
pub(crate) fn cases(least: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(9112),
        fixed => fixed,
    };
    ProptestConfig { cases: given.cases.max(least), rng_seed, failure_persistence: None, ..given }
}

/// Limits that most requests here respect, and some that few do.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let with = |(request_line, head, fields, body, chunk_extensions)| Limits {
        request_line,
        head,
        fields,
        body,
        chunk_extensions,
        ..Limits::default()
    };
    prop_oneof![
        2 => Just((60, 300, 9, 90, 40)),
        1 => (0..60usize, 0..200usize, 0..9usize, 0..50u64, 0..20usize),
    ]
    .prop_map(with)
}

/// One of these texts, or rarely one of those.
fn mostly(right: &'static [&'static str], wrong: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![40 => select(right), 1 => select(wrong)].prop_map(String::from).boxed()
}

/// As [`mostly`], for any two strategies.
fn or_rarely<S: Strategy<Value = String> + 'static>(
    right: impl Strategy<Value = String> + 'static,
    wrong: S,
) -> BoxedStrategy<String> {
    prop_oneof![40 => right, 1 => wrong].boxed()
}

fn line_end() -> BoxedStrategy<String> {
    let wrong = &["\n", "\r", "\r\r\n", "\n\r\n", "", " \r\n", "\0\r\n"];
    prop_oneof![150 => Just("\r\n"), 1 => select(&wrong[..])].prop_map(String::from).boxed()
}

/// Method and target: the form of the one depends on the other.
fn method_and_target() -> BoxedStrategy<String> {
    let method = prop_oneof![
        8 => select(&["GET", "POST", "HEAD", "PUT", "OPTIONS", "get"][..]).prop_map(String::from),
        1 => "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,9}",
    ];
    let origin = "/[a-z0-9%._~!$&'()*+,;=:@|/\"<>{}^`-]{0,12}([?][a-z?/%=&]{0,6})?";
    let host = select(
        &[
            "h",
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
    let scheme = select(&["http", "HTTPS", "ftp", "", "ht"][..]);
    let absolute = (scheme, host.clone(), "(/[a-z]{0,3}){0,2}([?][a-z?]{0,3})?")
        .prop_map(|(scheme, host, rest)| format!("{scheme}://{host}{rest}"));
    let any = prop_oneof![
        4 => absolute,
        1 => host.prop_map(String::from),
        1 => select(&["*", "", "/#a", "a", "/a b", "/\u{e9}", "/\u{1}", "/a\u{7f}", "?", "**", "/\ta"][..])
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
            "HELO you",
            "G@T /",
            "SSH-2.0 a",
            "",
        ][..],
    );
    prop_oneof![36 => usual, 3 => of_any_form, 1 => strange.prop_map(String::from)].boxed()
}

fn version() -> BoxedStrategy<String> {
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
fn other_field() -> BoxedStrategy<String> {
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
fn telling_field() -> BoxedStrategy<String> {
    select(
        &[
            "Connection: keep-alive",
            "Connection: close",
            "connection:x,close",
            "Connection: ,Keep-Alive ,",
            "Connection: closed",
            "Expect: 100-continue",
            "expect:100-CONTINUE",
            "Expect: 100-continue, x",
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

fn host() -> BoxedStrategy<String> {
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

/// Chunks, whatever is wrong with them.
fn chunked_body() -> BoxedStrategy<String> {
    let size_flaw = select(
        &[
            "",
            "+",
            "-",
            "0x",
            " ",
            "_",
            "g",
            "00000000000000000",
            "ffffffffffffffff",
            "fffffffffffffffff",
        ][..],
    );
    let size_flaw = or_rarely(Just(String::new()), size_flaw.prop_map(String::from));
    let extension = mostly(
        &["", "", "", "", ";a", ";a=b", " ; a = \"b;c\"", ";", "\t;\t"],
        &[" ", "a", "=", ";\n", ";a\rb", ";\0", ";\u{7f}", " \t", ";a=\"\r\n\"", "\u{c};"],
    );
    let zeros = prop_oneof![9 => Just(""), 1 => select(&["0", "0000000", "00000000000000"][..])];
    let data_end = mostly(&["\r\n"], &["\n", "", "\r", "x\r\n", "\r\r\n"]);
    let chunk =
        (size_flaw, zeros, vec(any::<u8>(), 1..20), extension.clone(), line_end(), data_end)
            .prop_map(|(flaw, zeros, data, extension, line_end, data_end)| {
                // Letters only, since a text is wanted; line ends among them.
                let data: String = data
                    .iter()
                    .map(|byte| char::from(b"\r\n0aA: "[usize::from(byte % 7)]))
                    .collect();
                format!("{flaw}{zeros}{:x}{extension}{line_end}{data}{data_end}", data.len())
            });
    let last = mostly(&["0", "0", "00"], &["", "0 ", "0\r\n", "0x0", "1"]);
    let trailer = (other_field(), line_end()).prop_map(|(field, end)| field + &end);
    let trailers = prop_oneof![
        4 => Just(Vec::new()),
        1 => vec(trailer, 1..4),
    ];
    (vec(chunk, 0..4), last, extension, line_end(), trailers, line_end())
        .prop_map(|(chunks, last, extension, line_end, trailers, end)| {
            format!("{}{last}{extension}{line_end}{}{end}", chunks.concat(), trailers.concat())
        })
        .boxed()
}

/// Field lines that frame a body, and the body.
fn framing_and_body() -> BoxedStrategy<(Vec<String>, String)> {
    let name = || {
        mostly(&["Content-Length: ", "content-length:"], &["Content-Length : ", "Content-Length"])
    };
    let sized = (
        name(),
        mostly(
            &["", "", "", "0", "000000000000000000000000"],
            &["+", "-", "0x", " 1", "1, ", "\""],
        ),
        "[a-z\r\n]{0,20}",
        mostly(&["", " \t"], &[", 3", ",", "a", ".0"]),
    )
        .prop_map(|(name, before, body, after)| {
            (vec![format!("{name}{before}{}{after}", body.len())], body)
        });
    let strange_length = select(
        &[
            "",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999",
            "5, 5",
            "5,6",
            "0x5",
            "1e1",
            "5 5",
            "\u{e9}",
        ][..],
    )
    .prop_map(|value| (vec![format!("Content-Length: {value}")], "hello".to_owned()));
    let coding = mostly(
        &[
            "Transfer-Encoding: chunked",
            "transfer-encoding:Chunked",
            "Transfer-Encoding: , chunked,\t",
        ],
        &[
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding:",
            "Transfer-Encoding: ,",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked;a=b",
            "Transfer-Encoding: \u{b}chunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: x;a=\",chunked\"",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        ],
    );
    let chunked = (coding, chunked_body()).prop_map(|(coding, body)| (vec![coding], body));
    let both = (chunked.clone(), sized.clone(), any::<bool>()).prop_map(
        |((mut one, body), (other, _), turned)| {
            one.extend(other);
            if turned {
                one.reverse();
            }
            (one, body)
        },
    );
    prop_oneof![
        20 => Just((Vec::new(), String::new())),
        20 => sized,
        40 => chunked,
        1 => strange_length,
        1 => both,
    ]
    .boxed()
}

/// The lines of a head behind the first, and the body.
fn rest_of_request() -> BoxedStrategy<String> {
    let fields = prop_oneof![
        4 => Just(Vec::new()),
        2 => vec(other_field(), 1..4),
        1 => vec(telling_field(), 1..3),
        1 => vec(Union::new([other_field(), telling_field()]), 1..9),
    ];
    (host(), fields, framing_and_body(), any::<prop::sample::Index>(), vec(line_end(), 12))
        .prop_map(|(host, mut fields, (framing, body), at, line_ends)| {
            let at = at.index(fields.len() + 1);
            fields.splice(at..at, framing);
            fields.insert(if line_ends.len() % 2 == 0 { 0 } else { fields.len() }, host);
            let lines = fields.iter().filter(|line| !line.is_empty()).zip(line_ends.iter().cycle());
            let lines: String = lines.map(|(line, end)| line.clone() + end).collect();
            format!("{lines}\r\n{body}")
        })
        .boxed()
}

/// A request, mostly right.
pub(crate) fn request() -> BoxedStrategy<Vec<u8>> {
    let space = mostly(&[" "], &["  ", "\t", "", "\r"]);
    let before = prop_oneof![60 => Just(""), 1 => select(&["\r\n", "\r\n\r\n", "\n", "\r", " ", "\u{16}\u{3}"][..])];
    (before, method_and_target(), space, version(), line_end(), rest_of_request())
        .prop_map(|(before, start, space, version, line_end, rest)| {
            // Values beyond ASCII come as UTF-8, unless it is broken by a change afterwards.
            format!("{before}{start}{space}{version}{line_end}{rest}").into_bytes()
        })
        .boxed()
}

/// A request head.
pub(crate) fn head() -> impl Strategy<Value = Vec<u8>> {
    request().prop_map(|mut request| {
        let end = request.windows(4).position(|four| four == b"\r\n\r\n");
        request.truncate(end.map_or(request.len(), |end| end + 4));
        request
    })
}

/// A change to some bytes, wherever they are.
#[derive(Clone, Debug)]
enum Change {
    Replace(u8),
    Insert(u8),
    Remove,
    /// Repeats some bytes.
    Repeat(usize),
    /// Leaves off everything behind.
    Cut,
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![any::<u8>(), select(&b"\r\n \t:;,0/"[..])];
    prop_oneof![
        3 => byte.clone().prop_map(Change::Replace),
        3 => byte.prop_map(Change::Insert),
        2 => Just(Change::Remove),
        2 => (1..30usize).prop_map(Change::Repeat),
        1 => Just(Change::Cut),
    ]
}

/// Some requests one after the other, changed in a few places.
pub(crate) fn input() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec((any::<prop::sample::Index>(), change()), 1..4),
    ];
    (vec(request(), 1..4), changes).prop_map(|(requests, changes)| {
        let mut input = requests.concat();
        for (at, change) in changes {
            let at = at.index(input.len().max(1));
            let end = input.len();
            match change {
                _ if input.is_empty() => {}
                Change::Replace(byte) => input[at] = byte,
                Change::Insert(byte) => input.insert(at, byte),
                Change::Remove => drop(input.remove(at)),
                Change::Repeat(length) => {
                    let repeated = input[at..end.min(at + length)].to_vec();
                    input.splice(at..at, repeated);
                }
                Change::Cut => input.truncate(at),
            }
        }
        input
    })
}
