//! A deterministic driver: a [`Connection`], a virtual clock, and a peer that does as it is told.
//!
//! It obeys [`Protocol`] to the letter, and it is strict where the contract is: steps are bounded
//! by the bytes that move, nothing may be unsent when our side is closed, and after a timeout has
//! been handled no deadline may lie in the past.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod demo;

use std::collections::VecDeque;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, UNIX_EPOCH};

use protocol::{Connection, Handler, Limits, Now, Outcome, Protocol, Step, Ticket, Wait, Work};

/// The moment at which every test begins.
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant cannot be made up; this one is never read again"
)]
static START: LazyLock<Now> = LazyLock::new(|| Now { instant: Instant::now(), wall: UNIX_EPOCH });

pub(crate) fn start() -> Now {
    *START
}

/// What has become of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    /// Our side is closed; the peer's is not.
    HalfClosed,
    Closed,
}

pub(crate) struct Driver<H> {
    pub(crate) connection: Connection<H>,
    pub(crate) now: Now,
    pub(crate) end: End,
    /// What the connection waits for.
    pub(crate) wait: Wait,
    /// What the peer has received.
    pub(crate) wire: Vec<u8>,
    /// How much the peer takes at a time; with 0 only what a test hands it.
    pub(crate) takes: usize,
    /// Whether work is kept in `held` rather than done at once.
    pub(crate) holds_work: bool,
    pub(crate) held: VecDeque<(Ticket, Work)>,
    /// The most output that was ever unsent.
    pub(crate) most_unsent: usize,
    /// What was unsent when the connection was dropped.
    pub(crate) lost: usize,

    /// What the peer has sent, in the pieces in which it will be read.
    arriving: VecDeque<Vec<u8>>,
    peer_is_done: bool,
    eof_was_told: bool,
    /// Read, and not consumed so far.
    input: Vec<u8>,
    out: Vec<u8>,
    /// Steps that may yet be taken.
    budget: usize,
}

impl<H: Handler> Driver<H> {
    pub(crate) fn new(handler: H, limits: Limits) -> Self {
        let mut driver = Driver {
            connection: Connection::new(Arc::new(handler), Arc::new(limits), start()),
            now: start(),
            end: End::Open,
            wait: Wait { read: false, deadline: None },
            wire: Vec::new(),
            takes: usize::MAX,
            holds_work: false,
            held: VecDeque::new(),
            most_unsent: 0,
            lost: 0,
            arriving: VecDeque::new(),
            peer_is_done: false,
            eof_was_told: false,
            input: Vec::new(),
            out: Vec::new(),
            budget: 0,
        };
        driver.settle();
        driver
    }

    /// The peer sends these bytes, which arrive in one piece.
    pub(crate) fn feed(&mut self, piece: impl AsRef<[u8]>) {
        self.arriving.push_back(piece.as_ref().to_vec());
        self.settle();
    }

    pub(crate) fn feed_bytewise(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.feed([*byte]);
        }
    }

    /// The peer closes its side.
    pub(crate) fn eof(&mut self) {
        self.peer_is_done = true;
        self.settle();
    }

    /// As [`Driver::eof`], found by a read that was begun before `read` became false.
    pub(crate) fn eof_unasked(&mut self) {
        assert!(self.arriving.is_empty());
        self.eof_was_told = true;
        self.connection.receive_eof(self.now);
        self.settle();
    }

    /// The peer takes up to `bytes` of what it is owed; returns how many there were.
    pub(crate) fn take(&mut self, bytes: usize) -> usize {
        let taken = self.send(bytes);
        self.settle();
        taken
    }

    /// Output that stands in the buffer.
    pub(crate) fn unsent(&self) -> usize {
        self.out.len()
    }

    /// Pieces that the connection has not read so far.
    pub(crate) fn unread(&self) -> usize {
        self.arriving.len()
    }

    /// Does the oldest piece of held work, and brings back what comes of it.
    pub(crate) fn finish_work(&mut self) {
        let (ticket, work) = self.held.pop_front().expect("work is held");
        self.complete(ticket, run(work));
    }

    pub(crate) fn complete(&mut self, ticket: Ticket, outcome: Outcome) {
        if self.end != End::Closed {
            self.connection.complete(ticket, outcome, &mut self.out, self.now);
            self.settle();
        }
    }

    pub(crate) fn shutdown(&mut self, within: Duration) {
        self.connection.shutdown(self.now.instant + within, self.now);
        self.settle();
    }

    /// Time passes; each deadline is met at its moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now.instant + time;
        while self.end != End::Closed
            && let Some(deadline) = self.wait.deadline.filter(|&deadline| deadline <= until)
        {
            self.set_clock(deadline.max(self.now.instant));
            self.handle_timeout();
        }
        self.set_clock(until);
    }

    /// As [`Driver::pass`], in milliseconds.
    pub(crate) fn pass_ms(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    /// The timer rings, rightly or not.
    pub(crate) fn handle_timeout(&mut self) {
        if self.end == End::Closed {
            return;
        }
        self.connection.handle_timeout(&mut self.out, self.now);
        self.settle();
        if self.end != End::Closed {
            let deadline = self.wait.deadline;
            assert!(deadline.is_none_or(|at| at > self.now.instant), "a deadline in the past");
        }
    }

    /// How long until the deadline.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.wait.deadline.map(|deadline| deadline - self.now.instant)
    }

    /// What the peer has received, less the `Date` fields.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8(self.wire.clone()).expect("the output is text");
        text.replace("date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "")
    }

    /// Takes away what the peer has received, less the `Date` fields.
    pub(crate) fn take_text(&mut self) -> String {
        let text = self.text();
        self.wire.clear();
        text
    }

    fn set_clock(&mut self, instant: Instant) {
        // The wall clock stands still, so that `Date` is always the same.
        self.now.instant = instant;
    }

    /// Does what `poll` says until there is nothing left but to wait.
    fn settle(&mut self) {
        self.budget += 64;
        while self.end != End::Closed {
            self.budget = self.budget.checked_sub(1).expect("steps out of proportion: a loop");
            self.most_unsent = self.most_unsent.max(self.out.len());
            match self.connection.poll() {
                Step::Receive => self.receive(),
                Step::Run(ticket, work) if self.holds_work => self.held.push_back((ticket, work)),
                Step::Run(ticket, work) => {
                    let outcome = run(work);
                    self.connection.complete(ticket, outcome, &mut self.out, self.now);
                }
                Step::ShutdownWrite => {
                    assert_eq!(self.end, End::Open, "our side is closed once");
                    assert!(self.out.is_empty() && self.connection.file().is_none());
                    self.end = End::HalfClosed;
                }
                Step::Close => {
                    self.end = End::Closed;
                    self.lost = self.out.len();
                }
                Step::Wait(wait) => {
                    self.wait = wait;
                    if self.send(self.takes) == 0 && !(wait.read && self.read()) {
                        return;
                    }
                }
            }
        }
    }

    fn receive(&mut self) {
        let consumed = self.connection.receive(&mut self.input, &mut self.out, self.now);
        self.input.drain(..consumed);
    }

    /// Reads one piece, or the end of input. Whether there was something to read.
    fn read(&mut self) -> bool {
        if let Some(piece) = self.arriving.pop_front() {
            self.budget += 4 * piece.len();
            self.input.extend_from_slice(&piece);
            self.receive();
            return true;
        }
        let is_end = self.peer_is_done && !self.eof_was_told;
        if is_end {
            self.eof_was_told = true;
            self.connection.receive_eof(self.now);
        }
        is_end
    }

    /// Hands up to `most` bytes to the peer: first those of `out`, then those of a file.
    fn send(&mut self, most: usize) -> usize {
        let from_out = most.min(self.out.len());
        self.wire.extend(self.out.drain(..from_out));
        let mut sent = from_out;
        if self.out.is_empty()
            && let Some(range) = self.connection.file()
        {
            let length = usize::try_from(range.length).unwrap_or(usize::MAX);
            let mut piece = vec![0; length.min(most - from_out)];
            range.file.read_exact_at(&mut piece, range.offset).expect("the file is long enough");
            self.wire.extend_from_slice(&piece);
            sent += piece.len();
        }
        if sent > 0 {
            self.budget += 4 * sent;
            self.connection.sent(sent as u64, self.now);
        }
        sent
    }
}

/// Does a piece of work here and now.
pub(crate) fn run(work: Work) -> Outcome {
    match work {
        Work::Blocking(job) => job.run(),
        Work::Future(mut task) => {
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..100 {
                if let Poll::Ready(outcome) = Pin::new(&mut task).poll(&mut context) {
                    return outcome;
                }
            }
            panic!("a future that is never ready");
        }
    }
}

/// Panics that belong to a test say nothing; all others are reported as usual.
pub(crate) fn silence_expected_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() != Some(&EXPECTED_PANIC) {
                report(info);
            }
        }));
    });
}

/// The message of a panic that a test brings about.
pub(crate) const EXPECTED_PANIC: &str = "as the test will have it";
