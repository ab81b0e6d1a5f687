//! What goes out: frames, as far as there is room for them.
//!
//! A small message is copied into the output. A large one is kept as it is, shared with
//! others that have it, and passed on bit by bit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::Unsent;
use protocol::bytes::Bytes;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::incoming::{CONTROL, may_be_sent};
use crate::message::Message;

/// Longest payload that is copied into the output at once, in bytes.
const SMALL: usize = 16 << 10;

/// The sending half.
#[derive(Debug)]
pub(crate) struct Outgoing {
    high_water: usize,
    unsent: Unsent,
    /// What comes after the output.
    queue: VecDeque<Bytes>,
    /// Bytes in the queue.
    queued: usize,
    /// Whether our Close frame is among all that: nothing comes after it (§5.5.1).
    pub(crate) is_closed: bool,
    /// Whether there was no room, and the socket has not heard yet that there is again.
    was_full: bool,
    now: Instant,
}

impl Outgoing {
    pub(crate) fn new(high_water: usize, now: Instant) -> Self {
        Outgoing {
            high_water: high_water.max(1), // without any room nothing would ever be read
            unsent: Unsent::new(now),
            queue: VecDeque::new(),
            queued: 0,
            is_closed: false,
            was_full: false,
            now,
        }
    }

    /// A call begins at this moment.
    pub(crate) fn begin_call(&mut self, now: Instant) {
        self.now = now;
    }

    /// Whether everything has been sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.unsent.is_empty() && self.queued == 0
    }

    /// Whether less is unsent than there may be.
    pub(crate) fn has_room(&self) -> bool {
        self.unsent.bytes() + (self.queued as u64) < self.high_water as u64
    }

    /// Notes whether there is room, for [`Outgoing::has_room_again`].
    pub(crate) fn note_room(&mut self) {
        self.was_full |= !self.has_room();
    }

    /// Whether there was no room and there is now. It is said once.
    pub(crate) fn has_room_again(&mut self) -> bool {
        let again = self.was_full && self.has_room();
        self.was_full &= !again;
        again
    }

    /// Whether [`Outgoing::fill`] has something to do.
    pub(crate) fn is_ready(&self) -> bool {
        self.queued > 0 && self.unsent.has_room(self.high_water)
    }

    /// So many bytes of the output have been sent.
    pub(crate) fn sent(&mut self, bytes: u64, now: Instant) {
        self.unsent.sent(bytes, now);
    }

    /// It was not the peer that was slow.
    pub(crate) fn reset_timeout(&mut self, now: Instant) {
        self.unsent.reset_timeout(now);
    }

    /// When the peer has to have taken more.
    pub(crate) fn deadline(&self, write_timeout: Duration) -> Option<Instant> {
        self.unsent.deadline(write_timeout)
    }

    /// Moves what waits into the output, as far as there is room.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>) {
        while self.is_ready()
            && let Some(first) = self.queue.front_mut()
        {
            let piece = first.split_to(first.len().min(self.high_water));
            if first.is_empty() {
                self.queue.pop_front();
            }
            out.extend_from_slice(&piece);
            self.unsent.append(piece.len(), self.now);
            self.queued -= piece.len();
        }
        if self.queue.is_empty() {
            self.queue = VecDeque::new(); // an idle connection holds none
        }
    }

    /// A message in one frame (§5.6).
    pub(crate) fn message(&mut self, message: Message, out: &mut Vec<u8>) {
        let (opcode, payload) = match message {
            Message::Text(text) => (Data::Text, Bytes::from(text)),
            Message::Binary(bytes) => (Data::Binary, bytes),
        };
        self.frame(OpCode::Data(opcode), payload, out);
    }

    /// A control frame, with a payload of 125 bytes at most (§5.5).
    pub(crate) fn control(&mut self, opcode: Control, payload: &[u8], out: &mut Vec<u8>) {
        self.frame(OpCode::Control(opcode), Bytes::copy_from_slice(payload), out);
    }

    /// Our Close frame (§5.5.1). Nothing comes after it.
    pub(crate) fn close(&mut self, status: Option<(u16, &str)>, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        if let Some((code, reason)) = status {
            let code = if may_be_sent(code) { code } else { 1011 };
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(beginning(reason, CONTROL - 2).as_bytes());
        }
        self.control(Control::Close, &payload, out);
        self.is_closed = true;
    }

    fn frame(&mut self, opcode: OpCode, payload: Bytes, out: &mut Vec<u8>) {
        if self.is_closed {
            return;
        }
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        let length = payload.len() as u64;
        let mut rest = payload;
        // Writing to memory cannot fail.
        if self.queue.is_empty() {
            let start = out.len();
            let _ = header.format(length, out);
            if rest.len() <= SMALL {
                out.extend_from_slice(&std::mem::take(&mut rest));
            }
            self.unsent.append(out.len() - start, self.now);
        } else {
            let mut head = Vec::new();
            let _ = header.format(length, &mut head);
            self.enqueue(head.into());
        }
        self.enqueue(rest);
    }

    fn enqueue(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued += bytes.len();
            self.queue.push_back(bytes);
        }
    }
}

/// As many whole characters of a text as `most` bytes hold.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// What a [`Socket`](crate::Socket) has to say. Nothing of it blocks: it is sent as the peer takes
/// it.
#[derive(Debug)]
pub struct Outbox<'a> {
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) wake: &'a mut Option<Instant>,
}

impl Outbox<'_> {
    /// Sends a text message. After [`Outbox::close`] it is dropped.
    pub fn text(&mut self, text: impl Into<Utf8Bytes>) {
        self.outgoing.message(Message::Text(text.into()), self.out);
    }

    /// Sends a binary message. After [`Outbox::close`] it is dropped.
    pub fn binary(&mut self, bytes: impl Into<Bytes>) {
        self.outgoing.message(Message::Binary(bytes.into()), self.out);
    }

    /// Begins the closing handshake, behind what has been sent before (RFC 6455 §7.1.2). No further
    /// message is delivered.
    ///
    /// `code` is one of §7.4: 1000 if the purpose is fulfilled, 4000 to 4999 for the application's
    /// own. One that may not be sent becomes 1011. Of `reason` the first 123 bytes are sent.
    pub fn close(&mut self, code: u16, reason: &str) {
        self.outgoing.close(Some((code, reason)), self.out);
    }

    /// Has [`Socket::time`](crate::Socket::time) called at this moment, in place of the one that
    /// was asked for before.
    pub fn wake_at(&mut self, moment: Instant) {
        *self.wake = Some(moment);
    }

    /// Whether less is unsent than [`Limits::high_water`](crate::Limits::high_water). What is sent
    /// without room is kept in memory all the same; [`Socket::room`](crate::Socket::room) says
    /// when there is room again.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.outgoing.has_room()
    }
}
