//! What the course takes apart: small servers and pieces of servers, with the standard library and
//! nothing else.

#![forbid(unsafe_code)]

pub mod answering;
pub mod dispatch;
pub mod errors;
