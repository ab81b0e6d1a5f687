//! select, poll, epoll: what there is no room for waits.
//!
//! A write to a non-blocking socket takes what there is room for: all of it, a part, or nothing.
//! The rest has to be kept until the kernel says that there is room again, and the loop has to ask
//! the kernel for that. This type keeps track of what a connection still has to send.
//!
//! * [`Unsent::push`] adds bytes at the end. Nothing is sent yet.
//! * [`Unsent::send`] writes until all bytes are gone, or the socket says `WouldBlock`, or it has
//!   written [`TURN`] times: then others have their turn. Each byte is sent once, in order.
//! * `WouldBlock` is no failure. `Interrupted` means: try again at once (it counts as a write).
//!   Any other error is passed on.
//! * A write that takes 0 bytes of some is an error of the kind `WriteZero`.
//! * Nothing is written when there is nothing to send.
//! * [`Unsent::wants_room`] says whether the kernel is to be asked for room to send.

use std::io::{self, Write};

/// How often one connection may write before others have their turn.
pub const TURN: usize = 16;

#[derive(Default)]
pub struct Unsent {
    // Yours.
}

impl Unsent {
    /// Adds bytes behind those that are waiting.
    pub fn push(&mut self, bytes: &[u8]) {
        todo!()
    }

    /// Sends what there is room for.
    pub fn send(&mut self, socket: &mut impl Write) -> io::Result<()> {
        todo!()
    }

    /// Whether the kernel is to be asked for room.
    pub fn wants_room(&self) -> bool {
        todo!()
    }
}
