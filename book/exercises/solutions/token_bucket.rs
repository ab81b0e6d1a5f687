//! TLS and HTTP/2: a bucket that time and work refill.
//!
//! The bucket is filled when somebody takes from it, never by a timer: the time since the last look
//! says how many tokens have come. The moment of the last look moves by whole tokens only, so what
//! is left of the time counts for the next one; if it were set to "now", a client that is looked at
//! often would never get anything. When the bucket is full, the moment is "now", since a full
//! bucket saves nothing.
//!
//! A stream is remembered while it is open and not answered. That is what makes the difference
//! between "cancelled our work" and "cancelled what was over", and a client cannot pay twice for
//! one stream or get a token back for one that it never opened.

use std::collections::HashSet;

/// Tokens in a full bucket.
pub const MOST: u32 = 100;

/// So many milliseconds give one token back.
pub const REFILL: u64 = 100;

/// The client costs more than it is worth: the connection is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Close;

#[derive(Debug)]
pub struct Bucket {
    /// Streams that are open and not answered.
    streams: HashSet<u32>,
    tokens: u32,
    /// Up to here time has been turned into tokens.
    filled: u64,
    is_over: bool,
}

impl Bucket {
    pub fn new(now: u64) -> Self {
        Bucket { streams: HashSet::new(), tokens: MOST, filled: now, is_over: false }
    }

    /// The client has opened a stream.
    pub fn on_open(&mut self, stream: u32) {
        self.streams.insert(stream);
    }

    /// We have answered.
    pub fn on_answer(&mut self, stream: u32, now: u64) {
        self.fill(now);
        if self.streams.remove(&stream) {
            self.tokens = MOST.min(self.tokens + 1);
        }
    }

    /// The client has cancelled a stream.
    pub fn on_reset(&mut self, stream: u32, now: u64) -> Result<(), Close> {
        self.fill(now);
        if self.streams.remove(&stream) {
            self.is_over |= self.tokens == 0;
            self.tokens = self.tokens.saturating_sub(1);
        }
        if self.is_over { Err(Close) } else { Ok(()) }
    }

    /// Turns time into tokens.
    fn fill(&mut self, now: u64) {
        let come = (now - self.filled) / REFILL;
        self.filled += come * REFILL;
        self.tokens = u32::try_from(come).unwrap_or(MOST).saturating_add(self.tokens).min(MOST);
        if self.tokens == MOST {
            self.filled = now;
        }
    }
}
