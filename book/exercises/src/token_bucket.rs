//! TLS and HTTP/2: rapid reset.
//!
//! With HTTP/2 a client opens a stream with one frame and cancels it with another. A server begins
//! to work for each, and the client need not wait for anything: in 2023 such clients brought the
//! largest sites down ("rapid reset", CVE-2023-44487; a row of SECURITY.md). A limit on the streams
//! that are open does not help, since a cancelled one is not open. Cancelling must stay possible: a
//! browser does it whenever a page is left. So count what a client costs, with a *token bucket*:
//!
//! * The bucket begins full, with [`MOST`] tokens. Each stream that the client cancels before it
//!   has been answered takes one. If there is none, the connection is to be closed, once and for
//!   all.
//! * A stream that has been answered gives one back: a client that lets us finish may cancel,
//!   too.
//! * Each whole [`REFILL`] milliseconds give one back. Time that is not a whole one is not lost: it
//!   counts for the next token. Time that passes while the bucket is full is lost.
//! * There are never more than [`MOST`] tokens.
//! * What is cancelled after its answer costs nothing, and so does an unknown stream.
//!
//! Time is a number of milliseconds; it comes in, and nobody reads a clock.

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
    // The rest is yours.
}

impl Bucket {
    pub fn new(now: u64) -> Self {
        todo!()
    }

    /// The client has opened a stream.
    pub fn on_open(&mut self, stream: u32) {
        todo!()
    }

    /// We have answered.
    pub fn on_answer(&mut self, stream: u32, now: u64) {
        todo!()
    }

    /// The client has cancelled a stream.
    pub fn on_reset(&mut self, stream: u32, now: u64) -> Result<(), Close> {
        todo!()
    }
}
