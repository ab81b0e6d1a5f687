//! HTTP/1.1: RFC 9112 (the messages and the connection) and RFC 9110 (what they mean).

mod cases;
mod compose;
mod session;
pub(crate) mod step;
mod trailing;

pub(crate) use cases::{cases, judged};
pub(crate) use session::play;
pub use step::Step;
pub(crate) use trailing::with_trailing_request;
