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

/// A set of characters: what a rule allows, looked up.
pub(crate) struct Characters([bool; 256]);

impl Characters {
    /// The visible ones of ASCII (RFC 5234 appendix B.1), without these.
    pub(crate) const fn visible_without(refused: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut byte = b'!';
        while byte <= b'~' {
            set[byte as usize] = true;
            byte += 1;
        }
        let mut at = 0;
        while at < refused.len() {
            set[refused[at] as usize] = false;
            at += 1;
        }
        Characters(set)
    }

    pub(crate) const fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }

    /// How many bytes at the start of a text belong to the set.
    pub(crate) fn span(&self, text: &[u8]) -> usize {
        text.iter().position(|&byte| !self.contains(byte)).unwrap_or(text.len())
    }
}

/// What a token is made of (RFC 9110 §5.6.2).
///
/// ```text
/// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|"
///       / "~" / DIGIT / ALPHA
/// ```
const TOKEN: Characters = Characters::visible_without(b"\"(),/:;<=>?@[\\]{}");

/// What a registered name is made of, besides what is encoded (RFC 3986 §3.2.2).
///
/// ```text
/// unreserved / sub-delims
/// ```
const REG_NAME: Characters = Characters::visible_without(b"\"#%/:<>?@[\\]^`{|}");

/// Whether this is a legal value of `Host` (RFC 9110 §7.2, RFC 3986 §3.2). It may be empty: a
/// target without authority has an empty `Host`.
///
/// ```text
/// Host = uri-host [ ":" port ]
/// ```
#[must_use]
pub fn is_host(value: &[u8]) -> bool {
    let name = match value {
        [b'[', rest @ ..] => match memchr::memchr(b']', rest) {
            Some(end) if is_ipv6_address(&rest[..end]) => end + 2,
            _ => return false,
        },
        _ => reg_name(value),
    };
    match &value[name..] {
        [] => true,
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether this may stand in brackets. `IPvFuture` may not: there is no such address so far.
///
/// ```text
/// IP-literal = "[" ( IPv6address / IPvFuture  ) "]"
/// ```
fn is_ipv6_address(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// The length of the registered name at the start of a text, or of the IPv4 address, which looks
/// like one (RFC 3986 §3.2.2).
///
/// ```text
/// reg-name = *( unreserved / pct-encoded / sub-delims )
/// ```
fn reg_name(text: &[u8]) -> usize {
    let mut end = REG_NAME.span(text);
    while let [b'%', high, low, rest @ ..] = &text[end..]
        && high.is_ascii_hexdigit()
        && low.is_ascii_hexdigit()
    {
        end += 3 + REG_NAME.span(rest);
    }
    end
}

/// Whether a token may have this byte.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.contains(byte)
}

/// Whether a field value may have this byte (RFC 9110 §5.5).
///
/// ```text
/// field-value = *( HTAB / SP / VCHAR / obs-text )
/// ```
pub(crate) fn is_field_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules as RFC 9110 and RFC 3986 write them.
    #[test]
    fn sets_have_the_characters_that_their_rules_list() {
        for byte in 0..=u8::MAX {
            let listed = |others: &[u8]| byte.is_ascii_alphanumeric() || others.contains(&byte);
            let names = (TOKEN.contains(byte), REG_NAME.contains(byte));
            let expected = (listed(b"!#$%&'*+-.^_`|~"), listed(b"-._~!$&'()*+,;="));
            assert_eq!(names, expected, "{:?}", char::from(byte));
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in ["", "h", "h:", "h:80", "%41b%7e.c:1", "127.0.0.1:80", "[::1]", "[::1]:80"] {
            assert!(is_host(host.as_bytes()), "{host:?}");
        }
        for host in ["h:8o", "h:80:80", "%4", "%", "a%g1", "u@h", "h/", "[::1", "[::1]x", "[v1.x]"]
        {
            assert!(!is_host(host.as_bytes()), "{host:?}");
        }
    }
}
