//! The driver: what a backend, the kernel and a network are to a connection, in one.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use protocol::{FileRange, Now, Outcome, Protocol, Step, Ticket, Wait, Work};

use crate::work::run;

/// Steps that may be taken while nothing moves. What is more is a loop.
const STEPS: usize = 1000;

/// The state of the connection, as the peer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides may speak.
    Open,
    /// Our side is closed; the peer's is not.
    HalfClosed,
    /// Nothing follows.
    Closed,
}

/// A connection, its peer, and the time.
pub struct Driver<P> {
    /// The connection that is driven, until another protocol takes over.
    pub connection: P,
    /// What has taken over.
    upgraded: Option<Box<dyn Protocol>>,
    /// The time.
    pub now: Now,
    /// How far it has come.
    pub end: End,
    /// The events for which the connection waits.
    pub wait: Wait,
    /// The bytes that the peer has received.
    pub wire: Vec<u8>,
    /// How much the peer takes at a time; with 0 only what a test [hands](Driver::take) it.
    pub takes: usize,
    /// Whether input is read although it is not wanted, as backends for completions do.
    pub is_eager: bool,
    /// Whether it may wait for its peer without an end.
    pub is_trusting: bool,
    /// Whether the connection has to take all that has come whenever it wants to read.
    pub takes_all: bool,
    /// Whether work is kept in `held` rather than done at once.
    pub holds_work: bool,
    /// Work that has been handed out and not been done.
    pub held: VecDeque<(Ticket, Work)>,
    /// Pieces of work that have been handed out so far.
    pub ran: usize,
    /// The most output that was ever unsent.
    pub most_unsent: usize,
    /// The most input that was ever kept because the connection had not consumed it.
    pub most_kept: usize,
    /// Bytes that were unsent when the connection was dropped.
    pub lost: usize,

    /// The bytes that the peer has sent, in the pieces in which it will be read.
    arriving: VecDeque<Vec<u8>>,
    peer_is_done: bool,
    eof_was_told: bool,
    /// Read, and not consumed so far.
    input: Vec<u8>,
    out: Vec<u8>,
    /// Steps that may yet be taken before something moves.
    patience: usize,
}

impl<P> std::fmt::Debug for Driver<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("now", &self.now)
            .field("end", &self.end)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> Driver<P> {
    /// Drives a connection that begins at this moment.
    pub fn new(connection: P, now: Now) -> Self {
        let mut driver = Driver {
            connection,
            upgraded: None,
            now,
            end: End::Open,
            wait: Wait { read: false, deadline: None },
            wire: Vec::new(),
            takes: usize::MAX,
            is_eager: false,
            is_trusting: false,
            takes_all: false,
            holds_work: false,
            held: VecDeque::new(),
            ran: 0,
            most_unsent: 0,
            most_kept: 0,
            lost: 0,
            arriving: VecDeque::new(),
            peer_is_done: false,
            eof_was_told: false,
            input: Vec::new(),
            out: Vec::new(),
            patience: STEPS,
        };
        driver.settle();
        driver
    }

    /// The peer sends these bytes, which arrive in one piece.
    pub fn feed(&mut self, piece: impl AsRef<[u8]>) {
        // To read nothing would be the end.
        if !piece.as_ref().is_empty() {
            self.arriving.push_back(piece.as_ref().to_vec());
        }
        self.settle();
    }

    /// The peer sends these bytes, each of which arrives alone.
    pub fn feed_bytewise(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.feed([*byte]);
        }
    }

    /// The peer closes its side.
    pub fn eof(&mut self) {
        self.peer_is_done = true;
        self.settle();
    }

    /// As [`Driver::eof`], found by a read that was begun before `read` became false.
    pub fn eof_unasked(&mut self) {
        assert!(self.arriving.is_empty());
        self.eof_was_told = true;
        current(&mut self.connection, &mut self.upgraded).receive_eof(self.now);
        self.settle();
    }

    /// The peer takes up to `bytes` of what it is owed; returns how many there were.
    pub fn take(&mut self, bytes: usize) -> usize {
        if self.end == End::Closed {
            return 0;
        }
        let taken = self.send(bytes);
        self.settle();
        taken
    }

    /// The range of a file that is to be sent next.
    fn file(&self) -> Option<&FileRange> {
        match &self.upgraded {
            Some(upgraded) => upgraded.file(),
            None => self.connection.file(),
        }
    }

    /// Whether another protocol has taken over.
    pub fn is_upgraded(&self) -> bool {
        self.upgraded.is_some()
    }

    /// Output that stands in the buffer.
    pub fn unsent(&self) -> usize {
        self.out.len()
    }

    /// Whether there is something to send, of a file too.
    pub fn has_output(&self) -> bool {
        !self.out.is_empty() || self.file().is_some()
    }

    /// Pieces that the connection has not read so far.
    pub fn unread_pieces(&self) -> usize {
        self.arriving.len()
    }

    /// Bytes that have come and have not been consumed.
    pub fn unread(&self) -> usize {
        self.input.len() + self.arriving.iter().map(Vec::len).sum::<usize>()
    }

    /// Bytes that the connection was shown and has not consumed.
    pub fn kept(&self) -> usize {
        self.input.len()
    }

    /// Does the oldest piece of held work, and brings back what comes of it.
    pub fn finish_work(&mut self) {
        let (ticket, work) = self.held.pop_front().expect("work is held");
        self.complete(ticket, run(work));
    }

    /// Brings back what came of work.
    pub fn complete(&mut self, ticket: Ticket, outcome: Outcome) {
        if self.end != End::Closed {
            current(&mut self.connection, &mut self.upgraded).complete(
                ticket,
                outcome,
                &mut self.out,
                self.now,
            );
            self.settle();
        }
    }

    /// Begins shutdown, with a deadline after this time.
    pub fn shutdown(&mut self, within: Duration) {
        if self.end != End::Closed {
            current(&mut self.connection, &mut self.upgraded)
                .shutdown(self.now.instant + within, self.now);
            self.settle();
        }
    }

    /// Time passes; each deadline is met at its moment.
    pub fn pass(&mut self, time: Duration) {
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
    pub fn pass_ms(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    /// Time passes, and no timer rings: the driver is late.
    pub fn oversleep(&mut self, time: Duration) {
        self.set_clock(self.now.instant + time);
    }

    /// The timer rings, rightly or not.
    pub fn handle_timeout(&mut self) {
        if self.end == End::Closed {
            return;
        }
        current(&mut self.connection, &mut self.upgraded).handle_timeout(&mut self.out, self.now);
        self.settle();
        if self.end != End::Closed {
            let deadline = self.wait.deadline;
            assert!(deadline.is_none_or(|at| at > self.now.instant), "a deadline in the past");
        }
    }

    /// How long until the deadline.
    pub fn patience(&self) -> Option<Duration> {
        self.wait.deadline.map(|deadline| deadline.saturating_duration_since(self.now.instant))
    }

    /// The text that the peer has received, less the `Date` fields.
    pub fn text(&self) -> String {
        let text = String::from_utf8(self.wire.clone()).expect("the output is text");
        text.replace("date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "")
    }

    /// Takes away what the peer has received, less the `Date` fields.
    pub fn take_text(&mut self) -> String {
        let text = self.text();
        self.wire.clear();
        text
    }

    fn set_clock(&mut self, instant: Instant) {
        self.now.instant = instant;
    }

    /// Does what `poll` says until there is nothing left but to wait.
    fn settle(&mut self) {
        self.patience = STEPS;
        while self.end != End::Closed {
            self.patience = self.patience.checked_sub(1).expect("nothing moves: a loop");
            self.most_unsent = self.most_unsent.max(self.out.len());
            match current(&mut self.connection, &mut self.upgraded).poll() {
                Step::Receive => self.receive(),
                Step::Run(ticket, work) => self.run(ticket, work),
                Step::Upgrade(next) => {
                    assert!(self.upgraded.is_none(), "a protocol takes over once");
                    self.upgraded = Some(next);
                    self.receive();
                }
                Step::ShutdownWrite => {
                    assert_eq!(self.end, End::Open, "our side is closed once");
                    assert!(!self.has_output(), "closed before all was sent");
                    self.end = End::HalfClosed;
                }
                Step::Close => {
                    self.end = End::Closed;
                    self.lost = self.out.len();
                }
                Step::Wait(wait) => {
                    self.wait = wait;
                    let is_kept = self.takes_all && wait.read && !self.input.is_empty();
                    assert!(!is_kept, "input is here and not asked for");
                    let may_read = wait.read || self.is_eager;
                    if self.send(self.takes) == 0 && !(may_read && self.read()) {
                        return self.check_wait();
                    }
                }
            }
        }
    }

    /// There has to be something that can end the wait, and if it is only the peer, a deadline.
    fn check_wait(&mut self) {
        self.most_kept = self.most_kept.max(self.input.len());
        let works = !self.held.is_empty();
        let can_end = self.wait.read || self.wait.deadline.is_some() || works || self.has_output();
        assert!(can_end, "waits for nothing");
        let is_bounded = self.wait.deadline.is_some() || works || self.is_trusting;
        assert!(is_bounded || !self.wait.read, "a peer may be silent forever");
        assert!(is_bounded || !self.has_output(), "a peer may take nothing forever");
    }

    fn run(&mut self, ticket: Ticket, work: Work) {
        self.ran += 1;
        self.patience = STEPS;
        if self.holds_work {
            self.held.push_back((ticket, work));
        } else {
            current(&mut self.connection, &mut self.upgraded).complete(
                ticket,
                run(work),
                &mut self.out,
                self.now,
            );
        }
    }

    fn receive(&mut self) {
        let consumed = current(&mut self.connection, &mut self.upgraded).receive(
            &mut self.input,
            &mut self.out,
            self.now,
        );
        self.input.drain(..consumed);
        if consumed > 0 {
            self.patience = STEPS;
        }
    }

    /// Reads one piece, or the end of input. Whether there was something to read.
    fn read(&mut self) -> bool {
        if let Some(piece) = self.arriving.pop_front() {
            self.patience = STEPS;
            self.input.extend_from_slice(&piece);
            self.receive();
            return true;
        }
        let is_end = self.peer_is_done && !self.eof_was_told;
        if is_end {
            self.eof_was_told = true;
            current(&mut self.connection, &mut self.upgraded).receive_eof(self.now);
        }
        is_end
    }

    /// Hands up to `most` bytes to the peer: first those of `out`, then those of a file.
    fn send(&mut self, most: usize) -> usize {
        let from_out = most.min(self.out.len());
        self.wire.extend_from_slice(&self.out[..from_out]);
        self.out.drain(..from_out);
        let mut sent = from_out;
        if self.out.is_empty()
            && let Some(range) = self.file()
        {
            let length = usize::try_from(range.length).unwrap_or(usize::MAX);
            let mut piece = vec![0; length.min(most - from_out)];
            let length = read_file(range, &mut piece).expect("the file can be read");
            assert!(length > 0 || piece.is_empty(), "the file is long enough");
            self.wire.extend_from_slice(&piece[..length]);
            sent += length;
        }
        if sent > 0 {
            self.patience = STEPS;
            current(&mut self.connection, &mut self.upgraded).sent(sent as u64, self.now);
        }
        sent
    }
}

/// What is driven now.
fn current<'a>(
    connection: &'a mut impl Protocol,
    upgraded: &'a mut Option<Box<dyn Protocol>>,
) -> &'a mut dyn Protocol {
    match upgraded {
        Some(upgraded) => &mut **upgraded,
        None => connection,
    }
}

/// Reads the beginning of a range of a file, for layers that send no files but their content.
/// Returns how much.
///
/// # Errors
/// Those of the operating system.
pub fn read_file(range: &FileRange, buffer: &mut [u8]) -> io::Result<usize> {
    let most = usize::try_from(range.length).unwrap_or(usize::MAX).min(buffer.len());
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(&*range.file, &mut buffer[..most], range.offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(
        &*range.file,
        &mut buffer[..most],
        range.offset,
    );
}
