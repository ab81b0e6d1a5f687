//! Reading what a server sends, strictly: a response that a lenient client would let pass is a
//! failure here.

use crate::expected::Framing;

/// One response as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its field lines, in order.
    pub fields: Vec<(String, Vec<u8>)>,
    /// How its end is found.
    pub framing: Framing,
    /// The content, out of its chunks.
    pub body: Vec<u8>,
    /// Bytes on the wire.
    pub length: usize,
}

impl Response {
    /// The values of all field lines of this name.
    pub fn field<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_slice())
    }

    /// Whether the answer is still to come.
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }
}

/// Reads the response at the start of `bytes`, or `None` when its end has yet to come. `to_head`:
/// it answers HEAD; `eof`: no more will come.
///
/// # Errors
/// The fault of a response.
pub fn read(bytes: &[u8], to_head: bool, eof: bool) -> Result<Option<Response>, String> {
    let Some(end) = end_of_head(bytes)? else { return Ok(None) };
    let (head, rest) = bytes.split_at(end);
    let (status, fields) = read_head(head)?;
    let mut response =
        Response { status, fields, framing: Framing::Bodiless, body: vec![], length: end };
    response.framing = framing(&response, to_head)?;
    let length = match response.framing {
        Framing::Bodiless => 0,
        Framing::Length => {
            let length = content_length(&response)?.unwrap_or(0);
            let Some(body) = rest.get(..length) else { return Ok(None) };
            response.body = body.to_vec();
            length
        }
        Framing::Chunked => {
            let Some((body, length)) = read_chunks(rest)? else { return Ok(None) };
            response.body = body;
            length
        }
        Framing::Close if eof => {
            response.body = rest.to_vec();
            rest.len()
        }
        Framing::Close => return Ok(None),
    };
    response.length = end + length;
    Ok(Some(response))
}

/// The length of the head. Every line of it, come so far, ends in CRLF (RFC 9112 §2.2).
fn end_of_head(bytes: &[u8]) -> Result<Option<usize>, String> {
    let mut line = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let after_cr = at > line && bytes[at - 1] == b'\r';
        match byte {
            b'\n' if !after_cr => return Err("a line of the head ends in LF alone".into()),
            b'\n' if at - 1 == line => return Ok(Some(at + 1)),
            b'\n' => line = at + 1,
            _ if after_cr => return Err("a CR stands alone in the head".into()),
            _ => {}
        }
    }
    Ok(None)
}

type Fields = Vec<(String, Vec<u8>)>;

fn read_head(head: &[u8]) -> Result<(u16, Fields), String> {
    // status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 §4)
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let shape = line.len() >= 13
        && line.starts_with(b"HTTP/1.")
        && matches!(line[7], b'0' | b'1') // there are no others (RFC 9110 §6.2)
        && line[8] == b' '
        && line[9..12].iter().all(u8::is_ascii_digit)
        && line[12] == b' ';
    if !shape {
        return Err(format!("the status line is malformed: {:?}", line.escape_ascii().to_string()));
    }
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Response::new(&mut fields);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err("the head is malformed".into()),
        Err(error) => return Err(format!("the head is malformed: {error}")),
    }
    let fields = parsed.headers.iter().map(|field| (field.name.into(), field.value.into()));
    Ok((parsed.code.unwrap_or(0), fields.collect()))
}

/// RFC 9112 §6.3, as the recipient of a response.
fn framing(response: &Response, to_head: bool) -> Result<Framing, String> {
    let codings: Vec<_> = response.field("transfer-encoding").collect();
    let length = content_length(response)?;
    let bodiless = response.is_interim() || response.status == 204;
    if bodiless && (length.is_some() || !codings.is_empty()) {
        return Err(format!("a response with status {} has framing fields", response.status));
    }
    if length.is_some() && !codings.is_empty() {
        return Err("Content-Length and Transfer-Encoding in one response".into());
    }
    Ok(match codings.as_slice() {
        _ if bodiless || to_head || response.status == 304 => Framing::Bodiless,
        [coding] if coding.eq_ignore_ascii_case(b"chunked") => Framing::Chunked,
        [] if length.is_some() => Framing::Length,
        [] => Framing::Close,
        _ => return Err("a transfer coding that was not asked for".into()),
    })
}

fn content_length(response: &Response) -> Result<Option<usize>, String> {
    let mut lines = response.field("content-length");
    let Some(value) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err("Content-Length is repeated".into());
    }
    let digits = str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .map(Some)
        .ok_or_else(|| "Content-Length is not a number".into())
}

/// Takes a chunked body apart (RFC 9112 §7.1): content and length on the wire.
fn read_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (skip, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("a chunk size is malformed".into()),
        };
        at += skip;
        if size == 0 {
            // The trailer section ends as a head does.
            let rest = &bytes[at..];
            return match rest.get(..2) {
                Some(b"\r\n") => Ok(Some((body, at + 2))),
                Some(_) => Ok(end_of_head(rest)?.map(|length| (body, at + length))),
                None => Ok(None),
            };
        }
        let size = usize::try_from(size).map_err(|_| "a chunk is too large")?;
        let Some(chunk) = at.checked_add(size).and_then(|end| bytes.get(at..end)) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        at += size;
        match bytes.get(at..at + 2) {
            Some(b"\r\n") => at += 2,
            Some(_) => return Err("a chunk does not end in CRLF".into()),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `wire` as it grows byte by byte: nothing before its end, then the whole of it,
    /// whatever follows.
    fn check(wire: &str, to_head: bool, status: u16, framing: Framing, body: &str) {
        for end in 0..wire.len() {
            assert!(read(&wire.as_bytes()[..end], to_head, false).unwrap().is_none(), "{end}");
        }
        for tail in ["", "H", "HTTP/1.1 200 OK\r\n\r\n"] {
            let bytes = format!("{wire}{tail}");
            let response = read(bytes.as_bytes(), to_head, false).unwrap().expect("complete");
            assert_eq!((response.status, response.framing), (status, framing));
            assert_eq!(response.body, body.as_bytes());
            assert_eq!(response.length, wire.len());
        }
    }

    #[test]
    fn responses_end_where_they_should_in_every_split() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            false,
            200,
            Framing::Length,
            "abc",
        );
        check("HTTP/1.1 200 \r\ncontent-length:0\r\n\r\n", false, 200, Framing::Length, "");
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, 200, Framing::Bodiless, "");
        check("HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n", false, 304, Framing::Bodiless, "");
        check("HTTP/1.1 204 No Content\r\n\r\n", false, 204, Framing::Bodiless, "");
        check("HTTP/1.1 100 Continue\r\n\r\n", false, 100, Framing::Bodiless, "");
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let wire = format!("{head}3\r\nabc\r\n0000a\r\n0123456789\r\n0\r\n\r\n");
        check(&wire, false, 200, Framing::Chunked, "abc0123456789");
        let wire = format!("{head}1;x=y\r\na\r\n0\r\nTrailer: x\r\n\r\n");
        check(&wire, false, 200, Framing::Chunked, "a");
    }

    #[test]
    fn a_body_up_to_the_close_ends_with_the_connection() {
        let wire = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nabc";
        assert!(read(wire, false, false).unwrap().is_none());
        let response = read(wire, false, true).unwrap().expect("complete");
        assert_eq!((response.framing, response.body.as_slice()), (Framing::Close, &b"abc"[..]));
    }

    #[test]
    fn a_response_that_breaks_the_rfc_is_an_error() {
        for wire in [
            "HTTP/1.1 200 OK\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: y\n\r\n",
            "HTTP/1.1 200 OK\r\nX: y\rz\r\n\r\n",
            "HTTP/1.1 200\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "http/1.1 200 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
            "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        ] {
            assert!(read(wire.as_bytes(), false, true).is_err(), "{wire:?}");
        }
    }
}
