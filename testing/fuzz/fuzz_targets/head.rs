//! A head means to us what it means to httparse, or one of us refuses it for a known reason.

#![no_main]

use httparse::{EMPTY_HEADER, Status};
use protocol::internals::parse_head;

/// Heads that we refuse although httparse does not, and why.
const STRICTER: &str = include_str!("../../../protocol/src/stricter.md");

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // Of the empty lines before a request, the connection takes care.
    let empty = input.chunks_exact(2).take_while(|two| two == b"\r\n").count();
    let input = &input[2 * empty..];

    // `head`, not `input`, is what httparse is given: a later minor version has been read as 1.1.
    let mut head = input.to_vec();
    let ours = parse_head(&mut head);
    let mut storage = [EMPTY_HEADER; 128];
    let mut theirs = httparse::Request::new(&mut storage);
    let status = theirs.parse(&head);
    match (ours, status) {
        (Ok(fields), Ok(Status::Complete(_))) => assert_eq!(fields, theirs.headers.len()),
        (Ok(_), status) => panic!("httparse says {status:?} of what we accept"),
        (Err(refusal), Ok(Status::Complete(_))) => {
            let row = format!("\n| `{refusal:?}` |");
            assert!(STRICTER.contains(&row), "{refusal:?} is not on the list");
        }
        (Err(_), _) => {}
    }
});
