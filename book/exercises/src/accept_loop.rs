//! A server in 60 lines: the loop that accepts.
//!
//! `accept` can fail, and its errors are of three sorts. Write the loop that treats each as it
//! should:
//!
//! * `ConnectionAborted`, `ConnectionReset`: a client has left before its turn came. `Interrupted`:
//!   nothing has happened at all. Go on at once.
//! * `InvalidInput`: this listener will never accept anything again. Return the error.
//! * All others: something has run out, for example the number of files that a process may have
//!   open. The client stays in the queue, so the next `accept` fails at once, too. Wait before it:
//!   `FIRST_PAUSE` milliseconds, then twice as long each time that it fails again, but never more
//!   than `LONGEST_PAUSE`. Once a client has been accepted, and only then, the next pause is a
//!   first one again.
//!
//! Each client that was accepted is given to `serve`. `pause` waits for so many milliseconds.

use std::io::{self, ErrorKind};

pub const FIRST_PAUSE: u64 = 10;
pub const LONGEST_PAUSE: u64 = 1_000;

pub fn accept_loop<C>(
    mut accept: impl FnMut() -> io::Result<C>,
    mut serve: impl FnMut(C),
    mut pause: impl FnMut(u64),
) -> io::Error {
    todo!()
}
