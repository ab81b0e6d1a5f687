//! Whatever head we accept, httparse accepts, with the same number of fields.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut head = input.to_vec();
    let Ok(fields) = protocol::internals::parse_head(&mut head) else { return };
    let mut storage = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut storage);
    // `head`, not `input`: a later minor version has been read as 1.1.
    let status = request.parse(&head).expect("httparse refuses what we accept");
    assert!(status.is_complete());
    assert_eq!(request.headers.len(), fields);
});
