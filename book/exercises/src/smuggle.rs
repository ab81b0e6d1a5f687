//! Bytes, not messages: smuggle a request.
//!
//! A proxy stands before a server, and lets nobody ask for `/admin`. It looks at each request and
//! passes the bytes on, over one connection. Both read `Content-Length` and chunks without a
//! mistake, but when a request has both fields, one believes the length and the other the chunks.
//! RFC 9112 §6.1 calls that "request smuggling"; here you do it yourself, and then close the hole.
//!
//! * `length_in_front`: bytes in which a reader who believes the length sees one request, for
//!   `/public`, and nothing is left over; a reader who believes the chunks sees a second one, for
//!   `/admin`.
//! * `chunks_in_front`: the other way round.
//! * `is_ambiguous`: whether the head at the start of the bytes has both fields, and so has to be
//!   refused by the first program that reads it.
//!
//! Each request is of HTTP/1.1, so it has a `Host`.

/// A reader of requests on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believes {
    Length,
    Chunks,
}

/// What a reader sees: the targets of the requests, and how many bytes are left behind the last.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub targets: Vec<String>,
    pub left: usize,
}

/// Reads requests until no further one is whole.
pub fn read(mut wire: &[u8], believes: Believes) -> Seen {
    let mut targets = Vec::new();
    while let Some((head, rest)) = split_head(wire) {
        let Some(target) = head.split(' ').nth(1) else { break };
        let Some(length) = body(head, rest, believes) else { break };
        targets.push(target.to_owned());
        wire = &rest[length..];
    }
    Seen { targets, left: wire.len() }
}

/// The head at the start, without its empty line, and what follows.
fn split_head(wire: &[u8]) -> Option<(&str, &[u8])> {
    let end = wire.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((str::from_utf8(&wire[..end]).ok()?, &wire[end + 4..]))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

/// How many bytes the body has, if it has come whole.
fn body(head: &str, rest: &[u8], believes: Believes) -> Option<usize> {
    let length = field(head, "Content-Length");
    let has_chunks = field(head, "Transfer-Encoding") == Some("chunked");
    if has_chunks && (length.is_none() || believes == Believes::Chunks) {
        return chunks(rest);
    }
    let length = length.map_or(Ok(0), str::parse).ok()?;
    (length <= rest.len()).then_some(length)
}

/// How many bytes a body in chunks has.
fn chunks(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = rest[at..].windows(2).position(|two| two == b"\r\n")?;
        let size = str::from_utf8(&rest[at..at + line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        at += line + 2 + size + 2;
        if at > rest.len() {
            return None;
        }
        if size == 0 {
            return Some(at);
        }
    }
}

/// For a proxy that believes the length, before a server that believes the chunks.
pub fn length_in_front() -> Vec<u8> {
    todo!()
}

/// For a proxy that believes the chunks, before a server that believes the length.
pub fn chunks_in_front() -> Vec<u8> {
    todo!()
}

/// Whether the first head has to be refused.
pub fn is_ambiguous(wire: &[u8]) -> bool {
    todo!()
}
