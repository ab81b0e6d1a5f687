//! An [`Http2`] without a socket, a virtual clock, and a peer that does as it is told.
//!
//! It obeys [`Protocol`] to the letter and is strict where the contract is: steps are bounded, input
//! that was declined is shown again only when the connection asks, after a timeout no deadline may
//! lie in the past, and there is always something that the connection waits for.

use std::collections::VecDeque;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, UNIX_EPOCH};

use layer_http2::Http2;
use protocol::{FileRange, Handler, Limits, Now, Outcome, Protocol, Step, Ticket, Wait, Work};

/// The moment at which every test begins.
static START: LazyLock<Now> = LazyLock::new(|| Now { instant: Instant::now(), wall: UNIX_EPOCH });

pub(crate) fn start() -> Now {
    *START
}

pub(crate) fn read_file(range: &FileRange, buffer: &mut [u8]) -> std::io::Result<usize> {
    range.file.read_at(buffer, range.offset)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    /// Our side is closed; the peer's is not.
    HalfClosed,
    Closed,
}

pub(crate) struct Driver<H> {
    pub(crate) connection: Http2<H>,
    pub(crate) now: Now,
    pub(crate) end: End,
    /// What the connection waits for.
    pub(crate) wait: Wait,
    /// What the peer has been sent and has not taken away.
    pub(crate) wire: Vec<u8>,
    /// How much the peer takes at a time; with 0 only what a test hands it.
    pub(crate) takes: usize,
    /// Whether input is read although it is not wanted.
    pub(crate) is_eager: bool,
    /// Whether work is kept in `held` rather than done at once.
    pub(crate) holds_work: bool,
    pub(crate) held: VecDeque<(Ticket, Work)>,
    /// Work that has been handed out.
    pub(crate) ran: usize,
    /// The most output that was ever unsent.
    pub(crate) most_unsent: usize,
    arriving: VecDeque<Vec<u8>>,
    peer_is_done: bool,
    eof_was_told: bool,
    /// Read, and not consumed so far.
    input: Vec<u8>,
    out: Vec<u8>,
}

impl<H: Handler> Driver<H> {
    pub(crate) fn new(handler: H, limits: Limits) -> Self {
        let now = start();
        let connection = Http2::new(Arc::new(handler), Arc::new(limits), read_file, now);
        let mut driver = Driver {
            connection,
            now,
            end: End::Open,
            wait: Wait { read: false, deadline: None },
            wire: Vec::new(),
            takes: usize::MAX,
            is_eager: false,
            holds_work: false,
            held: VecDeque::new(),
            ran: 0,
            most_unsent: 0,
            arriving: VecDeque::new(),
            peer_is_done: false,
            eof_was_told: false,
            input: Vec::new(),
            out: Vec::new(),
        };
        driver.settle();
        driver
    }

    /// The peer sends these bytes, which arrive in one piece.
    pub(crate) fn feed(&mut self, piece: impl AsRef<[u8]>) {
        if !piece.as_ref().is_empty() {
            self.arriving.push_back(piece.as_ref().to_vec());
        }
        self.settle();
    }

    /// The peer closes its side.
    pub(crate) fn eof(&mut self) {
        self.peer_is_done = true;
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

    /// What has come and has not been consumed, in bytes.
    pub(crate) fn unread(&self) -> usize {
        self.input.len() + self.arriving.iter().map(Vec::len).sum::<usize>()
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
        if self.end != End::Closed {
            self.connection.shutdown(self.now.instant + within, self.now);
            self.settle();
        }
    }

    /// Time passes; each deadline is met at its moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now.instant + time;
        while self.end != End::Closed
            && let Some(deadline) = self.wait.deadline.filter(|&deadline| deadline <= until)
        {
            self.now.instant = deadline.max(self.now.instant);
            self.handle_timeout();
        }
        self.now.instant = until;
    }

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
        self.wait.deadline.map(|deadline| deadline.saturating_duration_since(self.now.instant))
    }

    /// Does what `poll` says until there is nothing left but to wait.
    fn settle(&mut self) {
        let mut idle_steps = 0;
        while self.end != End::Closed {
            idle_steps += 1;
            assert!(idle_steps < 1000, "steps out of proportion: a loop");
            self.most_unsent = self.most_unsent.max(self.out.len());
            match self.connection.poll() {
                Step::Receive => self.receive(),
                Step::Run(ticket, work) => {
                    self.ran += 1;
                    idle_steps = 0;
                    if self.holds_work {
                        self.held.push_back((ticket, work));
                    } else {
                        let outcome = run(work);
                        self.connection.complete(ticket, outcome, &mut self.out, self.now);
                    }
                }
                Step::ShutdownWrite => {
                    assert_eq!(self.end, End::Open, "our side is closed once");
                    assert!(self.out.is_empty(), "closed before all was sent");
                    self.end = End::HalfClosed;
                }
                Step::Close => self.end = End::Closed,
                Step::Wait(wait) => {
                    self.wait = wait;
                    assert!(!wait.read || self.input.is_empty(), "input is here and not asked for");
                    if self.send(self.takes) == 0 && !((wait.read || self.is_eager) && self.read())
                    {
                        return self.check_wait();
                    }
                    idle_steps = 0;
                }
            }
        }
    }

    fn check_wait(&self) {
        let is_owed = !self.out.is_empty() || !self.held.is_empty();
        assert!(self.wait.read || self.wait.deadline.is_some() || is_owed, "waits for nothing");
        let is_bounded = self.wait.deadline.is_some() || is_owed;
        assert!(!self.wait.read || is_bounded, "a peer may be silent for ever");
    }

    fn receive(&mut self) {
        let consumed = self.connection.receive(&mut self.input, &mut self.out, self.now);
        self.input.drain(..consumed);
    }

    /// Reads one piece, or the end of input. Whether there was something to read.
    fn read(&mut self) -> bool {
        if let Some(piece) = self.arriving.pop_front() {
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

    /// Hands up to `most` bytes to the peer.
    fn send(&mut self, most: usize) -> usize {
        let sent = most.min(self.out.len());
        self.wire.extend(self.out.drain(..sent));
        if sent > 0 {
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
