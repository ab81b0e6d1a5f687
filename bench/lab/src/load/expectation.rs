//! What is right for a response, whatever protocol carries it.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use crate::load::plan::Request;

/// What a response has to be. All threads share it.
#[derive(Debug)]
pub(super) struct Expectation {
    pub(super) status: u16,
    /// Whether the response has no body, whatever its fields say.
    pub(super) is_head: bool,
    /// The body; that of the first response, if nobody has said another.
    body: OnceLock<Vec<u8>>,
}

impl Expectation {
    pub(super) fn of(request: &Request) -> Self {
        let is_head = request.method == "HEAD";
        let body = OnceLock::new();
        let known = if is_head { Some(Vec::new()) } else { request.expected.clone() };
        if let Some(known) = known {
            // It is new, so it is empty.
            let _ = body.set(known);
        }
        Expectation { status: request.status, is_head, body }
    }

    /// Whether a response with this status has no body, whatever its fields say (RFC 9112 §6.3).
    pub(super) fn is_bodiless(&self, status: u16) -> bool {
        self.is_head || matches!(status, 100..=199 | 204 | 304)
    }

    /// The body, if it is known already.
    pub(super) fn body(&self) -> Option<&[u8]> {
        self.body.get().map(Vec::as_slice)
    }

    pub(super) fn check_status(&self, status: u16) -> Result<(), String> {
        if status == self.status {
            return Ok(());
        }
        Err(format!("the status is {status}, not {}", self.status))
    }

    /// Holds a whole body against the one that is right.
    pub(super) fn check_body(&self, body: &[u8]) -> Result<(), String> {
        let expected = self.body.get_or_init(|| body.to_vec());
        if body == expected {
            return Ok(());
        }
        let same = body.iter().zip(expected).take_while(|(one, other)| one == other).count();
        if same == body.len() || same == expected.len() {
            return self.check_length(body.len());
        }
        Err(format!(
            "the body differs from its byte {same} on: {}, not {}",
            excerpt(&body[same..]),
            excerpt(&expected[same..])
        ))
    }

    /// Holds the length of a body whose bytes are right against the one that is right.
    pub(super) fn check_length(&self, length: usize) -> Result<(), String> {
        let expected = self.body().map_or(length, <[u8]>::len);
        if length == expected {
            return Ok(());
        }
        Err(format!("the body has {length} bytes, not {expected}"))
    }
}

/// The beginning of some bytes, for a reader.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let more = if bytes.len() > LONGEST { "…" } else { "" };
    format!("\"{}\"{more}", bytes[..bytes.len().min(LONGEST)].escape_ascii())
}

/// The length of an IMF-fixdate (RFC 9110 §5.6.7).
pub(super) const DATE_LENGTH: usize = 29;

/// The value of `Date` that was seen last: nearly always that of the next response, too.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    last: [u8; DATE_LENGTH],
}

impl Dates {
    /// A clock that is not exact, a server that makes its date once a second, and some time under
    /// way: more than that is wrong.
    const TOLERANCE: Duration = Duration::from_secs(60);

    pub(super) fn new() -> Self {
        Dates { last: [0; DATE_LENGTH] }
    }

    pub(super) fn last(&self) -> &[u8; DATE_LENGTH] {
        &self.last
    }

    /// Holds a value against the last one, and if it is another, against the format and the time.
    pub(super) fn check(&mut self, value: &[u8]) -> Result<(), String> {
        if value == self.last {
            return Ok(());
        }
        let wrong = || format!("Date is no IMF-fixdate: {}", excerpt(value));
        let text = std::str::from_utf8(value).map_err(|_| wrong())?;
        let date = httpdate::parse_http_date(text).map_err(|_| wrong())?;
        if httpdate::fmt_http_date(date) != text {
            return Err(wrong()); // one of the obsolete formats, or a day that does not fit
        }
        let now = SystemTime::now();
        let off = now.duration_since(date).unwrap_or_else(|earlier| earlier.duration());
        if off > Self::TOLERANCE {
            return Err(format!("Date is {} s off: {text}", off.as_secs()));
        }
        self.last.copy_from_slice(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, expected: Option<&[u8]>) -> Request {
        Request {
            method: method.into(),
            target: "/".into(),
            fields: Vec::new(),
            body: Vec::new(),
            status: 200,
            expected: expected.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn a_body_is_held_against_the_one_that_was_said() {
        let expectation = Expectation::of(&request("GET", Some(b"hello")));
        assert_eq!(expectation.check_body(b"hello"), Ok(()));
        let wrong = expectation.check_body(b"help!").unwrap_err();
        assert_eq!(wrong, "the body differs from its byte 3 on: \"p!\", not \"lo\"");
        let short = expectation.check_body(b"hell").unwrap_err();
        assert_eq!(short, "the body has 4 bytes, not 5");
    }

    #[test]
    fn without_one_it_is_held_against_the_first() {
        let expectation = Expectation::of(&request("GET", None));
        assert_eq!(expectation.check_body(b"one"), Ok(()));
        assert_eq!(expectation.check_body(b"one"), Ok(()));
        assert!(expectation.check_body(b"two").is_err());
    }

    #[test]
    fn a_date_is_one_of_the_right_format_and_near_now() {
        let mut dates = Dates::new();
        let now = SystemTime::now();
        let text = |date| httpdate::fmt_http_date(date);
        assert_eq!(dates.check(text(now).as_bytes()), Ok(()));
        assert_eq!(dates.check(text(now + Duration::from_secs(2)).as_bytes()), Ok(()));
        let stale = dates.check(text(now - Duration::from_secs(3600)).as_bytes()).unwrap_err();
        assert!(stale.starts_with("Date is 36"), "{stale}");
        for wrong in ["", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT"]
        {
            let said = dates.check(wrong.as_bytes()).unwrap_err();
            assert!(said.starts_with("Date is no IMF-fixdate"), "{said}");
        }
    }
}
