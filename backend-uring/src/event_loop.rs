//! One event loop: has the kernel do things with sockets, and drives their connections when they
//! are done.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::threads::Pool;
use backend_common::{Context, Job, Letter, Mailbox, Next, Session, Slot, Timers, recycle, socket};
use protocol::{DropGuarded, FileRange, Outcome, Ticket};
use safe_uring::{Completion, Event, Id, Lent, Ring, Sizes, Waker};
use slab::Slab;
use socket2::SockRef;

/// How much of a file is read and sent at once, in bytes. From this size on it costs no more than
/// splicing by way of a pipe, which takes two descriptors for each transfer and threads of the
/// kernel's as well.
const FILE_PIECE: u32 = 128 << 10;

/// A connection, and what the kernel is doing with its socket.
struct Peer {
    /// Distinguishes it from others that have had its key.
    number: u64,
    socket: Arc<OwnedFd>,
    session: Session,
    receiving: Receiving,
    /// A send, or a read of what is to be sent, if one is under way.
    sending: Option<Id>,
    /// Over; it only waits for the kernel to let go of the socket.
    closed: bool,
    /// The timer that is set for it.
    timer: Option<Instant>,
}

/// How a connection stands with its receive, which goes on until it is told to end.
enum Receiving {
    No,
    Yes(Id),
    /// It has been told to.
    Ending,
    /// There is nothing more to come.
    Over,
}

/// One thread's connections.
pub(crate) struct EventLoop {
    ring: Ring,
    waker: Waker,
    mailbox: Arc<Mailbox<OwnedFd>>,
    context: Arc<Context>,
    workers: Pool<Job<OwnedFd>>,
    peers: Slab<Peer>,
    numbers: u64,
    timers: Timers,
    stopping: Option<Instant>,
    last: bool,
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
        Ok(EventLoop {
            ring,
            waker,
            mailbox: Mailbox::new(move || theirs.wake()),
            context,
            workers,
            peers: Slab::new(),
            numbers: 0,
            timers: Timers::default(),
            stopping: None,
            last: false,
        })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox<OwnedFd>> {
        Arc::clone(&self.mailbox)
    }

    // ANCHOR: run
    /// Serves until the last connection has gone.
    pub(crate) fn run(mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.watch(&self.waker);
        while !(self.last && self.peers.is_empty()) {
            let asked = Instant::now();
            self.ring.wait(self.timeout(asked))?;
            while let Some(completion) = self.ring.next() {
                self.on_completion(completion);
            }
            self.read_letters();
            self.on_time(asked);
        }
        Ok(())
    }
    // ANCHOR_END: run

    /// How long the ring may sleep: until the next timer.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        Some(self.timers.next()?.saturating_duration_since(now))
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

    fn read_letters(&mut self) {
        for letter in self.mailbox.take() {
            match letter {
                Letter::Connection(socket, slot) => self.on_connection(socket, slot),
                Letter::Done(key, number, ticket, outcome) => {
                    self.on_done(key, number, ticket, outcome);
                }
                Letter::Shutdown(by) => self.on_shutdown(by),
                Letter::Last => self.last = true,
            }
        }
    }

    /// A new connection.
    fn on_connection(&mut self, socket: OwnedFd, slot: Slot) {
        let mut session = Session::new(&self.context, slot, &socket);
        self.stopping.into_iter().for_each(|by| session.shutdown(by));
        self.numbers += 1;
        let key = self.peers.insert(Peer {
            number: self.numbers,
            socket: Arc::new(socket),
            session,
            receiving: Receiving::No,
            sending: None,
            closed: false,
            timer: None,
        });
        self.drive(key);
    }

    // ANCHOR: on_received
    /// Data, in a buffer of the kernel's, which goes back at once.
    fn on_received(&mut self, key: usize, result: io::Result<Option<Lent>>, more: bool) {
        let peer = &mut self.peers[key];
        if !more {
            peer.receiving = Receiving::No;
        }
        let result = match result {
            Ok(Some(mut lent)) => {
                if !peer.closed {
                    peer.session.receive_from(self.ring.bytes(&mut lent));
                }
                self.ring.give_back(lent);
                Ok(())
            }
            Ok(None) => {
                peer.receiving = Receiving::Over;
                peer.session.receive_from(&mut []);
                Ok(())
            }
            Err(error) => match error.raw_os_error() {
                // It was told to end; or there was no buffer left: by now all have been given back.
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
        let peer = &mut self.peers[key];
        peer.sending = None;
        if let Ok(bytes) = result {
            peer.session.sent(bytes);
            from += bytes;
            if !peer.closed && from < buffer.len() {
                peer.sending = Some(self.ring.send(key, &peer.socket, buffer, from));
            } else if let (false, Some(range)) = (peer.closed, peer.session.file()) {
                peer.sending = Some(read(&mut self.ring, key, range, buffer));
            } else {
                recycle(buffer);
            }
        }
        self.proceed(key, &result.map(drop));
    }
    // ANCHOR_END: on_sent

    /// A piece of a file is here, to be sent.
    fn on_read(&mut self, key: usize, result: io::Result<usize>, buffer: Vec<u8>) {
        let peer = &mut self.peers[key];
        peer.sending = None;
        let result = match result {
            // It has become shorter meanwhile, and the response cannot be completed.
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if !peer.closed => {
                peer.sending = Some(self.ring.send(key, &peer.socket, buffer, 0));
                Ok(())
            }
            result => result.map(drop),
        };
        self.proceed(key, &result);
    }

    /// Timers that were due when the kernel was asked last. So what it had to say by then has been
    /// passed on, however long this process has been stopped: what came in time is not late. A
    /// connection whose deadline has moved on is told too early, which does no harm.
    fn on_time(&mut self, asked: Instant) {
        while let Some(key) = self.timers.pop(asked) {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            peer.timer = None;
            peer.session.handle_timeout();
            self.drive(key);
        }
    }

    /// Work done elsewhere.
    fn on_done(&mut self, key: usize, number: u64, ticket: Ticket, outcome: DropGuarded<Outcome>) {
        let peer = self.peers.get_mut(key).filter(|peer| peer.number == number);
        let Some(peer) = peer else { return }; // it has been cut meanwhile
        peer.session.complete(ticket, outcome.into_inner());
        self.drive(key);
    }

    /// The order to stop.
    fn on_shutdown(&mut self, by: Instant) {
        self.stopping = Some(by);
        let keys: Vec<usize> = self.peers.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.peers[key].session.shutdown(by);
            self.drive(key);
        }
    }

    /// Closed, by either side. What is under way has to end before the socket goes.
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let peer = &mut self.peers[key];
        if !std::mem::replace(&mut peer.closed, true) {
            if let Err(error) = result {
                peer.session.ended(error);
            }
            self.timers.cancel(peer.timer.take(), key);
            peer.sending.into_iter().for_each(|id| self.ring.cancel(id));
            if let Receiving::Yes(id) = peer.receiving {
                self.ring.cancel(id);
                peer.receiving = Receiving::Ending;
            }
        }
        if peer.sending.is_none() && matches!(peer.receiving, Receiving::No | Receiving::Over) {
            drop(self.peers.remove(key));
        }
    }

    fn proceed(&mut self, key: usize, result: &io::Result<()>) {
        if result.is_ok() { self.drive(key) } else { self.on_closed(key, result) }
    }

    // ANCHOR: drive
    /// Does all that can be done for a connection without waiting, and has the rest begun.
    fn drive(&mut self, key: usize) {
        let peer = &mut self.peers[key];
        while !peer.closed {
            match peer.session.poll() {
                Next::Wait(wait) => {
                    // room to send
                    if wait.write && peer.sending.is_none() {
                        peer.sending = peer.send(key, &mut self.ring);
                    }
                    // input
                    match peer.receiving {
                        Receiving::No if wait.read => {
                            let id = self.ring.receive(key, &peer.socket);
                            peer.receiving = Receiving::Yes(id);
                        }
                        // The kernel would bring ever more; one that brings nothing does no harm.
                        Receiving::Yes(id) if !wait.read && peer.session.holds_input() => {
                            self.ring.cancel(id);
                            peer.receiving = Receiving::Ending;
                        }
                        _ => {}
                    }
                    // a moment in time
                    if let Some(deadline) = wait.deadline {
                        self.timers.set(&mut peer.timer, deadline, key);
                    }
                    return;
                }
                // work done elsewhere
                Next::Run(ticket, work) => {
                    let (mailbox, number) = (Arc::clone(&self.mailbox), peer.number);
                    self.workers.send(Job { mailbox, key, number, ticket, work });
                }
                Next::ShutdownWrite => {
                    let result = SockRef::from(&peer.socket).shutdown(Shutdown::Write);
                    if result.is_err() {
                        return self.on_closed(key, &result);
                    }
                }
                Next::Abort => {
                    let result = socket::abort(&peer.socket);
                    if result.is_err() {
                        return self.on_closed(key, &result);
                    }
                }
                Next::Close => break,
            }
        }
        self.on_closed(key, &Ok(()));
    }
    // ANCHOR_END: drive
}

impl Peer {
    /// Begins to send what is to be sent. A file has to be read first.
    fn send(&mut self, key: usize, ring: &mut Ring) -> Option<Id> {
        let output = self.session.take_output();
        if output.is_empty() {
            let range = self.session.file()?;
            return Some(read(ring, key, range, output));
        }
        Some(ring.send(key, &self.socket, output, 0))
    }
}

/// Begins to read the next piece of a file.
fn read(ring: &mut Ring, key: usize, range: &FileRange, buffer: Vec<u8>) -> Id {
    let length = u32::try_from(range.length).unwrap_or(u32::MAX).min(FILE_PIECE);
    ring.read(key, &range.file, range.offset, length, buffer)
}
