//! A server in 60 lines: one deadline for a whole head.
//!
//! A client sends a byte, waits a little, sends a byte. No single read takes long, and the head is
//! never complete. Defend the server: the client has `time` milliseconds for the whole head, from
//! the moment at which this function is called.
//!
//! * The result is all that was read, as soon as it contains an empty line (`\r\n\r\n`).
//! * `read` waits for at most `timeout` milliseconds. A timeout of 0 means *no* timeout here, as it
//!   does on a socket in C. Never use it.
//! * `read` fails with `WouldBlock` when nothing has come. It may do so too early, because the
//!   clock of the operating system is not yours, and with `Interrupted` for no reason. Neither
//!   gives the client more time, and neither takes time from it.
//! * When the time is over, the result is an error of the kind `TimedOut`. But a head that is
//!   complete is a head, even if its last byte came late.
//! * If the client leaves (`read` returns 0), the result is an error of the kind `UnexpectedEof`.
//!   Other errors are returned.
//!
//! Time is a number here, and reading moves it. So the tests need no real second.

use std::io::{self, ErrorKind};

/// A connection, and the clock beside it.
pub trait Connection {
    /// Now, in milliseconds.
    fn now(&self) -> u64;

    fn read(&mut self, buffer: &mut [u8], timeout: u64) -> io::Result<usize>;
}

pub fn read_head_within(from: &mut impl Connection, time: u64) -> io::Result<Vec<u8>> {
    todo!()
}
