//! A chunked body has the content that the reference finds in it, however it is split.
//!
//! The first byte is the length of the pieces; the rest is the body.

#![no_main]

use protocol::{Limits, Refusal};
use reference::End;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&step, input)) = input.split_first() else { return };
    let limits = Limits { head: 60, chunk_extensions: 40, ..Limits::default() };
    let ours = protocol::internals::decode_chunked_by(input, usize::from(step).max(1), &limits);
    let theirs = reference::read_chunked(
        input,
        &reference::Limits {
            request_line: limits.request_line,
            head: limits.head,
            fields: limits.fields,
            body: u64::MAX, // the decoder leaves that to others
            chunk_extensions: limits.chunk_extensions,
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
