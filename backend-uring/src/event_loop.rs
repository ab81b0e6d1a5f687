//! One event loop: has the kernel do things with sockets, and drives their connections when they
//! are done.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::threads::Pool;
use backend_common::{
    Connection, Connections, Context, Job, Mailbox, Message, Next, Session, Slot, recycle, socket,
};
use protocol::FileRange;
use safe_uring::{Completion, Event, Id, Lent, Ring, Sizes, Waker};
use socket2::SockRef;

/// How much of a file is read and sent at once, in bytes. From this size on it costs no more than
/// splicing by way of a pipe, which takes two descriptors for each transfer and threads of the
/// kernel's as well.
const FILE_PIECE: u32 = 128 << 10;

/// A socket, and what the kernel is doing with it.
struct Socket {
    fd: Arc<OwnedFd>,
    receiving: Receiving,
    sending: Sending,
    /// The connection is over; it only waits for the kernel to let go of the socket.
    closed: bool,
}

/// What is under way of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Nothing,
    /// A piece of a file is being read, to be sent then.
    Read(Id),
    Send(Id),
}

/// The state of a connection's receive, which goes on until it is cancelled.
enum Receiving {
    No,
    Yes(Id),
    /// It has been cancelled, and its last completion is still to come.
    Ending,
    /// The client has closed its side: there is nothing more to come.
    Over,
}

/// One thread's connections.
pub(crate) struct EventLoop {
    ring: Ring,
    waker: Waker,
    mailbox: Arc<Mailbox<OwnedFd>>,
    context: Arc<Context>,
    workers: Pool<Job<OwnedFd>>,
    connections: Connections<Socket>,
}

impl EventLoop {
    pub(crate) fn new(
        sizes: Sizes,
        context: Arc<Context>,
        workers: Pool<Job<OwnedFd>>,
    ) -> io::Result<Self> {
        let ring = Ring::new(sizes)?;
        let waker = Waker::new()?;
        let theirs = waker.clone();
        let mailbox = Mailbox::new(move || theirs.wake());
        let connections = Connections::default();
        Ok(EventLoop { ring, waker, mailbox, context, workers, connections })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox<OwnedFd>> {
        Arc::clone(&self.mailbox)
    }

    // ANCHOR: run
    /// Serves until the last connection has ended.
    pub(crate) fn run(mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.watch(&self.waker);
        while !self.connections.have_ended() {
            let asked = Instant::now();
            self.ring.wait(self.timeout(asked))?;
            while let Some(completion) = self.ring.next() {
                self.on_completion(completion);
            }
            self.on_messages();
            // Not before: what has come in time is passed on first.
            self.on_time(asked);
        }
        Ok(())
    }
    // ANCHOR_END: run

    /// How long the ring may sleep: until the next timer.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        Some(self.connections.next_timer()?.saturating_duration_since(now))
    }

    // ANCHOR: drive
    /// Does all that can be done for a connection without waiting, and has the rest begun.
    fn drive(&mut self, key: usize) {
        let Connection { id, session, socket, .. } = &mut self.connections[key];
        while !socket.closed {
            let result = match session.poll() {
                Next::Wait(wait) => {
                    // input
                    match socket.receiving {
                        Receiving::No if wait.read => {
                            let id = self.ring.receive(key, &socket.fd);
                            socket.receiving = Receiving::Yes(id);
                        }
                        // The kernel would bring ever more; one that brings nothing does no harm.
                        Receiving::Yes(id) if !wait.read && session.holds_input() => {
                            self.ring.cancel(id);
                            socket.receiving = Receiving::Ending;
                        }
                        _ => {}
                    }
                    // room to send
                    if wait.write && socket.sending == Sending::Nothing {
                        socket.sending = send(socket, session, &mut self.ring, key);
                    }
                    // a moment in time
                    if let Some(deadline) = wait.deadline {
                        self.connections.set_timer(key, deadline);
                    }
                    return;
                }
                // ANCHOR_END: drive
                // work done elsewhere
                Next::Run(ticket, work) => {
                    let mailbox = Arc::clone(&self.mailbox);
                    self.workers.send(Job { mailbox, id: *id, ticket, work });
                    Ok(())
                }
                Next::ShutdownWrite => SockRef::from(&socket.fd).shutdown(Shutdown::Write),
                Next::Abort => socket::abort(&socket.fd),
                Next::Close => break,
            };
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
        self.on_closed(key, &Ok(()));
    }

    // ANCHOR: on_completion
    /// Something has been done. What it was done for is still there: a connection is forgotten
    /// after the last of its operations only.
    fn on_completion(&mut self, Completion { key, event, more }: Completion) {
        match event {
            Event::Received(result) => self.on_received(key, result, more),
            Event::Sent(result, buffer, from) => self.on_sent(key, result, buffer, from),
            Event::Read(result, buffer) => self.on_read(key, result, buffer),
            Event::Woken if !more => drop(self.ring.watch(&self.waker)),
            Event::Woken | Event::Accepted(_) => {}
        }
    }
    // ANCHOR_END: on_completion

    // ANCHOR: on_received
    /// Input, in a buffer of the kernel's, which goes back at once.
    fn on_received(&mut self, key: usize, result: io::Result<Option<Lent>>, more: bool) {
        let Connection { session, socket, .. } = &mut self.connections[key];
        if !more {
            socket.receiving = Receiving::No;
        }
        let result = match result {
            Ok(Some(mut lent)) => {
                if !socket.closed {
                    session.receive_from(self.ring.bytes(&mut lent));
                }
                self.ring.give_back(lent);
                Ok(())
            }
            Ok(None) => {
                socket.receiving = Receiving::Over;
                session.receive_from(&mut []);
                Ok(())
            }
            Err(error) => match error.raw_os_error() {
                // It was cancelled; or there was no buffer left: by now all have been given back.
                Some(libc::ECANCELED | libc::ENOBUFS | libc::EINTR | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        };
        self.proceed(key, &result);
    }
    // ANCHOR_END: on_received

    // ANCHOR: on_sent
    /// As much has been sent as there was room for. The rest waits for more, in the same buffer.
    fn on_sent(&mut self, key: usize, result: io::Result<usize>, buffer: Vec<u8>, mut from: usize) {
        let Connection { session, socket, .. } = &mut self.connections[key];
        socket.sending = Sending::Nothing;
        if let Ok(bytes) = result {
            session.sent(bytes);
            from += bytes;
            if !socket.closed && from < buffer.len() {
                socket.sending = Sending::Send(self.ring.send(key, &socket.fd, buffer, from));
            } else if let (false, Some(range)) = (socket.closed, session.file()) {
                socket.sending = Sending::Read(read(&mut self.ring, key, range, buffer));
            } else {
                recycle(buffer);
            }
        }
        self.proceed(key, &result.map(drop));
    }
    // ANCHOR_END: on_sent

    /// A piece of a file is here, to be sent.
    fn on_read(&mut self, key: usize, result: io::Result<usize>, buffer: Vec<u8>) {
        let Connection { session, socket, .. } = &mut self.connections[key];
        socket.sending = Sending::Nothing;
        let result = match result {
            // It has become shorter meanwhile, and the response cannot be completed.
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if !socket.closed => {
                session.reset_send_timeout(); // it was not the client that was slow
                socket.sending = Sending::Send(self.ring.send(key, &socket.fd, buffer, 0));
                Ok(())
            }
            result => result.map(drop),
        };
        self.proceed(key, &result);
    }

    fn proceed(&mut self, key: usize, result: &io::Result<()>) {
        if result.is_ok() { self.drive(key) } else { self.on_closed(key, result) }
    }

    /// Timers that were due when the kernel was asked last. So what it had to say by then has been
    /// passed on, however long this process has been stopped: what came in time is not late. That
    /// of a connection whose deadline has moved on fires too early, which does no harm.
    fn on_time(&mut self, asked: Instant) {
        while let Some(key) = self.connections.next_due(asked) {
            let Connection { session, socket, .. } = &mut self.connections[key];
            if let Sending::Read(_) = socket.sending {
                session.reset_send_timeout(); // nor is it while its file is being read
            }
            session.handle_timeout();
            self.drive(key);
        }
    }

    /// Messages of other threads: the outcome of work, and shutdown.
    fn on_messages(&mut self) {
        for message in self.mailbox.take() {
            match message {
                Message::Connection(fd, slot) => self.on_connection(fd, slot),
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

    /// A new connection.
    fn on_connection(&mut self, fd: OwnedFd, slot: Slot) {
        let session = Session::new(&self.context, slot);
        let (receiving, sending, closed) = (Receiving::No, Sending::Nothing, false);
        let socket = Socket { fd: Arc::new(fd), receiving, sending, closed };
        let key = self.connections.insert(session, socket);
        self.drive(key);
    }

    /// Closed, by either side. What is under way has to end before the socket goes.
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let Connection { session, socket, .. } = &mut self.connections[key];
        let is_first = !std::mem::replace(&mut socket.closed, true);
        if is_first {
            if let Err(error) = result {
                session.ended(error);
            }
            if let Sending::Read(id) | Sending::Send(id) = socket.sending {
                self.ring.cancel(id);
            }
            if let Receiving::Yes(id) = socket.receiving {
                self.ring.cancel(id);
                socket.receiving = Receiving::Ending;
            }
        }
        let is_idle = matches!(socket.receiving, Receiving::No | Receiving::Over);
        if is_idle && socket.sending == Sending::Nothing {
            self.connections.remove(key);
        } else if is_first {
            self.connections.cancel_timer(key);
        }
    }
}

/// Begins to send what is to be sent. A file has to be read first.
fn send(socket: &Socket, session: &mut Session, ring: &mut Ring, key: usize) -> Sending {
    let output = session.take_output();
    if output.is_empty() {
        return match session.file() {
            Some(range) => Sending::Read(read(ring, key, range, output)),
            None => Sending::Nothing,
        };
    }
    Sending::Send(ring.send(key, &socket.fd, output, 0))
}

/// Begins to read the next piece of a file.
fn read(ring: &mut Ring, key: usize, range: &FileRange, buffer: Vec<u8>) -> Id {
    let length = u32::try_from(range.length).unwrap_or(u32::MAX).min(FILE_PIECE);
    ring.read(key, &range.file, range.offset, length, buffer)
}
