//! One connection under TLS.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use protocol::{
    Drain, DropGuarded, FileRange, FileReader, Now, Outcome, Phase, Piece, Protocol, Refused, Step,
    Ticket, Wait, after, earliest, is_due,
};
use rustls::ServerConnection;

use crate::state::{Held, Input, Open, State};
use crate::{Inner, Setup};

/// Most plaintext in a record, in bytes (RFC 8446 §5.1).
const RECORD: usize = 16 << 10;

/// How much of a file is read at once, in bytes.
const FILE_PIECE: usize = 4 * RECORD;

/// A buffer on loan that has grown beyond this is given back to the allocator, in bytes.
const LARGEST: usize = 256 << 10;

/// Names our own work. The inner protocol counts its work up from one.
const FILE: Ticket = Ticket::new(u64::MAX);

/// The answer to a client that speaks HTTP where TLS is spoken: a head, and its content.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 51\r\nconnection: close\r\n\r\n";
const PLAIN_HTTP_CONTENT: &[u8] = b"400 Bad Request: TLS is spoken here; try https://.\n";

/// What a request begins with that is answered without content (RFC 9110 §9.3.2).
const HEAD: &[u8] = b"HEAD ";

thread_local! {
    /// What is being decrypted, and what is to be encrypted. Empty between calls.
    static SCRATCH: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// A protocol under TLS. It is driven as [`Protocol`] says.
pub struct Tls<P> {
    tls: ServerConnection,
    setup: Arc<Setup>,
    inner: P,
    state: State,
    drain: Drain,
    input: Input,
    /// Records on their way: how many bytes of each have yet to be sent, and how many bytes of the
    /// inner protocol they carry.
    records: VecDeque<(u64, u64)>,
    file: FileReader,
    /// Whether the inner protocol has something to do even without new input.
    must_receive: bool,
    refused: Option<Refused>,
    now: Instant,
}

impl<P: Inner> Tls<P> {
    /// A connection that has just been accepted.
    ///
    /// # Errors
    /// If the configuration is of no use.
    pub fn new(setup: Arc<Setup>, inner: P, now: Now) -> Result<Self, rustls::Error> {
        let mut tls = ServerConnection::new(Arc::clone(&setup.config))?;
        tls.set_buffer_limit(None); // the inner protocol has its own
        let deadline = after(now.instant, setup.handshake_timeout);
        Ok(Tls {
            tls,
            setup,
            inner,
            state: State { phase: Phase::Open(Open::New), deadline },
            drain: Drain::default(),
            input: Input::new(),
            records: VecDeque::new(),
            file: FileReader::default(),
            must_receive: false,
            refused: None,
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
        self.refused.iter().for_each(|refused| refused("tls", &format_args!("TLS: {why}")));
    }

    /// The inner protocol.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// The inner protocol, to be told what is known of the connection.
    pub fn inner_mut(&mut self) -> &mut P {
        &mut self.inner
    }

    /// Whether TLS itself has nothing under way.
    pub fn is_idle(&self) -> bool {
        self.records.is_empty() && self.input.plaintext.is_empty() && self.file.is_idle()
    }
}

impl<P: std::fmt::Debug> std::fmt::Debug for Tls<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("state", &self.state)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<P: Inner> Protocol for Tls<P> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.now = now.instant;
        if self.state.is(Open::New) && !input.is_empty() {
            if input[0].is_ascii_uppercase() {
                if input.len() < HEAD.len() && HEAD.starts_with(input) {
                    return 0; // the rest of the method decides
                }
                self.refuse_plain(input.starts_with(HEAD), out);
            } else {
                self.state.enter(Open::Handshake);
            }
        }
        if self.state.is(Open::Notifying) {
            self.tls.send_close_notify();
            self.input.plaintext = Vec::new();
            self.state.phase.finish();
            self.flush(out, 0);
        }
        self.state.phase.heard(input.len(), self.setup.linger_timeout, now.instant);
        // After our last word nothing is answered, and nothing read any more.
        if !self.state.phase.is_open() {
            return input.len();
        }
        let mut rest = &*input;
        self.advance(&mut rest, out, now);
        self.flush(out, 0);
        self.hold(rest, now);
        input.len() - rest.len()
    }

    fn receive_eof(&mut self, now: Now) {
        self.now = now.instant;
        self.input.is_closed = true;
        if self.state.is_handshaking() {
            self.state.phase.abort();
        } else if !self.state.phase.is_open() {
            // what was said last may still be read
        } else if self.input.held == Held::Nothing {
            self.inner.receive_eof(now);
        } else {
            self.input.held = Held::RecordsAndEnd;
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
        if !self.state.phase.is_open() {
            return drop(DropGuarded::new(outcome)); // nobody is left to tell
        }
        if ticket != FILE {
            return self.within(out, |inner, said| inner.complete(ticket, outcome, said, now));
        }
        self.inner.reset_send_timeout(now); // it was not the client that kept us waiting
        match self.file.complete(outcome, now.instant) {
            Piece::Bytes(bytes) => self.encrypt(&bytes, out),
            Piece::Later => {}
            Piece::Failed => self.state.phase.abort(),
        }
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.now = now.instant;
        if is_due(self.own_deadline(), now.instant) {
            if self.state.is_handshaking() {
                self.refuse(&"the handshake took too long");
            }
            self.state.phase.abort();
        } else if self.state.phase.is_open()
            && (!self.is_held_up() || is_due(self.drain.deadline(), now.instant))
        {
            self.within(out, |inner, said| inner.handle_timeout(said, now));
        }
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.now = now.instant;
        self.inner.shutdown(deadline, now);
        self.drain.begin(deadline, now.instant);
    }

    fn poll(&mut self) -> Step {
        if self.state.is(Open::Notifying) {
            return Step::Receive;
        }
        let client_has_closed = self.input.is_closed || self.input.has_notified;
        let linger_timeout = self.setup.linger_timeout;
        let is_sent = self.records.is_empty();
        let phase = &mut self.state.phase;
        if let Some(step) = phase.poll(is_sent, client_has_closed, linger_timeout, self.now) {
            return step;
        }
        if !phase.is_open() {
            let read = phase.is_lingering();
            return Step::Wait(Wait { read, deadline: self.own_deadline() });
        }
        match self.inner.poll() {
            Step::Receive => {
                self.must_receive = true;
                Step::Receive
            }
            Step::ShutdownWrite if self.state.is(Open::Established) => {
                self.state.enter(Open::Notifying);
                self.limit_flushing();
                Step::Receive
            }
            // Nothing was agreed on with the client, so there is nothing to end in order; and an
            // inner protocol does not say that another one takes over.
            Step::ShutdownWrite | Step::Upgrade(_) => {
                self.state.phase.abort();
                Step::Close
            }
            Step::Wait(wait) => self.wait(wait),
            step => step,
        }
    }

    fn begin_wait(&mut self, now: Now) {
        self.inner.begin_wait(now);
    }

    /// The files of the inner protocol are read here: the kernel does not know the keys.
    fn file(&self) -> Option<&FileRange> {
        None
    }
}

/// What comes in.
impl<P: Inner> Tls<P> {
    /// Goes on as far as records and the wishes of the inner protocol allow.
    fn advance(&mut self, rest: &mut &[u8], out: &mut Vec<u8>, now: Now) {
        let mut plain = SCRATCH.with_borrow_mut(|(plain, _)| std::mem::take(plain));
        plain.append(&mut std::mem::take(&mut self.input.plaintext));
        loop {
            if !self.state.phase.is_open() {
                *rest = &[]; // it has failed
                plain.clear();
                break;
            }
            if std::mem::take(&mut self.must_receive) || !plain.is_empty() {
                let taken = self.within(out, |inner, said| inner.receive(&mut plain, said, now));
                plain.drain(..taken);
            }
            // One that has enough is not given more.
            let is_wanted = self.input.is_wanted || self.input.has_notified;
            if !is_wanted || !self.decrypt(rest, &mut plain, now) {
                break;
            }
        }
        self.input.plaintext.extend_from_slice(&plain);
        SCRATCH.with_borrow_mut(|(scratch, _)| *scratch = emptied(plain));
    }

    /// Takes some of the input, and appends what was in it. Returns whether there was anything.
    fn decrypt(&mut self, input: &mut &[u8], plain: &mut Vec<u8>, now: Now) -> bool {
        if self.input.has_notified {
            *input = &[]; // RFC 8446 §6.1: what comes after close_notify is ignored
        }
        if input.is_empty() {
            return false; // nothing would be taken for the end
        }
        let before = input.len();
        let taken =
            self.tls.read_tls(input).map_err(|error| rustls::Error::General(error.to_string()));
        let records = match taken.and_then(|_| self.tls.process_new_packets()) {
            Ok(records) => records,
            Err(error) => {
                self.fail(&error); // the alert is among what is flushed
                return true;
            }
        };
        // Whatever it says of blocking or of the end is among the records, too.
        let _ = self.tls.reader().read_to_end(plain);
        if self.state.is_handshaking() && !self.tls.is_handshaking() {
            self.state.enter(Open::Established);
            self.inner.negotiated(self.tls.alpn_protocol(), now);
        }
        self.input.has_notified = records.peer_has_closed();
        if self.input.has_notified {
            self.inner.receive_eof(now); // what it has not consumed is presented once more
            self.must_receive = true;
        }
        input.len() < before
    }

    /// Notes what the caller still holds. If it is nothing, the end is next if it has come.
    fn hold(&mut self, rest: &[u8], now: Now) {
        match self.input.held {
            Held::RecordsAndEnd if rest.is_empty() => {
                self.input.held = Held::Nothing;
                self.inner.receive_eof(now);
            }
            Held::RecordsAndEnd => {}
            _ if rest.is_empty() => self.input.held = Held::Nothing,
            _ => self.input.held = Held::Records,
        }
    }
}

/// What goes out.
impl<P: Inner> Tls<P> {
    /// What the inner protocol waits for, and what we do.
    fn wait(&mut self, wait: Wait) -> Step {
        // While we read, it is not the client that is slow.
        let inner = if self.is_held_up() { self.drain.deadline() } else { wait.deadline };
        self.input.is_wanted = wait.read;
        if wait.read && self.input.held != Held::Nothing {
            return Step::Receive;
        }
        // The next piece is read when the last has been sent: the range begins behind it then.
        let mut retry = None;
        if let Some(range) = self.inner.file()
            && self.records.is_empty()
        {
            let read_file = self.setup.read_file;
            if let Some(work) = self.file.begin(range, FILE_PIECE, read_file, self.now) {
                return Step::Run(FILE, work);
            }
            retry = self.file.deadline();
        }
        let read = wait.read || self.state.is_handshaking();
        let handshake = self.state.deadline();
        Step::Wait(Wait { read, deadline: earliest([inner, handshake, retry]) })
    }

    /// Tells a client that speaks HTTP without TLS where it is.
    fn refuse_plain(&mut self, is_head: bool, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(PLAIN_HTTP);
        out.extend_from_slice(if is_head { b"" } else { PLAIN_HTTP_CONTENT });
        self.records.push_back(((out.len() - start) as u64, 0));
        self.fail(&"this is HTTP without TLS");
    }

    /// The connection cannot go on. What is said about it is sent, and the client has some time to
    /// read it.
    fn fail(&mut self, why: &dyn Display) {
        self.refuse(why);
        self.state.phase.finish();
        self.limit_flushing();
    }

    /// Sets how long it may take to send what has been said last.
    fn limit_flushing(&mut self) {
        self.state.deadline = after(self.now, self.setup.linger_timeout);
    }

    /// When the current state has to be over, or shutdown leaves no more time for it, if that is
    /// for us to say.
    fn own_deadline(&self) -> Option<Instant> {
        let own = self.state.deadline();
        own.and_then(|own| earliest([Some(own), self.drain.deadline()]))
    }

    /// Whether all that there was has been sent, and the next piece of a file is not here yet.
    fn is_held_up(&self) -> bool {
        self.file.is_held_up(self.now) && self.records.is_empty()
    }

    /// Has something done with the inner protocol, and encrypts what it says.
    fn within<R>(&mut self, out: &mut Vec<u8>, act: impl FnOnce(&mut P, &mut Vec<u8>) -> R) -> R {
        let mut said = SCRATCH.with_borrow_mut(|(_, said)| std::mem::take(said));
        let result = act(&mut self.inner, &mut said);
        self.encrypt(&said, out);
        SCRATCH.with_borrow_mut(|(_, scratch)| *scratch = emptied(said));
        result
    }

    /// Appends records with this plaintext to the output.
    fn encrypt(&mut self, said: &[u8], out: &mut Vec<u8>) {
        for piece in said.chunks(RECORD) {
            // There is no limit, so it is taken whole. If nothing comes of it, the keys are used
            // up.
            let start = out.len();
            if self.tls.writer().write_all(piece).is_ok() {
                self.flush(out, piece.len());
            }
            if out.len() == start {
                self.state.phase.abort();
            }
        }
    }

    /// Appends the records that are ready to the output. They carry so many bytes of the inner
    /// protocol.
    fn flush(&mut self, out: &mut Vec<u8>, carried: usize) {
        let start = out.len();
        while self.tls.wants_write() && self.tls.write_tls(out).is_ok() {}
        if out.len() > start {
            self.records.push_back(((out.len() - start) as u64, carried as u64));
        }
    }
}

/// A buffer, emptied for its next use.
fn emptied(mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    buffer.shrink_to(LARGEST);
    buffer
}
