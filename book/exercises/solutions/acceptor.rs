//! select, poll, epoll: a listener that stays ready.
//!
//! Whether to ask follows from two things: how many clients are there, and until when to leave the
//! listener alone. The moment is kept, not a flag: a flag would need somebody to take it back, and
//! nothing else may happen until then. For the same reason the loop may not sleep past the moment.
//! Without a place nothing needs a timeout: a client that leaves wakes the loop anyway.

/// How long to wait after the system has failed.
pub const BACKOFF: u64 = 100;

/// Why a client has not been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody waits.
    WouldBlock,
    /// The client has left before it was accepted.
    Aborted,
    /// `EMFILE`: the process has no descriptor left.
    NoDescriptor,
}

pub struct Acceptor {
    /// How many clients there may be at once.
    pub max: usize,
    open: usize,
    /// Not before this moment.
    not_before: u64,
}

impl Acceptor {
    pub fn new(max: usize) -> Self {
        Acceptor { max, open: 0, not_before: 0 }
    }

    /// Whether the kernel is to be asked whether the listener is ready.
    pub fn wants_listener(&self, now: u64) -> bool {
        self.open < self.max && now >= self.not_before
    }

    /// How long the loop may sleep on our account: `None` means as long as it likes.
    pub fn timeout(&self, now: u64) -> Option<u64> {
        let is_waiting = self.open < self.max && now < self.not_before;
        is_waiting.then(|| self.not_before - now)
    }

    /// Accepts whom there is a place for. Returns how many.
    pub fn accept(&mut self, now: u64, mut listener: impl FnMut() -> Result<(), Failure>) -> usize {
        let before = self.open;
        while self.wants_listener(now) {
            match listener() {
                Ok(()) => self.open += 1,
                Err(Failure::Aborted) => {}
                Err(Failure::WouldBlock) => break,
                Err(Failure::NoDescriptor) => self.not_before = now + BACKOFF,
            }
        }
        self.open - before
    }

    /// A client has left.
    pub fn on_closed(&mut self) {
        self.open -= 1;
    }
}
