//! One WebSocket behind the five waits.
//!
//! ```text
//! Open ── our Close frame ──► Closing ── the peer's answer, or time is up ──┐
//!   │ the peer's Close frame and ours, a failure, the peer's end            │
//!   └─► Parting ── all sent ──► Parted ── the peer's end, or time is up ──► Over
//! ```
//!
//! From `Closing` on messages that come are thrown away. Whoever does not take its output, and
//! whoever is there when the time of the order to stop is up, goes straight to `Over`.

use std::time::Instant;

use protocol::{Linger, Now, Outcome, Progress, Protocol, Step, Ticket, Wait, after, catch_panic};
use tungstenite::protocol::frame::coding::Control;

use crate::incoming::{Event, Failure, Incoming};
use crate::outgoing::{Outbox, Outgoing};
use crate::{Closed, Limits, Socket};

/// The handler has panicked (§7.4.1: 1011).
const PANICKED: Failure = Failure { code: 1011, reason: "internal error" };

/// The peer does not answer (§7.4.1: 1008).
const SILENT: Failure = Failure { code: 1008, reason: "no answer to a Ping" };

/// How far a connection is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// We have sent a Close frame, and wait for the peer's.
    Closing,
    /// All has been said, and is on its way.
    Parting,
    /// The peer has been told that nothing more comes. It is waited for, lest a reset destroy what
    /// it has yet to read.
    Parted(Linger),
    Over,
}

/// Whether we wait for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ping {
    None,
    /// It is on its way.
    Queued,
    /// Since when it can be answered.
    Sent(Instant),
}

/// A WebSocket without its connection: what is spoken after the opening handshake. It is driven as
/// [`Protocol`] says.
pub struct WebSocket<S: Socket> {
    /// `None` once it has been told the end, or has panicked.
    socket: Option<S>,
    limits: Limits,
    incoming: Incoming,
    outgoing: Outgoing,
    stage: Stage,
    /// How far the peer has come in sending, and in taking.
    heard: Progress,
    sending: Progress,
    ping: Ping,
    /// When [`Socket::time`] is to be called.
    wake: Option<Instant>,
    /// When the peer has to have answered our Close frame, once it has been sent.
    by: Option<Instant>,
    /// The order to stop: when everything has to be over.
    order: Option<Instant>,
    /// The peer is not waited for at the end: it has read all that we said, or had its time.
    leaves: bool,
    is_new: bool,
    /// There was no room for more output, and the socket has not heard yet that there is again.
    was_full: bool,
    /// The peer has closed its side.
    is_ended: bool,
    /// There is something to do even without new input.
    again: bool,
    now: Instant,
}

impl<S: Socket> WebSocket<S> {
    /// A WebSocket whose opening handshake is over. [`accept`](crate::accept) makes one.
    #[must_use]
    pub fn new(limits: Limits, socket: S, now: Now) -> Self {
        WebSocket {
            socket: Some(socket),
            outgoing: Outgoing::new(limits.high_water),
            limits,
            incoming: Incoming::default(),
            stage: Stage::Open,
            heard: Progress::start(now.instant),
            sending: Progress::start(now.instant),
            ping: Ping::None,
            wake: None,
            by: None,
            order: None,
            leaves: false,
            is_new: true,
            was_full: false,
            is_ended: false,
            again: true,
            now: now.instant,
        }
    }
}

impl<S: Socket> Protocol for WebSocket<S> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.again = false;
        self.within(out, now, |this, out| {
            this.begin(out, now);
            if let Stage::Parted(linger) = &mut this.stage
                && !input.is_empty()
            {
                linger.heard(this.limits.close_timeout, now.instant);
            }
            let consumed = this.advance(input, out, now);
            if !matches!(this.stage, Stage::Open | Stage::Closing) {
                return input.len(); // nothing after the end is looked at
            }
            let is_held_up = this.stage == Stage::Open && !this.outgoing.has_room();
            if this.is_ended && !is_held_up {
                this.part(Closed::Cut); // §7.1.5: without a Close frame that is 1006
            }
            consumed
        })
    }

    fn receive_eof(&mut self, now: Now) {
        self.now = now.instant;
        self.is_ended = true;
        self.again = true; // what the caller still holds is looked at first
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.now = now.instant;
        if bytes == 0 {
            return; // no progress, so nothing that waits for it may go on
        }
        let had_room = self.outgoing.has_room();
        self.sending.advance(bytes, now.instant);
        self.outgoing.sent(bytes);
        self.again |= self.outgoing.is_ready();
        if self.outgoing.has_room() && !had_room {
            self.again = true;
            self.listen();
        }
        if self.outgoing.is_empty() {
            self.all_sent();
        }
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.sending = Progress::start(now.instant);
    }

    fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.within(out, now, |this, out| this.time_out(out, now));
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        self.now = now.instant;
        self.order = Some(by);
        self.again = true;
    }

    fn poll(&mut self) -> Step {
        match self.stage {
            Stage::Over => return Step::Close,
            _ if self.again => return Step::Receive,
            Stage::Parting if self.outgoing.is_empty() => {
                self.stage = match self.leaves {
                    true => Stage::Over,
                    false => Stage::Parted(Linger::start(self.limits.close_timeout, self.now)),
                };
                return Step::ShutdownWrite;
            }
            Stage::Parted(_) if self.is_ended => {
                self.stage = Stage::Over;
                return Step::Close;
            }
            _ => {}
        }
        Step::Wait(Wait { read: self.wants_input(), deadline: self.deadline() })
    }
}

/// What comes in.
impl<S: Socket> WebSocket<S> {
    /// Does what is due before any input is looked at.
    fn begin(&mut self, out: &mut Vec<u8>, now: Now) {
        if std::mem::take(&mut self.is_new) {
            self.tell(out, |socket, outbox| socket.open(outbox, now));
        }
        self.outgoing.fill(out);
        if self.order.is_some() && self.stage == Stage::Open {
            self.outgoing.close(Some((1001, "going away")), out); // §7.4.1
            self.stage = Stage::Closing;
        }
        if self.was_full && self.outgoing.has_room() {
            self.was_full = false;
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
            self.heard.advance(taken as u64, now.instant);
            if self.incoming.is_between_frames() {
                self.listen();
                self.ping = Ping::None;
            }
            if let Some(event) = event {
                self.follow(event, out, now);
            }
        }
        consumed
    }

    /// Whether frames that come are looked at.
    fn takes_frames(&self) -> bool {
        match self.stage {
            Stage::Open => self.outgoing.has_room(),
            Stage::Closing => true, // nothing is answered any more
            Stage::Parting | Stage::Parted(_) | Stage::Over => false,
        }
    }

    fn wants_input(&self) -> bool {
        !self.is_ended && (self.takes_frames() || matches!(self.stage, Stage::Parted(_)))
    }

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
                self.leaves = self.stage == Stage::Closing;
                let (code, reason) = status.unwrap_or((1005, "".into())); // §7.1.5
                self.part(Closed::Clean { code, reason });
            }
        }
    }

    /// Calls the socket. What it says goes into the output; if it panics, the connection fails.
    fn tell(&mut self, out: &mut Vec<u8>, act: impl FnOnce(&mut S, &mut Outbox<'_>)) {
        if self.stage != Stage::Open {
            return;
        }
        let Some(socket) = &mut self.socket else { return };
        let mut outbox = Outbox { outgoing: &mut self.outgoing, out, wake: &mut self.wake };
        if catch_panic(|| act(socket, &mut outbox)).is_none() {
            let panicked = self.socket.take();
            catch_panic(|| drop(panicked));
            self.fail(PANICKED, out);
        } else if self.outgoing.is_closed {
            self.stage = Stage::Closing;
        }
    }
}

/// Ends.
impl<S: Socket> WebSocket<S> {
    /// Fails the connection (§7.1.7).
    fn fail(&mut self, failure: Failure, out: &mut Vec<u8>) {
        self.outgoing.close(Some((failure.code, failure.reason)), out);
        self.part(Closed::Failed { code: failure.code });
    }

    /// All has been said.
    fn part(&mut self, how: Closed) {
        if matches!(self.stage, Stage::Open | Stage::Closing) {
            self.stage = Stage::Parting;
        }
        self.incoming = Incoming::default();
        self.say(how);
    }

    /// It ends here and now.
    fn cut(&mut self) {
        self.stage = Stage::Over;
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
        let was_empty = self.outgoing.is_empty();
        let result = act(self, out);
        self.outgoing.fill(out);
        if was_empty && !self.outgoing.is_empty() {
            self.sending = Progress::start(now.instant);
        }
        self.was_full |= !self.outgoing.has_room();
        result
    }

    /// All output has been sent.
    fn all_sent(&mut self) {
        if self.ping == Ping::Queued {
            self.ping = Ping::Sent(self.now);
        }
        if self.stage == Stage::Closing {
            self.by.get_or_insert(after(self.now, self.limits.close_timeout));
        }
    }

    /// The peer's silence begins anew.
    fn listen(&mut self) {
        self.heard = Progress::start(self.now);
    }

    /// When the peer has to have taken more.
    fn send_deadline(&self) -> Option<Instant> {
        (!self.outgoing.is_empty()).then(|| after(self.sending.since(), self.limits.write_timeout))
    }

    /// When it is time for a Ping, or for an answer to it. A peer that is not listened to is not
    /// silent.
    fn silence_deadline(&self) -> Option<Instant> {
        if self.stage != Stage::Open || !self.wants_input() {
            return None;
        }
        match self.ping {
            Ping::None => Some(after(self.heard.since(), self.limits.idle_timeout)),
            Ping::Queued => None,
            Ping::Sent(at) => Some(after(at.max(self.heard.since()), self.limits.pong_timeout)),
        }
    }

    fn wake_deadline(&self) -> Option<Instant> {
        self.wake.filter(|_| self.stage == Stage::Open)
    }

    /// When the current stage has to be over, if it has to.
    fn stage_deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Closing => self.by,
            Stage::Parted(linger) => Some(linger.deadline()),
            Stage::Open | Stage::Parting | Stage::Over => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let all = [
            self.send_deadline(),
            self.silence_deadline(),
            self.wake_deadline(),
            self.stage_deadline(),
            self.order,
        ];
        all.into_iter().flatten().min()
    }

    /// Does what is due, and ends what has taken too long.
    fn time_out(&mut self, out: &mut Vec<u8>, now: Now) {
        let has_come = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now.instant);
        if has_come(self.order) || has_come(self.send_deadline()) {
            return self.cut();
        }
        if has_come(self.stage_deadline()) {
            return match self.stage {
                Stage::Closing => {
                    self.leaves = true;
                    self.part(Closed::Cut); // §7.1.5: no Close frame has come
                }
                _ => self.cut(),
            };
        }
        if has_come(self.silence_deadline()) {
            match self.ping {
                Ping::Sent(_) => return self.fail(SILENT, out),
                _ => {
                    self.outgoing.control(Control::Ping, b"", out); // §5.5.2
                    self.ping = Ping::Queued;
                }
            }
        }
        if has_come(self.wake_deadline()) {
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
