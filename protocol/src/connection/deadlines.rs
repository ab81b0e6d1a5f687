//! Time as data: what is waited for, how long, and what happens when it does not come.

use std::time::Instant;

use super::Connection;
use super::state::{Incoming, Outgoing};
use crate::clock::{Now, after, earliest, is_due};
use crate::drain::Drain;
use crate::observer::Cut;
use crate::phase::Phase;
use crate::refusal::Refusal;

impl Connection {
    /// Whether the client, of its own will, is done with the connection, so that nothing of it can
    /// be under way and no reset can destroy our response. Under TLS something always may be: the
    /// alert with which it closes (RFC 8446 §6.1).
    pub(super) fn client_is_done(&self) -> bool {
        let is_done = matches!(self.input.incoming, Incoming::Complete) && !self.input.is_held;
        self.current.terms.client_closes && is_done && !self.service.is_secure
    }

    pub(super) fn wants_input(&self) -> bool {
        if self.input.is_closed {
            return false;
        }
        match self.phase {
            Phase::Flushing { .. } | Phase::Closed => false,
            Phase::Lingering(_) => true,
            Phase::Open(()) => match &self.input.incoming {
                Incoming::Head(_) => self.may_begin(),
                Incoming::Body(_) => self.current.exchange.room() > 0,
                Incoming::Complete | Incoming::Upgraded(_) | Incoming::Ignored => false,
            },
        }
    }

    /// When the client has to have sent more, and why.
    fn receive_deadline(&self) -> Option<Instant> {
        if !self.phase.is_open() || !self.wants_input() {
            return None;
        }
        let limits = &self.service.limits;
        let since = self.input.progress.since();
        match &self.input.incoming {
            Incoming::Head(scanner) if scanner.started() => Some(after(since, limits.head_timeout)),
            Incoming::Body(_) => Some(after(since, limits.body_timeout)),
            _ if !self.output.unsent.is_empty() => None,
            _ => earliest([Some(after(since, limits.idle_timeout)), self.drain.grace_ends()]),
        }
    }

    /// When the client has to have taken more.
    fn send_deadline(&self) -> Option<Instant> {
        let write_timeout = self.service.limits.write_timeout;
        match self.output.outgoing {
            Outgoing::File(_) => Some(self.output.unsent.next_deadline(write_timeout)),
            _ => self.output.unsent.deadline(write_timeout),
        }
    }

    /// When something of our own is due.
    fn own_deadline(&self) -> Option<Instant> {
        match &self.output.outgoing {
            Outgoing::Owed => self.current.exchange.deadline(),
            // While the client is behind, nothing is produced.
            Outgoing::Stream(producer, _) if self.has_room() => producer.not_before(),
            _ => None,
        }
    }

    // ANCHOR: deadline
    pub(super) fn deadline(&self) -> Option<Instant> {
        earliest([
            self.receive_deadline(),
            self.send_deadline(),
            self.own_deadline(),
            self.phase.deadline(),
            self.drain.deadline(),
        ])
    }
    // ANCHOR_END: deadline

    /// Ends what has taken too long.
    pub(super) fn time_out(&mut self, out: &mut Vec<u8>, now: Now) {
        let is_due = |deadline| is_due(deadline, now.instant);
        if is_due(self.send_deadline()) {
            self.service.refused_as("write-timeout", &"the response was not taken in time");
            self.abort(Cut::Timeout);
        } else if is_due(self.phase.deadline()) {
            self.phase.abort(); // all is sent, and the client has been waited for long enough
        } else if is_due(self.receive_deadline()) {
            let since = self.input.progress.since();
            match &self.input.incoming {
                Incoming::Head(scanner) if scanner.started() => {
                    self.refuse_head(Refusal::Timeout, out, now); // RFC 9110 §15.5.9
                }
                // The grace was over before the last response was out, which may still be on its
                // way to the client.
                Incoming::Head(_) if now.instant < since + Drain::GRACE => self.phase.finish(),
                // Nothing is under way in either direction that a reset could destroy.
                Incoming::Head(_) => self.phase.finish_without_lingering(),
                _ => self.refuse(Refusal::Timeout, out, now),
            }
        }
    }
}
