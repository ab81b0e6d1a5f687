//! The connection as a state machine: may the connection be used again? (RFC 9112 §9.3)
//!
//! A pure function: everything it depends on comes in, and it does nothing but answer. Write it so
//! that someone who knows the RFC can check it by reading.
//!
//! The connection is closed after the response
//!
//! * if the client's `Connection` field lists `close`, whatever else it lists;
//! * if the request is HTTP/1.0 and its `Connection` field does not list `keep-alive`;
//! * if the server is stopping;
//! * if a part of the request body is unread and longer than [`MOST_DISCARDED`]: reading it only to
//!   throw it away would cost more than a new connection;
//! * if the response's length is not known and the client speaks HTTP/1.0, which has no chunks: the
//!   only way left to mark its end is to close.
//!
//! Otherwise it is kept. `Connection` is a comma-separated list, in any case, with white space
//! around its elements.

/// How much of a body that nobody wants is read, so that the connection can be kept.
pub const MOST_DISCARDED: u64 = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// All that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    pub version: Version,
    /// The value of the request's `Connection` field.
    pub connection: Option<&'a str>,
    pub server_stops: bool,
    /// How much of the request body is unread.
    pub unread_body: u64,
    /// Whether the response has a known length.
    pub response_has_length: bool,
}

/// Whether the connection is used again.
pub fn keeps_alive(exchange: &Exchange<'_>) -> bool {
    todo!()
}
