//! A chunked body has the content that the reference finds in it, however it is split.
//!
//! The first byte is the length of the pieces; the rest is the body.

#![no_main]

use protocol::{Limits, Refusal};
use reference::End;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&step, input)) = input.split_first() else { return };
    let limits = Limits { max_head: 60, max_chunk_extensions: 40, ..Limits::default() };
    let ours = protocol::internals::decode_chunked_by(input, usize::from(step).max(1), &limits);
    let theirs = reference::read_chunked(
        input,
        &reference::Limits {
            max_request_line: limits.max_request_line,
            max_head: limits.max_head,
            max_fields: limits.max_fields,
            max_body: u64::MAX, // the decoder leaves that to others
            max_chunk_extensions: limits.max_chunk_extensions,
        },
    );
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        // We may know of a fault before the line has ended.
        (Err(Refusal::Incomplete | Refusal::Chunk), Err(End::Incomplete)) => {}
        (Err(ours), Err(End::Refused { status, reason })) => {
            assert_eq!(ours.status(), status, "{reason}");
            assert_ne!(ours, Refusal::Incomplete, "{reason}");
        }
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
});
