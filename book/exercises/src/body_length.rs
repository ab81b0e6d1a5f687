//! Bytes, not messages: how long is the body of this request? (RFC 9112 §6.3)
//!
//! Two fields can say it. Two programs that believe different ones disagree about where the request
//! ends and the next one begins: that is how requests are smuggled past a proxy. So decide
//! strictly:
//!
//! * `Transfer-Encoding` is `chunked`, in any case, on one line and alone: the body is in chunks.
//!   Any other value is refused, and so is the field in a request of HTTP/1.0, which has no chunks.
//! * `Content-Length` is one line of decimal digits, and no more than a `u64` holds: that many
//!   bytes. A sign, a list, a second line, nothing at all: refused, even if two lines agree.
//! * Both fields: refused.
//! * Neither: there is no body.
//!
//! Names of fields are compared without regard to case. Values are as they came: white space
//! (spaces and tabs) at their ends does not belong to them.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// What is known of a request when its head has come.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub version: Version,
    /// Names and values, in the order in which they came.
    pub fields: &'a [(&'a str, &'a str)],
}

#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Length(u64),
    Chunked,
}

/// Nobody can be sure where the body ends: answered with 400, and the connection is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// How long the body is.
pub fn body(head: &Head<'_>) -> Result<Body, Ambiguous> {
    todo!()
}
