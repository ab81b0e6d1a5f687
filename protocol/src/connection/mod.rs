//! One client connection: HTTP/1.1 and a handler behind the five waits (RFC 9112 §9).
//!
//! Two halves advance on their own: what comes in ([`Incoming`](state::Incoming)) and what is owed
//! ([`Outgoing`](state::Outgoing)). Requests are answered one after the other, in order; the next
//! head is not looked at before the last response is complete. [`state`] has the diagram.

mod answering;
mod deadlines;
mod observed;
mod observing;
mod receiving;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::clock::{DateCache, Now, is_due};
use crate::drain::Drain;
use crate::file::FileRange;
use crate::handler::Handler;
use crate::limits::Limits;
use crate::observer::Cut;
use crate::phase::Phase;
use crate::progress::Progress;
use crate::protocol::{Protocol, Step, Wait};
use crate::service::Service;
use crate::unsent::Unsent;
use crate::upgrade::Upgraded;
use crate::work::{Outcome, Ticket};

use observed::Observed;
use state::{Current, Input, Outgoing, Output, Pending};

/// One client connection without its socket. It is driven as [`Protocol`] says.
pub struct Connection {
    service: Service,
    date: DateCache,
    phase: Phase,
    input: Input,
    output: Output,
    current: Current,
    pending: Pending,
    /// Once a request is observed.
    observed: Option<Box<Observed>>,
    drain: Drain,
    /// Whether `receive` has something to do even without new input.
    must_receive: bool,
    served: u64,
    now: Instant,
}

impl Connection {
    /// A connection that has just been accepted, with nobody told what becomes of its requests.
    #[must_use]
    pub fn new(handler: Arc<dyn Handler>, limits: Arc<Limits>, now: Now) -> Self {
        Connection::with_service(Service::new(handler, limits), now)
    }

    /// A connection that has just been accepted, for this service.
    #[must_use]
    pub fn with_service(service: Service, now: Now) -> Self {
        Connection {
            service,
            date: DateCache::new(),
            phase: Phase::Open(()),
            input: Input::new(now.instant),
            output: Output::new(now.instant),
            current: Current::NONE,
            pending: Pending::default(),
            observed: None,
            drain: Drain::default(),
            must_receive: false,
            served: 0,
            now: now.instant,
        }
    }

    /// The service that it is a connection to.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// From now on the connection is secured: something below it encrypts.
    pub fn secure(&mut self) {
        self.service.is_secure = true;
    }

    /// From now on requests say that they come from this address: something below it knows better.
    pub fn set_peer(&mut self, peer: SocketAddr) {
        self.service.peer = Some(peer);
    }

    /// When the connection has to be gone, once shutdown has begun.
    #[must_use]
    pub fn shutdown_deadline(&self) -> Option<Instant> {
        self.drain.deadline()
    }

    /// How many requests have been answered.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served
    }

    /// Whether no request is under way, not even the beginning of one, and nothing is unsent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        // With nothing owed, a request is under way only if its head has begun.
        !self.input.has_begun_head() && !self.input.is_held && self.output.is_done()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("phase", &self.phase)
            .field("incoming", &format_args!("{}", self.input.incoming.name()))
            .field("outgoing", &format_args!("{}", self.output.outgoing.name()))
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

impl Protocol for Connection {
    // ANCHOR: receive
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.begin_call(out, now);
        self.phase.heard(input.len(), self.service.limits.linger_timeout, now.instant);
        let consumed = self.advance(input, out, now);
        self.input.is_held = consumed < input.len();
        self.output.count(out, now.instant);
        self.must_receive = false;
        consumed
    }
    // ANCHOR_END: receive

    fn receive_eof(&mut self, now: Now) {
        self.set_now(now);
        self.input.is_closed = true;
        self.must_receive = true; // what the caller still holds is looked at first
        if let Some(next) = self.input.upgraded() {
            next.receive_eof(now); // it takes over with the next call of `poll`
        }
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.set_now(now);
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        let beyond = self.output.unsent.sent(bytes, now.instant);
        if let Some(observed) = &mut self.observed {
            observed.sent(bytes);
        }
        if let Outgoing::File(range) = &mut self.output.outgoing {
            range.offset += beyond;
            range.length -= beyond;
            if range.length == 0 {
                self.finish(0);
            }
        }
        let has_more = match &self.output.outgoing {
            Outgoing::Bytes(_) => true,
            Outgoing::Stream(producer, _) => producer.is_due(now.instant),
            _ => self.input.is_held || self.input.is_closed,
        };
        self.must_receive |= has_more && self.has_room();
        if self.is_idle() {
            self.input.progress = Progress::start(now.instant); // the idle time begins
        }
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.begin_call(out, now);
        if !self.wants_input() {
            self.input.progress = Progress::start(now.instant); // reading was held up
        }
        let effect = self.current.exchange.complete(ticket, outcome, &self.service.limits);
        self.pursue(effect, out, now);
        self.produce(out, now);
        self.must_receive |= self.input.is_held || self.input.is_closed;
        self.output.count(out, now.instant);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.begin_call(out, now);
        if is_due(self.drain.deadline(), now.instant) {
            return self.abort(Cut::Shutdown);
        }
        self.time_out(out, now);
        self.produce(out, now);
        self.must_receive |= self.input.is_held;
        self.output.count(out, now.instant);
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.set_now(now);
        self.drain.begin(deadline, now.instant);
        if let Some(next) = self.input.upgraded() {
            next.shutdown(deadline, now);
        }
    }

    fn poll(&mut self) -> Step {
        if self.phase.is_closed() {
            return Step::Close;
        }
        if let Some((ticket, work)) = self.pending.work.take() {
            return Step::Run(ticket, work);
        }
        if let Some(next) = self.take_upgraded() {
            return Step::Upgrade(next);
        }
        if self.must_receive {
            return Step::Receive;
        }
        let client_has_closed = self.input.is_closed || self.client_is_done();
        let linger_timeout = self.service.limits.linger_timeout;
        let is_done = self.output.is_done();
        let end = self.phase.poll(is_done, client_has_closed, linger_timeout, self.now);
        end.unwrap_or_else(|| {
            self.observe_wait();
            Step::Wait(Wait { read: self.wants_input(), deadline: self.deadline() })
        })
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.output.unsent.reset_timeout(now.instant);
    }

    fn begin_wait(&mut self, now: Now) {
        if let Some(observed) = &mut self.observed {
            observed.begin_wait(now.instant);
        }
    }

    fn file(&self) -> Option<&FileRange> {
        match &self.output.outgoing {
            Outgoing::File(range) => Some(range),
            _ => None,
        }
    }
}

impl Connection {
    fn begin_call(&mut self, out: &[u8], now: Now) {
        self.set_now(now);
        self.output.begin_call(out);
    }

    fn set_now(&mut self, now: Now) {
        self.now = now.instant;
        if let Some(observed) = &mut self.observed {
            observed.pass(now.instant);
        }
    }

    /// Ends at once, whatever is under way.
    fn abort(&mut self, cut: Cut) {
        if let Some(mut observed) = self.observed.take() {
            observed.cut(cut);
        }
        self.phase.abort();
    }

    /// Whether less is unsent than there may be.
    fn has_room(&self) -> bool {
        self.output.unsent.has_room(self.service.limits.high_water)
    }

    /// The protocol that takes over, if one does, with what has been said before it.
    fn take_upgraded(&mut self) -> Option<Box<dyn Protocol>> {
        let next = self.input.hand_over()?;
        let before = std::mem::replace(&mut self.output.unsent, Unsent::new(self.now));
        let write_timeout = self.service.limits.write_timeout;
        Some(Box::new(Upgraded::new(next, before, write_timeout, self.drain.deadline())))
    }
}
