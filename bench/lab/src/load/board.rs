//! What the threads of a run tell each other.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, OnceLock, PoisonError};

use crate::load::clock::Clock;

#[derive(Debug)]
pub(super) struct Board {
    pub(super) clock: Clock,
    barrier: Barrier,
    /// Connections that were opened before the load begins.
    opened: AtomicU64,
    start: OnceLock<u64>,
    /// Why the first connection that was refused was refused.
    refusal: Mutex<Option<io::Error>>,
    /// Whether the observer has had enough.
    pub(super) is_stopped: AtomicBool,
    /// Responses so far.
    pub(super) requests: AtomicU64,
    /// Threads that have still something to do.
    pub(super) working: AtomicUsize,
}

impl Board {
    pub(super) fn new(threads: usize) -> Self {
        Board {
            clock: Clock::start(),
            barrier: Barrier::new(threads),
            opened: AtomicU64::new(0),
            start: OnceLock::new(),
            refusal: Mutex::new(None),
            is_stopped: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            working: AtomicUsize::new(threads),
        }
    }

    pub(super) fn refuse(&self, error: io::Error) {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Waits until all threads have opened their connections. Returns when the load begins.
    ///
    /// # Errors
    /// If none could.
    pub(super) fn begin_together(&self, opened: u64) -> io::Result<u64> {
        self.opened.fetch_add(opened, Ordering::AcqRel);
        self.barrier.wait();
        if self.opened.load(Ordering::Acquire) > 0 {
            return Ok(*self.start.get_or_init(|| self.clock.now()));
        }
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(refusal.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::TimedOut, "no connection was opened in time")
        }))
    }
}
