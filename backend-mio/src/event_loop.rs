//! One event loop: asks which sockets are ready, and drives their connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use backend_common::threads::Pool;
use backend_common::{
    Context, Job, Letter, Mailbox, Next, Output, Session, Slot, Timers, Wait, socket,
};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use protocol::{DropGuarded, Outcome, Ticket};
use slab::Slab;

/// Marks the mailbox; connections have their keys as tokens.
const MAILBOX: Token = Token(usize::MAX);

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;

/// How often one connection may read or write before others have their turn.
const TURN: usize = 16;

/// A connection and what is known of its socket.
struct Peer {
    /// Distinguishes it from others that have had its key.
    number: u64,
    socket: TcpStream,
    session: Session,
    /// An event said so, and nothing has since said otherwise (edge triggering).
    readable: bool,
    writable: bool,
    /// The peer has closed its side, so that a short read does not mean that all has been read.
    ended: bool,
    /// The timer that is set for it.
    timer: Option<Instant>,
    /// It has used up its turn and is among those that wait for the next.
    waiting: bool,
}

/// One thread's connections.
pub(crate) struct EventLoop {
    poll: Poll,
    mailbox: Arc<Mailbox<TcpStream>>,
    context: Arc<Context>,
    workers: Pool<Job<TcpStream>>,
    peers: Slab<Peer>,
    numbers: u64,
    timers: Timers,
    /// Connections that had to let others go first.
    waiting: Vec<usize>,
    stopping: Option<Instant>,
    last: bool,
}

impl EventLoop {
    pub(crate) fn new(context: Arc<Context>, workers: Pool<Job<TcpStream>>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), MAILBOX)?;
        let wake = move || {
            if let Err(error) = waker.wake() {
                tracing::error!("cannot wake an event loop: {error}");
            }
        };
        Ok(EventLoop {
            poll,
            mailbox: Mailbox::new(wake),
            context,
            workers,
            peers: Slab::new(),
            numbers: 0,
            timers: Timers::default(),
            waiting: Vec::new(),
            stopping: None,
            last: false,
        })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox<TcpStream>> {
        Arc::clone(&self.mailbox)
    }

    // ANCHOR: run
    /// Serves until the last connection has gone.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !(self.last && self.peers.is_empty()) {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in events.iter().filter(|event| event.token() != MAILBOX) {
                self.on_ready(event.token().0, event);
            }
            // Not before: a new connection may get the key of one that has just been closed, and
            // an event of that one must not be taken for its own.
            self.read_letters();
            self.on_time();
            for key in std::mem::take(&mut self.waiting) {
                let Some(peer) = self.peers.get_mut(key) else { continue };
                peer.waiting = false;
                self.drive(key);
            }
        }
        Ok(())
    }
    // ANCHOR_END: run

    // ANCHOR: timeout
    /// How long `poll` may sleep: until the next timer, or not at all if somebody waits.
    fn timeout(&self) -> Option<std::time::Duration> {
        if !self.waiting.is_empty() {
            return Some(std::time::Duration::ZERO);
        }
        Some(self.timers.next()?.saturating_duration_since(Instant::now()))
    }
    // ANCHOR_END: timeout

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

    /// A new connection: registered once, for both directions.
    fn on_connection(&mut self, mut socket: TcpStream, slot: Slot) {
        let entry = self.peers.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(entry.key());
        if let Err(error) = self.poll.registry().register(&mut socket, token, interest) {
            tracing::warn!("cannot watch a connection: {error}");
            return;
        }
        let mut session = Session::new(&self.context, slot, &socket);
        self.stopping.into_iter().for_each(|by| session.shutdown(by));
        self.numbers += 1;
        let key = entry.key();
        entry.insert(Peer {
            number: self.numbers,
            socket,
            session,
            readable: false,
            writable: true,
            ended: false,
            timer: None,
            waiting: false,
        });
        self.drive(key);
    }

    // ANCHOR: on_ready
    /// Data, or room for it. The event comes once: what it said is kept until a read or a write
    /// says that there is no more.
    fn on_ready(&mut self, key: usize, event: &Event) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if event.is_error() || event.is_write_closed() {
            return self.on_closed(key, &Ok(())); // reset: nobody is left to answer
        }
        peer.readable |= event.is_readable() || event.is_read_closed();
        peer.writable |= event.is_writable();
        peer.ended |= event.is_read_closed();
        if !peer.waiting {
            self.drive(key); // otherwise its turn will come
        }
    }
    // ANCHOR_END: on_ready

    /// Timers. A connection whose deadline has moved on is told too early, which does no harm.
    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(key) = self.timers.pop(now) {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            peer.timer = None;
            match peer.time_out() {
                Ok(()) => self.drive(key),
                result => self.on_closed(key, &result),
            }
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

    /// Closed, by either side. The kernel forgets the registration with the socket.
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let peer = self.peers.remove(key);
        if let Err(error) = result {
            peer.session.ended(error);
        }
        self.timers.cancel(peer.timer, key);
    }

    // ANCHOR: drive
    /// Does all that can be done for a connection without waiting.
    fn drive(&mut self, key: usize) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        for _ in 0..TURN {
            let next = peer.session.poll();
            // a moment in time, also for who always has something to send or to read
            if let Next::Wait(Wait { deadline: Some(deadline), .. }) = next {
                self.timers.set(&mut peer.timer, deadline, key);
            }
            let result = match next {
                // room to send
                Next::Wait(wait) if wait.write && peer.writable => peer.send(),
                // input
                Next::Wait(wait) if wait.read && peer.readable => peer.receive(),
                Next::Wait(_) => return,
                // work done elsewhere
                Next::Run(ticket, work) => {
                    let (mailbox, number) = (Arc::clone(&self.mailbox), peer.number);
                    self.workers.send(Job { mailbox, key, number, ticket, work });
                    Ok(())
                }
                Next::ShutdownWrite => peer.socket.shutdown(Shutdown::Write),
                Next::Abort => socket::abort(&peer.socket),
                Next::Close => return self.on_closed(key, &Ok(())),
            };
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
        if !std::mem::replace(&mut peer.waiting, true) {
            self.waiting.push(key);
        }
    }
    // ANCHOR_END: drive
}

impl Peer {
    // ANCHOR: receive
    fn receive(&mut self) -> io::Result<()> {
        let mut room = 0;
        let result = self.session.receive_with(|space| {
            room = space.len();
            self.socket.read(space)
        });
        // A short read has emptied the socket: no need to be told so by another one.
        let emptied = matches!(result, Ok(bytes) if bytes < room) && !self.ended;
        self.readable = !emptied && !would_block(&result);
        socket::unless_blocked(result)
    }
    // ANCHOR_END: receive

    fn send(&mut self) -> io::Result<()> {
        let result = self.session.send_with(|output| write(&self.socket, output));
        self.writable = !would_block(&result);
        socket::unless_blocked(result)
    }

    /// The socket is tried whatever events have said: one may still be on its way.
    fn time_out(&mut self) -> io::Result<()> {
        let socket = &self.socket;
        self.session
            .handle_timeout_with(|space| (&*socket).read(space), |output| write(socket, output))
    }
}

/// Sends what there is room for.
fn write(mut socket: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => socket.write(bytes),
        Output::File(range) => socket::send_file(socket, range),
    }
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}
