//! The rules by which a server understands HTTP/1.1, as slowly and plainly as possible.
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
//! - Some characters that no URI may have, such as `|`, are let through in a target, because
//!   browsers send them. `<` and `>` are not; nor is a backtick in a path, nor a quotation mark in
//!   a query.
//! - Chunk extensions are held to their grammar (§7.1.1), and thrown away like trailer fields.
//!
//! Of several faults the one is named that comes first in this order: the extent of the head, by
//! position; its lines, by position; the target; the fields by themselves, by position; what the
//! fields say together; the body, by position.
//!
//! # Map
//! * `model`: limits, messages, and how the input ends; `messages`: one after the other;
//! * `head`, `host`: the request line and the fields; `body`: the content and its transfer coding.

#![forbid(unsafe_code)]

mod body;
mod head;
mod host;
mod messages;
mod model;

pub use body::read_chunked;
pub use messages::read;
pub use model::{End, Limits, Message, Reading, Target, Version};
