//! select, poll, epoll: ask only for what you would do now.
//!
//! A kernel that is level-triggered, as `poll(2)` is, and sockets that lead nowhere. Each time it
//! is asked, it says what is *true now* of the sockets on the list: there is something to read,
//! there is room, the client is gone. If nothing is true of what was asked, it sleeps.
//!
//! Write the loop of an echo server: what a client sends is sent back to it, in order.
//!
//! * Never wake without need: if the kernel says that something is true, do something about it. A
//!   socket with room is ready all the time, so ask for room only while you have something to send.
//!   A client that has ended is readable forever, and has to be read once only.
//! * Never keep more than [`MOST`] bytes for one client: with so many or more, do not read from it.
//!   (One read brings up to [`READ`] bytes, so there may be [`MOST`] + [`READ`] - 1.)
//! * In one round, read at most once from a client, and write at most once to it.
//! * A client that has ended (a read says [`Read::End`]) is closed when all has been sent back.
//! * One that is [`GONE`] is closed at once. The kernel says so whether it was asked or not.

use std::collections::{BTreeMap, VecDeque};

/// There is something to read, or the end.
pub const IN: u8 = 1;
/// There is room to send.
pub const OUT: u8 = 2;
/// Nobody is left to read from or send to. It need not be asked for.
pub const GONE: u8 = 4;

/// Bytes that are kept for a client, before no more is read from it.
pub const MOST: usize = 16;
/// Bytes that a read brings, at most.
pub const READ: usize = 8;

/// What a read has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    Bytes(Vec<u8>),
    End,
    WouldBlock,
}

#[derive(Default)]
pub struct Socket {
    /// Has been sent by the client, and not been read.
    pub input: VecDeque<u8>,
    pub has_ended: bool,
    pub is_gone: bool,
    /// How many more bytes the kernel takes.
    pub room: usize,
    /// What the client got.
    pub output: Vec<u8>,
    /// How often it has been read from and written to.
    pub reads: usize,
    pub writes: usize,
    /// How many of the reads have found the end.
    pub ends: usize,
}

#[derive(Default)]
pub struct Kernel {
    pub sockets: BTreeMap<usize, Socket>,
}

impl Kernel {
    /// What is true of the sockets on this list, each with what is asked about it. An empty answer
    /// means that the thread would sleep.
    pub fn poll(&self, list: &[(usize, u8)]) -> Vec<(usize, u8)> {
        let answer = |&(key, asked): &(usize, u8)| {
            let socket = &self.sockets[&key];
            let is_readable = socket.has_ended || !socket.input.is_empty();
            let mut answer = 0;
            answer |= if is_readable { IN } else { 0 };
            answer |= if socket.room > 0 { OUT } else { 0 };
            answer &= asked;
            answer |= if socket.is_gone { GONE } else { 0 };
            (key, answer)
        };
        list.iter().map(answer).filter(|&(_, answer)| answer != 0).collect()
    }

    /// Reads without blocking.
    pub fn read(&mut self, key: usize) -> Read {
        let socket = self.sockets.get_mut(&key).expect("it is open");
        socket.reads += 1;
        if socket.input.is_empty() {
            socket.ends += usize::from(socket.has_ended);
            return if socket.has_ended { Read::End } else { Read::WouldBlock };
        }
        let length = socket.input.len().min(READ);
        Read::Bytes(socket.input.drain(..length).collect())
    }

    /// Writes without blocking. Returns how much was taken; 0 if there was no room.
    pub fn write(&mut self, key: usize, bytes: &[u8]) -> usize {
        let socket = self.sockets.get_mut(&key).expect("it is open");
        socket.writes += 1;
        let length = socket.room.min(bytes.len());
        socket.room -= length;
        socket.output.extend_from_slice(&bytes[..length]);
        length
    }

    /// Closes a socket. It may not be asked about any more.
    pub fn close(&mut self, key: usize) {
        self.sockets.remove(&key).expect("it is open");
    }
}

#[derive(Default)]
pub struct EchoLoop {
    // Yours.
}

impl EchoLoop {
    /// A client has been accepted: the key of its socket.
    pub fn connect(&mut self, key: usize) {
        todo!()
    }

    /// What the kernel is to be asked: each client once.
    pub fn list(&self) -> Vec<(usize, u8)> {
        todo!()
    }

    /// The kernel has said something about this client.
    pub fn on_ready(&mut self, kernel: &mut Kernel, key: usize, ready: u8) {
        todo!()
    }
}
