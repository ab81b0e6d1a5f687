//! What the course takes apart: small servers and pieces of servers, with the standard library and
//! nothing else. The servers of chapters 1 and 6 are in `src/bin`, one file each.

#![forbid(unsafe_code)]

pub mod answering;
pub mod clients;
pub mod dispatch;
pub mod errors;
pub mod pages;
pub mod pool;
pub mod scheduler;
