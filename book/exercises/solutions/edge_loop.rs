//! The event loop: events that come once, and a list of those who wait.
//!
//! An edge-triggered poller does not repeat itself. So the loop has to remember for whom it has not
//! found the socket empty: that is the list `waiting`. A connection enters it with its event. It
//! leaves it when a read says `WouldBlock`, which is the promise of a further event, or at its end.
//! If its turn is over before that, it goes to the back of the list and the loop must not sleep.
//!
//! Each connection is in the list once, which `is_waiting` says without a search. Otherwise an
//! event for one that waits already would give it two turns in a round.
//!
//! Nothing here looks at all peers. A flag in each peer and a scan for it would give the same
//! answers, and would cost ten thousand looks for one event: the cost that `epoll` was made to
//! avoid.

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
    /// It is in the list of those that wait for their turn.
    is_waiting: bool,
}

#[derive(Default)]
pub struct EventLoop {
    pub poller: Poller,
    /// By their keys.
    pub peers: Vec<Peer>,
    /// Those that may have something, each once, in the order of their turns.
    waiting: VecDeque<usize>,
}

impl EventLoop {
    /// A new connection.
    pub fn connect(&mut self) -> usize {
        self.peers.push(Peer::default());
        self.poller.open()
    }

    /// One round: takes the events, then gives each connection that may have something one turn.
    pub fn turn(&mut self) {
        for key in self.poller.wait() {
            let peer = &mut self.peers[key];
            if !peer.is_waiting && !peer.closed {
                peer.is_waiting = true;
                self.waiting.push_back(key);
            }
        }
        for key in std::mem::take(&mut self.waiting) {
            if self.has_more(key) {
                self.waiting.push_back(key);
            } else {
                self.peers[key].is_waiting = false;
            }
        }
    }

    /// Whether the next round may sleep until there is an event. If a connection has been stopped
    /// in the middle, it may not: nobody would say that there is more.
    pub fn may_sleep(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Gives a connection its turn. Says whether the turn was over before its bytes were.
    fn has_more(&mut self, key: usize) -> bool {
        for _ in 0..TURN {
            match self.poller.read(key) {
                Read::Bytes(bytes) => self.peers[key].received.extend(bytes),
                Read::End => {
                    self.peers[key].closed = true;
                    return false;
                }
                Read::WouldBlock => return false,
            }
        }
        true
    }
}
