//! One client connection: HTTP/1.1 and a handler behind the five waits (RFC 9112 §9).
//!
//! Two halves that advance on their own: what comes in ([`Incoming`]) and what is owed
//! ([`Outgoing`]). Requests are answered one after the other, in order; the next head is not
//! looked at before the last response is complete.
//!
//! ```text
//!            ┌────────────── response complete ──────────────┐
//!            ▼                                               │
//! Incoming  Head ── head complete ──► Body ── body complete ─► Complete
//! Outgoing  Nothing ─────────────────► Owed ─────────► Bytes / File / Stream
//!            │ refused, timed out, `Connection: close`, order to stop
//!            ▼
//! Ending    Flush ── all sent ──► Linger ── peer closes, or time is up ──► Closed
//! ```

mod answering;
mod deadlines;
mod incoming;
mod outgoing;
mod receiving;

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Version};

use crate::clock::{DateCache, Linger, Progress};
use crate::exchange::Exchange;
use crate::handler::{Handler, Outcome, Ticket, Tickets, Work};
use crate::head::{Framing, HeadScanner};
use crate::response::FileRange;
use crate::{Limits, Now, Protocol, Request, Step, Wait};

use incoming::Incoming;
use outgoing::Outgoing;

/// One client connection without its socket. It is driven as [`Protocol`] says.
pub struct Connection {
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
    date: DateCache,

    incoming: Incoming,
    outgoing: Outgoing,
    exchange: Exchange,
    terms: Terms,
    ending: Ending,
    /// Has taken over after an upgrade.
    next: Option<Box<dyn Protocol>>,
    last_word: LastWord,

    /// To be handed out by `poll`.
    work: Option<(Ticket, Work)>,
    tickets: Tickets,

    /// Bytes of output that have not been reported as sent.
    unsent: u64,
    /// Length of `out` at the beginning of the current call.
    mark: usize,
    /// Whether the caller holds input that was not consumed.
    backlog: bool,
    /// Whether `receive` has something to do even without new input.
    again: bool,
    /// Whether the peer has closed its side.
    input_closed: bool,

    receiving: Progress,
    sending: Progress,
    now: Instant,
    /// The order to stop: from when idle connections are closed, and when all must be gone.
    drain: Option<(Instant, Instant)>,
    served: u64,
    is_secure: bool,
    /// When the head of the current request was complete.
    begun: Instant,
    answered: Option<Answered>,
    refused: Option<Refused>,
}

/// Is called whenever a response is complete, with the moment when the head of its request was. To
/// know how long it took is to read a clock, which is its own to do.
pub type Answered = Arc<dyn Fn(Instant) + Send + Sync>;

/// Is called whenever a client is refused, with the reason: for a log.
pub type Refused = Arc<dyn Fn(&dyn Display) + Send + Sync>;

/// What the response depends on once the request head is gone.
struct Terms {
    version: Version,
    is_head: bool,
    is_connect: bool,
    /// The client waits for `100 Continue`.
    expects_continue: bool,
    /// The client will not use the connection again.
    client_closes: bool,
    /// The connection ends with this exchange.
    close: bool,
}

impl Terms {
    /// For a message that is refused before anything is known of it.
    const UNKNOWN: Terms = Terms {
        version: Version::HTTP_11,
        is_head: false,
        is_connect: false,
        expects_continue: false,
        client_closes: false,
        close: true,
    };

    fn new(request: &Request<'_>, framing: &Framing) -> Self {
        Terms {
            version: request.version(),
            is_head: *request.method() == Method::HEAD,
            is_connect: *request.method() == Method::CONNECT,
            expects_continue: framing.expects_continue,
            client_closes: !framing.keep_alive,
            close: !framing.keep_alive,
        }
    }
}

/// That a protocol which has taken over has nothing more to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastWord {
    Unsaid,
    /// It waits until what was said before the hand-over has been sent.
    Waiting,
    Passed,
}

// ANCHOR: ending
/// How far the connection is from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// It ends when everything owed has been sent. No more input is parsed.
    Flush,
    /// Our side is closed. Input is thrown away until the peer closes its own, lest a reset
    /// destroy what the peer has yet to read (RFC 9112 §9.6).
    Linger(Linger),
    /// Our side is to be closed, and then all of it: nothing is under way.
    Leave,
    Closed,
}
// ANCHOR_END: ending

impl Connection {
    /// How long an idle connection may still be used after the order to stop. A request that
    /// crosses the order on the wire is answered rather than lost.
    pub const LAST_CALL: Duration = Duration::from_millis(500);

    /// A connection that has just been accepted.
    #[must_use]
    pub fn new(handler: Arc<dyn Handler>, limits: Arc<Limits>, now: Now) -> Self {
        Connection {
            handler,
            limits,
            date: DateCache::new(),
            incoming: Incoming::Head(HeadScanner::default()),
            outgoing: Outgoing::Nothing,
            exchange: Exchange::OVER,
            terms: Terms::UNKNOWN,
            ending: Ending::Open,
            next: None,
            last_word: LastWord::Unsaid,
            work: None,
            tickets: Tickets::default(),
            unsent: 0,
            mark: 0,
            backlog: false,
            again: false,
            input_closed: false,
            receiving: Progress::start(now.instant),
            sending: Progress::start(now.instant),
            now: now.instant,
            drain: None,
            served: 0,
            is_secure: false,
            begun: now.instant,
            answered: None,
            refused: None,
        }
    }

    /// From now on it is secured: something under it encrypts.
    pub fn secure(&mut self) {
        self.is_secure = true;
    }

    /// Whether it is secured.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Who answers its requests.
    #[must_use]
    pub fn handler(&self) -> &Arc<dyn Handler> {
        &self.handler
    }

    /// How much of everything it may use.
    #[must_use]
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Has this called for every response.
    #[must_use]
    pub fn on_answered(mut self, answered: Answered) -> Self {
        self.answered = Some(answered);
        self
    }

    /// What is called for every response.
    #[must_use]
    pub fn answered(&self) -> Option<&Answered> {
        self.answered.as_ref()
    }

    /// Has this called for every refusal.
    #[must_use]
    pub fn on_refused(mut self, refused: Option<Refused>) -> Self {
        self.refused = refused;
        self
    }

    /// What is called for every refusal.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// How many requests have been answered.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served
    }

    /// Whether no request is under way, not even the beginning of one, and nothing is unsent.
    /// What follows an upgrade is never idle.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        // With nothing owed, a request is under way only if its head has begun.
        !matches!(&self.incoming, Incoming::Head(scanner) if scanner.started())
            && self.next.is_none()
            && matches!(self.outgoing, Outgoing::Nothing)
            && self.unsent == 0
            && !self.backlog
    }

    /// Whether another protocol has taken over, and has not said its last word. It has no requests
    /// that the order to stop could wait for, so it wants to hear of it at once.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.next.is_some() && self.last_word != LastWord::Passed
    }
}

impl Protocol for Connection {
    // ANCHOR: receive
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        let mut consumed = 0;
        if self.next.is_none() {
            self.enter(out, now);
            if let Ending::Linger(linger) = &mut self.ending
                && !input.is_empty()
            {
                linger.heard(self.limits.linger_timeout, now.instant);
            }
            consumed = self.advance(input, out, now);
            self.backlog = consumed < input.len();
            self.leave(out);
        }
        self.again = false;
        if let Some(next) = &mut self.next {
            consumed += next.receive(&mut input[consumed..], out, now);
        }
        consumed
    }
    // ANCHOR_END: receive

    fn receive_eof(&mut self, now: Now) {
        self.now = now.instant;
        self.input_closed = true;
        match &mut self.next {
            Some(next) => next.receive_eof(now),
            // What the caller still holds is looked at first.
            None => self.again = true,
        }
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.now = now.instant;
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        self.sending.advance(bytes, now.instant);
        let from_out = bytes.min(self.unsent);
        self.unsent -= from_out;
        let beyond = bytes - from_out;
        if let Some(next) = &mut self.next {
            return next.sent(beyond, now);
        }
        if let Outgoing::File(range) = &mut self.outgoing {
            range.offset += beyond;
            range.length -= beyond;
            if range.length == 0 {
                self.finish();
            }
        }
        let has_more = match &self.outgoing {
            Outgoing::Bytes(_) => true,
            Outgoing::Stream(producer, _) => producer.is_due(now.instant),
            _ => self.backlog || self.input_closed,
        };
        self.again |= has_more && self.unsent < self.limits.high_water() as u64;
        if self.unsent == 0 && self.is_idle() {
            self.receiving = Progress::start(now.instant); // the idle time begins
        }
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.sending = Progress::start(now.instant);
        if let Some(next) = &mut self.next {
            next.reset_send_timeout(now);
        }
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        if let Some(next) = &mut self.next {
            return next.complete(ticket, outcome, out, now);
        }
        self.enter(out, now);
        if !self.wants_input() {
            self.receiving = Progress::start(now.instant); // reading was held up
        }
        let effect = self.exchange.complete(ticket, outcome, &self.limits);
        self.pursue(effect, out, now);
        self.produce(out, now);
        self.again |= self.backlog || self.input_closed;
        self.leave(out);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.now = now.instant;
        let is_late =
            self.next.is_some() && self.send_deadline().is_some_and(|at| at <= now.instant);
        if is_late || self.drain.is_some_and(|(_, by)| by <= now.instant) {
            self.ending = Ending::Closed;
            return;
        }
        if let Some(next) = &mut self.next {
            return next.handle_timeout(out, now);
        }
        self.enter(out, now);
        self.time_out(out, now);
        self.produce(out, now);
        self.again |= self.backlog;
        self.leave(out);
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        self.now = now.instant;
        let last_call = by.min(now.instant + Self::LAST_CALL);
        self.drain.get_or_insert((last_call, by)).1 = by;
        if let Some(next) = &mut self.next {
            next.shutdown(by, now);
        }
    }

    fn poll(&mut self) -> Step {
        if self.ending == Ending::Closed {
            return Step::Close;
        }
        if self.ending == Ending::Leave {
            self.ending = Ending::Closed;
            return Step::ShutdownWrite;
        }
        if let Some((ticket, work)) = self.work.take() {
            return Step::Run(ticket, work);
        }
        if self.again {
            return Step::Receive;
        }
        if self.next.is_some() {
            return self.poll_next();
        }
        let all_sent = self.unsent == 0 && matches!(self.outgoing, Outgoing::Nothing);
        if self.ending == Ending::Flush && all_sent {
            self.ending = Ending::Linger(Linger::start(self.limits.linger_timeout, self.now));
            return Step::ShutdownWrite;
        }
        if matches!(self.ending, Ending::Linger(_)) && (self.input_closed || self.is_parted()) {
            self.ending = Ending::Closed;
            return Step::Close;
        }
        Step::Wait(Wait { read: self.wants_input(), deadline: self.deadline() })
    }

    fn file(&self) -> Option<&FileRange> {
        match (&self.next, &self.outgoing) {
            (Some(next), _) => next.file(),
            (None, Outgoing::File(range)) => Some(range),
            (None, _) => None,
        }
    }
}

impl Connection {
    /// What the protocol wants that has taken over. Time that is up is up for it as well, and what
    /// we said before it has to be taken: its orderly end waits for that, and only a cut does not.
    fn poll_next(&mut self) -> Step {
        let ours = self.send_deadline().into_iter().chain(self.drain.map(|(_, by)| by)).min();
        let step = match (&mut self.next, self.last_word) {
            (None, _) => Step::Close,
            (Some(_), LastWord::Waiting) => Step::ShutdownWrite,
            (Some(next), LastWord::Unsaid | LastWord::Passed) => next.poll(),
        };
        match step {
            Step::Wait(Wait { read, deadline }) => {
                Step::Wait(Wait { read, deadline: deadline.into_iter().chain(ours).min() })
            }
            Step::ShutdownWrite if self.unsent > 0 => {
                self.last_word = LastWord::Waiting;
                Step::Wait(Wait { read: false, deadline: ours })
            }
            Step::ShutdownWrite => {
                self.last_word = LastWord::Passed;
                Step::ShutdownWrite
            }
            step => step,
        }
    }
}

/// The account of unsent output.
impl Connection {
    fn enter(&mut self, out: &[u8], now: Now) {
        self.now = now.instant;
        self.mark = out.len();
    }

    /// Counts what this call has appended to `out`.
    fn leave(&mut self, out: &[u8]) {
        let appended = out.len() - self.mark;
        if appended > 0 && self.unsent == 0 {
            self.sending = Progress::start(self.now);
        }
        self.unsent += appended as u64;
        self.mark = out.len();
    }

    /// Whether there is as much unsent output as there may be.
    fn is_behind(&self, out: &[u8]) -> bool {
        self.unsent + (out.len() - self.mark) as u64 >= self.limits.high_water() as u64
    }
}
