//! HTTP/2: RFC 9113 and, for field sections, RFC 7541, with prior knowledge.
//!
//! * `frame`, `hpack`, `huffman`: what is on the wire, right and wrong;
//! * `compose`: words for writing cases; `cases/`: all of them;
//! * `peer`: what the server has said so far, held against what holds for any frame; `session`: one
//!   exchange.

mod cases;
mod compose;
pub mod frame;
pub mod hpack;
mod huffman;
mod peer;
mod session;
pub(crate) mod step;

pub(crate) use cases::cases;
pub use compose::{PREFACE, request};
pub use frame::{Code, Frame};
pub(crate) use session::play;
pub use step::{Outcome, Step};
