//! Inputs and helpers of the benches: request heads of three sizes, how `httparse` alone reads
//! them, and the [`table`] that compares the backends.
//!
//! `cargo bench -p bench` runs everything and leaves a report in `target/criterion/report/`;
//! `cargo bench -p bench --bench backends -- "round trip"` compares the backends in one scenario.

#![forbid(unsafe_code)]

pub mod table;

/// Request heads as programs send them, by name.
#[must_use]
pub fn heads() -> [(&'static str, Vec<u8>); 3] {
    let small = "GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.17\r\n\r\n";
    let browser = "GET /articles/2026/waiting?from=home HTTP/1.1\r\n\
         Host: www.example.org\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
         Accept-Language: de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\n\
         Referer: https://www.example.org/articles/2026/\r\n\
         Connection: keep-alive\r\n\
         Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; language=de; seen=1,2,3,5,8,13,21,34,55,89,144,233,377; last=2026-11-20T08:15:00Z\r\n\
         Upgrade-Insecure-Requests: 1\r\n\
         Sec-Fetch-Dest: document\r\n\
         Sec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Site: same-origin\r\n\
         Priority: u=0, i\r\n\r\n";
    let end = browser.len() - 2;
    let cookie = "0123456789abcdef".repeat(148);
    let large = format!("{}X-Token: {cookie}\r\n\r\n", &browser[..end]);
    [("70 B", small.into()), ("700 B", browser.into()), ("3 KiB", large.into())]
}

/// Reads a whole head with `httparse` and nothing else; returns the number of its fields.
///
/// # Panics
/// If the head is not a complete and correct one.
#[must_use]
pub fn raw_httparse(head: &[u8]) -> usize {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let status = request.parse(head).map(|status| status.is_complete());
    assert_eq!(status, Ok(true));
    request.headers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_as_long_as_their_names_say_and_read_alike() {
        for ((name, mut head), length) in heads().into_iter().zip([70, 700, 3072]) {
            assert!(head.len().abs_diff(length) <= length / 10, "{name}: {}", head.len());
            assert_eq!(protocol::internals::parse_head(&mut head), Ok(raw_httparse(&head)));
        }
    }
}
