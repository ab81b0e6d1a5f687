//! The event loop: an event comes once.
//!
//! A [`Poller`] that is edge-triggered, and sockets that lead nowhere: no kernel is needed to learn
//! what goes wrong. Write the two functions so that no byte is lost or stays unread, and no
//! connection starves the others.
//!
//! * An event says that a socket has *become* readable. You get another one only when more bytes
//!   arrive after that. A socket that still holds bytes from before says nothing.
//! * A read that says [`Read::WouldBlock`] has found the socket empty: from then on an event will
//!   come again. A read that brings bytes promises nothing.
//! * Read at most [`TURN`] times from one socket before the others have had their turn.
//! * Before the loop sleeps, no connection may be waiting that would get no event.
//! * A turn costs what is ready, not what is connected: a server has ten thousand idle connections
//!   for each busy one. Do not look at all peers; keep a list of those that wait for their turn.

use std::collections::VecDeque;

/// How often one connection may read before others have their turn.
pub const TURN: usize = 4;

/// Bytes that one read brings, at most.
pub const READ: usize = 8;

/// What a read has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    Bytes(Vec<u8>),
    End,
    WouldBlock,
}

/// Sockets, and events about them.
#[derive(Default)]
pub struct Poller {
    sockets: Vec<Socket>,
    events: VecDeque<usize>,
    /// The sockets that have been read, in this order.
    pub reads: Vec<usize>,
}

#[derive(Default)]
struct Socket {
    bytes: VecDeque<u8>,
    ended: bool,
}

impl Poller {
    /// A new socket. Its key is its number.
    pub fn open(&mut self) -> usize {
        self.sockets.push(Socket::default());
        self.sockets.len() - 1
    }

    /// Bytes arrive.
    pub fn arrive(&mut self, key: usize, bytes: &[u8]) {
        self.sockets[key].bytes.extend(bytes);
        self.become_ready(key);
    }

    /// The peer closes its side.
    pub fn end(&mut self, key: usize) {
        self.sockets[key].ended = true;
        self.become_ready(key);
    }

    fn become_ready(&mut self, key: usize) {
        if !self.events.contains(&key) {
            self.events.push_back(key);
        }
    }

    /// The sockets that have become ready since the last call. A loop would sleep here until there
    /// is one.
    pub fn wait(&mut self) -> Vec<usize> {
        self.events.drain(..).collect()
    }

    /// Reads without blocking.
    pub fn read(&mut self, key: usize) -> Read {
        self.reads.push(key);
        let socket = &mut self.sockets[key];
        if socket.bytes.is_empty() {
            return if socket.ended { Read::End } else { Read::WouldBlock };
        }
        let length = socket.bytes.len().min(READ);
        Read::Bytes(socket.bytes.drain(..length).collect())
    }
}

/// What is known of a connection.
#[derive(Default)]
pub struct Peer {
    /// All that it has sent.
    pub received: Vec<u8>,
    /// Whether its end has been seen. Then it must not be read from again.
    pub closed: bool,
    // Yours.
}

#[derive(Default)]
pub struct EventLoop {
    pub poller: Poller,
    /// By their keys.
    pub peers: Vec<Peer>,
    // Yours.
}

impl EventLoop {
    /// A new connection.
    pub fn connect(&mut self) -> usize {
        self.peers.push(Peer::default());
        self.poller.open()
    }

    /// One round: takes the events, then gives each connection that may have something one turn.
    pub fn turn(&mut self) {
        todo!("ask the poller, and read")
    }

    /// Whether the next round may sleep until there is an event. If a connection has been stopped
    /// in the middle, it may not: nobody would say that there is more.
    pub fn may_sleep(&self) -> bool {
        todo!()
    }
}
