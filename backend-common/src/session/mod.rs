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
    DropGuarded, FileRange, Now, Observer, Outcome, Protocol, Refused, Step, Ticket, WaitsFor, Work,
};

use crate::admission::Slot;
use crate::pool;
use crate::proxy_protocol::Behind;
use crate::server::Context;
use crate::stack::Stack;
use crate::statistics::{Counters, State};

mod protocols;

use protocols::Protocols;

/// One connection and the bytes that are under way on it, in both directions.
pub struct Session {
    protocols: Protocols,
    /// Whom it is with, if that is to be logged.
    client: Option<Client>,
    /// Who is told how long work and deadlines have waited.
    observer: Option<Arc<dyn Observer>>,
    /// Before the slot, so that everything is counted when the connection has left.
    counters: Counters,
    slot: Slot,
    /// Bytes `start..end` have come and are not consumed. Empty while there are none.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `sent` on are to be sent.
    output: Vec<u8>,
    sent: usize,
    /// Bytes of output that the backend has taken and sends: see [`Session::take_output`].
    lent: usize,
    /// Pieces of work whose outcome has not come.
    working: usize,
    /// All has been said.
    is_closing: bool,
    /// When the connection has to be gone, once shutdown has begun.
    shutdown: Option<Instant>,
    /// What was waited for last.
    awaited: Awaited,
    /// The deadlines for which the socket has been tried, in each direction.
    tried_to_send: Option<Instant>,
    tried_to_receive: Option<Instant>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Session { awaited, working, .. } = self;
        let mut session = f.debug_struct("Session");
        session.field("awaited", awaited).field("working", working).finish_non_exhaustive()
    }
}

/// The other end of a connection, as logs name it.
#[derive(Clone, Copy)]
struct Client(Option<SocketAddr>);

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("a client without an address"),
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
    Wait(Awaited),
}

/// What to wait for, besides work and shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Awaited {
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

/// What is called when a client is refused, if it is to be logged or observed.
fn refused(client: Option<Client>, observer: Option<Arc<dyn Observer>>) -> Option<Refused> {
    if client.is_none() && observer.is_none() {
        return None;
    }
    Some(Arc::new(move |kind, why| {
        if let Some(client) = client {
            tracing::debug!("{client}: refused: {why}");
        }
        observer.iter().for_each(|observer| observer.refused(kind, why));
    }))
}

impl Session {
    /// A connection that has just been accepted, in this place.
    #[must_use]
    pub fn new(context: &Context, mut slot: Slot) -> Self {
        let client = tracing::enabled!(tracing::Level::DEBUG).then(|| Client(slot.peer()));
        let observer = context.statistics.observer();
        let refused = refused(client, observer.clone());
        let stack = if context.has_place(&mut slot) {
            Stack::new(context, slot.peer(), refused.as_ref(), now())
        } else {
            let why = &"the client has too many connections";
            refused.iter().for_each(|refused| refused("connections-per-address", why));
            None
        };
        Session {
            protocols: Protocols::new(stack),
            client,
            observer,
            counters: context.statistics.enter(),
            slot,
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            sent: 0,
            lent: 0,
            working: 0,
            is_closing: false,
            shutdown: None,
            awaited: Awaited::default(),
            tried_to_send: None,
            tried_to_receive: None,
        }
    }

    /// What to do next.
    pub fn poll(&mut self) -> Next {
        if self.protocols.are_settled {
            return Next::Wait(self.awaited); // nothing has happened since
        }
        loop {
            let Some(step) = self.protocols.call(|protocol| protocol.poll()) else {
                return self.end();
            };
            match step {
                Step::Receive => self.advance(now()),
                Step::Run(ticket, work) => match self.slot.begin_work() {
                    Some(permit) => {
                        self.working += 1;
                        // Said now: a thread may do it itself before it waits for anything.
                        self.counters.does(State::Answering, WaitsFor::Work);
                        return Next::Run(ticket, self.timed(work).holding(permit));
                    }
                    None => {
                        if let Some(refused) = refused(self.client, self.observer.clone()) {
                            refused("overload", &"too much work waits already");
                        }
                        self.settle(ticket, Outcome::Overloaded);
                    }
                },
                Step::ShutdownWrite => {
                    self.is_closing = true;
                    return Next::ShutdownWrite;
                }
                // The stack replaces what is in it by itself, so this never comes.
                Step::Upgrade(_) => return self.end(),
                Step::Close => {
                    let is_late = self.shutdown.is_some_and(|by| by <= Instant::now());
                    if is_late && !self.is_closing && !self.has_nothing() {
                        self.counters.aborted();
                    }
                    return self.end();
                }
                Step::Wait(wait) => {
                    self.count();
                    self.release();
                    let write = self.sent < self.output.len() || self.file().is_some();
                    let wait = Awaited { read: wait.read, write, deadline: wait.deadline };
                    self.note(wait);
                    if self.observer.is_some() {
                        self.protocols.call(|protocol| protocol.begin_wait(now()));
                    }
                    self.awaited = wait;
                    self.protocols.are_settled = true;
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
            self.protocols.call(|protocol| protocol.receive_eof(now()));
        } else {
            self.counters.received(bytes);
            self.end += bytes;
            self.advance(now());
        }
        Ok(bytes)
    }
    // ANCHOR_END: receive_with

    // ANCHOR: receive_from
    /// Takes input that stands in a buffer of the caller; an empty one is the end of the stream.
    /// May be called when input is not waited for: what is not consumed is kept.
    pub fn receive_from(&mut self, bytes: &mut [u8]) {
        self.counters.received(bytes.len());
        if bytes.is_empty() {
            self.protocols.call(|protocol| protocol.receive_eof(now()));
        } else if self.start == self.end {
            self.borrow_output();
            let output = &mut self.output; // parsed where it lies
            let receive = |protocol: &mut dyn Protocol| protocol.receive(bytes, output, now());
            let consumed = self.protocols.call(receive).unwrap_or(bytes.len());
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
        let bytes = match self.protocols.stack().and_then(Behind::file) {
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

    /// Takes the bytes that are to be sent, for a backend that has to own them until they are. Once
    /// they are, [`Session::sent`] says so and [`recycle`] takes the buffer back; until then
    /// nothing else is sent.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        self.lent += self.output.len();
        self.protocols.are_settled = false; // room to send is no longer waited for
        std::mem::take(&mut self.output)
    }

    /// So many bytes have been sent, of what was taken or of the file.
    pub fn sent(&mut self, bytes: usize) {
        self.counters.sent(bytes);
        self.lent = self.lent.saturating_sub(bytes); // what is of a file was not lent
        self.protocols.call(|protocol| protocol.sent(bytes as u64, now()));
    }

    /// The connection is over. If something was not taken, it is aborted: the client does not take
    /// what the kernel still has either.
    fn end(&mut self) -> Next {
        let is_unsent = self.is_unsent();
        self.count();
        self.protocols.discard();
        (self.sent, self.lent) = (self.output.len(), 0);
        if !is_unsent {
            return Next::Close;
        }
        if let Some(client) = self.client {
            tracing::debug!("{client}: aborted, with something unsent");
        }
        Next::Abort
    }

    /// Logs that the connection has ended with this error of its socket.
    pub fn ended(&self, error: &io::Error) {
        // That it is no longer connected is what a client does that closes first.
        if let Some(client) = self.client
            && error.kind() != io::ErrorKind::NotConnected
        {
            tracing::debug!("{client}: the connection has ended: {error}");
        }
    }

    /// Whether something is to be sent, or is being sent by the backend, which has taken it.
    fn is_unsent(&self) -> bool {
        self.sent < self.output.len() || self.lent > 0 || self.file().is_some()
    }

    /// The range of a file that is to be sent next, if it is the turn of one.
    #[must_use]
    pub fn file(&self) -> Option<&FileRange> {
        let file = self.protocols.stack().and_then(Behind::file);
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
        let complete = |protocol: &mut dyn Protocol| {
            protocol.complete(ticket, outcome.into_inner(), output, now());
        };
        self.protocols.call(complete);
    }

    // ANCHOR: handle_timeout_with
    /// The deadline has come. What is in the socket by now came in time: after a pause of the whole
    /// process, which may have been stopped for longer than any deadline, bytes and deadlines are
    /// there at once. So the socket is tried first, without waiting, once in each direction for
    /// each deadline. If that gets anywhere, the deadline counts only if it is still the same
    /// afterwards.
    ///
    /// # Errors
    /// Those of `receive` and `send`, but for `WouldBlock`.
    pub fn handle_timeout_with(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        send: impl FnOnce(Output<'_>) -> io::Result<usize>,
    ) -> io::Result<()> {
        let Awaited { read, deadline, .. } = self.awaited;
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
        if let (Some(observer), Some(deadline)) = (&self.observer, self.awaited.deadline)
            && let Some(late) = Instant::now().checked_duration_since(deadline)
        {
            observer.deadline_met(late);
        }
        self.borrow_output();
        let output = &mut self.output;
        self.protocols.call(|protocol| protocol.handle_timeout(output, now()));
    }

    /// What was to be sent had to be read first: it was not the client that was slow. Its time to
    /// take more begins again.
    pub fn reset_send_timeout(&mut self) {
        self.protocols.call(|protocol| protocol.reset_send_timeout(now()));
    }

    /// Shutdown has begun: the connection drains, and is gone at the deadline.
    pub fn shutdown(&mut self, deadline: Instant) {
        self.shutdown = Some(deadline);
        self.protocols.call(|protocol| protocol.shutdown(deadline, now()));
    }

    /// Whether no request is under way, so that nothing is held up if shutdown begins now.
    /// Another protocol that has taken over has no requests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_upgraded() || self.has_nothing()
    }

    /// Whether nothing is under way.
    fn has_nothing(&self) -> bool {
        self.protocols.stack().is_none_or(Stack::is_idle) && self.start == self.end
    }

    /// Whether another protocol has taken over from HTTP, and has not said its last word. It wants
    /// to hear of shutdown at once.
    fn is_upgraded(&self) -> bool {
        self.protocols.stack().is_some_and(|stack| stack.http().is_upgraded())
    }

    /// The same work, which tells how long it has waited when it begins, if that is wanted.
    fn timed(&self, work: Work) -> Work {
        let Some(observer) = self.observer.clone() else { return work };
        let since = Instant::now();
        work.on_begin(move || observer.work_begun(since.elapsed()))
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
        let receive = |protocol: &mut dyn Protocol| protocol.receive(input, output, now);
        self.start += self.protocols.call(receive).unwrap_or(0);
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
        // Room is made in time, or a response that is produced bit by bit would gather here whole.
        if self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Passes on how many requests have been answered.
    fn count(&mut self) {
        if let Some(stack) = self.protocols.stack() {
            self.counters.served(stack.http().served());
        }
    }

    /// Says what the connection does and waits for.
    fn note(&self, wait: Awaited) {
        let (is_idle, is_upgraded) = (self.has_nothing(), self.is_upgraded());
        let is_sending = wait.write || self.lent > 0;
        let is_receiving = self.protocols.stack().is_none_or(|stack| stack.http().is_receiving());
        let waits_for = match wait {
            _ if is_sending => WaitsFor::Room,
            _ if self.working > 0 => WaitsFor::Work,
            Awaited { read: true, .. } if is_idle || is_receiving => WaitsFor::Input,
            _ => WaitsFor::Time,
        };
        let state = match wait {
            _ if self.is_closing => State::Closing,
            _ if is_upgraded => State::Upgraded,
            _ if is_sending => State::Sending,
            _ if is_idle => State::Idle,
            Awaited { read: true, .. } if is_receiving => State::Receiving,
            _ => State::Answering,
        };
        self.counters.does(state, waits_for);
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
        self.protocols.discard();
        // After an error too, the buffers go on to the next connection.
        (self.start, self.end, self.sent) = (0, 0, self.output.len());
        self.release();
    }
}

#[cfg(test)]
mod tests;
