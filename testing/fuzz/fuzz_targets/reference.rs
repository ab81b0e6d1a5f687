//! A connection understands what the reference understands, which reads everything at once.

#![no_main]

use protocol::Limits;

mod common {
    pub(crate) use fuzz::{End, drive};
}

#[path = "../../../protocol/tests/understanding/mod.rs"]
mod understanding;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let limits = Limits {
        max_request_line: 100,
        max_head: 400,
        max_fields: 10,
        max_body: 200,
        max_chunk_extensions: 50,
        ..Limits::default()
    };
    understanding::understand_whole(input, &limits).assert_as_reference(input, &limits);
});
