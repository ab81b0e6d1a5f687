//! select, poll, epoll: what there is no room for waits.
//!
//! The bytes and a mark: what lies before the mark has been sent. A write moves the mark by as much
//! as it has taken, and by nothing when it fails, so no byte is sent twice and none is lost. (To
//! remove the bytes at each write would be right, too, and would copy what is left each time.)
//! When all has gone, the buffer is emptied, and then there is nothing to ask the kernel for: a
//! socket with room is ready all the time, so to ask without need is to wake up without end.

use std::io::{self, ErrorKind, Write};

/// How often one connection may write before others have their turn.
pub const TURN: usize = 16;

#[derive(Default)]
pub struct Unsent {
    bytes: Vec<u8>,
    /// Bytes before this have been sent.
    sent: usize,
}

impl Unsent {
    /// Adds bytes behind those that are waiting.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Sends what there is room for.
    pub fn send(&mut self, socket: &mut impl Write) -> io::Result<()> {
        let mut turn = TURN;
        while self.wants_room() && turn > 0 {
            turn -= 1;
            match socket.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if !self.wants_room() {
            self.bytes.clear();
            self.sent = 0;
        }
        Ok(())
    }

    /// Whether the kernel is to be asked for room.
    pub fn wants_room(&self) -> bool {
        self.sent < self.bytes.len()
    }
}
