//! What the cases of the conformance suite send is understood alike in every split, whatever
//! follows it, and as the reference understands it. Whether that is what the RFCs want is for the
//! suite itself to say, over sockets.

#![allow(clippy::disallowed_types, reason = "what a handler has seen is shared with its test")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod understanding;

use std::sync::LazyLock;

use conformance::http1::Step;
use conformance::{Exchange, cases};
use protocol::Limits;
use understanding::{understand, understand_whole};

/// What is sent on one connection by one case.
struct Input {
    case: &'static str,
    bytes: Vec<u8>,
}

static INPUTS: LazyLock<Vec<Input>> = LazyLock::new(|| {
    let mut inputs = Vec::new();
    for case in cases() {
        let Exchange::Http1(steps) = &case.exchange else { continue };
        for steps in steps.split(|step| matches!(step, Step::Reconnect)) {
            let sent = steps.iter().filter_map(|step| match step {
                Step::Send(bytes) => Some(fill_in(bytes)),
                _ => None,
            });
            inputs.push(Input { case: case.id, bytes: sent.collect::<Vec<_>>().concat() });
        }
    }
    inputs
});

/// What a pipelining client would send next.
const AFTER: &[u8] = b"GET /after HTTP/1.1\r\nHost: h\r\n\r\n";

/// Puts something in the places that a session would fill in.
fn fill_in(template: &[u8]) -> Vec<u8> {
    let mut bytes = template.to_vec();
    for (name, value) in [
        ("<host>", "127.0.0.1:8080"),
        ("<unique>", "0123456789abcdef"),
        ("<etag>", "\"e\""),
        ("<modified>", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        while let Some(at) = bytes.windows(name.len()).position(|it| it == name.as_bytes()) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
}

/// The limits of the demo application, as far as they decide what is understood.
fn limits() -> Limits {
    Limits { max_body: 1 << 20, ..Limits::default() }
}

/// Up to this length an input is split at every byte, in bytes; a longer one at some.
const SHORT: usize = 1 << 10;
const SPLITS_OF_LONG: usize = 16;

/// Where an input is split in two.
fn splits(length: usize) -> Vec<usize> {
    if length <= SHORT {
        (1..length).collect()
    } else {
        (1..=SPLITS_OF_LONG).map(|part| length * part / (SPLITS_OF_LONG + 1)).collect()
    }
}

#[test]
fn every_case_is_understood_as_the_reference_understands_it() {
    assert!(INPUTS.len() > 400);
    let mut messages = 0;
    for Input { case, bytes } in INPUTS.iter() {
        println!("{case}"); // is shown if it fails
        let understood = understand_whole(bytes, &limits());
        understood.assert_as_reference(bytes, &limits());
        messages += understood.messages.len();
    }
    assert!(messages > 400, "{messages} requests were understood");
}

#[test]
fn a_request_behind_changes_nothing_of_what_is_before() {
    for Input { case, bytes } in INPUTS.iter() {
        println!("{case}");
        let followed = [bytes, AFTER].concat();
        let understood = understand_whole(&followed, &limits());
        understood.assert_as_reference(&followed, &limits());
        if followed.len() <= SHORT {
            assert_eq!(understand(followed.chunks(1), &limits()), understood, "{case}");
        }
    }
}

#[test]
fn every_case_is_understood_alike_byte_by_byte() {
    for Input { case, bytes } in INPUTS.iter() {
        // More than a few KiB: in as many pieces as those have bytes.
        let step = bytes.len().div_ceil(4 * SHORT).max(1);
        let whole = understand_whole(bytes, &limits());
        assert_eq!(understand(bytes.chunks(step), &limits()), whole, "{case}");
    }
}

#[test]
fn every_case_is_understood_alike_however_it_is_split_in_two() {
    for Input { case, bytes } in INPUTS.iter() {
        for input in [bytes, &[bytes, AFTER].concat()] {
            let whole = understand_whole(input, &limits());
            for at in splits(bytes.len()) {
                let (before, behind) = input.split_at(at);
                assert_eq!(understand([before, behind], &limits()), whole, "{case}, split at {at}");
            }
        }
    }
}
