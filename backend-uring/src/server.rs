//! Accepting, the threads of the event loops, and the workers.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use backend_common::threads::Pool;
use backend_common::{
    Admission, Backend, Context, Job, Listener, Loops, ShutdownSignal, Slot, Variant, socket,
};
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

/// The sizes of a loop's ring. What one client sends in a burst is 32 buffers at most before the
/// loop can object.
const SIZES: Sizes = Sizes { operations: 1024, completions: 8192, buffers: 1024, buffer: 4 << 10 };

/// The sizes of the acceptor's ring. A full queue of completions ends the accept: so many may be
/// accepted ahead.
const ACCEPTOR: Sizes = Sizes { operations: 4, completions: 8, buffers: 1, buffer: 1 };

impl Backend for Model {
    const NAME: &'static str = "uring";
    const MODELS: &'static [Variant<Self>] = &[Variant {
        model: Model::Rings,
        name: "rings",
        summary: "an io_uring on each thread, and a pool of workers",
    }];

    fn check_system() -> io::Result<()> {
        apart(|| Ring::new(ACCEPTOR).map(drop)).map_err(|error| {
            match error.raw_os_error() {
                Some(libc::ENOSYS | libc::EINVAL | libc::EPERM | libc::EACCES) => {}
                // No memory, no thread, no descriptors: another matter.
                _ => return io::Error::new(error.kind(), format!("cannot try io_uring: {error}")),
            }
            let missing = format!(
                "backend-uring needs io_uring of Linux 6.1 or newer, neither switched off \
                 (sysctl kernel.io_uring_disabled) nor forbidden by a sandbox such as a \
                 container's: {error}"
            );
            io::Error::new(io::ErrorKind::Unsupported, missing)
        })
    }

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        apart(move || serve([ACCEPTOR, SIZES], listener, &context))
    }
}

/// Calls `act`, which uses rings, on a thread of its own. When a ring has been closed, the kernel
/// interrupts the threads that have used it (`EINTR`), and those of our caller are not used to it.
fn apart(act: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("acceptor".into()).spawn(act)?;
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn serve(
    [acceptor, sizes]: [Sizes; 2],
    listener: Listener,
    context: &Arc<Context>,
) -> io::Result<()> {
    let mut acceptor = Acceptor::new(acceptor, listener, context)?;
    let builder = || thread::Builder::new().name("worker".into());
    let workers = Pool::start(context.workers, builder, Job::run)?;
    let mut loops = Loops::default();
    for _ in 0..context.thread_count() {
        let event_loop = EventLoop::new(sizes, Arc::clone(context), workers.clone())?;
        loops.start(event_loop.mailbox(), move || event_loop.run())?;
    }
    loops.forward_shutdown(&context.shutdown);

    let result = acceptor.run(&mut loops);
    drop(acceptor); // refuse further connections
    context.accepts_no_more();
    let ended = loops.join();
    result.and(ended)
}

/// A ring that accepts, and is woken when there is a place again or shutdown has begun.
struct Acceptor {
    ring: Ring,
    listener: Arc<OwnedFd>,
    waker: Waker,
    admission: Arc<Admission>,
    shutdown: Arc<ShutdownSignal>,
    /// The accept that goes on.
    accepting: Option<Id>,
    /// Accepted before the kernel could be told that there is no place.
    waiting: VecDeque<OwnedFd>,
    /// After an error: when to try again.
    backoff: Option<Instant>,
    /// On shutdown: all clients that had connected before have been accepted.
    drained: bool,
}

impl Acceptor {
    fn new(sizes: Sizes, listener: Listener, context: &Context) -> io::Result<Self> {
        let ring = Ring::new(sizes)?;
        let waker = Waker::new()?;
        let (departure, shutdown) = (waker.clone(), waker.clone());
        context.admission.on_departure(move || departure.wake());
        context.shutdown.on_begin(move |_| shutdown.wake());
        let (admission, shutdown) = (Arc::clone(&context.admission), Arc::clone(&context.shutdown));
        let (listener, waiting) = (Arc::new(OwnedFd::from(listener)), VecDeque::new());
        let (accepting, backoff, drained) = (None, None, false);
        Ok(Acceptor {
            ring,
            listener,
            waker,
            admission,
            shutdown,
            accepting,
            waiting,
            backoff,
            drained,
        })
    }

    /// Accepts clients and hands them over to the loops in turn. On shutdown it ends when those
    /// that had connected before have been accepted, or at the deadline.
    fn run(&mut self, loops: &mut Loops<OwnedFd>) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.watch(&self.waker);
        loop {
            let shutdown = self.shutdown.deadline();
            self.backoff = self.backoff.filter(|until| Instant::now() < *until);
            while let Some((socket, slot)) = self.accept(shutdown.is_some()) {
                let _ = socket::prepare(&socket); // it only costs latency
                // An accept that goes on says nothing of its clients (io_uring_prep_accept(3)).
                let Ok(peer) = SockRef::from(&socket).peer_addr() else { continue }; // it has gone
                loops.hand_over(socket, slot.for_peer(peer.as_socket()));
            }
            if shutdown.is_some_and(|by| self.drained || by <= Instant::now()) {
                return Ok(());
            }
            let is_wanted = shutdown.is_none() && self.waiting.is_empty() && self.backoff.is_none();
            match self.accepting {
                None if is_wanted => self.accepting = Some(self.ring.accept(&self.listener)),
                Some(id) if !is_wanted => self.ring.cancel(id),
                _ => {}
            }
            let until = self.backoff.into_iter().chain(shutdown).min();
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

    /// A client has connected, or cannot.
    fn on_accepted(&mut self, result: io::Result<OwnedFd>, more: bool) {
        if !more {
            self.accepting = None;
        }
        match result {
            Ok(socket) => self.waiting.push_back(socket),
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {} // by us
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(error) => self.back_off(&error),
        }
    }

    /// The next connection, if there is one and a place for it.
    fn accept(&mut self, is_shutdown: bool) -> Option<(OwnedFd, Slot)> {
        // Once the kernel accepts no more for us, the clients that are left are few: no need of the
        // ring.
        let is_last_look = is_shutdown && self.accepting.is_none() && self.backoff.is_none();
        while !self.waiting.is_empty() || is_last_look && !self.drained {
            if self.waiting.is_empty() && self.shutdown.is_handed_over() {
                self.drained = true; // others accept them
                break;
            }
            let slot = self.admission.admit()?;
            if let Some(socket) = self.waiting.pop_front() {
                return Some((socket, slot));
            }
            let listener = SockRef::from(&self.listener);
            match listener.set_nonblocking(true).and_then(|()| listener.accept()) {
                Ok((socket, _)) => return Some((socket.into(), slot)),
                Err(error) if socket::is_clients_fault(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.drained = true,
                Err(error) => {
                    self.back_off(&error);
                    break;
                }
            }
        }
        None
    }

    /// The system has no room for another connection: later, perhaps.
    fn back_off(&mut self, error: &io::Error) {
        socket::report_accept_error(error);
        self.backoff = Some(Instant::now() + socket::ACCEPT_BACKOFF);
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
        const MODELS: &'static [Variant<Self>] =
            &[Variant { model: Tiny, name: "tiny", summary: "small" }];

        fn check_system() -> io::Result<()> {
            Model::check_system()
        }

        fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
            let sizes = Sizes { operations: 2, completions: 4, buffers: 2, buffer: 256 };
            apart(move || serve([sizes; 2], listener, &context))
        }
    }

    backend_suite::suite!(tiny, Tiny);
}
