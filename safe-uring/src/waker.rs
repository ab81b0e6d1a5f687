//! Wakes a ring from another thread.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};

/// Wakes the ring that watches it, from any thread: an eventfd. A clone wakes the same ring.
#[derive(Clone, Debug)]
pub struct Waker {
    pub(crate) eventfd: Arc<OwnedFd>,
}

impl Waker {
    /// Creates a waker, which is to be given to [`Ring::watch`](crate::Ring::watch).
    ///
    /// # Errors
    /// If the system has no further descriptor.
    pub fn new() -> io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Waker { eventfd: Arc::new(eventfd) })
    }

    /// Wakes the ring. The count that the eventfd keeps is never read: each write is an event.
    pub fn wake(&self) {
        if let Err(error) = rustix::io::write(&self.eventfd, &1_u64.to_ne_bytes()) {
            tracing::error!("cannot wake a ring: {error}");
        }
    }
}
