//! The contract between a protocol, which decides, and its driver, which waits.

use std::time::Instant;

use crate::clock::Now;
use crate::file::FileRange;
use crate::work::{Outcome, Ticket, Work};

// ANCHOR: protocol
/// A protocol that is spoken on one connection, without its socket.
/// [`Connection`](crate::Connection) is HTTP/1.1; other implementations take its place, or its
/// input after an upgrade, behind the same five waits.
///
/// After every call of another method call [`Protocol::poll`] until it says [`Step::Wait`] or
/// [`Step::Close`]. The caller owns the buffers: an idle connection needs none.
pub trait Protocol: Send {
    /// Takes what has arrived and appends to `out` what is to be sent.
    ///
    /// Returns how much of `input` it has consumed. The rest is presented again with the next
    /// call, with more appended. `input` may be overwritten where it is consumed. What comes
    /// although [`Wait::read`] is false is not consumed and has to be kept.
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize;

    /// The peer has closed its side; it may still be reading. What has not been consumed may
    /// be presented once more.
    fn receive_eof(&mut self, now: Now);

    /// So many more bytes have been handed to the operating system: first those of `out`, in
    /// order, then those of [`Protocol::file`].
    fn sent(&mut self, bytes: u64, now: Now);

    /// The work of [`Step::Run`] has come to this.
    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now);

    /// The deadline of [`Step::Wait`] has come. Too early a call does nothing.
    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now);

    /// Shutdown has begun: the connection finishes what is under way, begins nothing more than
    /// politeness asks for, and is gone at the deadline, finished or not.
    fn shutdown(&mut self, deadline: Instant, now: Now);

    /// What to do next.
    fn poll(&mut self) -> Step;
    // ANCHOR_END: protocol

    /// What was to be sent was not there: it was not the peer who was slow. Its time to take more
    /// begins again.
    fn reset_send_timeout(&mut self, _now: Now) {}

    /// The driver begins to wait, as [`Step::Wait`] said. Only what is observed has a use for it:
    /// without this call, time that has passed since the last one counts as waiting.
    fn begin_wait(&mut self, _now: Now) {}

    /// What to send after all bytes of `out`: a range of a file, which shrinks as
    /// [`Protocol::sent`] reports progress. If the file ends before the range does, the
    /// connection has to be dropped: the response can no longer be completed.
    fn file(&self) -> Option<&FileRange> {
        None
    }
}

// ANCHOR: step
/// What a connection wants next.
#[derive(Debug)]
pub enum Step {
    /// Call `receive` again, even if nothing new has come: there is room to go on, or a reason.
    Receive,
    /// Have this done elsewhere, and bring what comes of it to `complete`.
    Run(Ticket, Work),
    /// Another protocol takes over (RFC 9110 §7.8): drive this one from now on in place of the one
    /// that says so, which may be dropped, and call its `receive` with what has not been consumed.
    /// What is unsent belongs to it too.
    Upgrade(Box<dyn Protocol>),
    /// Nothing more will be sent: tell the peer (`shutdown(2)` of the write side).
    ShutdownWrite,
    /// The end. Drop the socket; no further call. If it comes without `ShutdownWrite` before, it
    /// is no orderly end: something has been cut.
    Close,
    /// Nothing to do until one of these comes to pass.
    Wait(Wait),
}
// ANCHOR_END: step

// ANCHOR: wait
/// What to wait for. Waiting for room to send goes without saying while output is unsent; work
/// that runs and shutdown may come at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whether input is wanted. When it is not, it stays in the socket: that makes the peer wait
    /// (backpressure).
    pub read: bool,
    /// When to call `handle_timeout`, if nothing else happens before. A timer that is set already
    /// need not be put off: a call that is too early does nothing.
    pub deadline: Option<Instant>,
}
// ANCHOR_END: wait

impl std::fmt::Debug for dyn Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Protocol")
    }
}
