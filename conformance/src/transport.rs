//! The transport of an exchange: a connection to the server, and the time.

use std::io;
use std::time::{Duration, Instant};

/// A connection to the server under test, on which all waiting is done.
///
/// [`Runner::run`](crate::Runner::run) goes over TCP. For a server that needs no sockets, implement
/// this and take [`Runner::run_over`](crate::Runner::run_over): with a clock of its own, pauses and
/// timeouts cost nothing.
pub trait Transport {
    /// Sends bytes, which arrive apart from those that are sent before and after if a
    /// [pause](Transport::pause) lies between. What comes meanwhile is kept for
    /// [`Transport::read`].
    ///
    /// # Errors
    /// If the server takes nothing more, for now or forever.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the server has sent something, and appends it to `into`. Returns how many bytes
    /// there were, 0 at the end.
    ///
    /// # Errors
    /// `TimedOut` if nothing has come by the deadline; otherwise the connection is broken.
    fn read(&mut self, into: &mut Vec<u8>, deadline: Instant) -> io::Result<usize>;

    /// Closes our side. The server may be gone already; what it sent before decides.
    fn half_close(&mut self);

    /// Lets time pass.
    fn pause(&mut self, time: Duration);

    /// The time, in which deadlines are reckoned.
    fn now(&self) -> Instant;
}

/// Opens a further connection to the same server.
pub type Connect<'a> = dyn Fn() -> io::Result<Box<dyn Transport>> + Sync + 'a;
