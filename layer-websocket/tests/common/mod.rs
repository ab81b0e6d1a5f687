//! A WebSocket in memory, its peer, and time that passes when it is told to.
#![allow(dead_code, reason = "not every test uses all of it")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, UNIX_EPOCH};

use layer_websocket::{Closed, Limits, Message, Outbox, Socket, WebSocket};
use protocol::{Now, Protocol, Step, Wait};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// When everything begins.
pub(crate) fn start() -> Now {
    Now { instant: *START, wall: UNIX_EPOCH }
}

/// What has happened to a socket, shared with the test.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// Says everything back, and what `say` does to the outbox when it is told `!`.
#[derive(Clone)]
pub(crate) struct Echo {
    pub(crate) log: Log,
    pub(crate) say: fn(&str, &mut Outbox<'_>, Now),
}

impl Echo {
    pub(crate) fn new() -> Self {
        Echo { log: Log::default(), say: |_, _, _| {} }
    }

    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Socket for Echo {
    fn open(&mut self, outbox: &mut Outbox<'_>, now: Now) {
        (self.say)("open", outbox, now);
    }

    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, now: Now) {
        match message {
            Message::Text(text) if text.starts_with('!') => (self.say)(&text, outbox, now),
            Message::Text(text) => outbox.text(text),
            Message::Binary(bytes) => outbox.binary(bytes),
        }
    }

    fn time(&mut self, outbox: &mut Outbox<'_>, now: Now) {
        self.note("time");
        (self.say)("time", outbox, now);
    }

    fn room(&mut self, outbox: &mut Outbox<'_>, now: Now) {
        self.note("room");
        (self.say)("room", outbox, now);
    }

    fn closed(&mut self, how: Closed) {
        self.note(match how {
            Closed::Clean { code, reason } => format!("clean {code} {reason}"),
            Closed::Failed { code } => format!("failed {code}"),
            Closed::Cut => "cut".to_owned(),
        });
    }
}

/// The server's side, and what has been seen of it.
pub(crate) struct Server {
    protocol: Box<dyn Protocol>,
    input: Vec<u8>,
    /// What has not been taken.
    pub(crate) out: Vec<u8>,
    /// What the peer has been told.
    pub(crate) told: Vec<u8>,
    pub(crate) is_shut: bool,
    pub(crate) is_closed: bool,
    pub(crate) wait: Wait,
    pub(crate) now: Now,
    /// Whether the peer takes everything at once.
    pub(crate) is_taking: bool,
}

impl Server {
    pub(crate) fn new(limits: Limits, socket: impl Socket) -> Self {
        Server::of(WebSocket::new(limits, socket, start()))
    }

    pub(crate) fn of(protocol: impl Protocol + 'static) -> Self {
        let mut server = Server {
            protocol: Box::new(protocol),
            input: Vec::new(),
            out: Vec::new(),
            told: Vec::new(),
            is_shut: false,
            is_closed: false,
            wait: Wait { read: true, deadline: None },
            now: start(),
            is_taking: true,
        };
        server.settle();
        server
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        if !self.is_closed {
            self.input.extend_from_slice(bytes);
            self.advance();
            self.settle();
        }
    }

    pub(crate) fn receive_eof(&mut self) {
        if !self.is_closed {
            self.protocol.receive_eof(self.now);
            self.settle();
        }
    }

    pub(crate) fn shutdown(&mut self, time: Duration) {
        self.protocol.shutdown(self.now.instant + time, self.now);
        self.settle();
        self.pass(Duration::ZERO); // a deadline may have come already
    }

    /// The peer takes up to so many bytes.
    pub(crate) fn send(&mut self, most: usize) {
        let taken = most.min(self.out.len());
        self.told.extend(self.out.drain(..taken));
        self.protocol.sent(taken as u64, self.now);
        self.step();
    }

    /// The peer takes all that there is, and will be.
    pub(crate) fn send_all(&mut self) {
        self.is_taking = true;
        self.settle();
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now.instant + time;
        for _ in 0..1000 {
            let due = self.wait.deadline.filter(|at| *at <= until && !self.is_closed);
            let Some(due) = due else { break };
            self.now.instant = self.now.instant.max(due);
            self.protocol.handle_timeout(&mut self.out, self.now);
            self.settle();
        }
        self.now.instant = until;
    }

    /// How much has come that is not consumed.
    pub(crate) fn held(&self) -> usize {
        self.input.len()
    }

    fn advance(&mut self) {
        let consumed = self.protocol.receive(&mut self.input, &mut self.out, self.now);
        self.input.drain(..consumed);
    }

    fn settle(&mut self) {
        self.step();
        while self.is_taking && !self.out.is_empty() {
            self.send(usize::MAX);
        }
    }

    fn step(&mut self) {
        for _ in 0..100_000 {
            match self.protocol.poll() {
                Step::Receive => self.advance(),
                Step::ShutdownWrite => {
                    assert!(self.out.is_empty() && !self.is_shut, "there is more to say");
                    self.is_shut = true;
                }
                Step::Close => return self.is_closed = true,
                Step::Wait(wait) => return self.wait = wait,
                Step::Run(..) => panic!("work"),
                Step::Upgrade(next) => {
                    self.protocol = next;
                    self.advance();
                }
            }
        }
        panic!("never waits");
    }
}

pub(crate) const FINAL: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = FINAL | 8;
pub(crate) const PING: u8 = FINAL | 9;
pub(crate) const PONG: u8 = FINAL | 10;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A header as clients send it.
pub(crate) fn header(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&KEY);
    bytes
}

pub(crate) fn masked(payload: &[u8]) -> Vec<u8> {
    payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

/// A frame as clients send it.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, payload.len()), masked(payload)].concat()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(FINAL | TEXT, text.as_bytes())
}

/// The payload of a Close frame.
pub(crate) fn status(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_ref()].concat()
}

/// Takes apart what a server has said: first bytes and payloads.
pub(crate) fn frames(mut told: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *told {
        let (length, start) = match second {
            0..=125 => (u64::from(second), 2),
            126 => (u64::from(u16::from_be_bytes([told[2], told[3]])), 4),
            127 => (u64::from_be_bytes(told[2..10].try_into().unwrap()), 10),
            _ => panic!("masked"),
        };
        let end = start + length as usize;
        frames.push((first, told[start..end].to_vec()));
        told = &told[end..];
    }
    assert!(told.is_empty(), "half a frame: {told:?}");
    frames
}

/// The frames, with the reasons of Close frames left out.
pub(crate) fn plain(frames: Vec<(u8, Vec<u8>)>) -> Vec<(u8, Vec<u8>)> {
    let without_reason = |(first, mut payload): (u8, Vec<u8>)| {
        if first == CLOSE {
            payload.truncate(2);
        }
        (first, payload)
    };
    frames.into_iter().map(without_reason).collect()
}
