//! The requests of a connection that are observed, until their responses are sent.

use std::collections::VecDeque;
use std::time::Instant;

use crate::observer::{Cut, Observation, WaitsFor};
use crate::response::Response;

/// Requests that are observed, the current one last. A position is a number of bytes of output,
/// counted from the first of these requests on.
#[derive(Default)]
pub(super) struct Observed {
    requests: VecDeque<ObservedRequest>,
    /// How far output has been sent.
    sent: u64,
}

struct ObservedRequest {
    observation: Observation,
    /// Where the content of its response begins.
    content: u64,
    /// Where its response ends, once it is complete.
    end: Option<u64>,
}

impl ObservedRequest {
    fn count(&mut self, sent: u64) {
        let sent = sent.min(self.end.unwrap_or(u64::MAX));
        self.observation.sent(sent.saturating_sub(self.content));
    }
}

impl Observed {
    /// A request begins.
    pub(super) fn begin(&mut self, observation: Observation) {
        self.requests.push_back(ObservedRequest { observation, content: u64::MAX, end: None });
    }

    /// The request whose response is not complete.
    fn current(&mut self) -> Option<&mut ObservedRequest> {
        self.requests.back_mut().filter(|request| request.end.is_none())
    }

    /// The head of the current response stands in the output, with so many bytes unsent.
    #[inline(never)]
    pub(super) fn head(&mut self, response: &Response, unsent: u64) {
        let content = self.sent + unsent;
        if let Some(request) = self.current() {
            request.observation.respond(response.status(), response.refusal());
            request.content = content;
        }
    }

    /// The current response is complete, with so many bytes unsent.
    #[inline(never)]
    pub(super) fn end(&mut self, received: u64, unsent: u64) {
        let end = self.sent + unsent;
        if let Some(request) = self.current() {
            request.observation.received(received);
            request.observation.waits_for(Some(WaitsFor::Room));
            request.end = Some(end);
        }
        self.sent(0);
    }

    /// Time has passed, which counts for what was waited for.
    #[inline(never)]
    pub(super) fn pass(&mut self, now: Instant) {
        self.requests.iter_mut().for_each(|request| request.observation.pass(now));
    }

    #[inline(never)]
    pub(super) fn begin_wait(&mut self, now: Instant) {
        self.requests.iter_mut().for_each(|request| request.observation.begin_wait(now));
    }

    /// So many more bytes have been sent: a response that has been sent whole is over.
    #[inline(never)]
    pub(super) fn sent(&mut self, bytes: u64) {
        self.sent += bytes;
        self.requests.iter_mut().for_each(|request| request.count(self.sent));
        while let Some(request) = self.requests.pop_front() {
            if request.end.is_none_or(|end| end > self.sent) {
                return self.requests.push_front(request);
            }
            request.observation.finish();
        }
    }

    /// What is under way will not end in order, because of this.
    #[inline(never)]
    pub(super) fn cut(&mut self, cut: Cut) {
        self.requests.iter_mut().for_each(|request| request.observation.cut(cut));
    }

    /// The current request waits for this, and so much of its content has come.
    pub(super) fn wait(&mut self, waits_for: Option<WaitsFor>, received: u64) {
        if let Some(request) = self.current() {
            request.observation.received(received);
            request.observation.waits_for(waits_for);
        }
    }

    /// The current response cannot be completed.
    pub(super) fn broken(&mut self) {
        if let Some(request) = self.current() {
            request.observation.cut(Cut::Broken);
        }
    }

    /// All that is under way is over, in order.
    pub(super) fn finish(self) {
        self.requests.into_iter().for_each(|request| request.observation.finish());
    }
}
