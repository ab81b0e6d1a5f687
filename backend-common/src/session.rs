//! A connection with its buffers: what the backends drive.
//!
//! [`protocol::Connection`] leaves the buffers to its caller. The backends would all treat them
//! alike, so it is done here, once. Those for readiness and threads lend a buffer to each attempt
//! ([`Session::receive_with`], [`Session::send_with`]). One for completions cannot lend: the kernel
//! has a buffer of its own for what comes ([`Session::receive_from`]), and owns what it sends until
//! it has sent it ([`Session::take_output`]).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use protocol::{
    DropGuarded, FileRange, Now, Outcome, Protocol, Refused, Step, Ticket, Work, catch_panic,
};
use socket2::SockRef;

use crate::conversation::Conversation;
use crate::pool;
use crate::statistics::{Meter, State, WaitsFor};
use crate::{Context, Slot};

/// One connection and the bytes that are under way on it, in both directions.
pub struct Session {
    /// `None` once it has panicked: there is no going on then.
    connection: Option<Conversation>,
    /// Whom it is with, if that is to be logged.
    client: Option<Client>,
    /// Before the slot, so that everything is counted when the connection has left.
    meter: Meter,
    slot: Slot,
    /// Bytes `start..end` have come and are not consumed. Empty while there are none.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `sent` on are to be sent.
    output: Vec<u8>,
    sent: usize,
    /// Bytes of output that somebody else sends: see [`Session::take_output`].
    lent: usize,
    /// Pieces of work whose outcome has not come.
    working: usize,
    /// All has been said.
    is_closing: bool,
    ordered: Option<Instant>,
    /// What was waited for last.
    awaited: Wait,
    /// The deadlines for which the socket has been tried, in each direction.
    tried_to_send: Option<Instant>,
    tried_to_receive: Option<Instant>,
}

/// The other end of a connection, as logs name it.
#[derive(Clone, Copy)]
struct Client(Option<SocketAddr>);

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("a client that is gone"),
        }
    }
}

/// What a connection wants next.
#[derive(Debug)]
pub enum Next {
    /// Have this done elsewhere, and bring what comes of it to [`Session::complete`].
    Run(Ticket, Work),
    /// Shut the write side of the socket down.
    ShutdownWrite,
    /// Have the kernel forget what it has not sent: see [`abort`](crate::socket::abort).
    Abort,
    /// Drop socket and session.
    Close,
    /// Nothing to do until one of these comes to pass.
    Wait(Wait),
}

/// What to wait for, besides work and the order to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// Input: then [`Session::receive_with`].
    pub read: bool,
    /// Room to send: then [`Session::send_with`].
    pub write: bool,
    /// A moment in time: then [`Session::handle_timeout_with`] or [`Session::handle_timeout`].
    pub deadline: Option<Instant>,
}

/// What is to be sent next.
#[derive(Clone, Copy, Debug)]
pub enum Output<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// This range of a file.
    File(&'a FileRange),
}

/// Whether an attempt has got anywhere; one that would have had to wait has not.
fn is_done(result: io::Result<usize>) -> io::Result<bool> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        result => result.map(|_| true),
    }
}

/// Reads both clocks.
fn now() -> Now {
    Now { instant: Instant::now(), wall: SystemTime::now() }
}

/// Takes back a buffer of [`Session::take_output`].
pub fn recycle(output: Vec<u8>) {
    pool::put_output(output);
}

/// Calls a connection. If something that it holds panics (a source, an upgraded protocol), this
/// connection ends, and no thread with it.
fn guarded<R>(
    connection: &mut Option<Conversation>,
    call: impl FnOnce(&mut Conversation) -> R,
) -> Option<R> {
    let whole = connection.as_mut()?;
    let result = catch_panic(|| call(whole));
    if result.is_none() {
        discard(connection);
    }
    result
}

/// Drops a connection, whatever comes of it.
fn discard(connection: &mut Option<Conversation>) {
    let connection = connection.take();
    catch_panic(|| drop(connection));
}

impl Session {
    /// A connection that has just been accepted on this socket.
    #[must_use]
    pub fn new<'s, S>(context: &Context, slot: Slot, socket: &'s S) -> Self
    where
        SockRef<'s>: From<&'s S>,
    {
        // Asked of the system only if it is to be logged.
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        let client = is_logged.then(|| SockRef::from(socket).peer_addr().ok()?.as_socket());
        Session::with(context, slot, client.map(Client))
    }

    fn with(context: &Context, slot: Slot, client: Option<Client>) -> Self {
        let refused = client.map(|client| -> Refused {
            Arc::new(move |why| tracing::debug!("{client}: refused: {why}"))
        });
        Session {
            connection: Conversation::new(context, refused, now()),
            client,
            meter: context.statistics.enter(),
            slot,
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            sent: 0,
            lent: 0,
            working: 0,
            is_closing: false,
            ordered: None,
            awaited: Wait::default(),
            tried_to_send: None,
            tried_to_receive: None,
        }
    }

    /// What to do next.
    pub fn poll(&mut self) -> Next {
        loop {
            let Some(step) = guarded(&mut self.connection, Protocol::poll) else {
                return self.leave();
            };
            match step {
                Step::Receive => self.advance(now()),
                Step::Run(ticket, work) => match self.slot.begin_work() {
                    Some(permit) => {
                        self.working += 1;
                        // Said now: a thread may do it itself before it waits for anything.
                        self.meter.does(State::Answering, WaitsFor::Work);
                        return Next::Run(ticket, work.holding(permit));
                    }
                    None => {
                        if let Some(client) = self.client {
                            tracing::debug!("{client}: refused: too much work waits already");
                        }
                        self.settle(ticket, Outcome::Overloaded);
                    }
                },
                Step::ShutdownWrite => {
                    self.is_closing = true;
                    return Next::ShutdownWrite;
                }
                Step::Close => {
                    let is_late = self.ordered.is_some_and(|by| by <= Instant::now());
                    if is_late && !self.is_closing && !self.has_nothing() {
                        self.meter.cut();
                    }
                    return self.leave();
                }
                Step::Wait(wait) => {
                    self.count();
                    self.release();
                    let write = self.sent < self.output.len() || self.file().is_some();
                    let wait = Wait { read: wait.read, write, deadline: wait.deadline };
                    self.note(wait);
                    self.awaited = wait;
                    return Next::Wait(wait);
                }
            }
        }
    }

    // ANCHOR: receive_with
    /// Has `read` fill a buffer; it returns how much it has read, 0 at the end of the stream.
    ///
    /// # Errors
    /// Those of `read`; nothing has happened then.
    pub fn receive_with(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let result = read(self.space());
        if result.is_err() {
            self.release(); // nothing has come: no buffer is held while it is waited for
        }
        let bytes = result?;
        if bytes == 0 {
            guarded(&mut self.connection, |connection| connection.receive_eof(now()));
        } else {
            self.meter.received(bytes);
            self.end += bytes;
            self.advance(now());
        }
        Ok(bytes)
    }
    // ANCHOR_END: receive_with

    // ANCHOR: receive_from
    /// Takes what has been received into somebody else's buffer; nothing at the end of the stream.
    /// May be called when input is not waited for: what is not consumed is kept.
    pub fn receive_from(&mut self, bytes: &mut [u8]) {
        self.meter.received(bytes.len());
        if bytes.is_empty() {
            guarded(&mut self.connection, |connection| connection.receive_eof(now()));
        } else if self.start == self.end {
            self.borrow_output();
            let output = &mut self.output; // parsed where it lies
            let receive = |connection: &mut Conversation| connection.receive(bytes, output, now());
            let consumed = guarded(&mut self.connection, receive).unwrap_or(bytes.len());
            self.keep(&bytes[consumed..]);
        } else {
            self.keep(bytes);
            self.advance(now());
        }
    }
    // ANCHOR_END: receive_from

    /// Whether there is input that the connection has not consumed: it has enough for now.
    #[must_use]
    pub fn holds_input(&self) -> bool {
        self.start < self.end
    }

    /// Has `write` send what is to be sent; it returns how much it has sent.
    ///
    /// # Errors
    /// Those of `write`, and `WriteZero` if it sends nothing: a file that has become shorter
    /// while it was sent, so that the response cannot be completed.
    pub fn send_with(
        &mut self,
        write: impl FnOnce(Output<'_>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let unsent = &self.output[self.sent..];
        let bytes = match self.connection.as_ref().and_then(Protocol::file) {
            _ if !unsent.is_empty() => {
                let bytes = write(Output::Bytes(unsent))?;
                self.sent += bytes;
                bytes
            }
            Some(range) => write(Output::File(range))?,
            None => return Ok(0),
        };
        if bytes == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.sent(bytes);
        Ok(bytes)
    }

    /// Takes the bytes that are to be sent, for whoever has to own them until they are. Once they
    /// are, [`Session::sent`] says so and [`recycle`] takes the buffer back; until then nothing
    /// else is sent.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        self.lent += self.output.len();
        std::mem::take(&mut self.output)
    }

    /// So many bytes have been sent, of what was taken or of the file.
    pub fn sent(&mut self, bytes: usize) {
        self.meter.sent(bytes);
        self.lent = self.lent.saturating_sub(bytes); // what is of a file was not lent
        guarded(&mut self.connection, |connection| connection.sent(bytes as u64, now()));
    }

    /// The end, of order or not. Whoever did not take our part takes nothing of the kernel's either.
    fn leave(&mut self) -> Next {
        let is_unsent = self.is_unsent();
        self.count();
        discard(&mut self.connection);
        (self.sent, self.lent) = (self.output.len(), 0);
        if !is_unsent {
            return Next::Close;
        }
        if let Some(client) = self.client {
            tracing::debug!("{client}: cut, with something unsent");
        }
        Next::Abort
    }

    /// Logs that the connection has ended with this error of its socket.
    pub fn ended(&self, error: &io::Error) {
        if let Some(client) = self.client {
            tracing::debug!("{client}: the connection has ended: {error}");
        }
    }

    /// Whether something is to be sent, or is being sent by whoever has taken it.
    fn is_unsent(&self) -> bool {
        self.sent < self.output.len() || self.lent > 0 || self.file().is_some()
    }

    /// The range of a file that is to be sent next, if it is the turn of one.
    #[must_use]
    pub fn file(&self) -> Option<&FileRange> {
        let file = self.connection.as_ref().and_then(Protocol::file);
        file.filter(|_| self.sent == self.output.len())
    }

    /// The work has come to this.
    pub fn complete(&mut self, ticket: Ticket, outcome: Outcome) {
        self.working = self.working.saturating_sub(1);
        self.settle(ticket, outcome);
    }

    fn settle(&mut self, ticket: Ticket, outcome: Outcome) {
        self.borrow_output();
        let output = &mut self.output;
        let outcome = DropGuarded::new(outcome); // there may be no connection any more
        let complete = |connection: &mut Conversation| {
            connection.complete(ticket, outcome.into_inner(), output, now());
        };
        guarded(&mut self.connection, complete);
    }

    // ANCHOR: handle_timeout_with
    /// The deadline has come. What is in the socket by now came in time: after a pause of the whole
    /// process, which may have been stopped for longer than any deadline, bytes and deadlines are
    /// there at once. So the socket is tried first, without waiting, once in each direction for each
    /// deadline. If that gets anywhere, the deadline counts only if it is still the same afterwards.
    ///
    /// # Errors
    /// Those of `receive` and `send`, but for `WouldBlock`.
    pub fn handle_timeout_with(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        send: impl FnOnce(Output<'_>) -> io::Result<usize>,
    ) -> io::Result<()> {
        let Wait { read, deadline, .. } = self.awaited;
        // As it is now: what has been received since may have been answered.
        let write = self.sent < self.output.len() || self.file().is_some();
        if deadline.is_some_and(|at| at <= Instant::now()) {
            // One at a time: the connection is asked for its wishes after each.
            let may_send = write && self.tried_to_send != deadline;
            if may_send {
                self.tried_to_send = deadline;
                if is_done(self.send_with(send))? {
                    return Ok(());
                }
            }
            let may_receive = read && self.tried_to_receive != deadline;
            if may_receive {
                self.tried_to_receive = deadline;
                if is_done(self.receive_with(receive))? {
                    return Ok(());
                }
            }
        }
        self.handle_timeout();
        Ok(())
    }
    // ANCHOR_END: handle_timeout_with

    /// The deadline has come, and whatever has happened before it has been passed on.
    pub fn handle_timeout(&mut self) {
        self.borrow_output();
        let output = &mut self.output;
        guarded(&mut self.connection, |connection| connection.handle_timeout(output, now()));
    }

    /// The order to stop has come: be gone at the moment `by`.
    pub fn shutdown(&mut self, by: Instant) {
        self.ordered = Some(by);
        guarded(&mut self.connection, |connection| connection.shutdown(by, now()));
    }

    /// Whether no request is under way, so that nothing is held up if the order to stop comes now.
    /// Another protocol that has taken over has no requests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_upgraded() || self.has_nothing()
    }

    /// Whether nothing is under way.
    fn has_nothing(&self) -> bool {
        self.connection.as_ref().is_none_or(Conversation::is_idle) && self.start == self.end
    }

    /// Whether another protocol has taken over from HTTP, and has not said its last word. It wants to
    /// hear of the order to stop at once.
    fn is_upgraded(&self) -> bool {
        self.connection.as_ref().is_some_and(Conversation::is_upgraded)
    }

    /// Puts what has come, and is not consumed, to the rest.
    fn keep(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let (now, later) = bytes.split_at(bytes.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            self.end += now.len();
            bytes = later;
        }
    }

    /// Presents what has come.
    fn advance(&mut self, now: Now) {
        self.borrow_output();
        let input = &mut self.input[self.start..self.end];
        let output = &mut self.output;
        let receive = |connection: &mut Conversation| connection.receive(input, output, now);
        self.start += guarded(&mut self.connection, receive).unwrap_or(0);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Where to read into: at least one byte.
    fn space(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = pool::take_input();
        }
        if self.end == self.input.len() {
            if self.start > 0 {
                self.input.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                // A head larger than the buffer; its limit is the connection's to watch.
                self.input.resize(self.input.len() * 2, 0);
            }
        }
        &mut self.input[self.end..]
    }

    fn borrow_output(&mut self) {
        if self.output.capacity() == 0 {
            self.output = pool::take_output();
        }
        // Room is made in time, lest a response that is produced bit by bit gather here whole.
        if self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Passes on how many requests have been answered.
    fn count(&mut self) {
        if let Some(connection) = &self.connection {
            self.meter.served(connection.served());
        }
    }

    /// Says what the connection does and waits for.
    fn note(&self, wait: Wait) {
        let (is_idle, is_upgraded) = (self.has_nothing(), self.is_upgraded());
        let is_sending = wait.write || self.lent > 0;
        let is_receiving = self.connection.as_ref().is_none_or(Conversation::is_receiving);
        let waits_for = match wait {
            _ if is_sending => WaitsFor::Room,
            _ if self.working > 0 => WaitsFor::Work,
            Wait { read: true, .. } if is_idle || is_receiving => WaitsFor::Input,
            _ => WaitsFor::Time,
        };
        let state = match wait {
            _ if self.is_closing => State::Closing,
            _ if is_upgraded => State::Upgraded,
            _ if is_sending => State::Sending,
            _ if is_idle => State::Idle,
            Wait { read: true, .. } if is_receiving => State::Receiving,
            _ => State::Answering,
        };
        self.meter.does(state, waits_for);
    }

    /// Gives back the buffers that nothing is under way in.
    fn release(&mut self) {
        if self.start == self.end && !self.input.is_empty() {
            pool::put_input(std::mem::take(&mut self.input));
        }
        if self.sent == self.output.len() && self.output.capacity() > 0 {
            pool::put_output(std::mem::take(&mut self.output));
            self.sent = 0;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.count();
        discard(&mut self.connection);
        // After an error too, the buffers go on to the next connection.
        (self.start, self.end, self.sent) = (0, 0, self.output.len());
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Admission, ShutdownSignal, Statistics};
    use proptest::prelude::*;
    use protocol::{Handler, Limits, Reply, Request, Response};

    /// A server that has room for one session.
    fn context(handler: impl Handler) -> Context {
        Context {
            handler: Arc::new(handler),
            limits: Arc::new(Limits::default()),
            threads: None,
            workers: 1,
            shutdown: Arc::new(ShutdownSignal::default()),
            statistics: Statistics::new(Arc::default()),
            #[cfg(feature = "tls")]
            tls: None,
            admission: Arc::new(Admission::new(1, 1)),
        }
    }

    /// A session that is alone on its server.
    fn session(handler: impl Handler) -> Session {
        let context = context(handler);
        Session::with(&context, context.admission.admit().unwrap(), None)
    }

    #[test]
    fn buffers_change_hands_and_input_that_comes_too_early_is_kept() {
        let mut session = session(|request: &Request<'_>| {
            let path = request.path().to_owned();
            Reply::blocking(move || path)
        });
        let mut input = *b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
        let (first, second) = input.split_at_mut(28);
        let (beginning, rest) = first.split_at_mut(7);
        session.receive_from(beginning);
        assert!(matches!(session.poll(), Next::Wait(Wait { read: true, write: false, .. })));
        assert!(session.holds_input());
        session.receive_from(rest);
        let Next::Run(ticket, Work::Blocking(job)) = session.poll() else { panic!("no work") };
        assert!(matches!(session.poll(), Next::Wait(Wait { read: false, write: false, .. })));
        assert!(!session.holds_input());
        session.receive_from(second);
        session.receive_from(&mut []);
        assert!(matches!(session.poll(), Next::Wait(Wait { read: false, write: false, .. })));
        assert!(session.holds_input());

        session.complete(ticket, job.run());
        let Next::Run(ticket, Work::Blocking(job)) = session.poll() else { panic!("no work") };
        let output = session.take_output();
        assert!(output.ends_with(b"\r\n\r\n/1"));
        session.sent(output.len());
        recycle(output);
        assert!(matches!(session.poll(), Next::Wait(Wait { read: false, write: false, .. })));
        session.complete(ticket, job.run());
        assert!(matches!(session.poll(), Next::Wait(Wait { read: false, write: true, .. })));
        let output = session.take_output();
        assert!(output.ends_with(b"\r\n\r\n/2"));
        session.sent(10);
        assert!(matches!(session.poll(), Next::Wait(Wait { write: false, .. })));
        session.sent(output.len() - 10);
        // The end had come before: nobody is left to linger for.
        assert!(matches!(session.poll(), Next::ShutdownWrite));
        assert!(matches!(session.poll(), Next::Close));
    }

    #[test]
    fn an_idle_session_holds_no_buffer() {
        let mut session = session(|_: &Request<'_>| "served");
        let holds_none =
            |session: &Session| session.input.capacity() == 0 && session.output.capacity() == 0;
        let would_block = || io::Result::<usize>::Err(io::ErrorKind::WouldBlock.into());
        for _ in 0..2 {
            session.receive_with(|_| would_block()).unwrap_err();
            assert!(holds_none(&session), "after an attempt to read");
            let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
            let read = |space: &mut [u8]| {
                space[..request.len()].copy_from_slice(request);
                Ok(request.len())
            };
            session.receive_with(read).unwrap();
            assert!(matches!(session.poll(), Next::Wait(Wait { write: true, .. })));
            session.send_with(|_| would_block()).unwrap_err();
            let all = |output: Output<'_>| match output {
                Output::Bytes(bytes) => Ok(bytes.len()),
                Output::File(_) => would_block(),
            };
            session.send_with(all).unwrap();
            assert!(matches!(session.poll(), Next::Wait(Wait { write: false, .. })));
            assert!(holds_none(&session), "after a request");
        }
    }

    /// A process that was stopped finds deadlines and bytes at once.
    #[test]
    fn a_deadline_counts_after_the_socket_has_been_tried_once() {
        use std::time::Duration;
        let would_block = || io::Result::<usize>::Err(io::ErrorKind::WouldBlock.into());
        let mut context = context(|_: &Request<'_>| "served");
        let limits = Limits { head_timeout: Duration::ZERO, ..Limits::default() };
        context.limits = Arc::new(limits);
        for rest in ["Host: h\r\n\r\n", "Host: h\r\n"] {
            let slot = context.admission.admit().unwrap();
            let mut session = Session::with(&context, slot, None);
            session.receive_from(&mut b"GET / HTTP/1.1\r\n".to_vec());
            assert!(matches!(session.poll(), Next::Wait(Wait { read: true, .. })));
            let read = |space: &mut [u8]| {
                space[..rest.len()].copy_from_slice(rest.as_bytes());
                Ok(rest.len())
            };
            session.handle_timeout_with(read, |_| would_block()).unwrap();
            let is_whole = rest.ends_with("\r\n\r\n");
            assert!(matches!(session.poll(), Next::Wait(Wait { write, .. }) if write == is_whole));
            if !is_whole {
                let again = |_: &mut [u8]| panic!("it has been tried for this deadline");
                session.handle_timeout_with(again, |_| would_block()).unwrap();
                assert!(matches!(session.poll(), Next::Wait(Wait { write: true, .. })));
            }
            let status = if is_whole { "HTTP/1.1 200 " } else { "HTTP/1.1 408 " };
            assert!(session.take_output().starts_with(status.as_bytes()), "{status}");
        }
    }

    /// A response in memory is passed on bit by bit, and never copied whole.
    #[test]
    fn a_large_response_does_not_gather() {
        const SIZE: usize = 64 << 20;
        let body = protocol::bytes::Bytes::from(vec![b'x'; SIZE]);
        let mut session = session(move |_: &Request<'_>| Response::text(body.clone()));
        session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
        let mut sent = 0;
        while let Next::Wait(Wait { write: true, .. }) = session.poll() {
            let some = |output: Output<'_>| match output {
                Output::Bytes(bytes) => Ok(bytes.len().min(50_000)), // never all that there is
                Output::File(_) => Err(io::ErrorKind::Other.into()),
            };
            sent += session.send_with(some).unwrap();
            assert!(session.output.capacity() < 1 << 20, "{} KiB", session.output.capacity() >> 10);
        }
        assert!(sent > SIZE);
    }

    /// Answers now, later, with much, or with how much it was sent.
    fn handler(request: &Request<'_>) -> Reply {
        match request.path() {
            "/work" => Reply::blocking(|| "worked"),
            "/length" => Reply::collect(|body| Response::text(body.len().to_string())),
            "/large" => Response::text("x".repeat(4 * (64 << 10))).into(),
            _ => "served".into(),
        }
    }

    fn requests() -> impl Strategy<Value = Vec<u8>> {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes();
        let post = |length: usize| {
            let head = "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: ";
            [format!("{head}{length}\r\n\r\n").into_bytes(), vec![b'x'; length]].concat()
        };
        let request = prop_oneof![
            Just(get("/")),
            Just(get("/work")),
            Just(get("/large")),
            (0..50_000_usize).prop_map(post),
        ];
        proptest::collection::vec(request, 1..8).prop_map(|requests| requests.concat())
    }

    /// Takes over, and on the order to stop says its last word, or does not. May be told to panic.
    struct Guest {
        says_it: bool,
        is_due: bool,
    }

    impl Protocol for Guest {
        fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
            if input == b"panic" {
                std::panic::panic_any(harness::EXPECTED_PANIC);
            }
            input.len()
        }

        fn receive_eof(&mut self, _: Now) {}
        fn sent(&mut self, _: u64, _: Now) {}
        fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}
        fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}

        fn shutdown(&mut self, _: Instant, _: Now) {
            self.is_due = self.says_it;
        }

        fn poll(&mut self) -> Step {
            if std::mem::take(&mut self.is_due) {
                return Step::ShutdownWrite;
            }
            Step::Wait(protocol::Wait { read: true, deadline: None })
        }
    }

    /// When all has been said, a peer that does not hang up loses nothing.
    #[test]
    fn cut_short_is_only_what_has_not_said_its_last_word() {
        for (says_it, cut) in [(false, 1), (true, 0)] {
            let context = context(move |_: &Request<'_>| {
                let name = protocol::http::HeaderValue::from_static("guest");
                Reply::upgrade(name, Response::ok(), Guest { says_it, is_due: false })
            });
            let mut session = Session::with(&context, context.admission.admit().unwrap(), None);
            session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
            assert!(matches!(session.poll(), Next::Wait(Wait { write: true, .. })));
            let output = session.take_output();
            session.sent(output.len());
            session.shutdown(Instant::now());
            assert_eq!(matches!(session.poll(), Next::ShutdownWrite), says_it);
            session.handle_timeout();
            assert!(matches!(session.poll(), Next::Close));
            assert_eq!(context.statistics.report(0).cut, cut);
        }
    }

    /// Whether it is still here, or with whoever sends it: it is not sent any more.
    #[test]
    fn who_is_cut_with_something_unsent_is_reset() {
        for (is_lent, is_sent) in [(false, false), (true, false), (true, true)] {
            let mut session = session(|_: &Request<'_>| "answer");
            session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
            assert!(matches!(session.poll(), Next::Wait(Wait { write: true, .. })));
            let lent = if is_lent { session.take_output().len() } else { 0 };
            session.sent(if is_sent { lent } else { 0 });
            session.shutdown(Instant::now());
            session.handle_timeout();
            let end: Vec<_> = (0..3).map(|_| session.poll()).collect();
            assert_eq!(matches!(end[0], Next::Abort), !is_sent, "{end:?}");
            assert!(matches!(end[2], Next::Close), "{end:?}");
        }
    }

    /// What it had said before is no more whole than what it was about to say.
    #[test]
    fn who_panics_with_something_unsent_is_reset() {
        harness::silence_expected_panics();
        for is_lent in [false, true] {
            let mut session = session(|_: &Request<'_>| {
                let name = protocol::http::HeaderValue::from_static("guest");
                Reply::upgrade(name, Response::ok(), Guest { says_it: false, is_due: false })
            });
            session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
            assert!(matches!(session.poll(), Next::Wait(Wait { write: true, .. })));
            let _lent = is_lent.then(|| session.take_output());
            session.receive_from(&mut b"panic".to_vec());
            assert!(matches!(session.poll(), Next::Abort));
            assert!(matches!(session.poll(), Next::Close));
        }
    }

    /// Its last byte may be the end of the connection as well.
    #[test]
    fn an_answer_that_is_over_with_its_file_is_counted() {
        let context = context(|_: &Request<'_>| {
            let file = std::fs::File::open(env!("CARGO_MANIFEST_PATH")).unwrap();
            Response::ok().body(FileRange { file: Arc::new(file), offset: 0, length: 5 })
        });
        let mut session = Session::with(&context, context.admission.admit().unwrap(), None);
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        session.receive_from(&mut request.to_vec());
        while let Next::Wait(_) = session.poll() {
            let all = |output: Output<'_>| match output {
                Output::Bytes(bytes) => Ok(bytes.len()),
                Output::File(_) => Ok(5),
            };
            session.send_with(all).unwrap();
        }
        assert!(matches!(session.poll(), Next::Close));
        drop(session);
        assert_eq!(context.statistics.report(1).requests, 1);
    }

    /// What a peer is told that sends this and then closes its side, whatever the order of things;
    /// and whether the connection has ended.
    fn told(
        input: &[u8],
        gives_away: bool,
        mut choices: impl Iterator<Item = u16>,
    ) -> (Vec<u8>, bool) {
        let mut session = session(handler);
        let (mut at, mut ended, mut told) = (0, false, Vec::new());
        let mut work = Vec::new();
        let mut flight: Option<(Vec<u8>, usize)> = None;
        for _ in 0..100_000 {
            let wait = match session.poll() {
                Next::Wait(wait) => wait,
                Next::Run(ticket, Work::Blocking(job)) => {
                    work.push((ticket, job));
                    continue;
                }
                Next::Run(..) => panic!("a future"),
                Next::ShutdownWrite => continue,
                Next::Abort => panic!("nothing is cut"),
                Next::Close => return (told, true),
            };
            let choice = usize::from(choices.next().unwrap_or(0));
            let some = |most: usize| most.min(1 + choice / 3 * 7);
            let receives = (gives_away || wait.read) && !ended;
            match choice % 3 {
                0 if receives => {
                    let bytes = &input[at..at + some(input.len() - at)];
                    ended = bytes.is_empty();
                    at += bytes.len();
                    if gives_away {
                        session.receive_from(&mut bytes.to_vec());
                    } else {
                        let lent = |space: &mut [u8]| {
                            let length = bytes.len().min(space.len());
                            space[..length].copy_from_slice(&bytes[..length]);
                            Ok(length)
                        };
                        at = at - bytes.len() + session.receive_with(lent).unwrap();
                    }
                }
                1 if gives_away => {
                    if flight.is_none() && wait.write {
                        flight = Some((session.take_output(), 0));
                    }
                    if let Some((buffer, from)) = &mut flight {
                        let length = some(buffer.len() - *from);
                        told.extend_from_slice(&buffer[*from..*from + length]);
                        *from += length;
                        let is_over = *from == buffer.len();
                        session.sent(length);
                        flight.take_if(|_| is_over);
                    }
                }
                1 if wait.write => {
                    let lent = |output: Output<'_>| {
                        let Output::Bytes(bytes) = output else { panic!("a file") };
                        told.extend_from_slice(&bytes[..some(bytes.len())]);
                        Ok(some(bytes.len()))
                    };
                    session.send_with(lent).unwrap();
                }
                2 if !work.is_empty() => {
                    let (ticket, job): (_, protocol::Job) = work.remove(0);
                    session.complete(ticket, job.run());
                }
                _ => {}
            }
        }
        (told, false)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Buffers may be lent or given away, and input may come when it is wanted or before: the
        /// peer sees no difference, and nothing keeps a connection that is over.
        #[test]
        fn lending_and_giving_away_come_to_the_same(
            input in requests(),
            choices in proptest::collection::vec(any::<u16>(), 1..50),
            others in proptest::collection::vec(any::<u16>(), 1..50),
        ) {
            // In the end there is always something of everything.
            let fair = |choices: Vec<u16>| choices.into_iter().chain((0..3).map(|it| it + 30_000)).cycle();
            let (lent, lent_ended) = told(&input, false, fair(choices));
            let (given, given_ended) = told(&input, true, fair(others));
            prop_assert!(lent_ended && given_ended, "lent {lent_ended}, given away {given_ended}");
            let bodies = |told: &[u8]| {
                let text = String::from_utf8_lossy(told).into_owned();
                let lines = text.lines().filter(|line| !line.starts_with("date: "));
                lines.filter(|line| *line != "connection: close").map(str::to_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(bodies(&lent), bodies(&given));
        }
    }
}
