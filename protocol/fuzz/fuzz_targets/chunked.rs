//! A chunked body that is accepted has the content that a naive reading finds in it.

#![no_main]

/// Reads sizes and takes content; correct for correct bodies, which is all that is asked of it.
fn naive(mut input: &[u8]) -> Option<u64> {
    let mut content = 0;
    loop {
        let line = input.windows(2).position(|two| two == b"\r\n")?;
        let digits = input[..line].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = u64::from_str_radix(str::from_utf8(&input[..digits]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(content);
        }
        content += size;
        input = input.get(line + 2 + usize::try_from(size).ok()? + 2..)?;
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(content) = protocol::internals::decode_chunked(input) {
        assert_eq!(Some(content), naive(input));
    }
});
