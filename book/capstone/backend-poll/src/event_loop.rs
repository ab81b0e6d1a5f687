//! The event loop: asks the kernel which sockets are ready, and drives their connections.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::threads::Pool;
use backend_common::{
    Connection, Connections, Context, Job, Listener, Mailbox, Message, Next, Output, Session, Slot,
    TURN, socket,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::acceptor::Acceptor;

/// A socket, and what the kernel is asked about it.
struct Socket {
    stream: TcpStream,
    interest: PollFlags,
}

/// All connections of the server.
pub(crate) struct EventLoop {
    acceptor: Acceptor,
    context: Arc<Context>,
    workers: Pool<Job<TcpStream>>,
    connections: Connections<Socket>,
    mailbox: Arc<Mailbox<TcpStream>>,
    /// Readable when the loop has been woken.
    pipe: PipeReader,
}

/// What the kernel has said.
struct Ready {
    /// The loop has been woken.
    woken: bool,
    /// A client wants to connect.
    listener: bool,
    /// Keys of connections, and what their sockets are ready for.
    connections: Vec<(usize, PollFlags)>,
}

impl EventLoop {
    // ANCHOR: new
    pub(crate) fn new(listener: Listener, context: Arc<Context>) -> io::Result<Self> {
        let acceptor = Acceptor::new(listener, Arc::clone(&context.admission))?;
        let builder = || std::thread::Builder::new().name("worker".into());
        let workers = Pool::start(context.workers, builder, Job::run)?;
        let (pipe, writer) = io::pipe()?;
        let writer = Arc::new(writer);
        // It fails only when the loop has ended, and then nobody is left to be woken.
        let wake = move || drop((&*writer).write(&[0]));
        context.admission.on_departure(wake.clone());
        let mailbox = Mailbox::new(wake);
        let messages = Arc::downgrade(&mailbox); // the signal may outlive the loop
        context.shutdown.on_begin(move |deadline| {
            if let Some(mailbox) = messages.upgrade() {
                mailbox.send(Message::Shutdown(deadline));
            }
        });
        let connections = Connections::default();
        Ok(EventLoop { acceptor, context, workers, connections, mailbox, pipe })
    }
    // ANCHOR_END: new

    // ANCHOR: run
    /// Serves until the last connection has ended.
    pub(crate) fn run(mut self) -> io::Result<()> {
        while !self.connections.have_ended() {
            let ready = self.wait()?;
            for (key, flags) in ready.connections {
                self.on_ready(key, flags);
            }
            // Not before: a new connection may get the key of one that has just been closed, and
            // what was said of that one must not be taken for its own.
            if ready.woken {
                self.on_woken()?;
            }
            // Not before: what has come in time is passed on first.
            self.on_time();
            if ready.listener || self.acceptor.is_due() {
                self.accept();
            }
        }
        Ok(())
    }
    // ANCHOR_END: run

    // ANCHOR: wait
    /// Asks the kernel, and sleeps until there is something to do.
    fn wait(&self) -> io::Result<Ready> {
        let listener = self.acceptor.wanted();
        let mut fds = vec![PollFd::new(&self.pipe, PollFlags::IN)];
        fds.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let first = fds.len();
        let mut keys = Vec::new();
        for (key, Connection { socket, .. }) in self.connections.iter() {
            keys.push(key);
            fds.push(PollFd::new(&socket.stream, socket.interest));
        }
        match poll(&mut fds, self.timeout().as_ref()) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let connections = keys.into_iter().zip(&fds[first..]);
        Ok(Ready {
            woken: is_ready(&fds[0]),
            listener: listener.is_some() && is_ready(&fds[1]),
            connections: connections
                .filter(|(_, fd)| is_ready(fd))
                .map(|(key, fd)| (key, fd.revents()))
                .collect(),
        })
    }
    // ANCHOR_END: wait

    // ANCHOR: timeout
    /// How long `poll` may sleep: until the next deadline, of a connection or of the acceptor.
    fn timeout(&self) -> Option<Timespec> {
        let deadlines = [self.connections.next_timer(), self.acceptor.deadline()];
        let next = deadlines.into_iter().flatten().min()?;
        let timeout = next.saturating_duration_since(Instant::now());
        let longest = Duration::from_secs(60 * 60); // a deadline may be centuries away
        Timespec::try_from(timeout.min(longest)).ok()
    }
    // ANCHOR_END: timeout

    // ANCHOR: drive
    /// Does all that can be done for a connection without waiting, and notes what it waits for.
    fn drive(&mut self, key: usize) {
        let mut turn = TURN;
        loop {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Connection { id, session, socket, .. } = connection;
            let result = match session.poll() {
                Next::Wait(wait) => {
                    // input
                    socket.interest.set(PollFlags::IN, wait.read);
                    // room to send
                    socket.interest.set(PollFlags::OUT, wait.write);
                    let may_send = wait.write && turn > 0;
                    turn = turn.saturating_sub(1);
                    let result = if may_send { send(socket, session) } else { Ok(false) };
                    // a moment in time
                    if let Some(deadline) = wait.deadline {
                        self.connections.set_timer(key, deadline);
                    }
                    match result {
                        Ok(false) => return, // the next `poll` says when there is more to do
                        result => result.map(drop),
                    }
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
    }
    // ANCHOR_END: drive

    // ANCHOR: on_ready
    /// The kernel has said something about a socket.
    fn on_ready(&mut self, key: usize, flags: PollFlags) {
        let Some(Connection { session, socket, .. }) = self.connections.get_mut(key) else {
            return;
        };
        let wants_input = socket.interest.contains(PollFlags::IN);
        let is_over = flags.contains(PollFlags::HUP) && !wants_input;
        if is_over || flags.contains(PollFlags::ERR) {
            return self.on_closed(key, &Ok(())); // nobody is left to answer
        }
        if wants_input && flags.intersects(PollFlags::IN | PollFlags::HUP) {
            let result = session.receive_with(|space| socket.stream.read(space));
            let result = socket::unless_blocked(result);
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
        self.drive(key); // it sends what there is
    }
    // ANCHOR_END: on_ready

    /// Other threads have woken the loop: a place is free, work has been done, or shutdown begins.
    fn on_woken(&mut self) -> io::Result<()> {
        let _ = self.pipe.read(&mut [0; 64])?;
        self.acceptor.retry();
        for message in self.mailbox.take() {
            match message {
                Message::Done { id, ticket, outcome } => {
                    if self.connections.complete(id, ticket, outcome) {
                        self.drive(id.key);
                    }
                }
                // shutdown
                Message::Shutdown(deadline) => {
                    self.acceptor.shutdown(deadline);
                    let keys = self.connections.shutdown(deadline);
                    keys.into_iter().for_each(|key| self.drive(key));
                }
                // The loop accepts by itself.
                Message::Connection(..) | Message::NoMoreConnections => {}
            }
        }
        Ok(())
    }

    /// Deadlines. That of a connection which has moved on comes too early, which does no harm.
    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(key) = self.connections.next_due(now) {
            let Connection { session, socket, .. } = &mut self.connections[key];
            let stream = &socket.stream;
            let receive = |space: &mut [u8]| (&*stream).read(space);
            match session.handle_timeout_with(receive, |output| write(stream, output)) {
                Ok(()) => self.drive(key),
                result => self.on_closed(key, &result),
            }
        }
    }

    fn accept(&mut self) {
        for (stream, slot) in self.acceptor.accept() {
            self.on_connection(stream, slot);
        }
        if self.acceptor.has_ended() {
            self.connections.no_more();
        }
    }

    fn on_connection(&mut self, stream: TcpStream, slot: Slot) {
        if let Err(error) = stream.set_nonblocking(true) {
            tracing::warn!("cannot watch a connection: {error}");
            return;
        }
        let _ = socket::prepare(&stream); // it only costs latency
        let session = Session::new(&self.context, slot);
        let key = self.connections.insert(session, Socket { stream, interest: PollFlags::empty() });
        self.drive(key);
    }

    /// Closed, by either side.
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let Connection { session, .. } = self.connections.remove(key);
        if let Err(error) = result {
            session.ended(error);
        }
    }
}

// ANCHOR: send
/// Sends what there is room for. Returns whether anything was sent.
fn send(socket: &mut Socket, session: &mut Session) -> io::Result<bool> {
    let result = session.send_with(|output| write(&socket.stream, output));
    let has_sent = result.is_ok();
    socket::unless_blocked(result).map(|()| has_sent)
}
// ANCHOR_END: send

fn write(mut stream: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => stream.write(bytes),
        Output::File(range) => socket::send_file(stream, range),
    }
}
