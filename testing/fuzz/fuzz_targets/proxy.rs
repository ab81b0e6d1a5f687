//! Bytes that may begin with a header of the PROXY protocol: however many have come, the verdict is
//! the same once there is one, and nothing longer than allowed is waited for.

#![no_main]

use backend_common::proxy_protocol::header::{LONGEST, parse};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let verdict = parse(input);
    let is_open = |end: &usize| parse(&input[..*end]) == Ok(None);
    let waited = (0..=input.len().min(LONGEST + 1)).take_while(is_open).count();
    assert!(waited <= LONGEST, "more than {LONGEST} bytes are waited for");
    if waited <= input.len() {
        assert_eq!(parse(&input[..waited]), verdict, "more bytes have changed the verdict");
        if let Ok(Some(header)) = verdict {
            assert_eq!(header.length, waited, "a header ends where it is understood");
        }
    }
});
