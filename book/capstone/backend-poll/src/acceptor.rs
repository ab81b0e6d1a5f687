//! The listener: when it may be asked for a connection, and when it is closed.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use backend_common::{Admission, Listener, Slot, TURN, socket};

/// A listener, and what keeps it from accepting.
pub(crate) struct Acceptor {
    /// `None` once it has been closed: on shutdown.
    listener: Option<Listener>,
    admission: Arc<Admission>,
    /// There was no place for another connection. The end of one writes to the loop's pipe.
    is_full: bool,
    /// The system had no room for another connection: when to try again.
    backoff: Option<Instant>,
    /// The shutdown deadline, once shutdown has begun.
    shutdown: Option<Instant>,
}

impl Acceptor {
    pub(crate) fn new(listener: Listener, admission: Arc<Admission>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = Some(listener);
        Ok(Acceptor { listener, admission, is_full: false, backoff: None, shutdown: None })
    }

    // ANCHOR: wanted
    /// The listener, if a connection could be accepted now. One that is not accepted stays ready,
    /// so the kernel is not asked about it.
    pub(crate) fn wanted(&self) -> Option<&Listener> {
        let may_accept = !self.is_full && self.backoff.is_none();
        self.listener.as_ref().filter(|_| may_accept)
    }

    /// The moment at which the acceptor has to be called, whatever the kernel says.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.listener.as_ref()?;
        self.backoff.into_iter().chain(self.shutdown).min()
    }
    // ANCHOR_END: wanted

    /// Whether it is to be called although the kernel has said nothing: the time has come to try
    /// again, or to look whether anyone is left.
    pub(crate) fn is_due(&self) -> bool {
        self.shutdown.is_some() || self.backoff.is_some_and(|until| until <= Instant::now())
    }

    /// A connection has ended, perhaps: there may be a place again.
    pub(crate) fn retry(&mut self) {
        self.is_full = false;
    }

    /// Clients that have connected before are still accepted, until the deadline.
    pub(crate) fn shutdown(&mut self, deadline: Instant) {
        self.shutdown = Some(deadline);
    }

    // ANCHOR: accept
    /// Accepts a few of those who wait; for the others the listener stays ready.
    pub(crate) fn accept(&mut self) -> Vec<(TcpStream, Slot)> {
        let now = Instant::now();
        self.backoff = self.backoff.filter(|&until| now < until);
        let mut accepted = Vec::new();
        while accepted.len() < TURN
            && let Some(listener) = self.wanted()
        {
            let Some(slot) = self.admission.admit() else {
                self.is_full = true;
                break;
            };
            match listener.accept() {
                Ok((stream, peer)) => accepted.push((stream, slot.for_peer(peer))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.shutdown.is_some() {
                        self.listener = None; // the last of those who had connected before
                    }
                    break;
                }
                Err(error) if socket::is_clients_fault(&error) => {}
                Err(error) => {
                    socket::report_accept_error(&error);
                    self.backoff = Some(now + socket::ACCEPT_BACKOFF);
                }
            }
        }
        if self.shutdown.is_some_and(|by| by <= now) {
            self.listener = None;
        }
        accepted
    }
    // ANCHOR_END: accept

    /// Whether no connection will come any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.listener.is_none()
    }
}
