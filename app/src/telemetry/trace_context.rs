//! The place of a request in a distributed trace (W3C Trace Context, level 1).

use protocol::Request;

/// What the `traceparent` field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 hexadecimal digits, the same for all requests of the trace.
    pub(crate) trace_id: String,
    /// 16 hexadecimal digits: the span that this request belongs to.
    pub(crate) parent_id: String,
    /// Whether the caller has recorded it is in the lowest bit.
    pub(crate) flags: u8,
}

impl TraceContext {
    /// That of a request. Without the field, with several of them, and with one that is malformed,
    /// there is none (§3.2).
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        let is_it = |name: &str| name.eq_ignore_ascii_case("traceparent");
        let mut values = request.fields().filter(|(name, _)| is_it(name)).map(|(_, value)| value);
        let value = str::from_utf8(values.next()?).ok()?;
        if values.next().is_some() { None } else { TraceContext::parse(value) }
    }

    /// `version "-" trace-id "-" parent-id "-" trace-flags`; of a later version more may follow.
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(5, '-');
        let mut next = |length| parts.next().filter(|part| is_hexadecimal(part, length));
        let (version, trace_id, parent_id, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        let is_zero = |id: &str| id.bytes().all(|digit| digit == b'0');
        if version == "ff" || is_zero(trace_id) || is_zero(parent_id) {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        Some(TraceContext {
            trace_id: trace_id.to_owned(),
            parent_id: parent_id.to_owned(),
            flags: u8::from_str_radix(flags, 16).ok()?,
        })
    }
}

/// Capital letters are none of it.
fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, UNIX_EPOCH};

    use protocol::http::{Method, Version};
    use protocol::{Field, Now};

    use super::*;

    const VALID: &str = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";

    #[test]
    fn a_valid_field_names_trace_and_parent() {
        let context = TraceContext::parse(VALID).unwrap();
        assert_eq!(context.trace_id, "0123456789abcdef0123456789abcdef");
        assert_eq!(context.parent_id, "0123456789abcdef");
        assert_eq!(context.flags, 1);
        let later = VALID.replacen("00", "cc", 1);
        assert_eq!(TraceContext::parse(&later), Some(context.clone()));
        assert_eq!(TraceContext::parse(&(later + "-what-comes-later")), Some(context));
    }

    #[test]
    fn a_malformed_field_is_ignored() {
        for wrong in [
            "",
            "00",
            &VALID[..54],
            &VALID[3..],
            &format!("{VALID}-"),
            &format!("{VALID}-00"),
            &format!("{VALID}0"),
            &format!(" {VALID}"),
            &VALID.replacen("00", "ff", 1),
            &VALID.replacen('b', "B", 1),
            &VALID.replacen('b', "g", 1),
            &VALID.replacen('-', "_", 1),
            "00-00000000000000000000000000000000-0123456789abcdef-01",
            "00-0123456789abcdef0123456789abcdef-0000000000000000-01",
        ] {
            assert_eq!(TraceContext::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn several_fields_are_as_good_as_none() {
        let field = Field { name: "Traceparent", value: VALID.as_bytes() };
        let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
        let of = |fields: &[Field<'_>]| {
            let request = Request::new(Method::GET, "/", Version::HTTP_11, fields, now).unwrap();
            TraceContext::of(&request)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[field]), TraceContext::parse(VALID));
        assert_eq!(of(&[field, field]), None);
    }
}
