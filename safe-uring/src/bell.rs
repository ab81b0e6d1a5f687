//! A bell: wakes a ring from another thread.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};

/// Wakes a ring that watches it, from whatever thread: an eventfd.
#[derive(Clone)]
pub struct Bell {
    pub(crate) eventfd: Arc<OwnedFd>,
}

impl Bell {
    /// A new one.
    ///
    /// # Errors
    /// If there is no descriptor to be had.
    pub fn new() -> io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Bell { eventfd: Arc::new(eventfd) })
    }

    /// Rings. The count that the eventfd keeps is never read: each write wakes whoever watches.
    pub fn ring(&self) {
        if let Err(error) = rustix::io::write(&self.eventfd, &1_u64.to_ne_bytes()) {
            tracing::error!("cannot wake a ring: {error}");
        }
    }
}
