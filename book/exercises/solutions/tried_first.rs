//! The event loop: the socket is tried before a deadline counts.
//!
//! What is in the socket by the time we look came before we looked; only the order in which the
//! loop asks made it late. So `on_time` receives first, with the same function that an event calls,
//! and then asks whether the deadline is still over. The second question is the same as the first:
//! a request that came whole has moved the deadline, and half a head has not.
//!
//! The attempt costs one system call for a timeout, which is rare. It must not replace the timeout:
//! a client that sends a byte now and then would be tried, found to have sent something, and never
//! cut.

use std::collections::VecDeque;

/// How long a client may take for a request, in milliseconds.
pub const TIMEOUT: u64 = 1_000;

/// A socket that does not block.
#[derive(Debug, Default)]
pub struct Socket {
    /// What has arrived, as reads will bring it. An empty piece is the end.
    pub arrived: VecDeque<&'static str>,
    /// How often it has been read.
    pub reads: usize,
}

impl Socket {
    /// What the next read brings; `None` if it would block.
    fn read(&mut self) -> Option<&'static str> {
        self.reads += 1;
        self.arrived.pop_front()
    }
}

/// A connection. A request is a line that ends in LF.
#[derive(Debug)]
pub struct Connection {
    pub socket: Socket,
    /// The beginning of a request that has not come whole.
    line: String,
    pub deadline: u64,
    /// What has been answered.
    pub answers: Vec<String>,
    pub closed: bool,
}

impl Connection {
    pub fn new(now: u64) -> Self {
        Connection {
            socket: Socket::default(),
            line: String::new(),
            deadline: now + TIMEOUT,
            answers: Vec::new(),
            closed: false,
        }
    }

    /// An event says that there is something to read.
    pub fn on_readable(&mut self, now: u64) {
        while !self.closed
            && let Some(piece) = self.socket.read()
        {
            self.closed = piece.is_empty();
            self.line += piece;
            while let Some((request, rest)) = self.line.split_once('\n') {
                self.answers.push(format!("200 {request}"));
                self.line = rest.to_owned();
                self.deadline = now + TIMEOUT;
            }
        }
    }

    /// The loop has woken up because of a deadline, of this connection or another.
    pub fn on_time(&mut self, now: u64) {
        if self.closed || !self.is_late(now) {
            return;
        }
        self.on_readable(now);
        if !self.closed && self.is_late(now) {
            self.answers.push("408".to_owned());
            self.closed = true;
        }
    }

    fn is_late(&self, now: u64) -> bool {
        now >= self.deadline
    }
}
