//! What a server is to the system that it runs on: sockets that it makes or is given, whose
//! processes it becomes, what it says to who started it, and how a new one takes over.
//!
//! * `listeners`: all that it listens on; `unix_socket`: those at a path;
//! * `inherited`: those that the program was started with;
//! * `account`: users and groups; `pid_file`, `notify`: what is said to who runs it;
//! * `handover`: a new server in the place of this one;
//! * `service`: all of it, in order.

#[cfg(unix)]
pub(crate) mod account;
#[cfg(unix)]
pub(crate) mod handover;
#[cfg(unix)]
pub(crate) mod inherited;
pub(crate) mod listeners;
#[cfg(unix)]
pub(crate) mod notify;
#[cfg(unix)]
mod pid_file;
#[cfg(unix)]
pub(crate) mod service;
#[cfg(unix)]
pub(crate) mod unix_socket;

#[cfg(unix)]
pub(crate) use inherited::Inherited;

/// There, nothing is passed on.
#[cfg(not(unix))]
#[derive(Debug, Default)]
pub(crate) struct Inherited;

#[cfg(not(unix))]
impl Inherited {
    pub(crate) fn take() -> std::io::Result<Self> {
        Ok(Inherited)
    }

    pub(crate) fn of_units(&mut self, _: bool) -> Vec<listeners::Bound> {
        Vec::new()
    }

    pub(crate) fn at(&mut self, _: &str) -> Option<listeners::Bound> {
        None
    }
}
