//! HTTP/2 (RFC 9113) as a [`Protocol`]: bytes and the time go in; bytes, deadlines and effects come
//! out. What it frames are the same [`Exchange`](protocol::Exchange)s as those of HTTP/1.1, so
//! handlers, effects and bodies are the same; only there are many at once on a connection.
//!
//! ```text
//!  backend ── bytes ──► Pipe ── frames ──► h2 ── streams ──► Exchange ── the handler
//!          ◄──────────      ◄──────────       ◄───────────
//! ```
//!
//! Frames, HPACK, windows and the states of streams are the `h2` crate's. It wants a socket and a
//! runtime; it gets two buffers in memory, and is asked again whenever something has happened, so
//! that nothing in it ever waits. What is ours is to wait for the right things:
//!
//! * a request body is taken as far as its exchange has room; not taking it keeps the windows shut;
//! * a response body is handed over as far as the windows are open, of files and sources piece by
//!   piece;
//! * silence, heads and bodies that trickle, and windows that stay shut have deadlines;
//! * who makes work to no purpose is told to calm down (`calm`).
//!
//! # Map
//! * [`Http2`]: a connection; `stream`: a request and its response; `head`: from one kind of
//!   head to the other;
//! * `pipe`: what h2 takes for a socket; `calm`: the account of a peer's frames; `fields`: what h2
//!   hides of a request.

#![forbid(unsafe_code)]

mod calm;
mod fields;
mod head;
mod pipe;
mod stream;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream};
use protocol::bytes::Bytes;
use protocol::{
    Answered, DropGuarded, Handler, Limits, Linger, Now, Outcome, Progress, Protocol, ReadFile,
    Refusal, Refused, Step, Ticket, Wait, after, http,
};

use calm::Meter;
use pipe::Pipe;
use stream::{Shared, State, Stream};

/// What a client sends first (RFC 9113 §3.4). One that knows that HTTP/2 is spoken may do so on any
/// connection.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much of a request body may come before any of it is taken, in bytes. The connection's window
/// is as wide as those of all its streams: bodies that have to wait must not keep those from coming
/// that they wait for. Together they bound what a connection holds.
const STREAM_WINDOW: u32 = 128 << 10;

/// The narrowest window of a connection and the widest (RFC 9113 §6.9.2, §6.9.1), in bytes.
const NARROWEST: u32 = (1 << 16) - 1;
const WIDEST: u32 = (1 << 31) - 1;

/// How much of a response body h2 holds for each stream, in bytes.
const SEND_BUFFER: usize = 32 << 10;

/// How much may be collected in memory for all streams together, as a multiple of
/// [`Limits::max_collect`]. Beyond it, bodies are taken one after the other.
const COLLECTED: usize = 4;

/// How many streams may be known to be malformed before h2 has handed them over. It never does so
/// with those that it refuses by itself. No more than this could be paid for ([`calm`]).
const MALFORMED: usize = 200;

/// How long an idle connection may still be used after the order to stop.
const LAST_CALL: Duration = Duration::from_millis(500);

/// One HTTP/2 connection without its socket. It is driven as [`Protocol`] says.
pub struct Http2 {
    handler: Arc<dyn Handler>,
    machine: Machine,
    pipe: Pipe,
    woken: Arc<Woken>,
    meter: Meter,

    /// Those under way, in the order of their beginning.
    streams: Vec<Stream>,
    /// The newest that h2 has handed over.
    newest: u32,
    /// Those that are malformed in a way that h2 does not see, until it has come to them.
    malformed: Vec<u32>,
    shared: Shared,
    /// Work of streams that are no more. It counts: a peer cannot have more done by cancelling.
    abandoned: Vec<Ticket>,

    ending: Ending,
    /// Bytes of output that have not been reported as sent.
    unsent: u64,
    /// When h2 was asked last, it had nothing to write that there were windows for.
    has_said_all: bool,
    sending: Progress,
    /// Since when no request has been under way and the last answer has been taken; what a peer
    /// says besides does not count.
    idle: Option<Instant>,
    /// Since when only h2 has had something to send, and no window for it. No progress excuses it:
    /// it is little, and what else is sent looks the same from here.
    stalled: Option<Instant>,
    /// Whether `receive` has something to do even without new input.
    again: bool,
    /// Whether the caller holds input that was not consumed.
    backlog: bool,
    input_closed: bool,
    /// The order to stop: from when idle connections are closed, and when all must be gone.
    drain: Option<(Instant, Instant)>,
    /// The peer has been told that the connection goes away.
    is_leaving: bool,
    served: u64,
    is_secure: bool,
    answered: Option<Answered>,
}

/// h2, before and after the preface.
enum Machine {
    Handshake(Box<Handshake<Pipe, Bytes>>),
    Open(Box<Connection<Pipe, Bytes>>),
    Over,
}

/// How far the connection is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Open,
    /// It ends when all has been sent. Nothing more is read.
    Flush,
    /// Our side is closed. Input is thrown away until the peer closes its own, lest a reset destroy
    /// what the peer has yet to read.
    Linger(Linger),
    Closed,
}

// ANCHOR: woken
/// Notes that h2 has something to do.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
// ANCHOR_END: woken

impl Http2 {
    /// A connection on which nothing has been said.
    #[must_use]
    pub fn new(
        handler: Arc<dyn Handler>,
        limits: Arc<Limits>,
        read_file: ReadFile,
        now: Now,
    ) -> Self {
        let pipe = Pipe::default();
        let window = STREAM_WINDOW.saturating_mul(limits.max_streams);
        let handshake = Builder::new()
            .max_concurrent_streams(limits.max_streams.max(1))
            .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(window.clamp(NARROWEST, WIDEST))
            .max_send_buffer_size(SEND_BUFFER)
            // Who leaves a page may cancel all of it at once. A flood is for the meter to notice.
            .max_pending_accept_reset_streams(limits.max_streams.max(1) as usize)
            .handshake(pipe.clone());
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        Http2 {
            handler,
            machine: Machine::Handshake(Box::new(handshake)),
            pipe,
            meter: Meter::new(now.instant),
            streams: Vec::new(),
            newest: 0,
            malformed: Vec::new(),
            shared: Shared::new(limits, read_file, Waker::from(Arc::clone(&woken)), now),
            woken,
            abandoned: Vec::new(),
            ending: Ending::Open,
            unsent: 0,
            has_said_all: true,
            sending: Progress::start(now.instant),
            idle: Some(now.instant),
            stalled: None,
            again: true, // the server has a preface of its own
            backlog: false,
            input_closed: false,
            drain: None,
            is_leaving: false,
            served: 0,
            is_secure: false,
            answered: None,
        }
    }

    /// It is secured: something under it encrypts.
    pub fn secure(&mut self) {
        self.is_secure = true;
    }

    /// Has this called for every response.
    #[must_use]
    pub fn on_answered(mut self, answered: Answered) -> Self {
        self.answered = Some(answered);
        self
    }

    /// Has this called for every refusal.
    #[must_use]
    pub fn on_refused(mut self, refused: Option<Refused>) -> Self {
        self.shared.refused = refused;
        self
    }

    /// How many requests have been answered.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served
    }

    /// Whether no request is under way, not even the beginning of one, and nothing is unsent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_at_rest() && self.meter.begun().is_none()
    }

    /// Whether more of a request has to come.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        self.meter.begun().is_some() || self.streams.iter().any(Stream::is_receiving)
    }
}

impl Protocol for Http2 {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.shared.now = now;
        self.again = false;
        if let Ending::Linger(linger) = &mut self.ending
            && !input.is_empty()
        {
            linger.heard(self.shared.limits.linger_timeout, now.instant);
        }
        let is_taken = self.takes_input();
        self.backlog = !is_taken && !input.is_empty();
        if is_taken && !input.is_empty() {
            if let Err(reason) = self.meter.receive(input, now.instant) {
                self.leave(reason);
            }
            self.malformed.append(&mut self.meter.take_malformed());
            if self.malformed.len() > MALFORMED {
                self.leave(Reason::ENHANCE_YOUR_CALM);
            }
            self.pipe.buffers().arrive(input);
        }
        self.open_windows();
        self.drive(out);
        if is_taken || self.ending != Ending::Open { input.len() } else { 0 }
    }

    fn receive_eof(&mut self, now: Now) {
        self.shared.now = now;
        self.input_closed = true;
        self.again = true;
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.shared.now = now;
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        self.sending.advance(bytes, now.instant);
        self.unsent = self.unsent.saturating_sub(bytes);
        self.meter.earn_content(bytes);
        self.again |= self.ending == Ending::Open && !self.is_behind();
        self.rest();
        self.again |= self.is_dismissed();
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.sending = Progress::start(now.instant);
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.shared.now = now;
        self.abandoned.retain(|abandoned| *abandoned != ticket);
        let outcome = DropGuarded::new(outcome); // there may be nobody any more who wants it
        let whose = self.streams.iter_mut().find(|stream| stream.work() == Some(ticket));
        if let Some(stream) = whose {
            stream.complete(ticket, outcome.into_inner(), &mut self.shared);
        }
        self.drive(out);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.shared.now = now;
        let has_come = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now.instant);
        if has_come(self.linger_deadline())
            || has_come(self.drain.map(|(_, by)| by))
            || has_come(self.send_deadline())
        {
            self.end(Ending::Closed);
        }
        if has_come(self.receive_deadline()) {
            if self.meter.begun().is_some() {
                self.shared.refuse(&Refusal::Timeout);
            }
            self.leave(Reason::NO_ERROR);
        }
        self.streams.iter_mut().for_each(|stream| stream.handle_timeout(&mut self.shared));
        self.drive(out);
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        self.shared.now = now;
        let last_call = by.min(now.instant + LAST_CALL);
        self.drain.get_or_insert((last_call, by)).1 = by;
        self.again |= self.ending == Ending::Open;
    }

    fn poll(&mut self) -> Step {
        if self.ending == Ending::Closed {
            return Step::Close;
        }
        if let Some((ticket, work)) = self.shared.work.pop_front() {
            return Step::Run(ticket, work);
        }
        if self.again {
            return Step::Receive;
        }
        if self.ending == Ending::Flush && self.unsent == 0 {
            let (limits, now) = (&self.shared.limits, self.shared.now.instant);
            self.ending = Ending::Linger(Linger::start(limits.linger_timeout, now));
            return Step::ShutdownWrite;
        }
        if matches!(self.ending, Ending::Linger(_)) && self.input_closed {
            self.ending = Ending::Closed;
            return Step::Close;
        }
        let is_lingering = matches!(self.ending, Ending::Linger(_));
        Step::Wait(Wait { read: self.wants_input() || is_lingering, deadline: self.deadline() })
    }
}

impl Http2 {
    // ANCHOR: drive
    /// Goes on as far as input, windows and room for output allow.
    fn drive(&mut self, out: &mut Vec<u8>) {
        if self.ending == Ending::Open {
            self.turn(out);
        }
        if self.is_dismissed() {
            self.leave(Reason::NO_ERROR);
            self.turn(out);
        }
    }

    /// Has h2 and the streams do what they can.
    fn turn(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        self.lend(out);
        loop {
            self.converse();
            // What h2 has wanted so far it has had; what it wants of the streams comes now.
            self.woken.0.store(false, Ordering::Relaxed);
            self.reset_malformed();
            self.advance();
            self.settle();
            if self.ending != Ending::Open || !self.woken.0.load(Ordering::Relaxed) {
                break;
            }
        }
        let appended = self.take_back(out, before);
        if appended > 0 && self.unsent == 0 {
            self.sending = Progress::start(self.shared.now.instant);
        }
        self.unsent += appended as u64;
        self.again |= self.backlog && self.takes_input();
        self.rest();
    }
    // ANCHOR_END: drive

    /// Has h2 write into this output, as far as there is room.
    fn lend(&mut self, out: &mut Vec<u8>) {
        let unsent = usize::try_from(self.unsent).unwrap_or(usize::MAX);
        let room = self.high_water().saturating_sub(unsent);
        let mut buffers = self.pipe.buffers();
        buffers.most = out.len() + room;
        buffers.output = std::mem::take(out);
        // What is under way can still be answered, so h2, for which the end is the end of
        // everything, is told of it last: when it has nothing more to say, or no window to say it in.
        self.shared.input_closed = self.input_closed && !self.backlog && buffers.is_empty();
        let is_over = self.streams.is_empty() && self.has_said_all;
        buffers.has_ended = self.shared.input_closed && is_over;
    }

    /// Returns how much h2 has written.
    fn take_back(&mut self, out: &mut Vec<u8>, before: usize) -> usize {
        let mut buffers = self.pipe.buffers();
        *out = std::mem::take(&mut buffers.output);
        buffers.tidy();
        let appended = out.len() - before;
        self.has_said_all = self.unsent == 0 && appended == 0;
        // The end may have been waiting for the last stream, or for the last of the input.
        let is_ended = self.input_closed && !self.backlog && buffers.is_empty();
        self.again |= is_ended
            && self.ending == Ending::Open
            && (!self.shared.input_closed
                || (self.streams.is_empty() && self.has_said_all && !buffers.has_ended));
        appended
    }

    /// Lets every stream go on. Bodies are taken into memory while there is room, and in any case
    /// that of the first which is.
    fn advance(&mut self) {
        let most = self.shared.limits.max_collect.saturating_mul(COLLECTED);
        let mut collected: usize = self.streams.iter().map(Stream::collected).sum();
        let mut is_first = true;
        for stream in &mut self.streams {
            let may_collect = is_first || collected < most;
            is_first &= !stream.collects();
            collected -= stream.collected();
            stream.advance(may_collect, &mut self.shared);
            collected += stream.collected();
        }
    }

    /// Resets the streams that are malformed, once h2 has handed them over (RFC 9113 §8.1.1).
    fn reset_malformed(&mut self) {
        if self.malformed.is_empty() {
            return;
        }
        let (newest, streams, shared) = (self.newest, &mut self.streams, &self.shared);
        self.malformed.retain(|id| {
            if *id > newest {
                return true;
            }
            // One that is not there has ended, or was refused.
            let stream = streams.iter_mut().find(|stream| stream.id() == *id);
            if let Some(stream) = stream {
                shared.refuse(&"HTTP/2: a pseudo-field among trailers");
                stream.reset_malformed();
            }
            false
        });
        self.settle();
    }

    /// Tells the streams how far their windows have been opened.
    fn open_windows(&mut self) {
        for (id, increment) in self.meter.take_updates() {
            let stream = self.streams.iter_mut().find(|stream| stream.id() == id);
            stream.into_iter().for_each(|stream| stream.open_window(increment));
        }
    }

    /// Lets h2 read and write, and begins the requests that have come.
    fn converse(&mut self) {
        let waker = self.shared.waker.clone();
        let mut context = Context::from_waker(&waker);
        if let Machine::Handshake(handshake) = &mut self.machine {
            self.machine = match Pin::new(handshake).poll(&mut context) {
                Poll::Ready(Ok(connection)) => Machine::Open(Box::new(connection)),
                Poll::Ready(Err(error)) => return self.give_up(&error),
                Poll::Pending => return,
            };
        }
        loop {
            let Machine::Open(connection) = &mut self.machine else { return };
            if self.drain.is_some() && !self.is_leaving {
                connection.graceful_shutdown(); // RFC 9113 §6.8
                self.is_leaving = true;
            }
            match connection.poll_accept(&mut context) {
                Poll::Ready(Some(Ok((request, respond)))) => self.begin(request, respond),
                Poll::Ready(Some(Err(error))) => return self.give_up(&error),
                Poll::Ready(None) => return self.end(Ending::Flush),
                Poll::Pending => return,
            }
        }
    }

    /// h2 cannot go on.
    fn give_up(&mut self, error: &h2::Error) {
        if error.is_library() {
            self.shared.refuse(&format_args!("HTTP/2: {error}")); // the client's fault
        }
        self.end(Ending::Flush);
    }

    /// The head of a request is complete.
    fn begin(&mut self, request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        self.newest = respond.stream_id().as_u32();
        if self.abandoned.len() >= self.shared.limits.max_streams.max(1) as usize {
            self.meter.cancelled();
            return respond.send_reset(Reason::REFUSED_STREAM);
        }
        (self.idle, self.stalled) = (None, None);
        let (limits, now) = (&self.shared.limits, self.shared.now);
        let begun = match self.malformed.contains(&self.newest) {
            true => Err(head::Malformed),
            false => head::begin(&request, &*self.handler, limits, self.is_secure, now),
        };
        match begun {
            Err(head::Malformed) => {
                self.shared.refuse(&"HTTP/2: a malformed request");
                self.meter.cancelled();
                respond.send_reset(Reason::PROTOCOL_ERROR);
            }
            Ok((terms, exchange, effect)) => {
                let body = request.into_body();
                let mut stream = Stream::new(terms, exchange, respond, body, now.instant);
                stream.pursue(effect, &mut self.shared);
                self.streams.push(stream);
                self.settle_last();
            }
        }
    }

    /// Takes leave of the stream that was begun last, if it has been answered already.
    fn settle_last(&mut self) {
        if self.streams.last().is_some_and(|stream| stream.state() != State::Open) {
            self.settle();
        }
    }

    /// Takes leave of the streams that are over.
    fn settle(&mut self) {
        self.streams.retain_mut(|stream| {
            if stream.count() {
                self.served += 1;
                self.answered.iter().for_each(|answered| answered(stream.begun()));
                self.meter.earn_answer();
            }
            match stream.state() {
                State::Open => return true,
                State::Answered if self.drain.is_none() => return true,
                State::Answered | State::Over => {}
                State::Cancelled => self.meter.cancelled(),
            }
            if let Some(ticket) = stream.work() {
                let has_begun = !self.shared.work.iter().any(|(waiting, _)| *waiting == ticket);
                self.shared.work.retain(|(waiting, _)| *waiting != ticket);
                self.abandoned.extend(has_begun.then_some(ticket));
            }
            false
        });
    }

    /// Notes when the idle time begins, or that of what there is no window for.
    fn rest(&mut self) {
        let now = self.shared.now.instant;
        if self.is_at_rest() {
            self.idle.get_or_insert(now);
        } else if self.streams.is_empty() && self.has_said_all {
            self.stalled.get_or_insert(now);
        }
    }

    /// Whether the order to stop has come, the last call is over, and nothing is under way.
    fn is_dismissed(&self) -> bool {
        let is_over = self.drain.is_some_and(|(last_call, _)| last_call <= self.shared.now.instant);
        is_over && self.wants_input() && self.is_at_rest()
    }

    /// Whether nothing is under way: no stream, and nothing that is yet to be sent.
    fn is_at_rest(&self) -> bool {
        self.streams.is_empty() && self.unsent == 0 && !self.is_sending()
    }

    /// Whether h2 has something of a response that is not in the output: its window is shut, or there
    /// has been no room.
    fn is_sending(&self) -> bool {
        matches!(&self.machine, Machine::Open(connection) if connection.has_streams())
    }

    /// Ends the connection without regard to what is under way.
    fn leave(&mut self, reason: Reason) {
        if reason != Reason::NO_ERROR {
            self.shared.refuse(&format_args!("HTTP/2: {reason}"));
        }
        self.is_leaving = true;
        match &mut self.machine {
            Machine::Open(connection) => connection.abrupt_shutdown(reason),
            _ => self.end(Ending::Flush), // with whom nothing was agreed there is nothing to say
        }
    }

    fn end(&mut self, ending: Ending) {
        self.ending = ending;
        self.machine = Machine::Over;
        self.streams.clear();
        self.shared.work.clear();
        self.again = false;
    }

    /// There must be room for something, or nothing would ever be sent.
    fn high_water(&self) -> usize {
        self.shared.limits.high_water.max(1)
    }

    /// Whether there is as much unsent output as there may be.
    fn is_behind(&self) -> bool {
        self.unsent >= self.high_water() as u64
    }

    /// Whether there is room for input.
    fn takes_input(&self) -> bool {
        self.ending == Ending::Open && !self.is_behind() && self.pipe.buffers().is_empty()
    }

    fn wants_input(&self) -> bool {
        !self.input_closed && self.takes_input()
    }

    /// When the peer has to have taken more.
    fn send_deadline(&self) -> Option<Instant> {
        (self.unsent > 0).then(|| after(self.sending.since(), self.shared.limits.write_timeout))
    }

    /// When the peer has to have sent more.
    fn receive_deadline(&self) -> Option<Instant> {
        if !self.wants_input() {
            return None;
        }
        let limits = &self.shared.limits;
        let head = self.meter.begun().map(|begun| after(begun, limits.head_timeout));
        if !self.streams.is_empty() || self.unsent > 0 {
            return head;
        }
        if self.is_sending() {
            let stalled = self.stalled.map(|since| after(since, limits.write_timeout));
            return head.into_iter().chain(stalled).min();
        }
        let idle = self.idle.map(|idle| after(idle, limits.idle_timeout));
        let last_call = self.drain.map(|(last_call, _)| last_call);
        [head, idle, last_call].into_iter().flatten().min()
    }

    /// When a peer that we have ended with has to have closed its side.
    fn linger_deadline(&self) -> Option<Instant> {
        match &self.ending {
            Ending::Linger(linger) => Some(linger.deadline()),
            _ => None,
        }
    }

    // ANCHOR: deadline
    fn deadline(&self) -> Option<Instant> {
        let by = self.drain.map(|(_, by)| by);
        let limits = &self.shared.limits;
        let streams = self.streams.iter().filter_map(|it| it.deadline(limits));
        let connection =
            [self.linger_deadline(), by, self.send_deadline(), self.receive_deadline()];
        connection.into_iter().flatten().chain(streams).min()
    }
    // ANCHOR_END: deadline
}
