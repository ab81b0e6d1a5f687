//! Drives a connection as a backend would, with a client that does as it is told and a clock of its
//! own, and writes down each call.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use layer_http2::Http2;
use protocol::{Connection, FileRange, Limits, Now, Protocol, Step, Ticket, Wait, Work};

use crate::handler::{Routes, Told};

/// What is spoken on the connection.
pub(crate) enum Spoken {
    Http1(Box<Connection>),
    Http2(Box<Http2>),
    /// What follows an upgrade.
    Next(Box<dyn Protocol>),
}

impl Spoken {
    fn protocol(&mut self) -> &mut dyn Protocol {
        match self {
            Spoken::Http1(connection) => &mut **connection,
            Spoken::Http2(connection) => &mut **connection,
            Spoken::Next(next) => &mut **next,
        }
    }
}

/// How much of the connection is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    /// Our side is closed; the client's is not.
    HalfClosed,
    Closed,
}

/// What the last step came to.
#[derive(Default)]
pub(crate) struct Record {
    /// Each call, with what came of it.
    pub(crate) calls: Vec<(String, String)>,
    pub(crate) written: Vec<u8>,
    pub(crate) consumed: usize,
}

/// A connection, its client, and the time.
pub(crate) struct Driver {
    pub(crate) spoken: Spoken,
    start: Instant,
    pub(crate) time: Duration,
    /// What has come and has not been read.
    pub(crate) socket: VecDeque<Vec<u8>>,
    client_has_closed: bool,
    end_is_told: bool,
    /// What was read and has not been consumed.
    pub(crate) kept: Vec<u8>,
    /// What was written and has not been taken.
    pub(crate) unsent: Vec<u8>,
    takes_all: bool,
    /// All that was ever written.
    pub(crate) wire: Vec<u8>,
    pub(crate) work: Vec<(Ticket, Work)>,
    pub(crate) wait: Wait,
    pub(crate) end: End,
    pub(crate) told: Told,
    pub(crate) record: Record,
}

impl Driver {
    /// A connection that speaks HTTP/1.1 and has just been accepted.
    pub(crate) fn http1(limits: Limits) -> Self {
        Driver::new(|handler, now| {
            Spoken::Http1(Box::new(Connection::new(handler, Arc::new(limits), now)))
        })
    }

    /// A connection that speaks HTTP/2 and has just been accepted.
    pub(crate) fn http2(limits: Limits) -> Self {
        Driver::new(|handler, now| {
            Spoken::Http2(Box::new(Http2::new(handler, Arc::new(limits), no_file, now)))
        })
    }

    fn new(connect: impl FnOnce(Arc<Routes>, Now) -> Spoken) -> Self {
        // Only differences from it are ever seen.
        let start = Instant::now();
        let told = Told::default();
        let handler = Arc::new(Routes { told: told.clone() });
        let mut driver = Driver {
            spoken: connect(handler, Now { instant: start, wall: UNIX_EPOCH }),
            start,
            time: Duration::ZERO,
            socket: VecDeque::new(),
            client_has_closed: false,
            end_is_told: false,
            kept: Vec::new(),
            unsent: Vec::new(),
            takes_all: true,
            wire: Vec::new(),
            work: Vec::new(),
            wait: Wait { read: false, deadline: None },
            end: End::Open,
            told,
            record: Record::default(),
        };
        driver.settle();
        driver
    }

    /// All that is written until the end of a connection whose client closes its side now.
    pub(crate) fn into_wire(mut self) -> Vec<u8> {
        self.close_client();
        self.wire
    }

    /// How long until the deadline.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let deadline = self.wait.deadline?;
        Some(deadline.saturating_duration_since(self.now().instant))
    }

    pub(crate) fn now(&self) -> Now {
        Now { instant: self.start + self.time, wall: UNIX_EPOCH + self.time }
    }

    fn log(&mut self, call: impl Display, result: impl Display) {
        self.record.calls.push((call.to_string(), result.to_string()));
    }
}

/// What happens to the connection.
impl Driver {
    /// These bytes arrive in one piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        // Nothing is what `read` says at the end.
        if !piece.is_empty() && !self.client_has_closed {
            self.socket.push_back(piece.to_vec());
        }
        self.settle();
    }

    /// The client closes its side.
    pub(crate) fn close_client(&mut self) {
        self.client_has_closed = true;
        self.settle();
    }

    /// Whether the client takes what it is sent as it comes.
    pub(crate) fn takes_all(&mut self, takes_all: bool) {
        self.takes_all = takes_all;
        self.settle();
    }

    /// The client takes so much.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.send(bytes);
        self.settle();
    }

    /// Time passes. If the thread is there, it meets each deadline at its moment.
    pub(crate) fn pass(&mut self, time: Duration, is_there: bool) {
        let until = self.time + time;
        while is_there && let Some(patience) = self.patience() {
            if self.end == End::Closed || self.time + patience > until {
                break;
            }
            self.time += patience;
            self.handle_timeout();
        }
        self.time = until;
    }

    /// The timer rings.
    pub(crate) fn handle_timeout(&mut self) {
        if self.end == End::Closed {
            return;
        }
        let before = self.unsent.len();
        let now = self.now();
        self.spoken.protocol().handle_timeout(&mut self.unsent, now);
        let written = self.note_written(before);
        self.log("handle_timeout()", written);
        self.settle();
    }

    /// A piece of work is done.
    pub(crate) fn complete(&mut self, at: usize) {
        let (ticket, work) = self.work.remove(at);
        // Everything that is handed out here is a closure.
        let Work::Blocking(task) = work else { return };
        if self.end == End::Closed {
            return;
        }
        let before = self.unsent.len();
        let now = self.now();
        self.spoken.protocol().complete(ticket, task.run(), &mut self.unsent, now);
        let written = self.note_written(before);
        self.log(format!("complete({ticket:?}, outcome)"), written);
        self.settle();
    }

    /// Shutdown begins.
    pub(crate) fn shutdown(&mut self, within: Duration) {
        if self.end == End::Closed {
            return;
        }
        let now = self.now();
        self.spoken.protocol().shutdown(now.instant + within, now);
        self.log(format!("shutdown({})", seconds(self.time + within)), "");
        self.settle();
    }
}

/// What a backend does by itself.
impl Driver {
    /// Does what `poll` says until there is nothing left but to wait.
    fn settle(&mut self) {
        while self.end != End::Closed {
            let step = self.spoken.protocol().poll();
            self.log("poll()", self.describe(&step));
            match step {
                Step::Receive => self.receive(0),
                Step::Run(ticket, work) => self.work.push((ticket, work)),
                Step::Upgrade(next) => {
                    self.spoken = Spoken::Next(next);
                    self.receive(0);
                }
                Step::ShutdownWrite => self.end = End::HalfClosed,
                Step::Close => self.end = End::Closed,
                Step::Wait(wait) => {
                    self.wait = wait;
                    let has_sent = self.takes_all && self.send(usize::MAX) > 0;
                    let goes_on = has_sent || wait.read && self.read();
                    if !goes_on {
                        return;
                    }
                }
            }
        }
    }

    /// Reads one piece, or the end of input. Whether there was something to read.
    fn read(&mut self) -> bool {
        if let Some(piece) = self.socket.pop_front() {
            self.kept.extend_from_slice(&piece);
            self.receive(piece.len());
            return true;
        }
        if !self.client_has_closed || self.end_is_told {
            return false;
        }
        self.end_is_told = true;
        let now = self.now();
        self.spoken.protocol().receive_eof(now);
        self.log("receive_eof()", "");
        true
    }

    /// Presents what has not been consumed, of which so much is new.
    fn receive(&mut self, new: usize) {
        let before = self.unsent.len();
        let held = self.kept.len();
        let now = self.now();
        let consumed = self.spoken.protocol().receive(&mut self.kept, &mut self.unsent, now);
        self.kept.drain(..consumed);
        self.record.consumed += consumed;
        let written = self.note_written(before);
        let written = if written.is_empty() { written } else { format!(", {written}") };
        let call = match new {
            0 => format!("receive({held} bytes, none new)"),
            _ => format!("receive({held} bytes, {new} new)"),
        };
        self.log(call, format!("{consumed} consumed{written}"));
    }

    /// The client takes up to so many bytes; returns how many there were.
    fn send(&mut self, most: usize) -> usize {
        let sent = most.min(self.unsent.len());
        if sent > 0 && self.end != End::Closed {
            self.unsent.drain(..sent);
            let now = self.now();
            self.spoken.protocol().sent(sent as u64, now);
            self.log(format!("sent({sent})"), "");
        }
        sent
    }

    /// Writes down what has been appended to the output, and says how much that is.
    fn note_written(&mut self, before: usize) -> String {
        let new = &self.unsent[before..];
        self.wire.extend_from_slice(new);
        self.record.written.extend_from_slice(new);
        if new.is_empty() { String::new() } else { format!("{} bytes written", new.len()) }
    }

    fn describe(&self, step: &Step) -> String {
        match step {
            Step::Wait(wait) => {
                let deadline = wait.deadline.map_or_else(
                    || "none".to_owned(),
                    |at| seconds(at.saturating_duration_since(self.start)),
                );
                format!("Wait {{ read: {}, deadline: {deadline} }}", wait.read)
            }
            Step::Run(ticket, _) => format!("Run({ticket:?}, work)"),
            Step::Upgrade(_) => "Upgrade(next)".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// A time as the calls show it.
pub(crate) fn seconds(time: Duration) -> String {
    let hundredths = (time.as_millis() + 5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

fn no_file(_: &FileRange, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
