//! The connection as a state machine: the decision about the next request.
//!
//! Each reason to close has a name, and the answer is their conjunction, so a reader can lay the
//! code beside RFC 9112 §9.3. It is a pure function: no socket, no state, and a table of cases
//! tests it.
//!
//! The field is a list, and it is read as one: split at commas, white space at the ends removed,
//! compared as a whole and in any case. A search for `close` within the text would close for
//! `closed`, and a comparison of the whole field would miss `upgrade, close`.
//!
//! `close` is asked for first, so it wins over `keep-alive` in either version of HTTP.

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
    let is_old = exchange.version == Version::Http10;
    let client_wants_it = !lists(exchange, "close") && (!is_old || lists(exchange, "keep-alive"));
    let end_can_be_marked = exchange.response_has_length || !is_old;
    client_wants_it
        && end_can_be_marked
        && !exchange.server_stops
        && exchange.unread_body <= MOST_DISCARDED
}

/// Whether the `Connection` field lists `option`.
fn lists(exchange: &Exchange<'_>, option: &str) -> bool {
    let list = exchange.connection.unwrap_or_default();
    list.split(',').any(|element| element.trim().eq_ignore_ascii_case(option))
}
