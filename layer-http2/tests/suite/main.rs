//! HTTP/2 in memory: frames in any pieces, effects done or withheld, and time as it is told.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod driver;
mod ends;
mod exchanges;
mod floods;
mod flows;
mod frames;
mod malformed;
mod observed;
mod properties;
mod timeouts;
