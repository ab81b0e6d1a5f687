//! TLS under any [`Protocol`], and itself one: bytes and the time go in; bytes, deadlines and
//! effects come out. So a backend that drives a connection drives one over TLS as well, and does
//! not know of it.
//!
//! ```text
//!  backend ── records ──► Tls ── plaintext ──► the protocol inside
//!          ◄── records ──     ◄── plaintext ──
//! ```
//!
//! The work is done by `rustls`. Plaintext between it and the protocol inside is in buffers on loan
//! from the thread, so an idle connection holds none but those of rustls (some 4 KiB). Files cannot
//! be sent by the kernel, which does not know the keys: they are read as
//! [`Work`](protocol::Work), piece by piece.
//!
//! Who speaks HTTP without TLS is told so. A handshake has to end in time. What the protocol inside has
//! said is followed by `close_notify`; from then on waiting for the peer to close is done here.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{
    DropGuarded, Linger, Now, Outcome, Protocol, ReadFile, Refused, Step, Ticket, Wait, after,
};
use rustls::{ServerConfig, ServerConnection};

/// Most plaintext in a record, in bytes (RFC 8446 §5.1).
const RECORD: usize = 16 << 10;

/// How much of a file is read at once, in bytes.
const FILE_PIECE: usize = 4 * RECORD;

/// A buffer on loan that has grown beyond this is given back to the allocator, in bytes.
const LARGEST: usize = 256 << 10;

/// How long reading rests when there is no room for more work.
const PAUSE: Duration = Duration::from_millis(20);

/// Names our own work. The protocol inside counts its work up from one.
const FILE: Ticket = Ticket::new(u64::MAX);

/// For who speaks HTTP where TLS is spoken: a head, and its content.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 51\r\nconnection: close\r\n\r\n";
const PLAIN_HTTP_CONTENT: &[u8] = b"400 Bad Request: TLS is spoken here; try https://.\n";

/// What a request begins with that is answered without content (RFC 9110 §9.3.2).
const HEAD: &[u8] = b"HEAD ";

thread_local! {
    /// What is being decrypted, and what is to be encrypted. Empty between calls.
    static SCRATCH: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// What is spoken under TLS: it may want to know what has been agreed on.
pub trait Inner: Protocol {
    /// The handshake is complete. By ALPN (RFC 7301) this protocol was chosen, or none.
    fn negotiated(&mut self, _protocol: Option<&[u8]>, _now: Now) {}
}

impl Inner for protocol::Connection {
    fn negotiated(&mut self, _: Option<&[u8]>, _: Now) {
        self.secure();
    }
}

/// How TLS is spoken, for all connections that are set up alike.
#[derive(Clone)]
pub struct Setup {
    /// Keys, certificates, versions, application protocols.
    pub config: Arc<ServerConfig>,
    /// Longest time from the connection to the end of its handshake.
    pub handshake_timeout: Duration,
    /// How long a connection that has ended or failed waits for the peer to close, so that a reset
    /// does not destroy what was said last; see [`protocol::Limits::linger_timeout`].
    pub linger_timeout: Duration,
    /// How files are read.
    pub read_file: ReadFile,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Handshake,
    Open,
    /// The protocol inside has said its last word: `close_notify` follows it.
    Parting,
    /// All has been said, be it that it has failed, and is on its way.
    Parted,
    /// The peer has been told that nothing more comes, and is waited for.
    Shut(Linger),
    Over,
}

/// A protocol under TLS.
pub struct Tls<P> {
    tls: ServerConnection,
    setup: Arc<Setup>,
    inner: P,
    stage: Stage,
    /// When the handshake has to be over, or what was said last to be sent.
    by: Instant,
    /// The order to stop: when everything has to be over.
    order: Option<Instant>,
    /// Nothing has come yet.
    is_new: bool,
    /// The peer has said that nothing more comes (`close_notify`).
    is_closed: bool,
    /// The peer has closed its side of the socket.
    is_ended: bool,
    /// The protocol inside wants input, or did when it was asked.
    is_wanted: bool,
    /// The caller holds records that came when input was not wanted.
    is_held: bool,
    /// And behind them is the end of the stream.
    has_held_end: bool,
    /// Plaintext that the protocol inside has not consumed.
    plaintext: Vec<u8>,
    /// Records on their way: how many bytes of each have yet to be sent, and how many bytes of the
    /// protocol inside they carry.
    records: VecDeque<(u64, u64)>,
    /// The protocol inside has something to do even without new input.
    again: bool,
    refused: Option<Refused>,
    /// A piece of a file is being read.
    reading: bool,
    /// There was no room for reading a piece: when to try again.
    pause: Option<Instant>,
    now: Instant,
}

impl<P: Inner> Tls<P> {
    /// A connection that has just been accepted.
    ///
    /// # Errors
    /// If the configuration is of no use.
    pub fn new(setup: Arc<Setup>, inner: P, now: Now) -> Result<Self, rustls::Error> {
        let mut tls = ServerConnection::new(Arc::clone(&setup.config))?;
        tls.set_buffer_limit(None); // the protocol inner has its own
        Ok(Tls {
            tls,
            by: after(now.instant, setup.handshake_timeout),
            order: None,
            setup,
            inner,
            stage: Stage::Handshake,
            is_new: true,
            is_closed: false,
            is_ended: false,
            is_wanted: true,
            is_held: false,
            has_held_end: false,
            plaintext: Vec::new(),
            records: VecDeque::new(),
            again: false,
            refused: None,
            reading: false,
            pause: None,
            now: now.instant,
        })
    }

    /// Has this called if TLS fails, with the reason.
    #[must_use]
    pub fn on_refused(mut self, refused: Option<Refused>) -> Self {
        self.refused = refused;
        self
    }

    fn refuse(&self, why: &dyn Display) {
        self.refused.iter().for_each(|refused| refused(&format_args!("TLS: {why}")));
    }

    /// The protocol inside.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// Whether nothing is under way that is ours.
    pub fn is_idle(&self) -> bool {
        self.records.is_empty() && self.plaintext.is_empty() && !self.reading
    }
}

impl<P: Inner> Protocol for Tls<P> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.now = now.instant;
        if self.is_new && input.first().is_some_and(u8::is_ascii_uppercase) {
            if input.len() < HEAD.len() && HEAD.starts_with(input) {
                return 0; // the rest of the method decides
            }
            self.refuse_plain(input.starts_with(HEAD), out);
        }
        self.is_new &= input.is_empty();
        if self.stage == Stage::Parting {
            self.tls.send_close_notify();
            self.plaintext = Vec::new();
            self.stage = Stage::Parted;
            self.flush(out, 0);
        }
        // After our last word nothing is answered, and nothing read any more.
        if let Stage::Shut(linger) = &mut self.stage
            && !input.is_empty()
        {
            linger.heard(self.setup.linger_timeout, now.instant);
        }
        if self.has_parted() {
            return input.len();
        }
        let mut rest = &*input;
        let mut plain = SCRATCH.with_borrow_mut(|(plain, _)| std::mem::take(plain));
        plain.append(&mut std::mem::take(&mut self.plaintext));
        loop {
            if self.has_parted() {
                rest = &[]; // it has failed
                plain.clear();
                break;
            }
            if std::mem::take(&mut self.again) || !plain.is_empty() {
                let taken = self.within(out, |inner, said| inner.receive(&mut plain, said, now));
                plain.drain(..taken);
            }
            // One that has enough is not given more.
            let is_wanted = self.is_wanted || self.is_closed;
            if !is_wanted || !self.decrypt(&mut rest, &mut plain, now) {
                break;
            }
        }
        self.plaintext.extend_from_slice(&plain);
        SCRATCH.with_borrow_mut(|(scratch, _)| *scratch = emptied(plain));
        self.flush(out, 0);
        self.is_held = !rest.is_empty();
        if !self.is_held {
            self.let_go(now);
        }
        input.len() - rest.len()
    }

    fn receive_eof(&mut self, now: Now) {
        self.now = now.instant;
        self.is_ended = true;
        match self.stage {
            Stage::Handshake => self.stage = Stage::Over,
            _ if self.has_parted() => {} // what was said last may still be read
            _ if self.is_held => self.has_held_end = true, // it comes after them
            _ => self.inner.receive_eof(now),
        }
    }

    // ANCHOR: sent
    fn sent(&mut self, mut bytes: u64, now: Now) {
        self.now = now.instant;
        let mut inner = 0;
        while bytes > 0
            && let Some((unsent, carried)) = self.records.front_mut()
        {
            let sent = bytes.min(*unsent);
            bytes -= sent;
            *unsent -= sent;
            // A record is longer than what it carries, which is said to be sent first.
            let counted = if *unsent == 0 { *carried } else { sent.min(*carried) };
            *carried -= counted;
            inner += counted;
            if *unsent == 0 {
                self.records.pop_front();
            }
        }
        self.inner.sent(inner, now);
    }
    // ANCHOR_END: sent

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.now = now.instant;
        if self.has_parted() {
            return drop(DropGuarded::new(outcome)); // nobody is left to tell
        }
        if ticket != FILE {
            return self.within(out, |inner, said| inner.complete(ticket, outcome, said, now));
        }
        self.reading = false;
        self.inner.reset_send_timeout(now); // it was not the peer who kept us waiting
        let piece = match outcome {
            Outcome::Other(piece) => piece.downcast::<io::Result<Vec<u8>>>().ok(),
            Outcome::Overloaded => return self.pause = Some(now.instant + PAUSE),
            _ => None,
        };
        match piece.as_deref() {
            Some(Ok(bytes)) if !bytes.is_empty() => self.encrypt(bytes, out),
            _ => self.stage = Stage::Over, // the response cannot be completed
        }
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.now = now.instant;
        match self.stage {
            _ if self.stage_deadline().is_some_and(|by| by <= now.instant) => {
                if self.stage == Stage::Handshake {
                    self.refuse(&"the handshake took too long");
                }
                self.stage = Stage::Over;
            }
            _ if self.has_parted() => {}
            _ if self.is_held_up() && self.order.is_none_or(|by| now.instant < by) => {}
            _ => self.within(out, |inner, said| inner.handle_timeout(said, now)),
        }
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        self.now = now.instant;
        self.inner.shutdown(by, now);
        self.order = Some(by);
        self.by = self.by.min(by);
    }

    fn poll(&mut self) -> Step {
        match self.stage {
            Stage::Over => return Step::Close,
            Stage::Parting => return Step::Receive,
            Stage::Parted if self.records.is_empty() => {
                self.stage = Stage::Shut(Linger::start(self.setup.linger_timeout, self.now));
                return Step::ShutdownWrite;
            }
            Stage::Shut(_) if self.is_ended || self.is_closed => {
                self.stage = Stage::Over;
                return Step::Close;
            }
            Stage::Parted | Stage::Shut(_) => {
                let read = self.stage != Stage::Parted;
                return Step::Wait(Wait { read, deadline: self.stage_deadline() });
            }
            _ => {}
        }
        match (self.inner.poll(), self.stage) {
            (Step::Receive, _) => {
                self.again = true;
                Step::Receive
            }
            (Step::ShutdownWrite, Stage::Open) => {
                self.stage = Stage::Parting;
                self.part();
                Step::Receive
            }
            (Step::ShutdownWrite, _) => {
                self.stage = Stage::Over; // with whom nothing was agreed there is nothing to end
                Step::Close
            }
            (Step::Wait(wait), _) => self.wait(wait),
            (step, _) => step,
        }
    }
}

impl<P: Inner> Tls<P> {
    /// What the protocol inside waits for, and what we do.
    fn wait(&mut self, wait: Wait) -> Step {
        // While we read, it is not the peer who is slow.
        let mut deadline = if self.is_held_up() { self.order } else { wait.deadline };
        let mut sooner = |at: Instant| deadline = deadline.into_iter().chain([at]).min();
        self.is_wanted = wait.read;
        if self.is_wanted && self.is_held {
            return Step::Receive;
        }
        let is_handshake = self.stage == Stage::Handshake;
        if is_handshake {
            sooner(self.by);
        }
        // ANCHOR: file
        // The next piece is read when the last has been sent: the range begins behind it then.
        if let Some(range) = self.inner.file()
            && self.records.is_empty()
            && !self.reading
        {
            match self.pause.filter(|at| self.now < *at) {
                Some(at) => sooner(at),
                None => {
                    self.reading = true;
                    return Step::Run(FILE, range.clone().read(FILE_PIECE, self.setup.read_file));
                }
            }
        }
        // ANCHOR_END: file
        Step::Wait(Wait { read: wait.read || is_handshake, deadline })
    }

    /// The caller holds no records any more, so the end is next if it has come.
    fn let_go(&mut self, now: Now) {
        self.is_held = false;
        if std::mem::take(&mut self.has_held_end) {
            self.inner.receive_eof(now);
        }
    }

    /// Tells somebody who speaks HTTP without TLS where they are.
    fn refuse_plain(&mut self, is_head: bool, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(PLAIN_HTTP);
        out.extend_from_slice(if is_head { b"" } else { PLAIN_HTTP_CONTENT });
        self.records.push_back(((out.len() - start) as u64, 0));
        self.fail(&"this is HTTP without TLS");
    }

    /// It cannot go on. What is said about it is sent, and the peer has some time to read it.
    fn fail(&mut self, why: &dyn Display) {
        self.refuse(why);
        self.stage = Stage::Parted;
        self.part();
    }

    /// Sets how long it may take to send what has been said last.
    fn part(&mut self) {
        let by = after(self.now, self.setup.linger_timeout);
        self.by = self.order.map_or(by, |order| order.min(by));
    }

    /// Whether all has been said. Nothing that comes after it is of interest, nor does the protocol
    /// inside hear of it.
    fn has_parted(&self) -> bool {
        matches!(self.stage, Stage::Parted | Stage::Shut(_) | Stage::Over)
    }

    /// When the current stage has to be over, if that is for us to say.
    fn stage_deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Handshake | Stage::Parted => Some(self.by),
            Stage::Shut(linger) => self.order.into_iter().chain([linger.deadline()]).min(),
            Stage::Open | Stage::Parting | Stage::Over => None,
        }
    }

    /// Whether all that there was has been sent, and the next piece of a file is not here yet.
    fn is_held_up(&self) -> bool {
        (self.reading || self.pause.is_some_and(|at| self.now < at)) && self.records.is_empty()
    }

    /// Has something done with the protocol inside, and encrypts what it says.
    fn within<R>(&mut self, out: &mut Vec<u8>, act: impl FnOnce(&mut P, &mut Vec<u8>) -> R) -> R {
        let mut said = SCRATCH.with_borrow_mut(|(_, said)| std::mem::take(said));
        let result = act(&mut self.inner, &mut said);
        self.encrypt(&said, out);
        SCRATCH.with_borrow_mut(|(_, scratch)| *scratch = emptied(said));
        result
    }

    /// Takes some of the input, and appends what was in it. Returns whether there was anything.
    fn decrypt(&mut self, input: &mut &[u8], plain: &mut Vec<u8>, now: Now) -> bool {
        if self.is_closed {
            *input = &[]; // RFC 8446 §6.1: what comes after close_notify is ignored
        }
        if input.is_empty() {
            return false; // nothing would be taken for the end
        }
        let before = input.len();
        let taken =
            self.tls.read_tls(input).map_err(|error| rustls::Error::General(error.to_string()));
        let state = match taken.and_then(|_| self.tls.process_new_packets()) {
            Ok(state) => state,
            Err(error) => {
                self.fail(&error); // the alert is among what is flushed
                return true;
            }
        };
        // Whatever it says of blocking or of the end is in the state, too.
        let _ = self.tls.reader().read_to_end(plain);
        if self.stage == Stage::Handshake && !self.tls.is_handshaking() {
            self.stage = Stage::Open;
            self.inner.negotiated(self.tls.alpn_protocol(), now);
        }
        self.is_closed = state.peer_has_closed();
        if self.is_closed {
            self.inner.receive_eof(now); // what it has not consumed is presented once more
            self.again = true;
        }
        input.len() < before
    }

    /// Appends records with this plaintext to the output.
    fn encrypt(&mut self, said: &[u8], out: &mut Vec<u8>) {
        for piece in said.chunks(RECORD) {
            // There is no limit, so it is taken whole. If nothing comes of it, the keys are used up.
            let start = out.len();
            if self.tls.writer().write_all(piece).is_ok() {
                self.flush(out, piece.len());
            }
            if out.len() == start {
                self.stage = Stage::Over;
            }
        }
    }

    /// Appends the records that are ready to the output. They carry so many bytes of the protocol
    /// inside.
    fn flush(&mut self, out: &mut Vec<u8>, carried: usize) {
        let start = out.len();
        while self.tls.wants_write() && self.tls.write_tls(out).is_ok() {}
        if out.len() > start {
            self.records.push_back(((out.len() - start) as u64, carried as u64));
        }
    }
}

/// An emptied buffer, for the next who needs one.
fn emptied(mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    buffer.shrink_to(LARGEST);
    buffer
}
