//! The load generator over real sockets: against our own backends, and against servers that do
//! wrong things on purpose.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod command;
mod exchanges;
mod faults;
mod fixtures;
mod pace;
