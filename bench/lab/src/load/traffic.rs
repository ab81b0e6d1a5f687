//! When the next request is sent, and what is kept of it: the whole of the generator's judgement,
//! without sockets and without a clock, so that tests can drive it in virtual time.
//!
//! # What counts
//! In a **closed loop** a response counts if it is complete within the time that counts; what is
//! under way at its end is forgotten, since no request was due at any particular moment.
//!
//! In an **open loop** each request that was *scheduled* within the time that counts has its
//! latency recorded, counted from that moment, even if it is answered after the end: a server that
//! fell behind would look good if its last and slowest answers were left out. The rate, on the
//! other hand, consists of the responses that were complete within the time.
//!
//! With [`Plan::max_requests`](crate::load::Plan::max_requests), both loops count the requests that
//! were first sent or scheduled from the beginning of that time on, so that it is exactly so many.
//!
//! A request that is given up because it took too long is an error, and besides a latency: it took
//! *at least* so long. Left out, a server that drops a request in a hundred would have the p99.9 of
//! the ninety-nine others.

use std::collections::VecDeque;
use std::iter::{Peekable, Skip, StepBy};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::load::outcome::{Outcome, SLICE, Trouble};
use crate::load::plan::{Pace, Plan};
use crate::load::schedule::{Schedule, Window, nanoseconds};

/// A request that is to be sent or has been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ticket {
    /// When it was due: in a closed loop, when it was first handed to a connection.
    pub(super) scheduled: u64,
    /// When it was last handed to a connection.
    pub(super) sent: u64,
}

/// The requests of one thread.
#[derive(Debug)]
pub(super) struct Traffic {
    source: Source,
    /// Requests that have to be sent again, through no fault of the server.
    returned: VecDeque<Ticket>,
    window: Window,
    timeout: u64,
    /// Whether only requests that began in the window count.
    is_limited: bool,
    /// Requests that were given to a connection, and not reported back yet.
    under_way: u64,
    /// When the last request that counts was answered or failed.
    last: u64,
    outcome: Outcome,
}

/// Where requests come from.
#[derive(Debug)]
enum Source {
    /// The run has not begun.
    Waiting,
    /// There is always another, as long as the threads' common budget lasts.
    Closed(Option<Arc<AtomicU64>>),
    Open(Box<Peekable<StepBy<Skip<Schedule>>>>),
}

/// Which part of the plan a thread has.
#[derive(Clone, Debug)]
pub(super) struct Share {
    /// Its number, from 0, and how many threads there are.
    pub(super) thread: usize,
    pub(super) threads: usize,
    /// How many requests may still be begun in a closed loop, by all threads.
    pub(super) budget: Option<Arc<AtomicU64>>,
}

impl Traffic {
    pub(super) fn new(plan: &Plan) -> Self {
        Traffic {
            source: Source::Waiting,
            returned: VecDeque::new(),
            window: Window { begin: u64::MAX, end: u64::MAX },
            timeout: nanoseconds(plan.timeout),
            is_limited: plan.max_requests.is_some(),
            under_way: 0,
            last: 0,
            outcome: Outcome::nothing(),
        }
    }

    /// The run begins.
    pub(super) fn start(&mut self, plan: &Plan, share: &Share, now: u64) {
        let begin = now + nanoseconds(plan.warm_up);
        let window = Window { begin, end: begin.saturating_add(nanoseconds(plan.duration)) };
        self.source = match &plan.pace {
            Pace::Closed { .. } => Source::Closed(share.budget.clone()),
            Pace::Open { steps, .. } => {
                self.outcome.scheduled = Some(0);
                let all = Schedule::new(steps, now, window, plan.max_requests);
                let own = all.skip(share.thread).step_by(share.threads);
                Source::Open(Box::new(own.peekable()))
            }
        };
        self.window = window;
        self.last = begin;
        let slices = plan.duration.as_nanos().div_ceil(SLICE.as_nanos());
        self.outcome.slices.resize(usize::try_from(slices).unwrap_or(0), Default::default());
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    pub(super) fn is_open_loop(&self) -> bool {
        matches!(self.source, Source::Open(_))
    }

    /// The next request that is due, if there is one, for a connection that has room for it.
    pub(super) fn next(&mut self, now: u64) -> Option<Ticket> {
        let ticket = match self.returned.pop_front() {
            Some(ticket) => ticket,
            None => self.begin(now)?,
        };
        self.under_way += 1;
        Some(Ticket { sent: now, ..ticket })
    }

    fn begin(&mut self, now: u64) -> Option<Ticket> {
        match &mut self.source {
            Source::Waiting => None,
            Source::Closed(_) if now >= self.window.end => None,
            Source::Closed(budget) => {
                if let Some(budget) = budget.as_ref().filter(|_| now >= self.window.begin) {
                    let take = |left: u64| left.checked_sub(1);
                    budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
                }
                Some(Ticket { scheduled: now, sent: now })
            }
            Source::Open(_) => self.begin_due(now),
        }
    }

    /// The first of those that are due; who has waited for too long has given up.
    fn begin_due(&mut self, now: u64) -> Option<Ticket> {
        loop {
            let Source::Open(schedule) = &mut self.source else { return None };
            let scheduled = schedule.next_if(|&moment| moment <= now)?;
            *self.outcome.scheduled.get_or_insert(0) += u64::from(self.window.contains(scheduled));
            let ticket = Ticket { scheduled, sent: now };
            if now - scheduled < self.timeout {
                return Some(ticket);
            }
            self.record_failure(ticket, Trouble::Timeout, now);
        }
    }

    /// When the next request is due: never in a closed loop, where it does not depend on the time.
    pub(super) fn due(&mut self) -> Option<u64> {
        match &mut self.source {
            Source::Open(schedule) => schedule.peek().copied(),
            _ => None,
        }
    }

    /// Whether nothing more is to be sent or waited for.
    pub(super) fn is_finished(&mut self, now: u64) -> bool {
        let patience = if self.is_open_loop() { self.timeout } else { 0 };
        if now >= self.window.end.saturating_add(patience) {
            return true;
        }
        let is_exhausted = match &mut self.source {
            Source::Waiting | Source::Closed(None) => false,
            Source::Closed(Some(budget)) => budget.load(Ordering::Relaxed) == 0,
            Source::Open(schedule) => schedule.peek().is_none(),
        };
        let is_idle = self.under_way == 0 && self.returned.is_empty();
        is_exhausted && is_idle && (self.is_limited || now >= self.window.end)
    }

    /// A request was answered, and rightly.
    pub(super) fn complete(&mut self, ticket: Ticket, now: u64) {
        self.under_way -= 1;
        if self.counts_in_rate(ticket, now) {
            self.outcome.requests += 1;
            let longest = now - ticket.scheduled;
            let slice = (now - self.window.begin) / nanoseconds(SLICE);
            if let Some(slice) = self.outcome.slices.get_mut(slice as usize) {
                slice.requests += 1;
                slice.longest = slice.longest.max(longest);
            }
        }
        if self.counts(ticket, now) {
            self.record(ticket, now);
        }
    }

    /// A request has failed.
    pub(super) fn fail(&mut self, ticket: Ticket, trouble: Trouble, now: u64) {
        self.under_way -= 1;
        self.record_failure(ticket, trouble, now);
    }

    /// A request was not answered, and is sent again: the server need not have seen it.
    pub(super) fn give_back(&mut self, ticket: Ticket) {
        self.under_way -= 1;
        self.returned.push_back(ticket);
    }

    /// The server has done something wrong; what, is kept if it is the first. This counts even
    /// during the warm-up: it would be no less wrong later.
    pub(super) fn wrong(&mut self, what: String) {
        *self.outcome.errors.entry(Trouble::Wrong).or_default() += 1;
        self.outcome.first_wrong.get_or_insert(what);
    }

    /// The answer to a request was wrong.
    pub(super) fn fail_wrong(&mut self, ticket: Ticket, what: String, now: u64) {
        self.under_way -= 1;
        self.wrong(what);
        if self.counts(ticket, now) {
            self.last = now;
        }
    }

    /// The run is interrupted, or a closed loop's time is over: the request is not waited for. In
    /// an open loop it took at least as long as it has so far.
    pub(super) fn forget(&mut self, ticket: Ticket, now: u64) {
        self.under_way -= 1;
        if self.is_open_loop() && self.counts(ticket, now) {
            self.record(ticket, now);
        }
    }

    /// The run is interrupted. Those who are due and have no connection yet are forgotten as well.
    pub(super) fn interrupt(&mut self, now: u64) {
        self.window.end = self.window.end.min(now.max(self.window.begin));
        while let Some(ticket) = self.next(now) {
            self.forget(ticket, now);
        }
        self.outcome.interrupted = true;
    }

    fn counts_in_rate(&self, ticket: Ticket, now: u64) -> bool {
        let began = if self.is_limited { ticket.scheduled } else { now };
        self.window.contains(now) && self.window.contains(began)
    }

    /// Whether this request, which has ended now, has a part in latencies and errors.
    fn counts(&self, ticket: Ticket, now: u64) -> bool {
        if self.is_open_loop() {
            return self.window.contains(ticket.scheduled);
        }
        self.counts_in_rate(ticket, now)
    }

    fn record(&mut self, ticket: Ticket, now: u64) {
        self.last = now;
        self.outcome.latency.saturating_record(now - ticket.scheduled);
        if self.is_open_loop() {
            self.outcome.latency_from_sending.saturating_record(now - ticket.sent);
        }
    }

    fn record_failure(&mut self, ticket: Ticket, trouble: Trouble, now: u64) {
        if !self.counts(ticket, now) {
            return;
        }
        *self.outcome.errors.entry(trouble).or_default() += 1;
        self.last = now;
        if trouble == Trouble::Timeout {
            self.record(ticket, now);
        }
    }

    /// What came of it; the run has ended now. Who has not had a connection by now gives up.
    pub(super) fn finish(mut self, now: u64) -> Outcome {
        while let Some(ticket) = self.next(now) {
            self.fail(ticket, Trouble::Timeout, now);
        }
        let is_early = self.is_limited && now < self.window.end;
        let end = if is_early { self.last } else { self.window.end.min(now) };
        let elapsed = end.saturating_sub(self.window.begin);
        self.outcome.elapsed = std::time::Duration::from_nanos(elapsed);
        let slices = elapsed.div_ceil(nanoseconds(SLICE));
        self.outcome.slices.truncate(usize::try_from(slices).unwrap_or(usize::MAX));
        self.outcome
    }

    /// How much has been counted so far.
    pub(super) fn requests(&self) -> u64 {
        self.outcome.requests
    }

    /// What the connections count themselves.
    pub(super) fn outcome(&mut self) -> &mut Outcome {
        &mut self.outcome
    }
}

#[cfg(test)]
mod tests;
