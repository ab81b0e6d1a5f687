//! Accepting, the threads of the event loops, and the workers.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use backend_common::threads::Pool;
use backend_common::{
    Admission, Backend, Context, Job, Listener, Loops, ShutdownSignal, Slot, Variant, socket,
};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::event_loop::EventLoop;

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Event loops, each on a thread of its own, and one that accepts for them.
    #[default]
    Loops,
}

/// Marks the listener.
const LISTENER: Token = Token(0);

/// Marks the waker.
const WAKER: Token = Token(1);

impl Backend for Model {
    const NAME: &'static str = "mio";
    const MODELS: &'static [Variant<Self>] = &[Variant {
        model: Model::Loops,
        name: "loops",
        summary: "an event loop on each thread, and a pool of workers",
    }];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        let mut acceptor = Acceptor::new(listener, &context)?;
        let builder = || thread::Builder::new().name("worker".into());
        let workers = Pool::start(context.workers, builder, Job::run)?;
        let mut loops = Loops::default();
        for _ in 0..context.thread_count() {
            let event_loop = EventLoop::new(Arc::clone(&context), workers.clone())?;
            loops.start(event_loop.mailbox(), move || event_loop.run())?;
        }
        loops.forward_shutdown(&context.shutdown);

        let result = acceptor.run(&mut loops);
        drop(acceptor); // refuse further connections
        context.accepts_no_more();
        let ended = loops.join();
        result.and(ended)
    }
}

/// A listener whose clients are events.
enum WatchedListener {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

impl WatchedListener {
    fn new(listener: Listener, registry: &Registry) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        match listener {
            Listener::Tcp(listener) => {
                let mut listener = mio::net::TcpListener::from_std(listener);
                registry.register(&mut listener, LISTENER, Interest::READABLE)?;
                Ok(WatchedListener::Tcp(listener))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                let mut listener = mio::net::UnixListener::from_std(listener);
                registry.register(&mut listener, LISTENER, Interest::READABLE)?;
                Ok(WatchedListener::Unix(listener))
            }
        }
    }

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        match self {
            WatchedListener::Tcp(listener) => listener.accept().map(|(it, peer)| (it, Some(peer))),
            #[cfg(unix)]
            WatchedListener::Unix(listener) => {
                // The name of TCP for it will do: see `backend_common::as_tcp`.
                listener.accept().map(|(it, _)| (TcpStream::from(OwnedFd::from(it)), None))
            }
        }
    }
}

/// An event loop that knows two events: a client wants to connect, and another thread wakes it.
struct Acceptor {
    poll: Poll,
    listener: WatchedListener,
    admission: Arc<Admission>,
    shutdown: Arc<ShutdownSignal>,
    /// An event said that there is a client to accept, and no accept has since said otherwise.
    ready: bool,
    /// After an error: when to try again.
    backoff: Option<Instant>,
}

impl Acceptor {
    fn new(listener: Listener, context: &Context) -> io::Result<Self> {
        let poll = Poll::new()?;
        let listener = WatchedListener::new(listener, poll.registry())?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let departure = Arc::clone(&waker);
        context.admission.on_departure(move || drop(departure.wake()));
        context.shutdown.on_begin(move |_| drop(waker.wake()));
        let (admission, shutdown) = (Arc::clone(&context.admission), Arc::clone(&context.shutdown));
        Ok(Acceptor { poll, listener, admission, shutdown, ready: false, backoff: None })
    }

    /// Accepts clients and hands them over to the loops in turn. On shutdown it ends when those
    /// that had connected before have been accepted, or at the deadline.
    fn run(&mut self, loops: &mut Loops<TcpStream>) -> io::Result<()> {
        let mut events = Events::with_capacity(8);
        let mut last_look = false;
        loop {
            let shutdown = self.shutdown.deadline();
            if self.shutdown.is_handed_over() {
                return Ok(());
            }
            // An event may not have come yet for a client that had connected before the shutdown.
            self.ready |= shutdown.is_some() && !std::mem::replace(&mut last_look, true);
            while let Some((socket, slot)) = self.accept()? {
                loops.hand_over(socket, slot);
            }
            if shutdown.is_some_and(|by| !self.ready || by <= Instant::now()) {
                return Ok(());
            }
            let until = self.backoff.into_iter().chain(shutdown).min();
            let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, timeout.map(|it| it + Duration::from_millis(1))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => self.ready |= events.iter().any(|event| event.token() == LISTENER),
            }
        }
    }

    /// The next connection, if there is one, a place for it, and no backoff.
    fn accept(&mut self) -> io::Result<Option<(TcpStream, Slot)>> {
        if self.backoff.is_some_and(|until| Instant::now() < until) {
            return Ok(None);
        }
        self.backoff = None;
        while self.ready {
            let Some(slot) = self.admission.admit() else { return Ok(None) };
            match self.listener.accept() {
                Ok((socket, peer)) => {
                    let _ = socket::prepare(&socket); // it only costs latency
                    return Ok(Some((socket, slot.for_peer(peer))));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready = false,
                Err(error) if socket::is_clients_fault(&error) => {}
                Err(error) => {
                    self.back_off(&error);
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// The system has no room for another connection: later, perhaps.
    fn back_off(&mut self, error: &io::Error) {
        socket::report_accept_error(error);
        self.backoff = Some(Instant::now() + socket::ACCEPT_BACKOFF);
    }
}
