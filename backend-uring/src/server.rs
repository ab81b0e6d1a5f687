//! Accepting, the threads of the event loops, and the workers.

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use backend_common::threads::Pool;
use backend_common::{Admission, Backend, Context, Job, Loops, ShutdownSignal, Slot, socket};
use safe_uring::{Event, Id, Ring, Sizes, Waker};
use socket2::SockRef;

use crate::event_loop::EventLoop;

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Rings, each on a thread of its own, and one that accepts for them.
    #[default]
    Rings,
}

/// Of a loop's ring. What one peer sends in a burst is 32 buffers at most before the loop can object.
const SIZES: Sizes = Sizes { operations: 1024, completions: 8192, buffers: 1024, buffer: 4 << 10 };

/// Of the acceptor's. A full queue of completions ends the accept: so many may be accepted ahead.
const ACCEPTOR: Sizes = Sizes { operations: 4, completions: 8, buffers: 1, buffer: 1 };

impl Backend for Model {
    const NAME: &'static str = "uring";
    const MODELS: &'static [(Self, &'static str, &'static str)] =
        &[(Model::Rings, "rings", "an io_uring on each thread, and a pool of workers")];

    fn check_system() -> io::Result<()> {
        apart(|| Ring::new(ACCEPTOR).map(drop)).map_err(|error| {
            match error.raw_os_error() {
                Some(libc::ENOSYS | libc::EINVAL | libc::EPERM | libc::EACCES) => {}
                _ => return error, // no memory, no descriptors: another matter
            }
            let missing = format!(
                "backend-uring needs io_uring of Linux 6.1 or newer, neither switched off \
                 (sysctl kernel.io_uring_disabled) nor forbidden by a sandbox such as a \
                 container's: {error}"
            );
            io::Error::new(io::ErrorKind::Unsupported, missing)
        })
    }

    fn serve(self, listener: TcpListener, context: Arc<Context>) -> io::Result<()> {
        apart(move || serve([ACCEPTOR, SIZES], listener, &context))
    }
}

/// Does something with rings on a thread of its own. When a ring has been closed, the kernel
/// interrupts the threads that have used it (`EINTR`), and those of our caller are not used to it.
fn apart(act: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("acceptor".into()).spawn(act)?;
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn serve(
    [acceptor, sizes]: [Sizes; 2],
    listener: TcpListener,
    context: &Arc<Context>,
) -> io::Result<()> {
    let mut acceptor = Acceptor::new(acceptor, listener, context)?;
    let builder = || thread::Builder::new().name("worker".into());
    let workers = Pool::start(context.workers, builder, Job::run)?;
    let mut loops = Loops::default();
    for _ in 0..context.threads() {
        let event_loop = EventLoop::new(sizes, Arc::clone(context), workers.clone())?;
        loops.start(event_loop.mailbox(), move || event_loop.run())?;
    }
    loops.obey(&context.shutdown);

    let result = acceptor.run(&mut loops);
    drop(acceptor); // refuse further connections
    let ended = loops.join();
    result.and(ended)
}

/// A ring that accepts, and is woken when there is room again or the order to stop has come.
struct Acceptor {
    ring: Ring,
    listener: Arc<OwnedFd>,
    waker: Waker,
    admission: Arc<Admission>,
    shutdown: Arc<ShutdownSignal>,
    /// The accept that goes on.
    accepting: Option<Id>,
    /// Accepted before it could be told that there is no room.
    waiting: VecDeque<OwnedFd>,
    /// After an error: when to try again.
    pause: Option<Instant>,
    /// After the order to stop: nobody is left to accept.
    drained: bool,
}

impl Acceptor {
    fn new(sizes: Sizes, listener: TcpListener, context: &Context) -> io::Result<Self> {
        let ring = Ring::new(sizes)?;
        let waker = Waker::new()?;
        let (departure, order) = (waker.clone(), waker.clone());
        context.admission.on_departure(move || departure.wake());
        context.shutdown.on_begin(move |_| order.wake());
        let (admission, shutdown) = (Arc::clone(&context.admission), Arc::clone(&context.shutdown));
        let (listener, waiting) = (Arc::new(listener.into()), VecDeque::new());
        let (accepting, pause, drained) = (None, None, false);
        Ok(Acceptor {
            ring,
            listener,
            waker,
            admission,
            shutdown,
            accepting,
            waiting,
            pause,
            drained,
        })
    }

    /// Accepts and hands over to the loops in turn, until the order to stop has come and nobody
    /// is left who had connected before it, or the time is up.
    fn run(&mut self, loops: &mut Loops<OwnedFd>) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.watch(&self.waker);
        loop {
            let ordered = self.shutdown.deadline();
            self.pause = self.pause.filter(|until| Instant::now() < *until);
            while let Some((socket, slot)) = self.accept(ordered.is_some()) {
                let _ = socket::prepare(&socket); // it only costs latency
                loops.hand_over(socket, slot);
            }
            if ordered.is_some_and(|by| self.drained || by <= Instant::now()) {
                return Ok(());
            }
            let is_wanted = ordered.is_none() && self.waiting.is_empty() && self.pause.is_none();
            match self.accepting {
                None if is_wanted => self.accepting = Some(self.ring.accept(&self.listener)),
                Some(id) if !is_wanted => self.ring.cancel(id),
                _ => {}
            }
            let until = self.pause.into_iter().chain(ordered).min();
            self.ring.wait(until.map(|until| until.saturating_duration_since(Instant::now())))?;
            while let Some(completion) = self.ring.next() {
                match completion.event {
                    Event::Accepted(result) => self.on_accepted(result, completion.more),
                    Event::Woken if !completion.more => drop(self.ring.watch(&self.waker)),
                    _ => {}
                }
            }
        }
    }

    /// Somebody has connected, or cannot.
    fn on_accepted(&mut self, result: io::Result<OwnedFd>, more: bool) {
        if !more {
            self.accepting = None;
        }
        match result {
            Ok(socket) => self.waiting.push_back(socket),
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {} // we wanted it so
            Err(error) if socket::is_peers_fault(&error) => {}
            Err(error) => self.rest(&error),
        }
    }

    /// There is no room for another connection in the system: later, perhaps.
    fn rest(&mut self, error: &io::Error) {
        socket::report_accept_error(error);
        self.pause = Some(Instant::now() + socket::ACCEPT_PAUSE);
    }

    /// The next connection, if there is one and a place for it.
    fn accept(&mut self, ordered: bool) -> Option<(OwnedFd, Slot)> {
        // Once nothing more is accepted for us, those that are left are few: no need of the ring.
        let is_last_look = ordered && self.accepting.is_none() && self.pause.is_none();
        while !self.waiting.is_empty() || is_last_look && !self.drained {
            let slot = self.admission.admit()?;
            if let Some(socket) = self.waiting.pop_front() {
                return Some((socket, slot));
            }
            let listener = SockRef::from(&self.listener);
            match listener.set_nonblocking(true).and_then(|()| listener.accept()) {
                Ok((socket, _)) => return Some((socket.into(), slot)),
                Err(error) if socket::is_peers_fault(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.drained = true,
                Err(error) => {
                    self.rest(&error);
                    break;
                }
            }
        }
        None
    }
}

/// The whole suite on rings that are always full: few operations at once, fewer completions than
/// there are connections, two buffers for all of them, and short ones.
#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Default)]
    struct Tiny;

    impl Backend for Tiny {
        const NAME: &'static str = Model::NAME;
        const MODELS: &'static [(Self, &'static str, &'static str)] = &[(Tiny, "tiny", "small")];

        fn check_system() -> io::Result<()> {
            Model::check_system()
        }

        fn serve(self, listener: TcpListener, context: Arc<Context>) -> io::Result<()> {
            let sizes = Sizes { operations: 2, completions: 4, buffers: 2, buffer: 256 };
            apart(move || serve([sizes; 2], listener, &context))
        }
    }

    backend_suite::suite!(tiny, Tiny);
}
