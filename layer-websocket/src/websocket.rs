//! One WebSocket: the closing handshake, Pings, deadlines (RFC 6455 §5.5, §7). `state.rs` has its
//! states.

use std::time::Instant;

use protocol::{
    Drain, Now, Outcome, Phase, Progress, Protocol, Step, Ticket, Wait, after, catch_panic,
    earliest, is_due,
};
use tungstenite::protocol::frame::coding::Control;

use crate::incoming::{Event, Failure, Incoming};
use crate::limits::Limits;
use crate::outgoing::{Outbox, Outgoing};
use crate::socket::{Closed, Socket};
use crate::state::{Liveness, Ping, State, enter};

/// The failure when the handler has panicked (§7.4.1: 1011).
const PANICKED: Failure = Failure { code: 1011, reason: "internal error" };

/// The failure when the peer does not answer (§7.4.1: 1008).
const SILENT: Failure = Failure { code: 1008, reason: "no answer to a Ping" };

/// A WebSocket without its connection: what is spoken after the opening handshake. It is driven as
/// [`Protocol`] says.
pub struct WebSocket<S: Socket> {
    /// `None` once it has been told the end, or has panicked.
    socket: Option<S>,
    limits: Limits,
    incoming: Incoming,
    outgoing: Outgoing,
    phase: Phase<State>,
    liveness: Liveness,
    /// When [`Socket::time`] is to be called.
    wake: Option<Instant>,
    drain: Drain,
    /// Whether the peer has closed its side.
    input_closed: bool,
    /// Whether `receive` has something to do even without new input.
    must_receive: bool,
    now: Instant,
}

impl<S: Socket> WebSocket<S> {
    /// A WebSocket whose opening handshake is over. [`accept`](crate::accept) makes one.
    #[must_use]
    pub fn new(limits: Limits, socket: S, now: Now) -> Self {
        WebSocket {
            socket: Some(socket),
            outgoing: Outgoing::new(limits.high_water, now.instant),
            limits,
            incoming: Incoming::default(),
            phase: Phase::Open(State::New),
            liveness: Liveness { heard: Progress::start(now.instant), ping: Ping::None },
            wake: None,
            drain: Drain::default(),
            input_closed: false,
            must_receive: true,
            now: now.instant,
        }
    }
}

impl<S: Socket> std::fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket")
            .field("phase", &self.phase)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<S: Socket> Protocol for WebSocket<S> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.must_receive = false;
        self.within(out, now, |this, out| {
            this.begin(out, now);
            this.phase.heard(input.len(), this.limits.close_timeout, now.instant);
            let consumed = this.advance(input, out, now);
            if !this.phase.is_open() {
                return input.len(); // nothing after the end is looked at
            }
            let is_held_up = this.is_talking() && !this.outgoing.has_room();
            if this.input_closed && !is_held_up {
                this.finish(Closed::Cut); // §7.1.5: without a Close frame that is 1006
            }
            consumed
        })
    }

    fn receive_eof(&mut self, now: Now) {
        self.now = now.instant;
        self.input_closed = true;
        self.must_receive = true; // what the caller still holds is looked at first
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.now = now.instant;
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        let had_room = self.outgoing.has_room();
        self.outgoing.sent(bytes, now.instant);
        self.must_receive |= self.outgoing.is_ready();
        if self.outgoing.has_room() && !had_room {
            self.must_receive = true;
            self.listen();
        }
        if self.outgoing.is_empty() {
            self.all_sent();
        }
    }

    fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.within(out, now, |this, out| this.time_out(out, now));
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.now = now.instant;
        self.drain.begin(deadline, now.instant);
        self.must_receive = true;
    }

    fn poll(&mut self) -> Step {
        if self.must_receive && !self.phase.is_closed() {
            return Step::Receive;
        }
        let (is_sent, linger_timeout) = (self.outgoing.is_empty(), self.limits.close_timeout);
        let end = self.phase.poll(is_sent, self.input_closed, linger_timeout, self.now);
        end.unwrap_or_else(|| {
            Step::Wait(Wait { read: self.wants_input(), deadline: self.deadline() })
        })
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.outgoing.reset_timeout(now.instant);
    }
}

/// What comes in.
impl<S: Socket> WebSocket<S> {
    /// Does what is due before any input is looked at.
    fn begin(&mut self, out: &mut Vec<u8>, now: Now) {
        if self.phase == Phase::Open(State::New) {
            enter(&mut self.phase, State::Open);
            self.tell(out, |socket, outbox| socket.open(outbox, now));
        }
        self.outgoing.fill(out);
        if self.drain.has_begun() && self.is_talking() {
            self.outgoing.close(Some((1001, "going away")), out); // §7.4.1
            enter(&mut self.phase, State::Closing(None));
        }
        if self.outgoing.has_room_again() {
            self.tell(out, |socket, outbox| socket.room(outbox, now));
        }
    }

    /// Goes on as far as input and room for output allow. Returns the bytes consumed.
    fn advance(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        let mut consumed = 0;
        while self.takes_frames() {
            let (taken, event) = match self.incoming.take(&mut input[consumed..], &self.limits) {
                Ok((0, None)) => break,
                Ok(taken) => taken,
                Err(failure) => {
                    self.fail(failure, out);
                    break;
                }
            };
            consumed += taken;
            self.liveness.heard.advance(taken as u64, now.instant);
            if self.incoming.is_between_frames() {
                self.listen();
                self.liveness.ping = Ping::None;
            }
            if let Some(event) = event {
                self.follow(event, out, now);
            }
        }
        consumed
    }

    /// Whether both sides still have messages.
    fn is_talking(&self) -> bool {
        matches!(self.phase, Phase::Open(State::New | State::Open))
    }

    /// Whether frames that come are looked at.
    fn takes_frames(&self) -> bool {
        match self.phase {
            Phase::Open(State::New | State::Open) => self.outgoing.has_room(),
            Phase::Open(State::Closing(_)) => true, // nothing is answered any more
            _ => false,
        }
    }

    fn wants_input(&self) -> bool {
        !self.input_closed && (self.takes_frames() || self.phase.is_lingering())
    }

    // ANCHOR: follow
    fn follow(&mut self, event: Event<'_>, out: &mut Vec<u8>, now: Now) {
        match event {
            Event::Message(message) => {
                self.tell(out, |socket, outbox| socket.message(message, outbox, now));
            }
            Event::Ping(payload) => self.outgoing.control(Control::Pong, payload, out), // §5.5.3
            Event::Pong => {}
            Event::Close(status) => {
                // §5.5.1: it is answered, unless it is an answer.
                let answer = status.as_ref().map(|(code, _)| (*code, ""));
                self.outgoing.close(answer, out);
                if !self.is_talking() {
                    // The peer has answered ours, and has read all before it.
                    self.phase.finish_without_lingering();
                }
                let (code, reason) = status.unwrap_or((1005, "".into())); // §7.1.5
                self.finish(Closed::Clean { code, reason });
            }
        }
    }
    // ANCHOR_END: follow

    /// Calls the socket. What it says goes into the output; if it panics, the connection fails.
    fn tell(&mut self, out: &mut Vec<u8>, act: impl FnOnce(&mut S, &mut Outbox<'_>)) {
        if !self.is_talking() {
            return;
        }
        let Some(socket) = &mut self.socket else { return };
        let mut outbox = Outbox { outgoing: &mut self.outgoing, out, wake: &mut self.wake };
        if catch_panic(|| act(socket, &mut outbox)).is_none() {
            let panicked = self.socket.take();
            catch_panic(|| drop(panicked));
            self.fail(PANICKED, out);
        } else if self.outgoing.is_closed {
            enter(&mut self.phase, State::Closing(None));
        }
    }
}

/// Ends.
impl<S: Socket> WebSocket<S> {
    /// Fails the connection (§7.1.7).
    fn fail(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.outgoing.close(Some((failure.code, failure.reason)), out);
        self.finish(Closed::Failed { code: failure.code });
    }

    /// All has been said.
    fn finish(&mut self, how: Closed) {
        self.phase.finish();
        self.incoming = Incoming::default();
        self.say(how);
    }

    /// The connection ends at once.
    fn abort(&mut self) {
        self.phase.abort();
        self.say(Closed::Cut);
    }

    /// Tells the socket, once, how it has ended, and lets go of it.
    fn say(&mut self, how: Closed) {
        if let Some(mut socket) = self.socket.take() {
            catch_panic(|| socket.closed(how));
            catch_panic(|| drop(socket));
        }
    }
}

impl<S: Socket> Drop for WebSocket<S> {
    fn drop(&mut self) {
        self.say(Closed::Cut);
    }
}

/// Time as data.
impl<S: Socket> WebSocket<S> {
    /// Has something done that may append output, and keeps the account of it.
    fn within<R>(
        &mut self,
        out: &mut Vec<u8>,
        now: Now,
        act: impl FnOnce(&mut Self, &mut Vec<u8>) -> R,
    ) -> R {
        self.now = now.instant;
        self.outgoing.begin_call(now.instant);
        let result = act(self, out);
        self.outgoing.fill(out);
        self.outgoing.note_room();
        result
    }

    /// All output has been sent.
    fn all_sent(&mut self) {
        if self.liveness.ping == Ping::Queued {
            self.liveness.ping = Ping::Sent(self.now);
        }
        if self.phase == Phase::Open(State::Closing(None)) {
            let deadline = after(self.now, self.limits.close_timeout);
            enter(&mut self.phase, State::Closing(Some(deadline)));
        }
    }

    /// The peer's silence begins again.
    fn listen(&mut self) {
        self.liveness.heard = Progress::start(self.now);
    }

    /// When the peer has to have taken more.
    fn send_deadline(&self) -> Option<Instant> {
        self.outgoing.deadline(self.limits.write_timeout)
    }

    /// When it is time for a Ping, or for an answer to it. A peer that is not listened to is not
    /// silent.
    fn silence_deadline(&self) -> Option<Instant> {
        if !self.is_talking() || !self.wants_input() {
            return None;
        }
        match self.liveness.ping {
            Ping::None => Some(after(self.liveness.heard.since(), self.limits.idle_timeout)),
            Ping::Queued => None,
            Ping::Sent(at) => {
                Some(after(at.max(self.liveness.heard.since()), self.limits.pong_timeout))
            }
        }
    }

    fn wake_deadline(&self) -> Option<Instant> {
        self.wake.filter(|_| self.is_talking())
    }

    /// When the peer has to have answered our Close frame.
    fn closing_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open(State::Closing(deadline)) => deadline,
            _ => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        earliest([
            self.send_deadline(),
            self.silence_deadline(),
            self.wake_deadline(),
            self.closing_deadline(),
            self.phase.deadline(),
            self.drain.deadline(),
        ])
    }

    /// Does what is due, and ends what has taken too long.
    fn time_out(&mut self, out: &mut Vec<u8>, now: Now) {
        let is_due = |deadline| is_due(deadline, now.instant);
        let ends = [self.drain.deadline(), self.send_deadline(), self.phase.deadline()];
        if ends.into_iter().any(is_due) {
            return self.abort();
        }
        if is_due(self.closing_deadline()) {
            self.phase.finish_without_lingering(); // the peer has had its time
            return self.finish(Closed::Cut); // §7.1.5: no Close frame has come
        }
        if is_due(self.silence_deadline()) {
            match self.liveness.ping {
                Ping::Sent(_) => return self.fail(SILENT, out),
                _ => {
                    self.outgoing.control(Control::Ping, b"", out); // §5.5.2
                    self.liveness.ping = Ping::Queued;
                }
            }
        }
        if is_due(self.wake_deadline()) {
            self.wake = None;
            self.tell(out, |socket, outbox| socket.time(outbox, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    struct Nothing;

    impl Socket for Nothing {
        fn message(&mut self, _: Message, _: &mut Outbox<'_>, _: Now) {}
    }

    /// What the documentation of the crate says.
    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<WebSocket<Nothing>>() <= 400, "{}", size_of::<WebSocket<Nothing>>());
    }
}
