//! What a server has to understand of HTTP/1.1, as slowly and plainly as possible.
//!
//! All that a client has sent, to the end of its side, lies in one buffer; [`read`] says which
//! requests stand in it, and how they end. Nothing is remembered from one call to the next, nothing
//! is parsed in place, and nobody waits: that leaves only the rules, each beside its section of
//! RFC 9112 (messages), RFC 9110 (what they mean) or RFC 3986 (URIs).
//!
//! The crate `protocol` makes the same decisions incrementally, in any split, without copying.
//! Its tests hold one against the other; for that to mean anything they share no code.
//!
//! ```
//! use reference::{End, Limits, read};
//! let limits =
//!     Limits { max_request_line: 100, max_head: 500, max_fields: 10, max_body: 100,
//!         max_chunk_extensions: 100 };
//! let input = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /b";
//! let reading = read(input, &limits);
//! assert_eq!(reading.messages[0].body, b"hello");
//! assert_eq!(reading.end, End::Incomplete);
//! ```
//!
//! # Where the RFCs leave a choice
//!
//! - Every line ends in CRLF. A bare LF, which §2.2 of RFC 9112 allows to be taken, is refused.
//! - `Content-Length` twice is refused, even if the values agree; so is `Content-Length` together
//!   with `Transfer-Encoding` (§6.3).
//! - A later minor version is read as 1.1 (RFC 9110 §2.5), and 501 is for codings that stand
//!   before `chunked`; where `chunked` is not last, the length cannot be known: 400.
//! - Some characters that no URI may have, such as `|`, are let through in a target, because browsers
//!   send them. `<` and `>` are not; nor is a backtick in a path, nor a quotation mark in a query.
//! - Chunk extensions are held to their grammar (§7.1.1), and thrown away like trailer fields.
//!
//! Of several faults the one is named that comes first in this order: the extent of the head, by
//! position; its lines, by position; the target; the fields by themselves, by position; what the
//! fields say together; the body, by position.

#![forbid(unsafe_code)]

mod body;
mod head;
mod host;

pub use body::read_chunked;

/// How large things may be, in bytes if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line, without its CRLF.
    pub max_request_line: usize,
    /// The head, with its empty line; and a trailer section, with its.
    pub max_head: usize,
    /// How many field lines a head may have.
    pub max_fields: usize,
    /// The content of one body.
    pub max_body: u64,
    /// All chunk extensions of one body together, from behind the sizes up to the CRs.
    pub max_chunk_extensions: usize,
}

/// What stands in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The requests that came whole and were understood.
    pub messages: Vec<Message>,
    /// What stands behind them.
    pub end: End,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Case matters (RFC 9110 §9.1).
    pub method: String,
    /// What the request is for.
    pub target: Target,
    /// 1.0 or 1.1.
    pub version: Version,
    /// Names as the client spelt them, values without the white space around them.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The content.
    pub body: Vec<u8>,
}

/// The four forms of a target (RFC 9112 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/where?q=now`
    Origin {
        /// What stands before the first `?`.
        path: String,
        /// What stands behind it.
        query: Option<String>,
    },
    /// `http://www.example.org/where?q=now`
    Absolute {
        /// Host and port.
        authority: String,
        /// `/` if there is none.
        path: String,
        /// What stands behind the first `?`.
        query: Option<String>,
    },
    /// `www.example.org:80`
    Authority(String),
    /// `*`
    Asterisk,
}

/// A version that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1, and later minor versions.
    Http11,
}

/// How the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last request is complete. What follows one with `Connection: close` is not looked at
    /// (RFC 9112 §9.6).
    Complete,
    /// In the middle of a request, which is answered with 400 (RFC 9112 §8).
    Incomplete,
    /// With a request that is refused; what follows it is not looked at (RFC 9112 §11.2).
    Refused {
        /// The status to answer with.
        status: u16,
        /// Why.
        reason: &'static str,
    },
    /// With something that is no HTTP, to which no answer would mean anything.
    NotHttp,
}

impl End {
    /// The status of the answer to what could not be understood, if there is one.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        match self {
            End::Complete | End::NotHttp => None,
            End::Incomplete => Some(400),
            End::Refused { status, .. } => Some(status),
        }
    }
}

/// A refusal, as an error.
fn refused<T>(status: u16, reason: &'static str) -> Result<T, End> {
    Err(End::Refused { status, reason })
}

/// Reads all that a client has sent on one connection (RFC 9112 §9.3: one request after the other).
#[must_use]
pub fn read(input: &[u8], limits: &Limits) -> Reading {
    let mut rest = input;
    let mut messages = Vec::new();
    loop {
        // §2.2: empty lines before a request line are ignored.
        while let Some(behind) = rest.strip_prefix(b"\r\n") {
            rest = behind;
        }
        if rest.is_empty() || rest == b"\r" {
            return Reading { messages, end: End::Complete };
        }
        match read_message(rest, limits) {
            Ok((message, length, persists)) => {
                messages.push(message);
                rest = &rest[length..];
                if !persists {
                    return Reading { messages, end: End::Complete };
                }
            }
            Err(end) => return Reading { messages, end },
        }
    }
}

/// One request, its length in bytes, and whether another one may follow (RFC 9112 §2.1).
///
/// ```text
/// HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
/// ```
fn read_message(input: &[u8], limits: &Limits) -> Result<(Message, usize, bool), End> {
    let (head, length) = head::read(input, limits)?;
    let rest = &input[length..];
    let (body, body_length) = match head.body {
        head::BodyLength::Known(length) => body::read_known(rest, length, limits)?,
        head::BodyLength::Chunked => read_chunked(rest, limits)?,
    };
    let head::Head { method, target, version, fields, persists, .. } = head;
    Ok((Message { method, target, version, fields, body }, length + body_length, persists))
}
