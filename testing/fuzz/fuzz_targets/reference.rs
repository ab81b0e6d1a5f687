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
        request_line: 100,
        head: 400,
        fields: 10,
        body: 200,
        chunk_extensions: 50,
        ..Limits::default()
    };
    understanding::understand_whole(input, &limits).assert_as_reference(input, &limits);
});
