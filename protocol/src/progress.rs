//! Whether a slow peer advances enough.

use std::time::Instant;

use crate::limits::Limits;

/// Whether a slow peer is still worth waiting for: it must advance by
/// [`Limits::PROGRESS`](crate::Limits::PROGRESS) bytes within every allowed stretch of time.
/// Single bytes at long intervals do not push the deadline out.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    bytes: u64,
}

impl Progress {
    /// Begins a stretch of time.
    #[must_use]
    pub fn start(now: Instant) -> Self {
        Progress { since: now, bytes: 0 }
    }

    /// So many bytes have come, or gone. If they are enough, a new stretch begins.
    pub fn advance(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        if self.bytes >= Limits::PROGRESS {
            *self = Progress::start(now);
        }
    }

    /// When the current stretch has begun.
    #[must_use]
    pub fn since(&self) -> Instant {
        self.since
    }
}
