//! A server in 60 lines: the loop that accepts.
//!
//! One `match` with an arm for each sort of error. The faults of clients are listed, and so is the
//! one error that is the end. What is not known is taken for a shortage that may pass: to wait and
//! try again is right for most of it, and does little harm where it is wrong. Without the pause
//! the loop would use a whole processor to fail.
//!
//! The pause is state: it is what is to be waited the *next* time. Only a success sets it back. The
//! fault of a client says nothing about the shortage.

use std::io::{self, ErrorKind};

pub const FIRST_PAUSE: u64 = 10;
pub const LONGEST_PAUSE: u64 = 1_000;

pub fn accept_loop<C>(
    mut accept: impl FnMut() -> io::Result<C>,
    mut serve: impl FnMut(C),
    mut pause: impl FnMut(u64),
) -> io::Error {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, InvalidInput};
    let mut next_pause = FIRST_PAUSE;
    loop {
        match accept() {
            Ok(client) => {
                next_pause = FIRST_PAUSE;
                serve(client);
            }
            Err(error) => match error.kind() {
                ConnectionAborted | ConnectionReset | Interrupted => {}
                InvalidInput => return error,
                _ => {
                    pause(next_pause);
                    next_pause = (next_pause * 2).min(LONGEST_PAUSE);
                }
            },
        }
    }
}
