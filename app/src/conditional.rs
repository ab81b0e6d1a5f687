//! Preconditions (RFC 9110 §13), and which range is asked for: what a request says of the version
//! it has or wants, and what follows from it.

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

    /// The same version, in a content coding of this name.
    pub(crate) fn coded(&self, coding: &str) -> Self {
        let tag = format!("{}-{coding}\"", self.tag.trim_end_matches('"'));
        Version { tag, ..self.clone() }
    }

    /// The value of `Last-Modified` at the moment `now`: never a time to come, which is replaced by
    /// that of the response (RFC 9110 §8.8.2.1).
    pub(crate) fn last_modified(&self, now: SystemTime) -> String {
        httpdate::fmt_http_date(self.modified.min(now))
    }
}

/// The end of the year 9999: later dates have no form in HTTP (RFC 9110 §5.6.7).
const LAST_SECOND: u64 = 253_402_300_799;

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

    /// Whether a part is wanted.
    pub(crate) fn has_range(&self) -> bool {
        self.range.is_some()
    }

    /// Which part of this version is wanted, if one is.
    pub(crate) fn range(&self, version: &Version) -> Option<&str> {
        // RFC 9110 §13.1.5: a range of another version would be of no use. A date matches nothing:
        // two versions may be of one second (§8.8.2.2), and who has our tag is not to send a date.
        let is_current = self.if_range.as_ref().is_none_or(|tag| *tag == version.tag);
        self.range.as_deref().filter(|_| is_current)
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

#[cfg(test)]
mod tests {
    use super::*;

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
