//! Host and port (RFC 9110 §7.2, RFC 3986 §3.2).

use std::net::Ipv6Addr;

/// Whether this is a `Host`. It may be empty, as for a target without an authority.
///
/// ```text
/// Host     = uri-host [ ":" port ]
/// uri-host = IP-literal / IPv4address / reg-name
/// port     = *DIGIT
/// ```
///
/// Every `IPv4address` is a `reg-name`, too. Of the two kinds of `IP-literal` there is only
/// `IPv6address`: nobody has defined an address of the other, `IPvFuture`.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(value) else { return false };
    if let Some(literal) = text.strip_prefix('[') {
        return match literal.split_once(']') {
            Some((address, port)) => address.parse::<Ipv6Addr>().is_ok() && is_port(port),
            None => false,
        };
    }
    let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    is_reg_name(name.as_bytes()) && is_port(port)
}

/// What stands behind the host: nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

/// `*( unreserved / pct-encoded / sub-delims )` (RFC 3986 §3.2.2).
fn is_reg_name(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => true,
        b'%' => text[at + 1..].iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2,
        _ => b"!$&'()*+,;=".contains(byte),
    })
}
