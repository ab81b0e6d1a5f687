//! The connection as a state machine: who is too slow?
//!
//! A client that sends one byte each second keeps a connection open for hours and costs it nothing:
//! the attack is called Slowloris. A timeout that starts again with each byte does not see it; a
//! timeout for the whole body cuts honest clients on slow lines. So ask for *progress*: in each
//! [`TIMEOUT`] at least [`STEP`] bytes.
//!
//! * The watch begins at a moment, and its deadline is [`TIMEOUT`] later.
//! * Whenever [`STEP`] bytes have come since the watch began or last made progress, it has made
//!   progress: the deadline is [`TIMEOUT`] after this moment. Bytes beyond a whole number of steps
//!   count for the next one.
//! * A client whose deadline has come is late: at the deadline itself already. What comes
//!   afterwards does not help.
//! * While nothing is expected of the client (the server itself is busy), the watch is paused: it
//!   has no deadline. When it goes on, the client has the full time again, and keeps the bytes that
//!   count for its next step.
//!
//! Time is a number of milliseconds; it comes in, and nobody reads a clock.

/// Longest time for one step, in milliseconds.
pub const TIMEOUT: u64 = 5_000;

/// So many bytes are progress.
pub const STEP: usize = 1024;

/// The client has been too slow.
#[derive(Debug, PartialEq, Eq)]
pub struct Late;

/// Watches whether a client makes progress.
#[derive(Debug)]
pub struct Watch {
    // Yours.
}

impl Watch {
    pub fn new(now: u64) -> Self {
        todo!()
    }

    /// Bytes have come.
    pub fn on_bytes(&mut self, count: usize, now: u64) -> Result<(), Late> {
        todo!()
    }

    /// When to look again; `None` while it is paused.
    pub fn deadline(&self) -> Option<u64> {
        todo!()
    }

    /// Looks at the time.
    pub fn check(&self, now: u64) -> Result<(), Late> {
        todo!()
    }

    /// Nothing is expected of the client from now on.
    pub fn pause(&mut self) {
        todo!()
    }

    /// The client is expected to send again. It may not have been paused at all.
    pub fn resume(&mut self, now: u64) {
        todo!()
    }
}
