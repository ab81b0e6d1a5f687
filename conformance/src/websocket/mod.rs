//! WebSocket: RFC 6455, against a server that sends every message back.
//!
//! * `frame`: what is on the wire, right and wrong;
//! * `compose`: words for writing cases; `cases/`: all of them;
//! * `peer`: what the server has said so far, held against what holds for any frame; `session`: one
//!   exchange.

mod cases;
mod compose;
mod frame;
mod peer;
mod session;
pub(crate) mod step;

pub(crate) use cases::cases;
pub use frame::Frame;
pub(crate) use session::play;
pub use step::{Message, Step};
