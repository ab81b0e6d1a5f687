//! Holding a response against what was expected.

use crate::expected::{BodyRule, Expected, FieldRule, Statuses};
use crate::response::Response;

/// Says what is wrong with `response`, if anything.
pub(crate) fn check(response: &Response, expected: &Expected) -> Result<(), String> {
    if !is_among(response.status, &expected.statuses) {
        return Err(format!("status {}; expected {}", response.status, expected.statuses));
    }
    check_lines(response)?;
    for (name, rule) in &expected.fields {
        check_field(response, name, rule)?;
    }
    match &expected.body {
        BodyRule::Equals(body) if response.body != *body => Err(format!(
            "a body of {} bytes; expected {} bytes: {}",
            response.body.len(),
            body.len(),
            body[..body.len().min(100)].escape_ascii(),
        )),
        BodyRule::Line(text)
            if response.body.strip_suffix(b"\n").unwrap_or(&response.body) != text.as_bytes() =>
        {
            Err(format!("the body is not the line {text:?}"))
        }
        _ => Ok(()),
    }?;
    match expected.framing {
        Some(framing) if framing != response.framing => {
            Err(format!("the body's end is marked by {:?}; expected {framing:?}", response.framing))
        }
        _ => Ok(()),
    }
}

fn is_among(status: u16, statuses: &Statuses) -> bool {
    match statuses {
        Statuses::OneOf(statuses) => statuses.contains(&status),
        Statuses::Refused => (400..500).contains(&status) || matches!(status, 501 | 505),
        Statuses::Understood => {
            (200..500).contains(&status)
                && ![400, 408, 411, 413, 414, 417, 426, 431].contains(&status)
        }
    }
}

/// What holds for the fields of any response.
fn check_lines(response: &Response) -> Result<(), String> {
    const SINGLE: [&str; 14] = [
        "age",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "server",
    ];
    const LISTS: [&str; 9] = [
        "accept-ranges",
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "sec-websocket-extensions",
        "transfer-encoding",
        "upgrade",
        "vary",
    ];
    if let Some(name) = SINGLE.iter().find(|name| response.field(name).count() > 1) {
        return Err(format!("{name} is there more than once")); // RFC 9110 §5.3
    }
    let has = |name| response.field(name).next().is_some();
    let needed = match response.status {
        401 => "www-authenticate", // RFC 9110 §15.5.2
        405 => "allow",            // RFC 9110 §15.5.6
        _ => "",
    };
    if !needed.is_empty() && !has(needed) {
        return Err(format!("{} needs {needed}", response.status));
    }
    let mut options =
        response.field("connection").flat_map(|line| line.split(|&byte| byte == b','));
    let lists_upgrade = options.any(|it| it.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    if has("upgrade") && !lists_upgrade {
        return Err("connection does not list upgrade".into()); // RFC 9110 §7.8
    }
    if response.status == 204 && has("content-length") {
        return Err("204 has a length".into()); // RFC 9110 §8.6
    }
    for name in LISTS {
        let mut elements = response.field(name).flat_map(|line| line.split(|&byte| byte == b','));
        if elements.any(|element| element.trim_ascii().is_empty()) {
            return Err(format!("{name} has an empty element")); // RFC 9110 §5.6.1.1
        }
    }
    Ok(())
}

fn check_field(response: &Response, name: &str, rule: &FieldRule) -> Result<(), String> {
    let lines: Vec<&[u8]> = response.field(name).collect();
    let first = lines.first().copied().unwrap_or_default();
    let lists = |token: &str| {
        let mut tokens = lines.iter().flat_map(|line| line.split(|&byte| byte == b','));
        tokens.any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    let (holds, wanted) = match rule {
        FieldRule::Present => (!lines.is_empty(), "some value".into()),
        FieldRule::Absent => (lines.is_empty(), "no such field".into()),
        FieldRule::Equals(value) => (lines == [value.as_bytes()], format!("{value:?}")),
        FieldRule::Begins(start) => {
            (first.starts_with(start.as_bytes()), format!("{start:?} at its beginning"))
        }
        FieldRule::Lists(token) => (lists(token), format!("the element {token:?}")),
        FieldRule::Omits(token) => (!lists(token), format!("no element {token:?}")),
        FieldRule::OnlyIf(value) => {
            (lines.is_empty() || lines == [value.as_bytes()], format!("{value:?} or nothing"))
        }
        FieldRule::ImfFixdate => (is_imf_fixdate(first), "an IMF-fixdate".into()),
        FieldRule::EntityTag => (is_entity_tag(first), "an entity tag".into()),
    };
    if holds {
        return Ok(());
    }
    let found = match lines.as_slice() {
        [] => "missing".into(),
        lines => format!("\"{}\"", lines.join(&b", "[..]).escape_ascii()),
    };
    Err(format!("{name} is {found}; expected {wanted}"))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn is_imf_fixdate(value: &[u8]) -> bool {
    const DAYS: &str = "Mon Tue Wed Thu Fri Sat Sun";
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let shape = value.len() == 29
        && value.iter().zip(b"aaa, 00 aaa 0000 00:00:00 GMT").all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            other => byte == other,
        });
    let is_in = |names: &str, part: &[u8]| names.split(' ').any(|name| name.as_bytes() == part);
    shape && is_in(DAYS, &value[..3]) && is_in(MONTHS, &value[8..11])
}

/// `[ "W/" ] DQUOTE *etagc DQUOTE`
fn is_entity_tag(value: &[u8]) -> bool {
    match value.strip_prefix(b"W/").unwrap_or(value) {
        [b'"', tag @ .., b'"'] => tag.iter().all(|b| matches!(b, 0x21 | 0x23..=0x7e | 0x80..)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_lines_of_any_response_are_checked() {
        let with = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            let fields = fields.collect();
            let framing = crate::expected::Framing::Bodiless;
            Response { status: 200, fields, framing, body: vec![], length: 0 }
        };
        assert!(check_lines(&with(&[("allow", "GET"), ("Allow", "HEAD, PUT")])).is_ok());
        assert!(check_lines(&with(&[("date", "a"), ("Date", "b")])).is_err());
        assert!(check_lines(&with(&[("allow", "GET,, HEAD")])).is_err());
        assert!(check_lines(&with(&[("upgrade", "a")])).is_err());
        assert!(check_lines(&with(&[("upgrade", "a"), ("connection", "close, Upgrade")])).is_ok());
        let not_allowed = |fields| Response { status: 405, ..with(fields) };
        assert!(check_lines(&not_allowed(&[])).is_err());
        assert!(check_lines(&not_allowed(&[("allow", "GET")])).is_ok());
    }

    #[test]
    fn a_date_is_an_imf_fixdate_or_refused() {
        assert!(is_imf_fixdate(b"Sun, 06 Nov 1994 08:49:37 GMT"));
        for wrong in [
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 GMT",
        ] {
            assert!(!is_imf_fixdate(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn an_entity_tag_is_quoted_or_refused() {
        for right in ["\"\"", "\"a-b\"", "W/\"1\""] {
            assert!(is_entity_tag(right.as_bytes()), "{right}");
        }
        for wrong in ["", "a", "\"", "w/\"1\"", "\"a\"b\"", "\"a b\""] {
            assert!(!is_entity_tag(wrong.as_bytes()), "{wrong}");
        }
    }
}
