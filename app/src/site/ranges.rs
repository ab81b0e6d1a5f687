//! Ranges of a file (RFC 9110 §14).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Write};

use backend_common::socket::read_file;
use protocol::FileRange;
use protocol::http::HeaderValue;

use crate::site::budget::Held;

/// How many ranges may be asked for at once.
const MOST_RANGES: usize = 16;

/// How many bytes all parts of a response with several may have together, since they are put
/// together in memory.
const MOST_IN_PARTS: u64 = 1 << 20;

/// Ranges with fewer bytes between them are one: what is said of a part takes as much.
const CLOSE: u64 = 80;

/// Bytes of a file, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Range {
    pub(super) fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// The value of `Content-Range` (RFC 9110 §14.4).
    pub(super) fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

/// What of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    One(Range),
    /// In the order in which they were asked for, none of them close to another.
    Several(Vec<Range>),
    Unsatisfiable,
}

/// Reads `Range`. What is not understood, or is too much, is ignored (RFC 9110 §14.2).
pub(super) fn wanted(field: &str, length: u64) -> Wanted {
    let specs = match field.split_once('=') {
        Some((unit, specs)) if unit.trim().eq_ignore_ascii_case("bytes") => specs,
        _ => return Wanted::Whole,
    };
    if specs.split(',').count() > MOST_RANGES {
        return Wanted::Whole;
    }
    let read = specs.split(',').map(|spec| range(spec.trim(), length));
    let Some(read) = read.collect::<Option<Vec<_>>>() else { return Wanted::Whole };
    let ranges = coalesce(read.into_iter().flatten());
    match ranges[..] {
        [] => Wanted::Unsatisfiable,
        [one] => Wanted::One(one),
        _ if ranges.iter().map(|range| range.length()).sum::<u64>() > MOST_IN_PARTS => {
            Wanted::Whole
        }
        _ => Wanted::Several(ranges),
    }
}

/// `first-last`, `first-` or `-suffix` (RFC 9110 §14.1.1, §14.1.2): `None` if it is malformed,
/// `Some(None)` if the file has nothing of it.
fn range(spec: &str, length: u64) -> Option<Option<Range>> {
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // More than u64 holds is more than any file has.
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = match spec.split_once('-')? {
        ("", suffix) => (length - number(suffix)?.min(length), length.checked_sub(1)),
        (first, "") => (number(first)?, length.checked_sub(1)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, length.checked_sub(1).map(|end| last.min(end)))
        }
    };
    Some(last.filter(|last| first <= *last).map(|last| Range { first, last }))
}

/// Makes one of those that overlap or are close, where the first of them stands
/// (RFC 9110 §14.2, §15.3.7.2).
fn coalesce(ranges: impl Iterator<Item = Range>) -> Vec<Range> {
    let mut apart: Vec<Range> = Vec::new();
    for mut range in ranges {
        let mut place = None;
        let mut index = 0;
        while let Some(other) = apart.get(index).copied() {
            let is_close = range.first <= other.last.saturating_add(CLOSE)
                && other.first <= range.last.saturating_add(CLOSE);
            if !is_close {
                index += 1;
                continue;
            }
            let (first, last) = (range.first.min(other.first), range.last.max(other.last));
            range = Range { first, last };
            apart.remove(index);
            place = Some(place.unwrap_or(index).min(index));
            index = 0; // it has grown, and others may be close by now
        }
        apart.insert(place.unwrap_or(apart.len()), range);
    }
    apart
}

/// Puts parts of a file together as `multipart/byteranges` (RFC 9110 §14.6): the media type, and
/// the content. There is none if too much memory is taken.
///
/// # Errors
/// If the file cannot be read, or is shorter than it was.
pub(super) fn multipart(
    whole: &FileRange,
    media_type: &HeaderValue,
    ranges: &[Range],
) -> io::Result<Option<(String, Held)>> {
    // Nothing that the file has in it: it cannot be guessed.
    let boundary = format!("{:016x}{:016x}", random(), random());
    let media_type = media_type.to_str().unwrap_or_default();
    let head = |range: Range| {
        let range = range.content_range(whole.length);
        format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {range}\r\n\r\n")
    };
    let end = format!("\r\n--{boundary}--\r\n");
    let length = |range: &Range| head(*range).len() + usize::try_from(range.length()).unwrap_or(0);
    let total = ranges.iter().map(length).sum::<usize>() + end.len();
    let Some(mut held) = Held::reserve(total) else { return Ok(None) };
    for range in ranges {
        held.write_all(head(*range).as_bytes())?;
        held.write_all(&read(whole, *range)?)?;
    }
    held.write_all(end.as_bytes())?;
    Ok(Some((format!("multipart/byteranges; boundary={boundary}"), held)))
}

/// Reads all of a range.
fn read(whole: &FileRange, range: Range) -> io::Result<Vec<u8>> {
    let mut piece = vec![0; usize::try_from(range.length()).unwrap_or(0)];
    let mut count = 0;
    while count < piece.len() {
        let offset = whole.offset + range.first + count as u64;
        let rest = FileRange { offset, length: range.length() - count as u64, ..whole.clone() };
        match read_file(&rest, &mut piece[count..])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => count += more,
        }
    }
    Ok(piece)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(first: u64, last: u64) -> Wanted {
        Wanted::One(Range { first, last })
    }

    #[test]
    fn range_requests_are_answered_by_their_parts() {
        for (range, part) in [
            ("bytes=0-0", one(0, 0)),
            ("bytes=2-4", one(2, 4)),
            ("bytes=2-99", one(2, 9)),
            ("bytes=9-", one(9, 9)),
            ("BYTES = -3", one(7, 9)),
            ("bytes=-99", one(0, 9)),
            ("bytes=0-99999999999999999999999", one(0, 9)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=4-2", Wanted::Whole),
            ("bytes=0-1,3-4", one(0, 4)),
            ("bytes=0-1,a-b", Wanted::Whole),
            ("bytes=0-1,", Wanted::Whole),
            ("bytes=0-1,20-30", one(0, 1)),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=1-x", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ] {
            assert_eq!(wanted(range, 10), part, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Unsatisfiable);
        assert_eq!(wanted("bytes=-1", 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn ranges_that_overlap_or_are_close_are_one() {
        let several = |field| match wanted(field, 1_000_000) {
            Wanted::Several(ranges) => ranges.iter().map(|it| (it.first, it.last)).collect(),
            other => vec![(u64::MAX, if other == Wanted::Whole { 0 } else { 1 })],
        };
        assert_eq!(several("bytes=0-9,1000-1009"), [(0, 9), (1000, 1009)]);
        assert_eq!(several("bytes=1000-1009,0-9"), [(1000, 1009), (0, 9)], "as asked for");
        assert_eq!(several("bytes=0-9,1000-1009,5-20"), [(0, 20), (1000, 1009)]);
        assert_eq!(several("bytes=0-9,500-509,1000-1009,80-430"), [(0, 509), (1000, 1009)]);
        assert_eq!(several("bytes=-1,0-9,0-9,0-9"), [(999_999, 999_999), (0, 9)]);
    }

    #[test]
    fn too_many_or_too_large_ranges_are_the_whole() {
        let many = |count: u64| {
            let specs: Vec<_> = (0..count).map(|it| format!("{0}-{0}", it * 1000)).collect();
            wanted(&format!("bytes={}", specs.join(",")), 1 << 30)
        };
        assert!(matches!(many(MOST_RANGES as u64), Wanted::Several(ranges) if ranges.len() == 16));
        assert_eq!(many(MOST_RANGES as u64 + 1), Wanted::Whole);
        let large = format!("bytes=0-{MOST_IN_PARTS},2000000-2000001");
        assert_eq!(wanted(&large, 1 << 30), Wanted::Whole);
    }
}
