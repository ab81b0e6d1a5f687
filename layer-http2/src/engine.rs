//! h2 without a socket: it reads and writes buffers in memory, and notes when it has something to
//! do.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream};
use protocol::bytes::Bytes;
use protocol::{Limits, http};

use crate::pipe::Pipe;

/// How much of a request body may come before any of it is taken, in bytes. The connection's window
/// is as wide as those of all its streams: bodies that have to wait must not keep those from coming
/// that they wait for. Together they bound what a connection holds.
const STREAM_WINDOW: u32 = 128 << 10;

/// The narrowest window of a connection and the widest (RFC 9113 §6.9.2, §6.9.1), in bytes.
const NARROWEST: u32 = (1 << 16) - 1;
const WIDEST: u32 = (1 << 31) - 1;

/// How much of a response body h2 holds for each stream, in bytes.
const SEND_BUFFER: usize = 32 << 10;

/// h2, with the buffers that it takes for a socket.
pub(crate) struct Engine {
    machine: Machine,
    pipe: Pipe,
    woken: Arc<Woken>,
    /// Whether it had nothing to write that there were windows for, when it was asked last.
    has_said_all: bool,
    /// Whether the client has been told that the connection goes away (RFC 9113 §6.8).
    is_going_away: bool,
}

/// h2, before and after the preface.
enum Machine {
    Handshake(Box<Handshake<Pipe, Bytes>>),
    Open(Box<Connection<Pipe, Bytes>>),
    Over,
}

/// What h2 has come to. It is taken apart at once, so a box for the largest would be for nothing.
#[allow(clippy::large_enum_variant, reason = "it is never kept")]
pub(crate) enum Accepted {
    /// The head of a request is complete.
    Request(http::Request<RecvStream>, SendResponse<Bytes>),
    /// The connection cannot go on.
    Failed(h2::Error),
    /// Everything has been said.
    Over,
    /// More has to come, or to be sent.
    Nothing,
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

impl Engine {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pipe = Pipe::default();
        let window = STREAM_WINDOW.saturating_mul(limits.max_streams);
        let handshake = Builder::new()
            .max_concurrent_streams(limits.max_streams.max(1))
            .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(window.clamp(NARROWEST, WIDEST))
            .max_send_buffer_size(SEND_BUFFER)
            // Leaving a page may cancel all of it at once. A flood is for the guard to notice.
            .max_pending_accept_reset_streams(limits.max_streams.max(1) as usize)
            .handshake(pipe.clone());
        Engine {
            machine: Machine::Handshake(Box::new(handshake)),
            pipe,
            woken: Arc::new(Woken(AtomicBool::new(false))),
            has_said_all: true,
            is_going_away: false,
        }
    }

    /// Wakes this engine.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.woken))
    }

    /// What h2 has wanted so far it has had: notes what it wants from now on.
    pub(crate) fn rest(&self) {
        self.woken.0.store(false, Ordering::Relaxed);
    }

    /// Whether h2 has something to do since [`Engine::rest`].
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    /// These bytes have come.
    pub(crate) fn arrive(&self, input: &[u8]) {
        self.pipe.buffers().arrive(input);
    }

    /// Whether h2 has taken all that has come.
    pub(crate) fn has_read_all(&self) -> bool {
        self.pipe.buffers().is_empty()
    }

    /// Whether h2 had nothing to write when it was asked last.
    pub(crate) fn has_said_all(&self) -> bool {
        self.has_said_all
    }

    /// Whether h2 has something of a response that is not in the output: its window is shut, or
    /// there has been no room.
    pub(crate) fn is_sending(&self) -> bool {
        matches!(&self.machine, Machine::Open(connection) if connection.has_streams())
    }

    /// Lets h2 write into this output, at most `room` bytes. With `is_ended` its input has ended.
    pub(crate) fn lend(&self, out: &mut Vec<u8>, room: usize, is_ended: bool) {
        let mut buffers = self.pipe.buffers();
        buffers.most = out.len() + room;
        buffers.output = std::mem::take(out);
        buffers.has_ended = is_ended;
    }

    /// Takes the output back. Returns how much h2 has written, and whether its input has ended for
    /// it.
    pub(crate) fn take_back(&mut self, out: &mut Vec<u8>, before: usize) -> (usize, bool) {
        let mut buffers = self.pipe.buffers();
        *out = std::mem::take(&mut buffers.output);
        buffers.tidy();
        (out.len() - before, buffers.has_ended)
    }

    /// Notes whether h2 had nothing to write.
    pub(crate) fn note_said_all(&mut self, has_said_all: bool) {
        self.has_said_all = has_said_all;
    }

    /// Lets h2 read and write, up to the next request that is complete.
    pub(crate) fn poll(&mut self, waker: &Waker, is_draining: bool) -> Accepted {
        let mut context = Context::from_waker(waker);
        if let Machine::Handshake(handshake) = &mut self.machine {
            self.machine = match Pin::new(handshake).poll(&mut context) {
                Poll::Ready(Ok(connection)) => Machine::Open(Box::new(connection)),
                Poll::Ready(Err(error)) => return Accepted::Failed(error),
                Poll::Pending => return Accepted::Nothing,
            };
        }
        let Machine::Open(connection) = &mut self.machine else { return Accepted::Nothing };
        if is_draining && !self.is_going_away {
            connection.graceful_shutdown(); // RFC 9113 §6.8
            self.is_going_away = true;
        }
        match connection.poll_accept(&mut context) {
            Poll::Ready(Some(Ok((request, respond)))) => Accepted::Request(request, respond),
            Poll::Ready(Some(Err(error))) => Accepted::Failed(error),
            Poll::Ready(None) => Accepted::Over,
            Poll::Pending => Accepted::Nothing,
        }
    }

    /// Has h2 end the connection whatever is under way, and say why. Returns whether it can: before
    /// the handshake nothing was agreed on, and there is nothing to say.
    pub(crate) fn go_away(&mut self, reason: Reason) -> bool {
        self.is_going_away = true;
        match &mut self.machine {
            Machine::Open(connection) => connection.abrupt_shutdown(reason),
            _ => return false,
        }
        true
    }

    /// Drops h2 and what it holds.
    pub(crate) fn stop(&mut self) {
        self.machine = Machine::Over;
    }
}
