//! How a response of HTTP/1.1 is looked at: strictly once, and from then on by comparison.
//!
//! Equal requests have equal responses, but for the date. So the first response is parsed, and
//! later ones are compared with it byte for byte where they are received: no copy, no parser, and
//! still each byte is looked at. One that differs need not be wrong (fields may come in another
//! order); then it is parsed as the first one was.

use std::ops::Range;

use crate::load::expectation::{DATE_LENGTH, Dates, Expectation, excerpt};

/// More fields than any server sends.
const MAX_FIELDS: usize = 128;

/// A response that was right.
#[derive(Clone, Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    /// Where the value of `Date` is.
    date: Option<Range<usize>>,
    /// Whether the server closes after it.
    pub(super) closes: bool,
}

/// How far a response agrees with the template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    /// So far as it has come.
    Incomplete,
    /// It is complete, after so many bytes of what was compared.
    Complete(usize),
    /// It does not, or not surely.
    Differs,
}

impl Template {
    /// Compares the bytes that follow the first `at` of a response. `at` is moved on if they agree.
    pub(super) fn compare(&self, at: &mut usize, input: &[u8], dates: &mut Dates) -> Comparison {
        let length = input.len().min(self.bytes.len() - *at);
        let (input, part) = (&input[..length], *at..*at + length);
        let is_equal = match &self.date {
            Some(date) if date.start < part.end && part.start < date.end => {
                // A date that is cut in two is rare enough.
                part.start <= date.start
                    && date.end <= part.end
                    && self.compare_around(date, &part, input, dates)
            }
            _ => input == &self.bytes[part.clone()],
        };
        if !is_equal {
            return Comparison::Differs;
        }
        *at = part.end;
        if *at < self.bytes.len() {
            return Comparison::Incomplete;
        }
        *at = 0;
        Comparison::Complete(length)
    }

    fn compare_around(
        &self,
        date: &Range<usize>,
        part: &Range<usize>,
        input: &[u8],
        dates: &mut Dates,
    ) -> bool {
        let (before, rest) = input.split_at(date.start - part.start);
        let (value, after) = rest.split_at(DATE_LENGTH);
        before == &self.bytes[part.start..date.start]
            && after == &self.bytes[date.end..part.end]
            && dates.check(value).is_ok()
    }

    /// The first bytes of a response that has agreed so far.
    pub(super) fn beginning(&self, length: usize, dates: &Dates, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&self.bytes[..length]);
        if let Some(date) = self.date.as_ref().filter(|date| date.end <= length) {
            into[start + date.start..start + date.end].copy_from_slice(dates.last());
        }
    }
}

/// A response that was parsed.
#[derive(Debug)]
pub(super) struct Parsed {
    /// How long it is.
    pub(super) length: usize,
    /// Whether it is a 1xx, which another one follows (RFC 9110 §15.2).
    pub(super) is_interim: bool,
    pub(super) template: Template,
}

/// Parses the response that some bytes begin with, and holds it against what is right. `None`: it
/// is not complete yet. After the end of input nothing more comes.
pub(super) fn parse(
    input: &[u8],
    is_end: bool,
    expectation: &Expectation,
    dates: &mut Dates,
) -> Result<Option<Parsed>, String> {
    let Some(head) = Head::parse(input, expectation)? else { return Ok(None) };
    let rest = &input[head.length..];
    let body = match head.framing {
        _ if head.is_interim => Some((0, Vec::new())),
        Framing::Length(length) => rest.get(..length).map(|body| (length, body.to_vec())),
        Framing::Chunked => dechunk(rest)?,
        Framing::UntilClose => is_end.then(|| (rest.len(), rest.to_vec())),
    };
    let Some((body_length, body)) = body else { return Ok(None) };
    if !head.is_interim {
        expectation.check_status(head.status)?;
        expectation.check_body(&body)?;
    }
    if let Some(date) = &head.date {
        dates.check(&input[date.clone()])?;
    }
    let length = head.length + body_length;
    let template =
        Template { bytes: input[..length].to_vec(), date: head.date, closes: head.closes };
    Ok(Some(Parsed { length, is_interim: head.is_interim, template }))
}

/// What the head of a response says.
struct Head {
    length: usize,
    status: u16,
    is_interim: bool,
    framing: Framing,
    date: Option<Range<usize>>,
    closes: bool,
}

/// How long a body is (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Head {
    fn parse(input: &[u8], expectation: &Expectation) -> Result<Option<Head>, String> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let malformed = |error| format!("no response of HTTP/1.1 ({error}): {}", excerpt(input));
        let httparse::Status::Complete(length) = response.parse(input).map_err(malformed)? else {
            return Ok(None);
        };
        let status = response.code.unwrap_or(0);
        let is_interim = matches!(status, 100 | 102..=199);
        let framing = if expectation.is_bodiless(status) {
            Framing::Length(0)
        } else {
            framing(response.headers).map_err(|what| format!("{what} (status {status})"))?
        };
        let is_old = response.version == Some(0);
        let options = values(response.headers, "connection");
        let said = options.flat_map(|value| value.split(|&byte| byte == b','));
        let closes = said.map(<[u8]>::trim_ascii).any(|it| it.eq_ignore_ascii_case(b"close"));
        let date = values(response.headers, "date").next().map(|value| within(input, value));
        Ok(Some(Head {
            length,
            status,
            is_interim,
            framing,
            date,
            closes: closes || is_old || framing == Framing::UntilClose,
        }))
    }
}

/// Where a part of some bytes is.
fn within(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

fn values<'a>(
    fields: &'a [httparse::Header<'a>],
    name: &'static str,
) -> impl Iterator<Item = &'a [u8]> {
    let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| field.value)
}

fn framing(fields: &[httparse::Header<'_>]) -> Result<Framing, String> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (Some(_), Some(_)) => Err("both Content-Length and Transfer-Encoding".into()),
        (Some(_), None) if lengths.next().is_some() => Err("Content-Length twice".into()),
        (Some(length), None) => length_of(length).map(Framing::Length),
        (None, Some(coding)) if !coding.eq_ignore_ascii_case(b"chunked") => {
            Err(format!("Transfer-Encoding {}", excerpt(coding)))
        }
        (None, Some(_)) if codings.next().is_some() => Err("Transfer-Encoding twice".into()),
        (None, Some(_)) => Ok(Framing::Chunked),
        (None, None) => Ok(Framing::UntilClose),
    }
}

/// Digits and nothing else (RFC 9110 §8.6).
fn length_of(value: &[u8]) -> Result<usize, String> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| is_number);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("Content-Length {}", excerpt(value)))
}

/// The length of a chunked body as it came, and what it carries (RFC 9112 §7.1).
fn dechunk(input: &[u8]) -> Result<Option<(usize, Vec<u8>)>, String> {
    let malformed = |at: usize| format!("a malformed chunk: {}", excerpt(&input[at..]));
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let parsed = httparse::parse_chunk_size(&input[at..]).map_err(|_| malformed(at))?;
        let httparse::Status::Complete((head, size)) = parsed else { return Ok(None) };
        if size == 0 {
            return trailers_end(input, at + head).map(|end| end.map(|end| (end, body)));
        }
        let start = at + head;
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let end = end.ok_or_else(|| malformed(at))?;
        let Some(data) = input.get(start..end) else { return Ok(None) };
        body.extend_from_slice(data);
        match input[end..] {
            [b'\r', b'\n', ..] => at = end + 2,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(malformed(end)),
        }
    }
}

/// Where the trailer section that begins there ends, with its empty line.
fn trailers_end(input: &[u8], at: usize) -> Result<Option<usize>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(&input[at..], &mut fields) {
        Ok(httparse::Status::Complete((length, _))) => Ok(Some(at + length)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(format!("a malformed trailer section ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Request;
    use std::time::{Duration, SystemTime};

    fn expectation(method: &str, body: &[u8]) -> Expectation {
        Expectation::of(&Request {
            method: method.into(),
            target: "/".into(),
            fields: Vec::new(),
            body: Vec::new(),
            status: 200,
            expected: Some(body.to_vec()),
        })
    }

    fn parse_all(input: &str, method: &str, is_end: bool) -> Result<Option<Parsed>, String> {
        parse(input.as_bytes(), is_end, &expectation(method, b"hello"), &mut Dates::new())
    }

    fn date_in(seconds: u64) -> String {
        httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
    }

    #[test]
    fn right_responses_are_as_long_as_they_say() {
        for (method, input) in [
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            (
                "GET",
                "HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n\
                     2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nSum: 1\r\n\r\n",
            ),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ] {
            let parsed = parse_all(&format!("{input}HTTP/1.1 "), method, false).unwrap().unwrap();
            assert_eq!(parsed.length, input.len(), "{input}");
            assert!(!parsed.template.closes);
            for length in 0..input.len() {
                let part = parse_all(&input[..length], method, false);
                assert!(part.unwrap().is_none(), "complete after {length} bytes: {input}");
            }
        }
    }

    #[test]
    fn a_body_without_a_length_lasts_until_the_end() {
        let input = "HTTP/1.1 200 OK\r\n\r\nhello";
        assert!(parse_all(input, "GET", false).unwrap().is_none());
        let parsed = parse_all(input, "GET", true).unwrap().unwrap();
        assert!(parsed.template.closes && parsed.length == input.len());
    }

    #[test]
    fn an_interim_response_is_not_the_one_that_was_asked_for() {
        let input = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n";
        let parsed = parse_all(input, "GET", false).unwrap().unwrap();
        assert!(parsed.is_interim && parsed.length == 28);
    }

    #[test]
    fn wrong_responses_are_described() {
        let stale = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH);
        let stale = format!("HTTP/1.1 200 OK\r\nDate: {stale}\r\nContent-Length: 5\r\n\r\nhello");
        for (input, said) in [
            ("HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nhello", "the status is 503, not 200"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", "the body has 4 bytes, not 5"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo", "from its byte 1 on"),
            ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "Content-Length \"+5\""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "twice"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "gzip"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!", "chunk"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "chunk"),
            ("HTTP/2 200 OK\r\n\r\n", "no response of HTTP/1.1"),
            ("hello", "no response of HTTP/1.1"),
            (&stale, "s off"),
        ] {
            let wrong = parse_all(input, "GET", false).unwrap_err();
            assert!(wrong.contains(said), "{wrong} for {input}");
        }
    }

    #[test]
    fn options_of_the_connection_and_the_version_say_whether_it_closes() {
        for (head, closes) in [
            ("HTTP/1.1 200 OK\r\n", false),
            ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", false),
            ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n", true),
            ("HTTP/1.0 200 OK\r\n", true),
        ] {
            let input = format!("{head}Content-Length: 5\r\n\r\nhello");
            let parsed = parse_all(&input, "GET", false).unwrap().unwrap();
            assert_eq!(parsed.template.closes, closes, "{head}");
        }
    }

    /// Every split in two, with the date of the first response and with another.
    #[test]
    fn equal_responses_agree_in_any_split() {
        let response = |date: &str| {
            format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 5\r\n\r\nhello")
        };
        let (first, second) = (response(&date_in(0)), response(&date_in(1)));
        let expectation = expectation("GET", b"hello");
        let mut dates = Dates::new();
        let parsed = parse(first.as_bytes(), false, &expectation, &mut dates).unwrap().unwrap();
        let template = parsed.template;
        for response in [&first, &second] {
            for cut in 1..response.len() {
                let (one, two) = response.as_bytes().split_at(cut);
                let mut at = 0;
                let first = template.compare(&mut at, one, &mut dates);
                if first == Comparison::Differs {
                    assert!((24..23 + DATE_LENGTH).contains(&cut), "differs at {cut}");
                    continue;
                }
                assert_eq!((first, at), (Comparison::Incomplete, cut));
                let mut so_far = Vec::new();
                template.beginning(at, &dates, &mut so_far);
                assert!(cut < 23 + DATE_LENGTH || so_far == one);
                assert_eq!(
                    template.compare(&mut at, two, &mut dates),
                    Comparison::Complete(two.len())
                );
                assert_eq!(at, 0);
            }
        }
    }

    #[test]
    fn each_byte_that_differs_is_seen() {
        let date = date_in(0);
        let right = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 5\r\n\r\nhello")
            .into_bytes();
        let expectation = expectation("GET", b"hello");
        let mut dates = Dates::new();
        let template = parse(&right, false, &expectation, &mut dates).unwrap().unwrap().template;
        for at in 0..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 0x80;
            let compared = template.compare(&mut 0, &wrong, &mut dates);
            assert_eq!(compared, Comparison::Differs, "byte {at}");
        }
    }
}
