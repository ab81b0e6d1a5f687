//! select, poll, epoll: ask only for what you would do now.
//!
//! What is asked follows from what is kept for a client, and from nothing else: room while there
//! is something to send, input while more may be kept and the end has not come. So it is computed
//! again each time, and cannot be out of date. After a read the loop tries to send at once. That
//! saves a round, and with most clients there is room, so the kernel is hardly ever asked for it.

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
struct Client {
    unsent: Vec<u8>,
    has_ended: bool,
}

#[derive(Default)]
pub struct EchoLoop {
    clients: BTreeMap<usize, Client>,
}

impl EchoLoop {
    /// A client has been accepted: the key of its socket.
    pub fn connect(&mut self, key: usize) {
        self.clients.insert(key, Client::default());
    }

    /// What the kernel is to be asked: each client once.
    pub fn list(&self) -> Vec<(usize, u8)> {
        let interest = |(&key, client): (&usize, &Client)| {
            let reads = !client.has_ended && client.unsent.len() < MOST;
            let input = if reads { IN } else { 0 };
            let room = if client.unsent.is_empty() { 0 } else { OUT };
            (key, input | room)
        };
        self.clients.iter().map(interest).collect()
    }

    /// The kernel has said something about this client.
    pub fn on_ready(&mut self, kernel: &mut Kernel, key: usize, ready: u8) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        if ready & IN != 0 {
            match kernel.read(key) {
                Read::Bytes(bytes) => client.unsent.extend(bytes),
                Read::End => client.has_ended = true,
                Read::WouldBlock => {}
            }
        }
        if ready & GONE == 0 && !client.unsent.is_empty() {
            let sent = kernel.write(key, &client.unsent);
            client.unsent.drain(..sent);
        }
        if ready & GONE != 0 || client.has_ended && client.unsent.is_empty() {
            kernel.close(key);
            self.clients.remove(&key);
        }
    }
}
