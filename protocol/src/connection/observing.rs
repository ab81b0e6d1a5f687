//! Telling what is observed of requests.

use super::Connection;
use super::state::Outgoing;
use crate::clock::Now;
use crate::observer::WaitsFor;
use crate::request::Request;
use crate::response::Response;

/// Each of these is a look at an `Option` where nothing is observed; the rest is out of the way.
impl Connection {
    /// A request begins, or something that was refused in its place.
    #[inline]
    pub(super) fn observe(&mut self, request: Option<&Request<'_>>, now: Now) {
        if self.service.is_observed() {
            self.begin_observation(request, now);
        }
    }

    #[inline(never)]
    fn begin_observation(&mut self, request: Option<&Request<'_>>, now: Now) {
        let Some(observation) = self.service.observe(request, now) else { return };
        self.observed.get_or_insert_default().begin(observation);
    }

    /// The head of the response stands in the output.
    #[inline]
    pub(super) fn observe_head(&mut self, response: &Response, out: &[u8]) {
        if let Some(observed) = &mut self.observed {
            let unsent = self.output.unsent.bytes() + self.output.uncounted(out) as u64;
            observed.head(response, unsent);
        }
    }

    /// The response is complete, with so many bytes that are not on the account.
    #[inline]
    pub(super) fn observe_end(&mut self, uncounted: usize) {
        if let Some(observed) = &mut self.observed {
            let unsent = self.output.unsent.bytes() + uncounted as u64;
            observed.end(self.current.exchange.received(), unsent);
        }
    }

    /// Another protocol takes over: what is unsent is on another account.
    pub(super) fn observe_upgrade(&mut self) {
        self.observed.take().into_iter().for_each(|observed| observed.finish());
    }

    /// The response cannot be completed.
    pub(super) fn observe_broken(&mut self) {
        self.observed.iter_mut().for_each(|observed| observed.broken());
    }

    /// Nothing is to be done for the current request but to wait.
    #[inline]
    pub(super) fn observe_wait(&mut self) {
        if self.observed.is_some() {
            self.note_wait();
        }
    }

    #[inline(never)]
    fn note_wait(&mut self) {
        let (waits_for, received) = (self.waits_for(), self.current.exchange.received());
        self.observed.iter_mut().for_each(|observed| observed.wait(waits_for, received));
    }

    /// What the current request waits for, in the order in which statistics count connections.
    fn waits_for(&self) -> Option<WaitsFor> {
        match &self.output.outgoing {
            Outgoing::Nothing => None,
            Outgoing::Owed if self.current.exchange.is_working() => Some(WaitsFor::Work),
            Outgoing::Owed if self.wants_input() => Some(WaitsFor::Input),
            Outgoing::Owed => Some(WaitsFor::Time),
            Outgoing::Stream(producer, _) if self.output.unsent.is_empty() => {
                producer.not_before().map(|_| WaitsFor::Time)
            }
            Outgoing::Bytes(_) | Outgoing::File(_) | Outgoing::Stream(..) => Some(WaitsFor::Room),
        }
    }
}
