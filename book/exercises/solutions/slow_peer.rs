//! The connection as a state machine: progress, not activity.
//!
//! The watch keeps two numbers: the bytes that count for the next step, and the deadline. Bytes
//! alone move nothing; only a whole step does, and the rest is carried over, so a client that sends
//! 1,000 bytes at a time is not worse off than one that sends 1,024.
//!
//! Being late is decided before bytes are counted: otherwise a client that was silent for an hour
//! would be forgiven for a kilobyte. And a pause removes the deadline instead of moving it, since
//! nobody knows how long it will be; the same field says "paused" and needs no flag beside it.

/// Longest time for one step, in milliseconds.
pub const TIMEOUT: u64 = 5_000;

/// So many bytes are progress.
pub const STEP: usize = 1024;

/// The client has been too slow.
#[derive(Debug, PartialEq, Eq)]
pub struct Late;

/// Watches whether a client makes progress.
#[derive(Debug)]
pub struct Watch {
    /// What counts for the next step.
    bytes: usize,
    /// `None` while it is paused.
    deadline: Option<u64>,
}

impl Watch {
    pub fn new(now: u64) -> Self {
        Watch { bytes: 0, deadline: Some(now + TIMEOUT) }
    }

    /// Bytes have come.
    pub fn on_bytes(&mut self, count: usize, now: u64) -> Result<(), Late> {
        self.check(now)?;
        self.bytes += count;
        if self.bytes >= STEP {
            self.bytes %= STEP;
            self.deadline = self.deadline.map(|_| now + TIMEOUT);
        }
        Ok(())
    }

    /// When to look again; `None` while it is paused.
    pub fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Looks at the time.
    pub fn check(&self, now: u64) -> Result<(), Late> {
        match self.deadline {
            Some(deadline) if now >= deadline => Err(Late),
            _ => Ok(()),
        }
    }

    /// Nothing is expected of the client from now on.
    pub fn pause(&mut self) {
        self.deadline = None;
    }

    /// The client is expected to send again. It may not have been paused at all.
    pub fn resume(&mut self, now: u64) {
        self.deadline = self.deadline.or(Some(now + TIMEOUT));
    }
}
