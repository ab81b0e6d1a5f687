//! From bytes to a request: where the head ends, and what it says (RFC 9112 §2–§6).
//!
//! Two steps. [`HeadScanner`] finds the end of the head as bytes trickle in and looks at each of
//! them once, whatever the split; only a whole head is then parsed, in place, by `httparse` and
//! checked for what `httparse` leaves open. A head that arrives byte by byte costs linear time.

use std::mem::MaybeUninit;

use http::{Method, Version};
use httparse::Header;

use crate::body::BodyLength;
use crate::clock::Now;
use crate::grammar::{decimal, is_host, is_token_byte, tokens};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::request::{Request, Target};

/// What a TLS connection begins with: the type of a handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A request whose response has no content begins with this (RFC 9110 §9.3.2).
const HEAD: &[u8] = b"HEAD ";

// ANCHOR: scanner
/// Looks for the empty line that ends a head, and remembers how far it has looked.
#[derive(Debug, Default)]
pub(crate) struct HeadScanner {
    /// All bytes before this have been looked at.
    scanned: usize,
    /// Where the line that is arriving began.
    line: usize,
    is_head: bool,
}
// ANCHOR_END: scanner

impl HeadScanner {
    /// Whether a head has begun to arrive.
    pub(crate) fn started(&self) -> bool {
        self.scanned > 0
    }

    /// Whether the method is known, and is HEAD: also a refusal has no content then
    /// (RFC 9110 §9.3.2).
    pub(crate) fn is_head(&self) -> bool {
        self.is_head
    }

    // ANCHOR: scan
    /// The length of the head at the start of `input`, or `None` when its end has yet to come.
    /// `input` begins with the head's first byte and has only grown since the last call.
    pub(crate) fn scan(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Refusal> {
        // What cannot become a method is refused before a line has arrived: another protocol
        // (a TLS handshake, say) would otherwise be waited for until the timeout.
        if !self.started() && input.first().is_some_and(|&byte| !is_token_byte(byte)) {
            let is_tls = input[0] == TLS_HANDSHAKE;
            return Err(if is_tls { Refusal::Foreign } else { Refusal::RequestLine });
        }
        // A limit below its length would be met before the method is known, if the split let it.
        let is_known = HEAD.len() <= limits.max_request_line.min(limits.max_head);
        self.is_head |= is_known && input.starts_with(HEAD);
        for at in memchr::memchr_iter(b'\n', &input[self.scanned..]) {
            let end = self.scanned + at;
            self.within_limits(end, end > limits.max_request_line + 1, limits)?;
            if end == self.line || input[end - 1] != b'\r' {
                return Err(Refusal::LineEnding); // RFC 9112 §2.2
            }
            let is_empty = end - 1 == self.line;
            self.line = end + 1;
            if is_empty {
                return Ok(Some(self.line));
            }
        }
        self.scanned = input.len();
        if let Some(last) = input.len().checked_sub(1) {
            self.within_limits(last, last > limits.max_request_line, limits)?;
        }
        Ok(None)
    }
    // ANCHOR_END: scan

    /// Whether a head may reach as far as the byte at index `last`. Where both limits are passed
    /// at once, the one that a slower arrival would have met first is named.
    fn within_limits(&self, last: usize, long_line: bool, limits: &Limits) -> Result<(), Refusal> {
        let long_head = last >= limits.max_head;
        if self.line == 0 && long_line && (!long_head || limits.max_request_line < limits.max_head)
        {
            Err(Refusal::RequestLineTooLong)
        } else if long_head {
            Err(Refusal::FieldsTooLarge)
        } else {
            Ok(())
        }
    }
}

/// Room for the field lines of one head, on the caller's stack.
pub(crate) type FieldStorage<'a> = [MaybeUninit<Header<'a>>; Limits::MAX_FIELDS];

/// Fresh [`FieldStorage`]; nothing is written, so it costs nothing.
pub(crate) fn field_storage<'a>() -> FieldStorage<'a> {
    [const { MaybeUninit::uninit() }; Limits::MAX_FIELDS]
}

/// What a head says of the message around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) body: BodyLength,
    /// Whether the client would use the connection again (RFC 9112 §9.3).
    pub(crate) keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
}

/// Parses a whole head, as delimited by [`HeadScanner`].
pub(crate) fn parse<'a>(
    head: &'a mut [u8],
    storage: &'a mut FieldStorage<'a>,
    limits: &Limits,
    now: Now,
) -> Result<(Request<'a>, Framing), Refusal> {
    treat_later_minor_as_1_1(head);
    let head: &'a [u8] = head;
    let room = limits.max_fields.min(Limits::MAX_FIELDS);
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(head, &mut storage[..room]) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        // The scanner found the one empty line of the head, so httparse must find the same one.
        Ok(_) => return Err(Refusal::LineEnding),
        Err(error) => return Err(refusal(error, head)),
    }
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(Refusal::RequestLine);
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Refusal::RequestLine)?;
    let target = Target::parse(&method, target)?;
    let version = match parsed.version {
        Some(0) => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let fields: &'a [Header<'a>] = parsed.headers;
    let framing = framing(version, fields)?;
    let (secure, peer, listener) = (false, None, 0);
    Ok((Request { method, target, version, fields, now, secure, peer, listener }, framing))
}

/// A higher minor version is read as the highest we know (RFC 9110 §2.5).
fn treat_later_minor_as_1_1(head: &mut [u8]) {
    let Some(end) = memchr::memchr(b'\r', head) else { return };
    if let [.., b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'2'..=b'9'] =
        &mut head[..end]
    {
        *minor = b'1';
    }
}

/// Says in our terms what `httparse` found wrong.
fn refusal(error: httparse::Error, head: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::FieldsTooLarge,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => Refusal::FieldLine,
        httparse::Error::Version if names_another_version(head) => Refusal::Version,
        _ if is_foreign(head) => Refusal::Foreign,
        _ if !has_request_line(head) => Refusal::RequestLine,
        // A CR that no LF follows: the scanner has seen a CR before every LF (RFC 9112 §2.2).
        httparse::Error::NewLine => Refusal::LineEnding,
        _ => Refusal::FieldLine,
    }
}

/// The request line of a whole head.
fn request_line(head: &[u8]) -> &[u8] {
    &head[..memchr::memchr(b'\r', head).unwrap_or(head.len())]
}

/// The words of the request line, if there are three and nothing else is in it.
fn three_words(head: &[u8]) -> Option<[&[u8]; 3]> {
    let line = request_line(head);
    if !head[line.len()..].starts_with(b"\r\n") {
        return None;
    }
    let mut words = line.split(|&byte| byte == b' ');
    let three = [words.next()?, words.next()?, words.next()?];
    words.next().is_none().then_some(three)
}

/// Whether neither target nor version look like one, as in what another protocol begins with.
fn is_foreign(head: &[u8]) -> bool {
    three_words(head).is_some_and(|[_, target, version]| {
        !target.contains(&b'/') && target != b"*" && !version.starts_with(b"HTTP/")
    })
}

/// Whether the request line ends in a well-formed `HTTP-version` (RFC 9112 §2.3) that is not ours;
/// with ours, something else is wrong with it.
fn names_another_version(head: &[u8]) -> bool {
    three_words(head).is_some_and(|[_, _, version]| {
        matches!(version, [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9'])
    })
}

/// Whether the request line alone would have been accepted.
fn has_request_line(head: &[u8]) -> bool {
    let mut line = [request_line(head), b"\r\n\r\n"].concat();
    treat_later_minor_as_1_1(&mut line);
    httparse::Request::new(&mut []).parse(&line).is_ok()
}

/// Reads the fields that decide where the message ends and what follows it (RFC 9112 §6.3, §9.3).
fn framing(version: Version, fields: &[Header<'_>]) -> Result<Framing, Refusal> {
    let mut host = false;
    let mut content_length = None;
    let mut coding = TransferCoding::None;
    let mut close = false;
    let mut keep_alive = false;
    let mut expects_continue = false;
    for field in fields {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        // The length decides most comparisons; only four lengths matter.
        match field.name.len() {
            4 if is("host") => {
                if host || !is_host(field.value) {
                    return Err(Refusal::Host);
                }
                host = true;
            }
            6 if is("expect") && version == Version::HTTP_11 => {
                if !field.value.eq_ignore_ascii_case(b"100-continue") {
                    return Err(Refusal::Expectation);
                }
                expects_continue = true;
            }
            10 if is("connection") => {
                for token in tokens(field.value) {
                    close |= token.eq_ignore_ascii_case(b"close");
                    keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            // Repeated lengths may be refused even when they agree (RFC 9112 §6.3).
            14 if is("content-length") => match content_length {
                None => content_length = Some(decimal(field.value)?),
                Some(_) => return Err(Refusal::ContentLength),
            },
            17 if is("transfer-encoding") => coding.add(field.value)?,
            _ => {}
        }
    }
    if !host && version == Version::HTTP_11 {
        return Err(Refusal::Host); // RFC 9112 §3.2
    }
    let body = match (coding.finish(version)?, content_length) {
        (true, Some(_)) => return Err(Refusal::Framing), // RFC 9112 §6.3, item 3
        (true, None) => BodyLength::Chunked,
        (false, length) => BodyLength::Known(length.unwrap_or(0)),
    };
    Ok(Framing {
        body,
        // RFC 9112 §9.3: 1.1 persists unless told otherwise, 1.0 only when asked to.
        keep_alive: !close && (version == Version::HTTP_11 || keep_alive),
        expects_continue,
    })
}

/// What the `Transfer-Encoding` field lines, taken together, say (RFC 9112 §6.1).
#[derive(Clone, Copy)]
enum TransferCoding {
    None,
    /// Codings other than `chunked`, so far.
    Unknown,
    Chunked,
    UnknownThenChunked,
}

impl TransferCoding {
    fn add(&mut self, value: &[u8]) -> Result<(), Refusal> {
        use TransferCoding::{Chunked, None, Unknown, UnknownThenChunked};
        let mut named = false;
        for token in tokens(value) {
            named = true;
            *self = match (*self, token.eq_ignore_ascii_case(b"chunked")) {
                (None, true) => Chunked,
                (Unknown, true) => UnknownThenChunked,
                (None | Unknown, false) => Unknown,
                // `chunked` is applied once, and last.
                (Chunked | UnknownThenChunked, _) => return Err(Refusal::Framing),
            };
        }
        // A coding field that names no coding is an attempt to be read in two ways.
        if named { Ok(()) } else { Err(Refusal::Framing) }
    }

    /// Whether the body is chunked.
    fn finish(self, version: Version) -> Result<bool, Refusal> {
        match self {
            TransferCoding::None => Ok(false),
            // RFC 9112 §6.1: in an HTTP/1.0 message the framing is faulty.
            _ if version == Version::HTTP_10 => Err(Refusal::Framing),
            TransferCoding::Chunked => Ok(true),
            TransferCoding::UnknownThenChunked => Err(Refusal::TransferCoding),
            // RFC 9112 §6.3, item 4: without `chunked` last the length cannot be known.
            TransferCoding::Unknown => Err(Refusal::Framing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scanner_looks_at_every_byte_once() {
        let limits = Limits { max_head: usize::MAX, ..Limits::default() };
        let field = format!("A: {}\r\n", "x".repeat(100));
        let head = format!("GET / HTTP/1.1\r\n{}\r\n", field.repeat(150)).into_bytes();
        for step in [1, 2, 7, 1000, head.len()] {
            let (mut scanner, mut looked_at, mut end, mut found) =
                (HeadScanner::default(), 0, 0, None);
            while found.is_none() {
                end = head.len().min(end + step);
                looked_at += end - scanner.scanned;
                found = scanner.scan(&head[..end], &limits).unwrap();
            }
            assert_eq!((found, looked_at), (Some(head.len()), head.len()), "in steps of {step}");
        }
    }

    #[test]
    fn the_scanner_says_the_same_whatever_the_split() {
        for (request_line, head) in [(10, 30), (30, 30), (29, 30), (28, 30), (40, 30)] {
            let limits =
                Limits { max_request_line: request_line, max_head: head, ..Limits::default() };
            for length in 0..40 {
                let line = "x".repeat(length);
                for text in [format!("{line}\r\n\r\n"), format!("G\r\n{line}\r\n\r\n"), line] {
                    let input = text.as_bytes();
                    let whole = HeadScanner::default().scan(input, &limits);
                    let mut scanner = HeadScanner::default();
                    let bytewise = (1..=input.len())
                        .map(|end| scanner.scan(&input[..end], &limits))
                        .find(|outcome| *outcome != Ok(None));
                    assert_eq!(bytewise.unwrap_or(Ok(None)), whole, "{text:?} {request_line}");
                }
            }
        }
    }
}
