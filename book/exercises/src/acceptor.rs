//! select, poll, epoll: a listener that stays ready.
//!
//! With level triggering a listener is ready for as long as a client waits in its queue. A loop
//! that cannot accept (there is no place, or the process has no descriptor left) and asks all the
//! same is told so at once, again and again: it spins. So it must not ask until it could accept.
//!
//! * There may be [`Acceptor::max`] clients at once. With so many, the listener is not asked for.
//! * [`Acceptor::accept`] is called when the listener is ready. It accepts until nobody waits any
//!   more ([`Failure::WouldBlock`]), there is no place, or the system fails. It may also be called
//!   at another time, when nothing may be accepted: then it accepts nobody, and returns 0.
//! * [`Failure::Aborted`]: that one client has left. The next may be there.
//! * [`Failure::NoDescriptor`]: the client stays in the queue. Do not ask for [`BACKOFF`]
//!   milliseconds, but then ask again, even if nothing else happens: [`Acceptor::timeout`] says how
//!   long the loop may sleep at most.
//! * Never call `listener`, the closure, without a place, or before the backoff is over.
//!
//! Time is a number of milliseconds here; it comes in, and nobody reads a clock.

/// How long to wait after the system has failed.
pub const BACKOFF: u64 = 100;

/// Why a client has not been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody waits.
    WouldBlock,
    /// The client has left before it was accepted.
    Aborted,
    /// `EMFILE`: the process has no descriptor left.
    NoDescriptor,
}

pub struct Acceptor {
    /// How many clients there may be at once.
    pub max: usize,
    // Yours.
}

impl Acceptor {
    pub fn new(max: usize) -> Self {
        todo!()
    }

    /// Whether the kernel is to be asked whether the listener is ready.
    pub fn wants_listener(&self, now: u64) -> bool {
        todo!()
    }

    /// How long the loop may sleep on our account: `None` means as long as it likes.
    pub fn timeout(&self, now: u64) -> Option<u64> {
        todo!()
    }

    /// Accepts whom there is a place for. Returns how many.
    pub fn accept(&mut self, now: u64, mut listener: impl FnMut() -> Result<(), Failure>) -> usize {
        todo!()
    }

    /// A client has left.
    pub fn on_closed(&mut self) {
        todo!()
    }
}
