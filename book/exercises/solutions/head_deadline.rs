//! A server in 60 lines: one deadline for a whole head.
//!
//! The time becomes a *moment* once, at the beginning. Each read gets what is left until then, so
//! the timeouts shrink and cannot add up. Errors that mean "nothing yet" lead back to the top of
//! the loop, where the clock is asked: it decides, and not the error. What has come is looked at
//! before the clock, so a complete head is never too late.

use std::io::{self, ErrorKind};

/// A connection, and the clock beside it.
pub trait Connection {
    /// Now, in milliseconds.
    fn now(&self) -> u64;

    fn read(&mut self, buffer: &mut [u8], timeout: u64) -> io::Result<usize>;
}

pub fn read_head_within(from: &mut impl Connection, time: u64) -> io::Result<Vec<u8>> {
    let deadline = from.now() + time;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let left = deadline.saturating_sub(from.now());
        if left == 0 {
            return Err(ErrorKind::TimedOut.into());
        }
        match from.read(&mut piece, left) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(head)
}
