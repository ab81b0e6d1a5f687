//! The grammar that head, body and request have in common, each rule beside its ABNF.

use std::net::Ipv6Addr;

use crate::refusal::Refusal;

/// The elements of a comma-separated list (RFC 9110 §5.6.1); empty ones are passed over.
///
/// ```text
/// #element = [ element ] *( OWS "," OWS [ element ] )
/// ```
pub(crate) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// A number in decimal digits and nothing else (RFC 9110 §8.6): no sign, no white space, no
/// overflow.
///
/// ```text
/// Content-Length = 1*DIGIT
/// ```
pub(crate) fn decimal(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::ContentLength);
    }
    value
        .iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or(Refusal::ContentLength)
}

/// Whether this is a legal value of `Host` (RFC 9110 §7.2, RFC 3986 §3.2). It may be empty: a
/// target without authority has an empty `Host`.
///
/// ```text
/// Host = uri-host [ ":" port ]
/// ```
#[must_use]
pub fn is_host(value: &[u8]) -> bool {
    let (name, port) = match value {
        [b'[', rest @ ..] => match memchr::memchr(b']', rest) {
            Some(end) if is_ipv6_address(&rest[..end]) => (&[][..], &rest[end + 1..]),
            _ => return false,
        },
        _ => value.split_at(memchr::memchr(b':', value).unwrap_or(value.len())),
    };
    let port_is_valid = match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    port_is_valid && is_reg_name(name)
}

/// Whether this may stand in brackets. `IPvFuture` may not: there is no such address so far.
///
/// ```text
/// IP-literal = "[" ( IPv6address / IPvFuture  ) "]"
/// ```
fn is_ipv6_address(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// Whether this is a registered name, or an IPv4 address, which looks like one (RFC 3986 §3.2.2).
///
/// ```text
/// reg-name = *( unreserved / pct-encoded / sub-delims )
/// ```
fn is_reg_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        let is_valid = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|it| it.is_some_and(u8::is_ascii_hexdigit))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte),
        };
        if !is_valid {
            return false;
        }
    }
    true
}

/// Whether a token may have this byte (RFC 9110 §5.6.2).
///
/// ```text
/// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|"
///       / "~" / DIGIT / ALPHA
/// ```
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a field value may have this byte (RFC 9110 §5.5).
///
/// ```text
/// field-value = *( HTAB / SP / VCHAR / obs-text )
/// ```
pub(crate) fn is_field_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}
