//! What a server is to the system that it runs on: sockets that it makes or is given, whose
//! processes it becomes, what it says to who started it, and how a new one takes over.
//!
//! * `listeners`: all that it listens on; `unix_socket`: those at a path;
//! * `account`: users and groups.

#[cfg(unix)]
pub(crate) mod account;
pub(crate) mod listeners;
#[cfg(unix)]
pub(crate) mod unix_socket;
