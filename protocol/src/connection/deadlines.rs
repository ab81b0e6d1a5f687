//! Time as data: what is waited for, how long, and what happens when it does not come.

use std::time::Instant;

use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::{Connection, Ending};
use crate::clock::after;
use crate::{Now, Refusal};

impl Connection {
    /// Whether the peer, of its own will, is done with the connection, so that nothing of it can
    /// be under way and no reset can destroy our response. Under TLS something always may be: the
    /// alert with which it closes (RFC 8446 §6.1).
    pub(super) fn is_parted(&self) -> bool {
        let is_done = matches!(self.incoming, Incoming::Complete) && !self.backlog;
        self.terms.client_closes && is_done && !self.is_secure
    }

    pub(super) fn wants_input(&self) -> bool {
        if self.input_closed {
            return false;
        }
        match self.ending {
            Ending::Flush | Ending::Leave | Ending::Closed => false,
            Ending::Linger(_) => true,
            Ending::Open => match &self.incoming {
                Incoming::Head(_) => {
                    matches!(self.outgoing, Outgoing::Nothing)
                        && self.unsent < self.limits.high_water() as u64
                }
                Incoming::Body(_) => self.exchange.room() > 0,
                Incoming::Complete | Incoming::Ignored => false,
            },
        }
    }

    /// When the peer has to have sent more, and why.
    pub(super) fn receive_deadline(&self) -> Option<Instant> {
        if let Ending::Linger(linger) = self.ending {
            return Some(linger.deadline());
        }
        if !self.wants_input() {
            return None;
        }
        let since = self.receiving.since();
        match &self.incoming {
            Incoming::Head(scanner) if scanner.started() => {
                Some(after(since, self.limits.head_timeout))
            }
            Incoming::Body(_) => Some(after(since, self.limits.body_timeout)),
            _ if self.unsent > 0 => None,
            _ => {
                let idle = after(since, self.limits.idle_timeout);
                Some(self.drain.map_or(idle, |(last_call, _)| idle.min(last_call)))
            }
        }
    }

    /// When the peer has to have taken more.
    pub(super) fn send_deadline(&self) -> Option<Instant> {
        let is_sending = self.unsent > 0 || matches!(self.outgoing, Outgoing::File(_));
        is_sending.then(|| after(self.sending.since(), self.limits.write_timeout))
    }

    /// When something of our own is due.
    pub(super) fn own_deadline(&self) -> Option<Instant> {
        match &self.outgoing {
            Outgoing::Owed => self.exchange.deadline(),
            // While the peer is behind, nothing is produced.
            Outgoing::Stream(producer, _) if self.unsent < self.limits.high_water() as u64 => {
                producer.not_before()
            }
            _ => None,
        }
    }

    // ANCHOR: deadline
    pub(super) fn deadline(&self) -> Option<Instant> {
        [
            self.receive_deadline(),
            self.send_deadline(),
            self.own_deadline(),
            self.drain.map(|(_, by)| by),
        ]
        .into_iter()
        .flatten()
        .min()
    }
    // ANCHOR_END: deadline

    /// Ends what has taken too long.
    pub(super) fn time_out(&mut self, out: &mut Vec<u8>, now: Now) {
        let has_come = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now.instant);
        if has_come(self.send_deadline()) {
            self.ending = Ending::Closed;
        } else if has_come(self.receive_deadline()) {
            match &self.incoming {
                _ if self.ending != Ending::Open => self.ending = Ending::Closed,
                Incoming::Head(scanner) if scanner.started() => {
                    self.refuse_head(Refusal::Timeout, out, now); // RFC 9110 §15.5.9
                }
                // The last call was over before the last response was out, which may still be on
                // its way to the peer.
                Incoming::Head(_) if now.instant < self.receiving.since() + Self::LAST_CALL => {
                    self.ending = Ending::Flush;
                }
                // Nothing is under way in either direction that a reset could destroy.
                Incoming::Head(_) => self.ending = Ending::Leave,
                _ => self.refuse(Refusal::Timeout, out, now),
            }
        }
    }
}
