//! Requests by the grammar of RFC 9112, most of them right, and whatever can be wrong with one.

#![allow(dead_code, reason = "each test binary uses its own part")]

mod body;
mod head;

use body::framing_and_body;
use head::{host, method_and_target, other_field, telling_field, version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use protocol::Limits;

/// At least so many cases. `PROPTEST_CASES` asks for more, `PROPTEST_RNG_SEED` for others.
pub(crate) fn cases(least: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    ProptestConfig { cases: given.cases.max(least), failure_persistence: None, ..given }
}

/// Limits that most requests here respect, and some that few do.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let with = |(request_line, head, fields, body, chunk_extensions)| Limits {
        max_request_line: request_line,
        max_head: head,
        max_fields: fields,
        max_body: body,
        max_chunk_extensions: chunk_extensions,
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
    prop_oneof![70 => select(right), 1 => select(wrong)].prop_map(String::from).boxed()
}

/// As [`mostly`], for any two strategies.
fn or_rarely<S: Strategy<Value = String> + 'static>(
    right: impl Strategy<Value = String> + 'static,
    wrong: S,
) -> BoxedStrategy<String> {
    prop_oneof![70 => right, 1 => wrong].boxed()
}

fn line_end() -> BoxedStrategy<String> {
    let wrong = &["\n", "\r", "\r\r\n", "\n\r\n", "", " \r\n", "\0\r\n"];
    prop_oneof![150 => Just("\r\n"), 1 => select(&wrong[..])].prop_map(String::from).boxed()
}

/// The lines of a head behind the first, and the body.
fn rest_of_request() -> BoxedStrategy<String> {
    let fields = prop_oneof![
        4 => Just(Vec::new()),
        2 => vec(other_field(), 1..4),
        1 => vec(telling_field(), 1..3),
        1 => vec(Union::new([other_field(), telling_field()]), 1..9),
    ];
    (
        host(),
        fields,
        framing_and_body(),
        any::<prop::sample::Index>(),
        any::<bool>(),
        vec(line_end(), 12),
    )
        .prop_map(|(host, mut fields, (framing, body), at, first, line_ends)| {
            let at = at.index(fields.len() + 1);
            fields.splice(at..at, framing);
            fields.insert(if first { 0 } else { fields.len() }, host);
            let lines = fields.iter().filter(|line| !line.is_empty()).zip(line_ends.iter().cycle());
            let lines: String = lines.map(|(line, end)| line.clone() + end).collect();
            format!("{lines}\r\n{body}")
        })
        .boxed()
}

/// A request, mostly right.
pub(crate) fn request() -> BoxedStrategy<Vec<u8>> {
    let space = mostly(&[" "], &["  ", "\t", "", "\r"]);
    let few = &["\r\n", "\r\n\r\n", "\n", "\r", " ", "\u{16}\u{3}"][..];
    let before = prop_oneof![60 => Just(""), 1 => select(few)];
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
