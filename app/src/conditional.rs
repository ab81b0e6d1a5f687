//! Preconditions and ranges (RFC 9110 §13, §14): what a request says of the version it has or
//! wants, and what follows from it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::Request;
use protocol::http::{Method, StatusCode};

/// The fields of a request that a file's answer depends on.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    is_read: bool,
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<SystemTime>,
    if_unmodified_since: Option<SystemTime>,
    if_range: Option<String>,
    range: Option<String>,
}

/// Which version of a file there is.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The strong entity tag, with its quotes (RFC 9110 §8.8.3).
    pub(crate) tag: String,
    pub(crate) modified: SystemTime,
}

impl Version {
    /// A file of this time and length; `number` tells it from others that have both.
    pub(crate) fn new(modified: SystemTime, length: u64, number: u64) -> Self {
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let tag = format!("\"{:x}-{length:x}-{number:x}\"", since.as_nanos());
        // HTTP knows whole seconds, and four digits of a year.
        let seconds = since.as_secs().min(LAST_SECOND);
        Version { tag, modified: UNIX_EPOCH + Duration::from_secs(seconds) }
    }

    /// The value of `Last-Modified` at the moment `now`: never a time to come, which is replaced by
    /// that of the response (RFC 9110 §8.8.2.1).
    pub(crate) fn last_modified(&self, now: SystemTime) -> String {
        httpdate::fmt_http_date(self.modified.min(now))
    }
}

/// The end of the year 9999: later dates have no form in HTTP (RFC 9110 §5.6.7).
const LAST_SECOND: u64 = 253_402_300_799;

/// Which part of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    /// First byte and length.
    Range(u64, u64),
    Unsatisfiable,
}

impl Conditions {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        // Several lines of one field are one list (RFC 9110 §5.3).
        let text = |name: &str| {
            let lines = request.fields().filter(|(field, _)| field.eq_ignore_ascii_case(name));
            lines
                .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                .reduce(|list, line| list + ", " + &line)
        };
        // RFC 9110 §13.1.3, §13.1.4: several dates are none.
        let date = |name| text(name).and_then(|it| httpdate::parse_http_date(&it).ok());
        let is_get = request.method() == Method::GET;
        Conditions {
            is_read: is_get || request.method() == Method::HEAD,
            if_match: text("if-match"),
            if_none_match: text("if-none-match"),
            if_modified_since: date("if-modified-since"),
            if_unmodified_since: date("if-unmodified-since"),
            if_range: text("if-range"),
            // RFC 9110 §14.2: a range has meaning for GET alone.
            range: if is_get { text("range") } else { None },
        }
    }

    /// The status to answer instead of performing the method (RFC 9110 §13.1.1, §13.1.2, §13.1.3,
    /// §13.1.4), in the order of §13.2.2.
    pub(crate) fn fail(&self, version: Option<&Version>) -> Option<StatusCode> {
        let holds = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => version.is_some_and(|version| lists(tags, &version.tag, false)),
            (None, Some(date)) => version.is_some_and(|version| version.modified <= date),
            (None, None) => true,
        };
        if !holds {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let version = version?;
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) if lists(tags, &version.tag, true) => Some(if self.is_read {
                StatusCode::NOT_MODIFIED
            } else {
                StatusCode::PRECONDITION_FAILED
            }),
            (None, Some(date)) if self.is_read && version.modified <= date => {
                Some(StatusCode::NOT_MODIFIED)
            }
            _ => None,
        }
    }

    /// Which part of a file of this length is wanted. Several ranges at once are answered with
    /// the whole, as a server may (RFC 9110 §14.2).
    pub(crate) fn part(&self, version: &Version, length: u64) -> Part {
        let Some(range) = &self.range else { return Part::Whole };
        // RFC 9110 §13.1.5: a range of another version would be of no use. A date matches nothing:
        // two versions may be of one second (§8.8.2.2), and who has our tag is not to send a date.
        let is_current = self.if_range.as_ref().is_none_or(|tag| *tag == version.tag);
        if is_current { parse_range(range, length) } else { Part::Whole }
    }
}

/// Whether a list of entity tags has this one, or is `*` (RFC 9110 §13.1). A strong comparison
/// matches no weak tag; a weak one does not mind (RFC 9110 §8.8.3.2).
fn lists(tags: &str, tag: &str, weakly: bool) -> bool {
    tags.trim() == "*"
        || tags.split(',').map(str::trim).any(|listed| {
            listed == tag || weakly && listed.strip_prefix("W/").is_some_and(|it| it == tag)
        })
}

/// `bytes=first-last`, `bytes=first-` or `bytes=-suffix` (RFC 9110 §14.1.1, §14.1.2). What is not
/// understood is ignored (§14.2).
fn parse_range(range: &str, length: u64) -> Part {
    let spec = match range.split_once('=') {
        Some((unit, spec)) if unit.trim().eq_ignore_ascii_case("bytes") => spec.trim(),
        _ => return Part::Whole,
    };
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // More than u64 holds is more than any file has.
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match spec.split_once('-').map(|(first, last)| (number(first), number(last), first, last)) {
        Some((None, Some(suffix), "", _)) => match suffix.min(length) {
            0 => Part::Unsatisfiable,
            suffix => Part::Range(length - suffix, suffix),
        },
        Some((Some(first), last, _, text)) if last.is_some() || text.is_empty() => match last {
            Some(last) if last < first => Part::Whole, // malformed
            _ if first >= length => Part::Unsatisfiable,
            last => {
                let last = last.unwrap_or(u64::MAX).min(length - 1);
                Part::Range(first, last - first + 1)
            }
        },
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_requests_are_answered_by_their_parts() {
        for (range, part) in [
            ("bytes=0-0", Part::Range(0, 1)),
            ("bytes=2-4", Part::Range(2, 3)),
            ("bytes=2-99", Part::Range(2, 8)),
            ("bytes=9-", Part::Range(9, 1)),
            ("BYTES = -3", Part::Range(7, 3)),
            ("bytes=-99", Part::Range(0, 10)),
            ("bytes=0-99999999999999999999999", Part::Range(0, 10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=1-x", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(parse_range(range, 10), part, "{range}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Part::Unsatisfiable);
    }

    #[test]
    fn every_time_of_a_file_has_a_date() {
        const YEAR_3000: u64 = 32_503_680_000;
        let date = |seconds, now| {
            let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
            Version::new(at(seconds), 1, 1).last_modified(at(now))
        };
        assert_eq!(date(784_111_777, YEAR_3000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(YEAR_3000, 784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT", "not yet");
        for far in [LAST_SECOND, LAST_SECOND + 1, 1 << 55] {
            assert_eq!(date(far, far), "Fri, 31 Dec 9999 23:59:59 GMT");
        }
        let before = UNIX_EPOCH - Duration::from_secs(1);
        let told = Version::new(before, 1, 1).last_modified(UNIX_EPOCH);
        assert_eq!(told, "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn preconditions_are_evaluated_in_the_order_of_the_rfc() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let version = Version::new(at(1000), 5, 1);
        let tag = version.tag.clone();
        let read = || Conditions { is_read: true, ..Conditions::default() };
        let fail = |conditions: Conditions| conditions.fail(Some(&version)).map(|it| it.as_u16());

        assert_eq!(fail(read()), None);
        assert_eq!(fail(Conditions { if_none_match: Some(tag.clone()), ..read() }), Some(304));
        let weak = format!("\"other\", W/{tag}");
        assert_eq!(fail(Conditions { if_none_match: Some(weak.clone()), ..read() }), Some(304));
        assert_eq!(fail(Conditions { if_match: Some(weak), ..read() }), Some(412));
        assert_eq!(fail(Conditions { if_none_match: Some("\"other\"".into()), ..read() }), None);
        assert_eq!(fail(Conditions { if_modified_since: Some(at(1000)), ..read() }), Some(304));
        assert_eq!(fail(Conditions { if_modified_since: Some(at(999)), ..read() }), None);
        // If-None-Match wins over If-Modified-Since.
        let both = Conditions {
            if_none_match: Some("\"other\"".into()),
            if_modified_since: Some(at(1000)),
            ..read()
        };
        assert_eq!(fail(both), None);
        assert_eq!(fail(Conditions { if_unmodified_since: Some(at(999)), ..read() }), Some(412));
        let write = Conditions { if_none_match: Some("*".into()), ..Conditions::default() };
        assert_eq!(write.fail(None), None);
        assert_eq!(fail(write), Some(412));
        let absent = Conditions { if_match: Some("*".into()), ..Conditions::default() };
        assert_eq!(absent.fail(None), Some(StatusCode::PRECONDITION_FAILED));
    }
}
