//! The things of which the rules speak: limits, messages, and how the input ends.

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

/// The requests that stand in an input, and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The requests that came whole and were understood.
    pub messages: Vec<Message>,
    /// The end of the input, behind them.
    pub end: End,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Case matters (RFC 9110 §9.1).
    pub method: String,
    /// The target, in its form.
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
        /// The text before the first `?`.
        path: String,
        /// The text behind it.
        query: Option<String>,
    },
    /// `http://www.example.org/where?q=now`
    Absolute {
        /// Host and port.
        authority: String,
        /// `/` if there is none.
        path: String,
        /// The text behind the first `?`.
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
pub(crate) fn refused<T>(status: u16, reason: &'static str) -> Result<T, End> {
    Err(End::Refused { status, reason })
}
