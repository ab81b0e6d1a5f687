//! What takes a connection over after `101 Switching Protocols` (RFC 9110 §7.8).

use std::time::{Duration, Instant};

use crate::clock::{Now, earliest, is_due};
use crate::file::FileRange;
use crate::protocol::{Protocol, Step, Wait};
use crate::unsent::Unsent;
use crate::work::{Outcome, Ticket};

/// A protocol that has taken over from HTTP/1.1. What HTTP/1.1 said before stays on an account of
/// its own until it is sent: the protocol behind it has not said it, and does not hear of it.
pub(crate) struct Upgraded {
    next: Box<dyn Protocol>,
    before: Unsent,
    write_timeout: Duration,
    /// When the connection has to be gone, once shutdown has begun.
    shutdown: Option<Instant>,
    state: State,
}

/// How far the protocol that has taken over is from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// It has nothing more to say, and what was said before it is on its way.
    Flushing,
    /// What was said before it was not taken, or shutdown left no more time.
    Closed,
}

impl Upgraded {
    pub(crate) fn new(
        next: Box<dyn Protocol>,
        before: Unsent,
        write_timeout: Duration,
        shutdown: Option<Instant>,
    ) -> Self {
        Upgraded { next, before, write_timeout, shutdown, state: State::Open }
    }

    /// What ends the connection whatever the protocol wants: time that is up is up for it as well,
    /// and what was said before has to be taken.
    fn deadline(&self) -> Option<Instant> {
        earliest([self.before.deadline(self.write_timeout), self.shutdown])
    }
}

impl Protocol for Upgraded {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.next.receive(input, out, now)
    }

    fn receive_eof(&mut self, now: Now) {
        self.next.receive_eof(now);
    }

    // ANCHOR: sent
    fn sent(&mut self, bytes: u64, now: Now) {
        let beyond = self.before.sent(bytes, now.instant);
        if beyond > 0 {
            self.next.sent(beyond, now);
        }
    }
    // ANCHOR_END: sent

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.next.complete(ticket, outcome, out, now);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        if is_due(self.deadline(), now.instant) {
            self.state = State::Closed;
        } else {
            self.next.handle_timeout(out, now);
        }
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.shutdown = Some(deadline);
        self.next.shutdown(deadline, now);
    }

    fn poll(&mut self) -> Step {
        let step = match self.state {
            State::Closed => return Step::Close,
            State::Flushing => Step::ShutdownWrite,
            State::Open => self.next.poll(),
        };
        match step {
            Step::Wait(Wait { read, deadline }) => {
                Step::Wait(Wait { read, deadline: earliest([deadline, self.deadline()]) })
            }
            Step::ShutdownWrite if !self.before.is_empty() => {
                self.state = State::Flushing;
                Step::Wait(Wait { read: false, deadline: self.deadline() })
            }
            Step::ShutdownWrite => {
                self.state = State::Open; // it goes on: it waits for the peer to close
                Step::ShutdownWrite
            }
            Step::Upgrade(next) => {
                self.next = next; // behind the same account
                Step::Receive
            }
            step => step,
        }
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.before.reset_timeout(now.instant);
        self.next.reset_send_timeout(now);
    }

    fn file(&self) -> Option<&FileRange> {
        self.next.file()
    }
}
