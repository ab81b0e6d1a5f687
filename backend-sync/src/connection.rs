//! One connection on a thread: the five waits, one at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use backend_common::socket::{self, Timeouts};
use backend_common::threads::perform;
use backend_common::{Next, Output, Session, ShutdownSignal, Wait};

/// How often a connection whose read side was shut down to wake it is looked at. That is after
/// the order to stop, and not for long.
const LOOK: Duration = Duration::from_millis(10);

/// What others must know of a connection in order to wake its thread.
pub(crate) struct Peer {
    socket: TcpStream,
    thread: Thread,
    /// The thread sleeps in `read(2)`, and no request is under way.
    idle: AtomicBool,
    /// It was woken by shutting the read side down.
    roused: AtomicBool,
}

impl Peer {
    /// A connection that the current thread will drive.
    pub(crate) fn new(socket: TcpStream) -> Self {
        let (idle, roused) = (AtomicBool::new(false), AtomicBool::new(false));
        Peer { socket, thread: thread::current(), idle, roused }
    }

    /// The order to stop has come: wakes the thread if it sleeps without a request. One that has
    /// a request sees the order when it has answered.
    pub(crate) fn rouse(&self) {
        if self.idle.load(Ordering::SeqCst) {
            self.roused.store(true, Ordering::SeqCst);
            let _ = self.socket.shutdown(Shutdown::Read); // the peer may be gone already
        }
    }

    /// Time is up: wakes the thread wherever it sleeps.
    pub(crate) fn cut(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        self.thread.unpark();
    }
}

/// One connection and the thread that drives it.
pub(crate) struct Conversation<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) session: Session,
    pub(crate) shutdown: &'a ShutdownSignal,
    /// The order to stop, as far as it has been passed on.
    pub(crate) ordered: Option<Instant>,
    /// The timeouts that are set on the socket.
    pub(crate) timeouts: Timeouts,
}

impl Conversation<'_> {
    /// Drives the connection to its end.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.drive() {
            self.session.ended(&error);
        }
    }

    fn drive(&mut self) -> io::Result<()> {
        loop {
            // the order to stop
            self.obey();
            match self.session.poll() {
                // work done elsewhere: here, by the thread itself
                Next::Run(ticket, work) => self.session.complete(ticket, perform(work)),
                Next::ShutdownWrite => self.peer.socket.shutdown(Shutdown::Write)?,
                Next::Abort => socket::abort(&self.peer.socket)?,
                Next::Close => return Ok(()),
                // a moment in time that has come: not before what the last wait brought is passed on
                Next::Wait(Wait { deadline: Some(by), .. }) if by <= Instant::now() => {
                    self.time_out()?;
                }
                Next::Wait(wait) => {
                    let result = self.wait(wait);
                    self.obey(); // before anything is answered
                    let is_cut = self.is_cut();
                    match result {
                        Err(error) if is_cut || is_timeout(&error) => {}
                        result => result?,
                    }
                    if is_cut {
                        self.session.handle_timeout();
                    }
                }
            }
        }
    }

    // ANCHOR: wait
    /// A thread can sleep in one place only: room to send comes first, then input.
    fn wait(&mut self, wait: Wait) -> io::Result<()> {
        let timeout = wait.deadline.map(|by| by.saturating_duration_since(Instant::now()));
        if wait.write {
            // room to send
            self.timeouts.set_write(&self.peer.socket, timeout)?;
            self.session.send_with(|output| write(&self.peer.socket, output))?;
        } else if wait.read && self.peer.roused.load(Ordering::SeqCst) {
            self.look_again(timeout)?;
        } else if wait.read {
            // input
            self.timeouts.set_read(&self.peer.socket, timeout)?;
            self.receive()?;
        } else {
            // a moment in time
            thread::park_timeout(timeout.unwrap_or(Duration::MAX));
        }
        Ok(())
    }
    // ANCHOR_END: wait

    /// A sleep in `read(2)` or `write(2)` also ends early without anything to show for it: when the
    /// process was stopped and goes on, for one (signal(7)). So the socket is tried once more, and
    /// does not have the thread sleep meanwhile.
    fn time_out(&mut self) -> io::Result<()> {
        let socket = &self.peer.socket;
        socket.set_nonblocking(true)?;
        let roused = &self.peer.roused;
        self.session.handle_timeout_with(
            |space| match (&*socket).read(space) {
                Ok(0) if roused.load(Ordering::SeqCst) => Err(ErrorKind::WouldBlock.into()),
                result => result,
            },
            |output| write(socket, output),
        )?;
        socket.set_nonblocking(false)
    }

    /// Sleeps in `read(2)`.
    fn receive(&mut self) -> io::Result<()> {
        let peer = self.peer;
        peer.idle.store(self.session.is_idle(), Ordering::SeqCst);
        // Whoever gives the order raises the flag and then looks who is idle; here it is the other
        // way round. So either the order is seen here, or this thread is seen there.
        let is_news = self.shutdown.deadline() != self.ordered;
        let result = if is_news {
            Ok(0)
        } else {
            self.session.receive_with(|space| match (&peer.socket).read(space) {
                // Not the end of the stream: the read side was shut down to wake us.
                Ok(0) if peer.roused.load(Ordering::SeqCst) => Err(ErrorKind::TimedOut.into()),
                result => result,
            })
        };
        peer.idle.store(false, Ordering::SeqCst);
        result.map(drop)
    }

    /// Once its read side has been shut down, `read(2)` does not sleep any more, so there is no way
    /// left but to look now and then. A request that crossed the order on its way is found so.
    fn look_again(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut socket = &self.peer.socket;
        loop {
            let is_last = self.is_cut() || until.is_some_and(|until| until <= Instant::now());
            let look = self.session.receive_with(|space| match socket.read(space)? {
                0 if !is_last => Err(ErrorKind::WouldBlock.into()),
                bytes => Ok(bytes),
            });
            match look {
                Err(error) if is_timeout(&error) => thread::park_timeout(LOOK),
                result => return result.map(drop),
            }
        }
    }

    /// Whether the time to stop is up, so that whatever the socket says is our own doing.
    fn is_cut(&self) -> bool {
        self.shutdown.deadline().is_some_and(|by| by <= Instant::now())
    }

    /// Passes the order to stop on.
    fn obey(&mut self) {
        let order = self.shutdown.deadline();
        if order != self.ordered {
            self.ordered = order;
            order.into_iter().for_each(|by| self.session.shutdown(by));
        }
    }
}

/// Sends some of it, as soon as there is room.
fn write(mut socket: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => socket.write(bytes),
        Output::File(range) => socket::send_file(socket, range),
    }
}

/// Unix and Windows have different names for it; interrupted is just as early.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
