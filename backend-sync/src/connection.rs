//! One connection on a thread: the five waits, one at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use backend_common::socket::{self, Timeouts};
use backend_common::threads::perform;
use backend_common::{Awaited, Next, Output, Session, ShutdownSignal};

use crate::wakeup::Wakeup;

/// How often a connection whose read side was shut down to wake it is looked at. That is after
/// shutdown has begun, and not for long.
const LOOK: Duration = Duration::from_millis(10);

/// What other threads need of a connection in order to wake its thread.
pub(crate) struct WakeHandle {
    socket: TcpStream,
    thread: Thread,
    wakeup: Wakeup,
}

impl WakeHandle {
    /// The handle of a connection that the current thread will drive.
    pub(crate) fn new(socket: TcpStream) -> Self {
        WakeHandle { socket, thread: thread::current(), wakeup: Wakeup::default() }
    }

    // ANCHOR: wake
    /// Wakes the thread because shutdown has begun, if it sleeps without a request. One that has a
    /// request sees the shutdown when it has answered.
    pub(crate) fn wake(&self) {
        self.wakeup.wake(|| {
            let _ = self.socket.shutdown(Shutdown::Read); // the client may be gone already
        });
    }

    /// Wakes the thread because the shutdown deadline has come, wherever it sleeps.
    pub(crate) fn abort(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        self.thread.unpark();
    }
    // ANCHOR_END: wake
}

/// Drives one connection on the current thread.
pub(crate) struct Driver<'a> {
    handle: &'a WakeHandle,
    session: &'a mut Session,
    shutdown: &'a ShutdownSignal,
    /// The shutdown deadline, as far as it has been passed on.
    passed_on: Option<Instant>,
    /// The timeouts that are set on the socket.
    timeouts: Timeouts,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        handle: &'a WakeHandle,
        session: &'a mut Session,
        shutdown: &'a ShutdownSignal,
    ) -> Self {
        Driver { handle, session, shutdown, passed_on: None, timeouts: Timeouts::default() }
    }

    // ANCHOR: drive
    /// Drives the connection to its end. A thread can sleep in one place only: it waits for input
    /// when there is nothing to send, and for a mere moment when there is neither.
    pub(crate) fn drive(&mut self) -> io::Result<()> {
        self.pass_on_shutdown();
        loop {
            match self.session.poll() {
                // Looked at when what the last wait brought has been passed on, and not before.
                Next::Wait(Awaited { deadline: Some(deadline), .. })
                    if deadline <= Instant::now() =>
                {
                    self.time_out()?;
                }
                Next::Wait(wait) => {
                    let left =
                        |deadline: Instant| deadline.saturating_duration_since(Instant::now());
                    let timeout = wait.deadline.map(left);
                    let result = match wait {
                        // input
                        Awaited { read: true, write: false, .. } => self.receive(timeout),
                        // room to send
                        Awaited { write: true, .. } => self.send(timeout),
                        // a moment in time
                        Awaited { .. } => self.sleep(timeout),
                    };
                    self.on_wake(result)?;
                }
                // work done elsewhere
                Next::Run(ticket, work) => self.session.complete(ticket, perform(work)), // here
                Next::ShutdownWrite => self.handle.socket.shutdown(Shutdown::Write)?,
                Next::Abort => socket::abort(&self.handle.socket)?,
                Next::Close => return Ok(()),
            }
            // shutdown
            self.pass_on_shutdown();
        }
    }
    // ANCHOR_END: drive

    /// Sleeps in `read(2)`, and takes what it brings.
    fn receive(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let WakeHandle { socket, wakeup, .. } = self.handle;
        if wakeup.is_woken() {
            return self.look_again(timeout);
        }
        self.timeouts.set_read(socket, timeout)?;
        let is_idle = self.session.is_idle();
        let has_news = || self.shutdown.deadline() != self.passed_on;
        let received = wakeup.sleep(is_idle, has_news, || {
            self.session.receive_with(|space| match (&*socket).read(space) {
                // Not the end of the stream: the read side was shut down to wake us.
                Ok(0) if wakeup.is_woken() => Err(ErrorKind::TimedOut.into()),
                result => result,
            })
        });
        received.transpose().map(drop)
    }

    /// Looks for input now and then: once the read side has been shut down, `read(2)` does not
    /// sleep any more. A request that crossed the shutdown on its way is found so.
    fn look_again(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut socket = &self.handle.socket;
        loop {
            let is_last =
                self.shutdown.is_overdue() || until.is_some_and(|until| until <= Instant::now());
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

    /// Sleeps in `write(2)` or `sendfile(2)`, as soon as there is room for some of the output.
    fn send(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let socket = &self.handle.socket;
        self.timeouts.set_write(socket, timeout)?;
        self.session.send_with(|output| write(socket, output)).map(drop)
    }

    /// Sleeps until a deadline, or until the thread is woken.
    fn sleep(&self, timeout: Option<Duration>) -> io::Result<()> {
        thread::park_timeout(timeout.unwrap_or(Duration::MAX));
        Ok(())
    }

    /// Tries the socket once more, without sleeping: a sleep in `read(2)` or `write(2)` also ends
    /// early without anything to show for it, when the process was stopped and goes on, for one
    /// (signal(7)).
    fn time_out(&mut self) -> io::Result<()> {
        let WakeHandle { socket, wakeup, .. } = self.handle;
        socket.set_nonblocking(true)?;
        self.session.handle_timeout_with(
            |space| match (&*socket).read(space) {
                Ok(0) if wakeup.is_woken() => Err(ErrorKind::WouldBlock.into()),
                result => result,
            },
            |output| write(socket, output),
        )?;
        socket.set_nonblocking(false)
    }

    /// Passes the shutdown on before anything is answered, when a sleep has ended with this result.
    /// After the shutdown deadline whatever the socket says is our own doing.
    fn on_wake(&mut self, result: io::Result<()>) -> io::Result<()> {
        self.pass_on_shutdown();
        let is_overdue = self.shutdown.is_overdue();
        match result {
            Err(error) if is_overdue || is_timeout(&error) => {}
            result => result?,
        }
        if is_overdue {
            self.session.handle_timeout();
        }
        Ok(())
    }

    /// Tells the session of the shutdown deadline, if it is new.
    fn pass_on_shutdown(&mut self) {
        let deadline = self.shutdown.deadline();
        if let Some(new) = deadline.filter(|_| deadline != self.passed_on) {
            self.session.shutdown(new);
        }
        self.passed_on = deadline;
    }
}

fn write(mut socket: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => socket.write(bytes),
        Output::File(range) => socket::send_file(socket, range),
    }
}

/// Whether a sleep has ended early. Unix and Windows have different names for a timeout; an
/// interruption is just as early.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
