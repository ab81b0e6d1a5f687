//! Request heads as programs send them, in three sizes.

/// curl, which says as little as is polite.
const CURL: &str = "GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.17\r\n\r\n";

/// The fields of a browser, twelve with a cookie.
const BROWSER: &str = "Host: www.example.org\r\n\
     User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
     Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
     Accept-Language: de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3\r\n\
     Accept-Encoding: gzip, deflate, br, zstd\r\n\
     Referer: https://www.example.org/articles/2026/\r\n\
     Connection: keep-alive\r\n\
     Upgrade-Insecure-Requests: 1\r\n\
     Sec-Fetch-Dest: document\r\n\
     Sec-Fetch-Mode: navigate\r\n\
     Sec-Fetch-Site: same-origin\r\n";

/// A session, and what a shop remembers.
const COOKIES: &str = "session=0123456789abcdef0123456789abcdef; theme=dark; language=de; \
     seen=1,2,3,5,8,13,21,34,55,89,144,233,377; last=2026-11-20T08:15:00Z; cart=91f3c0d2e7; \
     consent=all; experiment=b";

/// A head, by a name that says what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head {
    /// 70 bytes: two fields, as curl sends them.
    Small,
    /// 700 bytes: the twelve fields of a browser.
    Browser,
    /// 3 KiB: the same fields, with many cookies.
    Cookies,
}

impl Head {
    /// All, the smallest first.
    pub const ALL: [Head; 3] = [Head::Small, Head::Browser, Head::Cookies];

    /// The name: its size.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Head::Small => "70 B",
            Head::Browser => "700 B, twelve fields",
            Head::Cookies => "3 KiB, with cookies",
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        let with = |cookies: &str| {
            format!("GET /plain?from=home HTTP/1.1\r\n{BROWSER}Cookie: {cookies}\r\n\r\n")
        };
        match self {
            Head::Small => CURL.into(),
            Head::Browser => with(COOKIES).into(),
            Head::Cookies => {
                let more: String = (0..52)
                    .map(|number| format!("; consent-{number:02}=0123456789abcdef0123456789abcdef"))
                    .collect();
                with(&format!("{COOKIES}{more}")).into()
            }
        }
    }
}

/// Reads a whole head with `httparse` and nothing else; returns its fields.
///
/// # Panics
/// If the head is not a complete and correct one.
#[must_use]
pub fn raw_fields(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    assert!(request.parse(head).is_ok_and(|status| status.is_complete()));
    request.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_as_long_as_their_names_say_and_have_as_many_fields() {
        for (head, length, fields) in
            [(Head::Small, 70, 2), (Head::Browser, 700, 12), (Head::Cookies, 3072, 12)]
        {
            let mut bytes = head.bytes();
            assert!(bytes.len().abs_diff(length) <= length / 20, "{head:?}: {}", bytes.len());
            assert_eq!(raw_fields(&bytes).len(), fields, "{head:?}");
            assert_eq!(protocol::internals::parse_head(&mut bytes), Ok(fields), "{head:?}");
        }
    }
}
