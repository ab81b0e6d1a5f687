//! One event loop: asks which sockets are ready, and drives their connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::threads::Pool;
use backend_common::{
    Connection, Connections, Context, Job, Mailbox, Message, Next, Output, Session, Slot, TURN,
    socket,
};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

/// Marks the mailbox.
const MAILBOX: Token = Token(usize::MAX);

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;

/// A socket, and what is known of it.
struct Socket {
    stream: TcpStream,
    /// An event said so, and nothing has since said otherwise (edge triggering).
    readable: bool,
    writable: bool,
    /// The client has closed its side, so that a short read does not mean that all has been read.
    input_closed: bool,
    /// The connection has used up its turn and is among those that wait for the next.
    waiting: bool,
}

/// One thread's connections.
pub(crate) struct EventLoop {
    poll: Poll,
    mailbox: Arc<Mailbox<TcpStream>>,
    context: Arc<Context>,
    workers: Pool<Job<TcpStream>>,
    connections: Connections<Socket>,
    /// Connections that had to let others go first.
    waiting: Vec<usize>,
}

impl EventLoop {
    pub(crate) fn new(context: Arc<Context>, workers: Pool<Job<TcpStream>>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), MAILBOX)?;
        let mailbox = Mailbox::new(move || {
            if let Err(error) = waker.wake() {
                tracing::error!("cannot wake an event loop: {error}");
            }
        });
        let (connections, waiting) = (Connections::default(), Vec::new());
        Ok(EventLoop { poll, mailbox, context, workers, connections, waiting })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox<TcpStream>> {
        Arc::clone(&self.mailbox)
    }

    // ANCHOR: run
    /// Serves until the last connection has ended.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.connections.have_ended() {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in events.iter().filter(|event| event.token() != MAILBOX) {
                self.on_ready(event);
            }
            // Clients that are there go before those that come. (An event of one that has just been
            // closed is not taken for one of the next with its key: it has another token.)
            self.on_messages();
            // Not before: what has come in time is passed on first.
            self.on_time();
            for key in std::mem::take(&mut self.waiting) {
                let Some(connection) = self.connections.get_mut(key) else { continue };
                connection.socket.waiting = false;
                self.drive(key);
            }
        }
        Ok(())
    }
    // ANCHOR_END: run

    // ANCHOR: timeout
    /// How long `poll` may sleep: until the next timer, or not at all if a connection waits for its
    /// turn.
    fn timeout(&self) -> Option<Duration> {
        if !self.waiting.is_empty() {
            return Some(Duration::ZERO);
        }
        Some(self.connections.next_timer()?.saturating_duration_since(Instant::now()))
    }
    // ANCHOR_END: timeout

    /// Does all that can be done for a connection without waiting.
    // ANCHOR: drive
    fn drive(&mut self, key: usize) {
        for _ in 0..TURN {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Connection { id, session, socket, .. } = connection;
            let result = match session.poll() {
                Next::Wait(wait) => {
                    let can_read = wait.read && socket.readable;
                    let can_write = wait.write && socket.writable;
                    let result = match (can_read, can_write) {
                        // input
                        (true, false) => receive(socket, session),
                        // room to send
                        (_, true) => send(socket, session), // first: it makes room for input
                        (false, false) => Ok(()),
                    };
                    // a moment in time
                    if let Some(deadline) = wait.deadline {
                        self.connections.set_timer(key, deadline); // even if there is always more
                    }
                    if !(can_read || can_write) {
                        return;
                    }
                    result
                }
                // work done elsewhere
                Next::Run(ticket, work) => {
                    let mailbox = Arc::clone(&self.mailbox);
                    self.workers.send(Job { mailbox, id: *id, ticket, work });
                    Ok(())
                }
                Next::ShutdownWrite => socket.stream.shutdown(Shutdown::Write),
                Next::Abort => socket::abort(&socket.stream),
                Next::Close => return self.on_closed(key, &Ok(())),
            };
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
        self.wait_for_turn(key);
    }
    // ANCHOR_END: drive

    // ANCHOR: on_ready
    /// Input, or room to send. The event comes once: what it said is kept until a read or a write
    /// says that there is no more.
    fn on_ready(&mut self, event: &Event) {
        let Some(key) = self.connections.key_of(event.token().0) else { return };
        let socket = &mut self.connections[key].socket;
        if event.is_error() || event.is_write_closed() {
            return self.on_closed(key, &Ok(())); // reset: nobody is left to answer
        }
        socket.readable |= event.is_readable() || event.is_read_closed();
        socket.writable |= event.is_writable();
        socket.input_closed |= event.is_read_closed();
        if !socket.waiting {
            self.drive(key); // otherwise its turn will come
        }
    }
    // ANCHOR_END: on_ready

    /// Timers. That of a connection whose deadline has moved on fires too early, which does no
    /// harm.
    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(key) = self.connections.next_due(now) {
            let Connection { session, socket, .. } = &mut self.connections[key];
            match time_out(socket, session) {
                Ok(()) => self.drive(key),
                result => self.on_closed(key, &result),
            }
        }
    }

    /// Messages of other threads: the outcome of work, and shutdown.
    fn on_messages(&mut self) {
        for message in self.mailbox.take() {
            match message {
                Message::Connection(stream, slot) => self.on_connection(stream, slot),
                Message::Done { id, ticket, outcome } => {
                    if self.connections.complete(id, ticket, outcome) {
                        self.drive(id.key);
                    }
                }
                // shutdown
                Message::Shutdown(deadline) => {
                    let keys = self.connections.shutdown(deadline);
                    keys.into_iter().for_each(|key| self.drive(key));
                }
                Message::NoMoreConnections => self.connections.no_more(),
            }
        }
    }

    /// A new connection: registered once, for both directions.
    fn on_connection(&mut self, mut stream: TcpStream, slot: Slot) {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(self.connections.next_id().token());
        if let Err(error) = self.poll.registry().register(&mut stream, token, interest) {
            tracing::warn!("cannot watch a connection: {error}");
            return;
        }
        let session = Session::new(&self.context, slot);
        let (readable, writable, input_closed, waiting) = (false, true, false, false);
        let socket = Socket { stream, readable, writable, input_closed, waiting };
        let key = self.connections.insert(session, socket);
        self.drive(key);
    }

    /// Closed, by either side. The kernel forgets the registration with the last descriptor of the
    /// socket, which may be another process's for a moment: one that we have forked and that has
    /// not yet called exec(3). An event that comes until then is no event of the next connection
    /// with this key, since it has the token of this one (epoll(7), question 6).
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let Connection { session, .. } = self.connections.remove(key);
        if let Err(error) = result {
            session.ended(error);
        }
    }

    /// No event will come for a connection whose socket is still ready: its turn comes instead,
    /// when all others have had theirs.
    fn wait_for_turn(&mut self, key: usize) {
        if let Some(Connection { socket, .. }) = self.connections.get_mut(key)
            && !std::mem::replace(&mut socket.waiting, true)
        {
            self.waiting.push(key);
        }
    }
}

// ANCHOR: receive
/// Reads what there is, as far as there is space for it.
fn receive(socket: &mut Socket, session: &mut Session) -> io::Result<()> {
    let mut room = 0;
    let result = session.receive_with(|space| {
        room = space.len();
        socket.stream.read(space)
    });
    // A short read has emptied the socket: no need to be told so by another one.
    let emptied = matches!(result, Ok(bytes) if bytes < room) && !socket.input_closed;
    socket.readable = !emptied && !socket::would_block(&result);
    socket::unless_blocked(result)
}
// ANCHOR_END: receive

/// Sends what there is room for.
fn send(socket: &mut Socket, session: &mut Session) -> io::Result<()> {
    let result = session.send_with(|output| write(&socket.stream, output));
    socket.writable = !socket::would_block(&result);
    socket::unless_blocked(result)
}

fn write(mut stream: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => stream.write(bytes),
        Output::File(range) => socket::send_file(stream, range),
    }
}

/// Tries the socket whatever events have said: one may still be on its way.
fn time_out(socket: &Socket, session: &mut Session) -> io::Result<()> {
    let stream = &socket.stream;
    session.handle_timeout_with(|space| (&*stream).read(space), |output| write(stream, output))
}
