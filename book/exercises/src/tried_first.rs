//! The event loop: in time, and cut all the same.
//!
//! A process may be stopped: Ctrl-Z, a debugger, a container that is paused. When it goes on, a
//! request that came meanwhile lies in the socket, and the deadline is over. The loop below looks
//! at the clock first, and answers 408 to a client that has done nothing wrong. This repository had
//! the mistake in all backends (commit 9757d0c). Mend `on_time`:
//!
//! * When a deadline has come, the socket is tried first: all that it holds is received, as when an
//!   event says so. Before the deadline nothing is read.
//! * Then the deadline counts if it still lies behind us: a whole request moves it, half a one does
//!   not.
//! * A client that has closed its side has not been late: it is closed, without an answer.

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
        if !self.closed && now >= self.deadline {
            self.answers.push("408".to_owned());
            self.closed = true;
        }
    }
}
