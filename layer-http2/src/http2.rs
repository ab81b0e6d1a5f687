//! One connection: h2, the streams, and what both wait for.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use protocol::bytes::Bytes;
use protocol::{
    Cut, Drain, DropGuarded, Handler, Limits, Now, Outcome, Phase, Protocol, ReadFile, Refusal,
    Service, Step, Ticket, Unsent, Wait, after, earliest, http, is_due,
};

use crate::engine::{Accepted, Engine};
use crate::flood::FloodGuard;
use crate::head;
use crate::state::State;
use crate::stream::{Shared, Stream};

/// How much may be collected in memory for all streams together, as a multiple of
/// [`Limits::max_collect`](protocol::Limits::max_collect). Beyond it, bodies are taken one after
/// the other.
const COLLECTED: usize = 4;

/// How many streams may be known to be malformed before h2 has handed them over. It never does so
/// with those that it refuses by itself. No more than this is paid for by the token bucket
/// ([`flood`](crate::flood)).
const MALFORMED: usize = 200;

/// One HTTP/2 connection without its socket. It is driven as [`Protocol`] says.
pub struct Http2 {
    engine: Engine,
    guard: FloodGuard,
    streams: Streams,
    shared: Shared,
    phase: Phase,
    input: Input,
    unsent: Unsent,
    quiet: Quiet,
    drain: Drain,
    /// Whether `receive` has something to do even without new input.
    must_receive: bool,
    served: u64,
}

/// The streams of a connection.
#[derive(Default)]
struct Streams {
    /// Those under way, in the order of their beginning.
    open: Vec<Stream>,
    /// The newest that h2 has handed over.
    newest: u32,
    /// Those that are malformed in a way that h2 does not see, until it has come to them.
    malformed: Vec<u32>,
    /// Work of streams that are no more. It counts: a client cannot have more done by cancelling.
    abandoned: Vec<Ticket>,
}

/// What the caller has of the input.
#[derive(Default)]
struct Input {
    /// Whether it holds some that was not consumed.
    is_held: bool,
    /// Whether the client has closed its side.
    is_closed: bool,
}

/// Since when nothing has moved.
#[derive(Default)]
struct Quiet {
    /// Since when no request has been under way and the last answer has been taken; what a client
    /// says besides does not count.
    idle: Option<Instant>,
    /// Since when only h2 has had something to send, and no window for it. No progress excuses it:
    /// it is little, and what else is sent looks the same from here.
    stalled: Option<Instant>,
}

impl Http2 {
    /// A connection on which nothing has been said, with nobody told what becomes of its requests.
    #[must_use]
    pub fn new(
        handler: Arc<dyn Handler>,
        limits: Arc<Limits>,
        read_file: ReadFile,
        now: Now,
    ) -> Self {
        Http2::with_service(Service::new(handler, limits), read_file, now)
    }

    /// A connection on which nothing has been said, to this service.
    #[must_use]
    pub fn with_service(service: Service, read_file: ReadFile, now: Now) -> Self {
        let engine = Engine::new(&service.limits);
        Http2 {
            guard: FloodGuard::new(now.instant),
            streams: Streams::default(),
            shared: Shared::new(service, read_file, engine.waker(), now),
            engine,
            phase: Phase::Open(()),
            input: Input::default(),
            unsent: Unsent::new(now.instant),
            quiet: Quiet { idle: Some(now.instant), stalled: None },
            drain: Drain::default(),
            must_receive: true, // the server has a preface of its own
            served: 0,
        }
    }

    /// How many requests have been answered.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served
    }

    /// Whether no request is under way, not even the beginning of one, and nothing is unsent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_at_rest() && self.guard.begun().is_none()
    }

    /// Whether more of a request has to come.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        self.guard.begun().is_some() || self.streams.open.iter().any(Stream::is_receiving)
    }
}

impl std::fmt::Debug for Http2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http2")
            .field("phase", &self.phase)
            .field("streams", &self.streams.open.len())
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

impl Protocol for Http2 {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.set_now(now);
        self.must_receive = false;
        self.phase.heard(input.len(), self.shared.limits().linger_timeout, now.instant);
        let is_taken = self.takes_input();
        self.input.is_held = !is_taken && !input.is_empty();
        if is_taken && !input.is_empty() {
            if let Err(reason) = self.guard.receive(input, now.instant) {
                self.go_away(reason);
            }
            self.streams.malformed.append(&mut self.guard.take_malformed());
            if self.streams.malformed.len() > MALFORMED {
                self.go_away(Reason::ENHANCE_YOUR_CALM);
            }
            self.engine.arrive(input);
        }
        self.open_windows();
        self.drive(out);
        if is_taken || !self.phase.is_open() { input.len() } else { 0 }
    }

    fn receive_eof(&mut self, now: Now) {
        self.set_now(now);
        self.input.is_closed = true;
        self.must_receive = true;
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.set_now(now);
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        self.unsent.sent(bytes, now.instant);
        self.guard.refill_by_content(bytes);
        self.must_receive |= self.phase.is_open() && self.has_room();
        self.rest();
        self.must_receive |= self.has_drained();
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.unsent.reset_timeout(now.instant);
    }

    fn begin_wait(&mut self, now: Now) {
        if self.shared.is_observed {
            self.streams.open.iter_mut().for_each(|stream| stream.begin_wait(now.instant));
        }
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.set_now(now);
        self.streams.abandoned.retain(|abandoned| *abandoned != ticket);
        let outcome = DropGuarded::new(outcome); // there may be no stream any more that wants it
        let stream = self.streams.open.iter_mut().find(|stream| stream.work() == Some(ticket));
        if let Some(stream) = stream {
            stream.complete(ticket, outcome.into_inner(), &mut self.shared);
        }
        self.drive(out);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.set_now(now);
        let is_due = |deadline| is_due(deadline, now.instant);
        let is_late = is_due(self.send_deadline());
        if is_late {
            let service = &self.shared.service;
            service.refused_as("write-timeout", &"the response was not taken in time");
        }
        if is_due(self.phase.deadline()) || is_due(self.drain.deadline()) || is_late {
            let cut = if is_late { Cut::Timeout } else { Cut::Shutdown };
            self.streams.open.iter_mut().for_each(|stream| stream.cut(cut));
            self.phase.abort();
            self.drop_everything();
        }
        if is_due(self.receive_deadline()) {
            if self.guard.begun().is_some() {
                self.shared.service.refused(Refusal::Timeout);
            }
            self.go_away(Reason::NO_ERROR);
        }
        self.streams.open.iter_mut().for_each(|stream| stream.handle_timeout(&mut self.shared));
        self.drive(out);
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.set_now(now);
        self.drain.begin(deadline, now.instant);
        self.must_receive |= self.phase.is_open();
    }

    fn poll(&mut self) -> Step {
        if self.phase.is_closed() {
            return Step::Close;
        }
        if let Some((ticket, work)) = self.shared.work.pop_front() {
            return Step::Run(ticket, work);
        }
        if self.must_receive {
            return Step::Receive;
        }
        let (linger_timeout, now) = (self.shared.limits().linger_timeout, self.shared.now.instant);
        let is_sent = self.unsent.is_empty();
        let end = self.phase.poll(is_sent, self.input.is_closed, linger_timeout, now);
        end.unwrap_or_else(|| {
            if self.shared.is_observed {
                self.streams.open.iter_mut().for_each(Stream::observe_wait);
            }
            let read = self.wants_input() || self.phase.is_lingering();
            Step::Wait(Wait { read, deadline: self.deadline() })
        })
    }
}

impl Http2 {
    fn set_now(&mut self, now: Now) {
        self.shared.now = now;
        if self.shared.is_observed {
            self.streams.open.iter_mut().for_each(|stream| stream.pass(now.instant));
        }
    }

    /// Goes on as far as input, windows and room for output allow.
    fn drive(&mut self, out: &mut Vec<u8>) {
        if self.phase.is_open() {
            self.turn(out);
        }
        if self.has_drained() {
            self.go_away(Reason::NO_ERROR);
            self.turn(out);
        }
    }

    /// Has h2 and the streams do what they can.
    fn turn(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        self.lend(out);
        // ANCHOR: turn
        loop {
            self.poll_engine();
            self.engine.rest(); // what it wants of the streams comes now
            self.reset_malformed();
            self.advance();
            self.settle();
            if !self.phase.is_open() || !self.engine.is_woken() {
                break;
            }
        }
        // ANCHOR_END: turn
        let appended = self.take_back(out, before);
        self.unsent.append(appended, self.shared.now.instant);
        self.must_receive |= self.input.is_held && self.takes_input();
        self.rest();
    }

    /// Has h2 write into this output, as far as there is room.
    fn lend(&mut self, out: &mut Vec<u8>) {
        let unsent = usize::try_from(self.unsent.bytes()).unwrap_or(usize::MAX);
        let room = self.shared.limits().high_water_mark().saturating_sub(unsent);
        // What is under way can still be answered, so h2, for which the end is the end of
        // everything, is told of it last: when it has nothing more to say, or no window to say it
        // in.
        self.shared.input_closed = self.has_input_ended();
        let is_over = self.streams.open.is_empty() && self.engine.has_said_all();
        self.engine.lend(out, room, self.shared.input_closed && is_over);
    }

    /// Returns how much h2 has written.
    fn take_back(&mut self, out: &mut Vec<u8>, before: usize) -> usize {
        let (appended, was_told) = self.engine.take_back(out, before);
        let has_said_all = self.unsent.is_empty() && appended == 0;
        self.engine.note_said_all(has_said_all);
        // The end may have been waiting for the last stream, or for the last of the input.
        let is_over = self.streams.open.is_empty() && has_said_all && !was_told;
        self.must_receive |= self.has_input_ended()
            && self.phase.is_open()
            && (!self.shared.input_closed || is_over);
        appended
    }

    /// Whether the client has closed its side, and all that came before has been read.
    fn has_input_ended(&self) -> bool {
        self.input.is_closed && !self.input.is_held && self.engine.has_read_all()
    }

    /// Lets every stream go on. Bodies are taken into memory while there is room, and in any case
    /// that of the first which is.
    fn advance(&mut self) {
        let most = self.shared.limits().max_collect.saturating_mul(COLLECTED);
        let mut collected: usize = self.streams.open.iter().map(Stream::collected).sum();
        let mut is_first = true;
        for stream in &mut self.streams.open {
            let may_collect = is_first || collected < most;
            is_first &= !stream.collects();
            collected -= stream.collected();
            stream.advance(may_collect, &mut self.shared);
            collected += stream.collected();
        }
    }

    /// Resets the streams that are malformed, once h2 has handed them over (RFC 9113 §8.1.1).
    fn reset_malformed(&mut self) {
        if self.streams.malformed.is_empty() {
            return;
        }
        let (newest, shared) = (self.streams.newest, &self.shared);
        let Streams { open, malformed, .. } = &mut self.streams;
        malformed.retain(|id| {
            if *id > newest {
                return true;
            }
            // One that is not there has ended, or was refused.
            let stream = open.iter_mut().find(|stream| stream.id() == *id);
            if let Some(stream) = stream {
                shared.service.refused_as("http2", &"HTTP/2: a pseudo-field among trailers");
                stream.reset_malformed();
            }
            false
        });
        self.settle();
    }

    /// Tells the streams how far their windows have been opened.
    fn open_windows(&mut self) {
        for (id, increment) in self.guard.take_updates() {
            let stream = self.streams.open.iter_mut().find(|stream| stream.id() == id);
            stream.into_iter().for_each(|stream| stream.open_window(increment));
        }
    }

    /// Lets h2 read and write, and begins the requests that have come.
    fn poll_engine(&mut self) {
        let waker = self.shared.waker.clone();
        loop {
            match self.engine.poll(&waker, self.drain.has_begun()) {
                Accepted::Request(request, respond) => self.begin(request, respond),
                Accepted::Nothing => return,
                Accepted::Over => return self.finish(),
                Accepted::Failed(error) => {
                    if error.is_library() {
                        self.refuse(&error); // the client's fault
                    }
                    return self.finish();
                }
            }
        }
    }

    /// The head of a request is complete.
    fn begin(&mut self, request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        self.streams.newest = respond.stream_id().as_u32();
        if self.streams.abandoned.len() >= self.shared.limits().max_streams.max(1) as usize {
            self.guard.cancelled();
            return respond.send_reset(Reason::REFUSED_STREAM);
        }
        self.quiet = Quiet::default();
        let begun = match self.streams.malformed.contains(&self.streams.newest) {
            true => Err(head::Malformed),
            false => head::begin(&request, &self.shared.service, self.shared.now),
        };
        match begun {
            Err(head::Malformed) => {
                self.refuse(&"a malformed request");
                self.guard.cancelled();
                respond.send_reset(Reason::PROTOCOL_ERROR);
            }
            Ok(begun) => {
                let (body, now) = (request.into_body(), self.shared.now.instant);
                self.shared.is_observed |= begun.observation.is_some();
                let (mut stream, effect) = Stream::new(begun, respond, body, now);
                stream.pursue(effect, &mut self.shared);
                let is_open = stream.state() == State::Open;
                self.streams.open.push(stream);
                if !is_open {
                    self.settle(); // it has been answered already
                }
            }
        }
    }

    /// A client, or one of its streams, is refused.
    fn refuse(&self, why: &dyn Display) {
        self.shared.service.refused_as("http2", &format_args!("HTTP/2: {why}"));
    }

    /// Counts the streams that have been answered, and drops those that are over.
    fn settle(&mut self) {
        for _ in 0..std::mem::take(&mut self.shared.answered) {
            self.served += 1;
            self.guard.refill_by_answer();
        }
        let Streams { open, abandoned, .. } = &mut self.streams;
        open.retain_mut(|stream| {
            match stream.state() {
                State::Open => return true,
                State::Answered if !self.drain.has_begun() => return true,
                State::Answered | State::Over => {}
                State::Cancelled => self.guard.cancelled(),
            }
            if let Some(ticket) = stream.work() {
                let has_begun = !self.shared.work.iter().any(|(waiting, _)| *waiting == ticket);
                self.shared.work.retain(|(waiting, _)| *waiting != ticket);
                abandoned.extend(has_begun.then_some(ticket));
            }
            false
        });
    }

    /// Notes when the idle time begins, or that of what there is no window for.
    fn rest(&mut self) {
        let now = self.shared.now.instant;
        if self.is_at_rest() {
            self.quiet.idle.get_or_insert(now);
        } else if self.streams.open.is_empty() && self.engine.has_said_all() {
            self.quiet.stalled.get_or_insert(now);
        }
    }

    /// Whether shutdown has begun, its grace is over, and nothing is under way.
    fn has_drained(&self) -> bool {
        let is_over = is_due(self.drain.grace_ends(), self.shared.now.instant);
        is_over && self.wants_input() && self.is_at_rest()
    }

    /// Whether nothing is under way: no stream, and nothing that is yet to be sent.
    fn is_at_rest(&self) -> bool {
        self.streams.open.is_empty() && self.unsent.is_empty() && !self.engine.is_sending()
    }

    /// Ends the connection without regard to what is under way, and says why.
    fn go_away(&mut self, reason: Reason) {
        if reason != Reason::NO_ERROR {
            self.refuse(&reason);
        }
        if !self.engine.go_away(reason) {
            self.finish();
        }
    }

    /// Everything has been said, or nothing can be said any more.
    fn finish(&mut self) {
        self.phase.finish();
        self.drop_everything();
    }

    fn drop_everything(&mut self) {
        self.engine.stop();
        self.streams.open.clear();
        self.shared.work.clear();
        self.must_receive = false;
    }

    /// Whether less is unsent than there may be.
    fn has_room(&self) -> bool {
        self.unsent.has_room(self.shared.limits().high_water)
    }

    /// Whether there is room for input.
    fn takes_input(&self) -> bool {
        self.phase.is_open() && self.has_room() && self.engine.has_read_all()
    }

    fn wants_input(&self) -> bool {
        !self.input.is_closed && self.takes_input()
    }

    /// When the client has to have taken more.
    fn send_deadline(&self) -> Option<Instant> {
        self.unsent.deadline(self.shared.limits().write_timeout)
    }

    /// When the client has to have sent more.
    fn receive_deadline(&self) -> Option<Instant> {
        if !self.wants_input() {
            return None;
        }
        let limits = self.shared.limits();
        let head = self.guard.begun().map(|begun| after(begun, limits.head_timeout));
        if !self.streams.open.is_empty() || !self.unsent.is_empty() {
            return head;
        }
        if self.engine.is_sending() {
            let stalled = self.quiet.stalled.map(|since| after(since, limits.write_timeout));
            return earliest([head, stalled]);
        }
        let idle = self.quiet.idle.map(|since| after(since, limits.idle_timeout));
        earliest([head, idle, self.drain.grace_ends()])
    }

    // ANCHOR: deadline
    fn deadline(&self) -> Option<Instant> {
        let limits = self.shared.limits();
        let streams = self.streams.open.iter().map(|stream| stream.deadline(limits));
        let connection = [
            self.phase.deadline(),
            self.drain.deadline(),
            self.send_deadline(),
            self.receive_deadline(),
        ];
        earliest(connection.into_iter().chain(streams))
    }
    // ANCHOR_END: deadline
}
