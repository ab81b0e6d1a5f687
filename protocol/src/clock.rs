//! Time as data: it comes in with every call, and goes out as a deadline.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The moment at which something happened, read by the caller.
///
/// Deadlines are reckoned on the monotonic clock; the wall clock is only for the `Date` field.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The wall clock.
    pub wall: SystemTime,
}

/// The `Date` field's value, formatted once a second (RFC 9110 §6.6.1).
#[derive(Debug)]
pub(crate) struct DateCache {
    second: u64,
    text: [u8; DateCache::LENGTH],
}

impl DateCache {
    /// Length of an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    const LENGTH: usize = 29;

    pub(crate) fn new() -> Self {
        DateCache { second: u64::MAX, text: [b' '; Self::LENGTH] }
    }

    pub(crate) fn at(&mut self, wall: SystemTime) -> &[u8] {
        // A clock before 1970 or after 9999 is wrong; `Date` then shows the nearest end.
        let second =
            wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).min(253_402_300_799);
        if second != self.second {
            let moment = UNIX_EPOCH + Duration::from_secs(second);
            let text = httpdate::HttpDate::from(moment);
            std::io::Write::write_fmt(&mut &mut self.text[..], format_args!("{text}"))
                .unwrap_or_else(|_| unreachable!("an IMF-fixdate is {} bytes long", Self::LENGTH));
            self.second = second;
        }
        &self.text
    }
}

/// The `Date` field's value at this time.
#[must_use]
#[allow(clippy::missing_panics_doc, reason = "a date is a legal value")]
pub fn date(wall: SystemTime) -> http::HeaderValue {
    http::HeaderValue::from_bytes(DateCache::new().at(wall)).expect("it is plain text")
}

/// A moment so much later. A time that the clock cannot hold is as good as a century.
#[must_use]
pub fn after(moment: Instant, time: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    moment + time.min(CENTURY)
}

/// The earliest of several deadlines, of which each may be none.
///
/// ```
/// use std::time::{Duration, Instant};
/// let now = Instant::now();
/// let later = now + Duration::from_secs(1);
/// assert_eq!(protocol::earliest([None, Some(later), Some(now)]), Some(now));
/// ```
#[must_use]
pub fn earliest(deadlines: impl IntoIterator<Item = Option<Instant>>) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}

/// Whether a deadline has come, if there is one.
#[must_use]
pub fn is_due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|at| at <= now)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The tests of time are about what comes after it.
    #[expect(clippy::disallowed_methods, reason = "any moment would do")]
    pub(crate) fn moment() -> Instant {
        Instant::now()
    }

    #[test]
    fn date_is_an_imf_fixdate_and_follows_the_second() {
        let mut date = DateCache::new();
        let at = |date: &mut DateCache, seconds| {
            String::from_utf8(date.at(UNIX_EPOCH + Duration::from_millis(seconds)).to_vec())
                .unwrap()
        };
        assert_eq!(at(&mut date, 784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(&mut date, 784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(&mut date, 784_111_778_000), "Sun, 06 Nov 1994 08:49:38 GMT");
    }

    #[test]
    fn date_survives_a_clock_that_is_wrong() {
        let mut date = DateCache::new();
        assert_eq!(date.at(UNIX_EPOCH - Duration::from_secs(1)), b"Thu, 01 Jan 1970 00:00:00 GMT");
        let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert_eq!(date.at(far), b"Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
