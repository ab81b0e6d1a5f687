//! The connection under a session: what is sent in the way of the delivery, and a record of what
//! went both ways.

use std::io;
use std::time::{Duration, Instant};

use crate::delivery::Delivery;
use crate::transport::{Connect, Transport};

/// Keeps two writes in two segments.
const PAUSE: Duration = Duration::from_millis(20);

/// How exchanges are carried.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    /// The name of the server in the `Host` field.
    pub(crate) host: &'a str,
    pub(crate) connect: &'a Connect<'a>,
    /// Longest wait for what is expected.
    pub(crate) timeout: Duration,
}

/// One connection at a time; the record goes on when it is replaced.
pub(crate) struct Wire<'a> {
    pub(crate) route: Route<'a>,
    delivery: Delivery,
    transport: Box<dyn Transport>,
    /// Bytes that have come and have not been taken.
    pub(crate) pending: Vec<u8>,
    pub(crate) eof: bool,
    pub(crate) record: Record,
}

/// The bytes that went over the wire.
#[derive(Default)]
pub(crate) struct Record {
    /// All bytes that were sent, but for those that were [aside](Wire::send_aside).
    pub(crate) sent: Vec<u8>,
    /// All that came.
    pub(crate) seen: Vec<u8>,
}

impl<'a> Wire<'a> {
    pub(crate) fn open(route: Route<'a>, delivery: Delivery) -> Result<Self, String> {
        Ok(Wire {
            route,
            delivery,
            transport: route.open()?,
            pending: Vec::new(),
            eof: false,
            record: Record::default(),
        })
    }

    /// Leaves the connection for a new one.
    pub(crate) fn reconnect(&mut self) -> Result<(), String> {
        self.transport = self.route.open()?;
        self.pending.clear();
        self.eof = false;
        Ok(())
    }

    /// Until when to wait for what is expected from now on.
    pub(crate) fn deadline(&self) -> Instant {
        self.transport.now() + self.route.timeout
    }

    pub(crate) fn pause(&mut self) {
        self.transport.pause(PAUSE);
    }

    pub(crate) fn half_close(&mut self) {
        self.transport.half_close();
    }

    /// Sends in the way of the delivery. A server that has heard enough may refuse to hear more:
    /// what it said decides, so errors are left to `receive`.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let before = self.record.sent.len();
        self.record.sent.extend_from_slice(bytes);
        let _ = match self.delivery {
            Delivery::Split(at) if (before + 1..self.record.sent.len()).contains(&at) => {
                let (first, second) = bytes.split_at(at - before);
                self.transport.write(first).and_then(|()| {
                    self.pause();
                    self.transport.write(second)
                })
            }
            Delivery::Bytes => bytes.chunks(1).try_for_each(|byte| self.transport.write(byte)),
            Delivery::Whole | Delivery::Split(_) => self.transport.write(bytes),
        };
    }

    /// Sends at once what is no part of the case.
    pub(crate) fn send_aside(&mut self, bytes: &[u8]) {
        let _ = self.transport.write(bytes);
    }

    /// Waits for more bytes or for the end.
    pub(crate) fn receive(&mut self, deadline: Instant) -> io::Result<()> {
        let before = self.pending.len();
        self.eof = self.transport.read(&mut self.pending, deadline)? == 0;
        self.record.seen.extend_from_slice(&self.pending[before..]);
        Ok(())
    }
}

impl Route<'_> {
    fn open(&self) -> Result<Box<dyn Transport>, String> {
        (self.connect)().map_err(|error| format!("no connection: {error}"))
    }
}
