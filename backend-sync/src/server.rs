//! Accepting, and the threads that connections are handed to.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use backend_common::socket;
use backend_common::threads::Pool;
use backend_common::{ABORT_GRACE, Backend, Context, Listener, Session, Slot, Variant};

use crate::connection::{Driver, WakeHandle};

/// The classic models of blocking threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// A thread for each connection, up to the bound on connections.
    #[default]
    Threads,
    /// A fixed number of threads, fed by a channel: 64 unless configured otherwise. A connection
    /// keeps its thread between requests, so idle ones can starve the pool.
    Pool,
}

/// Threads of the pool, unless configured otherwise.
const POOL: usize = 64;

impl Backend for Model {
    const NAME: &'static str = "sync";
    const MODELS: &'static [Variant<Self>] = &[
        Variant { model: Model::Threads, name: "threads", summary: "a thread for each connection" },
        Variant {
            model: Model::Pool,
            name: "pool",
            summary: "a fixed pool of threads, fed by a channel",
        },
    ];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        let (open, changed) = (Mutex::default(), Condvar::new());
        let connections = Arc::new(Connections { context, open, changed });
        // ANCHOR: models
        let mut hand_over: Box<dyn FnMut(Accepted)> = match self {
            Model::Threads => {
                let mut spare = Spare::start(&connections)?;
                let connections = Arc::clone(&connections);
                Box::new(move |accepted| spare.hand_over(connections.start(accepted)))
            }
            Model::Pool => {
                let threads = connections.context.threads.unwrap_or(POOL);
                let connections = Arc::clone(&connections);
                let serve = move |(socket, slot)| connections.serve(socket, slot);
                let pool = Pool::start(threads, || builder("pool"), serve)?;
                Box::new(move |accepted| pool.send(accepted))
            }
        };
        // ANCHOR_END: models
        let listener = Arc::new(listener);
        connections.wake_on_shutdown(&listener);
        while let Some(accepted) = connections.accept(&listener) {
            hand_over(accepted);
        }
        drop((listener, hand_over)); // refuse further connections; let the pool run dry
        connections.context.accepts_no_more();
        connections.drain();
        Ok(())
    }
}

/// What a connection is handed over as.
type Accepted = (TcpStream, Slot);

fn builder(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.into())
}

/// All connections of a server, each on a thread, and what it takes to wake them.
struct Connections {
    context: Arc<Context>,
    open: Mutex<Open>,
    /// Notified when a connection ends, and on shutdown.
    changed: Condvar,
}

#[derive(Default)]
struct Open {
    handles: HashMap<u64, Arc<WakeHandle>>,
    next: u64,
    /// The address of our own connection that woke the acceptor. Without an address it is served
    /// as any client is that leaves at once.
    wakeup_connection: Option<SocketAddr>,
}

impl Connections {
    /// Drives a connection on a thread of its own. If the system refuses one, the connection comes
    /// back.
    fn start(self: &Arc<Self>, accepted: Accepted) -> Result<(), (io::Error, Accepted)> {
        let take = |from: &Mutex<Option<Accepted>>| {
            from.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        // Shared until the thread takes it: what is moved into a thread that never starts is gone.
        let accepted = Arc::new(Mutex::new(Some(accepted)));
        let (connections, theirs) = (Arc::clone(self), Arc::clone(&accepted));
        let serve = move || {
            if let Some((socket, slot)) = take(&theirs) {
                connections.serve(socket, slot);
            }
        };
        match builder("connection").spawn(serve) {
            Ok(_) => Ok(()),
            Err(error) => take(&accepted).map_or(Ok(()), |accepted| Err((error, accepted))),
        }
    }

    /// Has a departure and the shutdown wake every thread that sleeps.
    fn wake_on_shutdown(self: &Arc<Self>, listener: &Arc<Listener>) {
        let connections = Arc::downgrade(self);
        self.context.admission.on_departure(move || {
            if let Some(connections) = connections.upgrade() {
                connections.notify();
            }
        });
        let connections = Arc::downgrade(self);
        let dialer = socket::WakeupDialer::new(listener);
        let listener = Arc::downgrade(listener);
        self.context.shutdown.on_begin(move |_| {
            let Some(connections) = connections.upgrade() else { return };
            let mut open = connections.lock();
            open.handles.values().for_each(|handle| handle.wake());
            if open.wakeup_connection.is_none()
                && let Some(listener) = listener.upgrade()
            {
                // The acceptor sleeps in accept(2): from now on it does not, and a client wakes it.
                let _ = listener.set_nonblocking(true);
                let dialed = dialer.as_ref().ok().and_then(|dialer| dialer.dial().ok());
                open.wakeup_connection = dialed.flatten();
            }
            drop(open);
            connections.notify();
        });
    }

    /// The next connection. On shutdown `None`, when the clients that had connected before have
    /// been accepted, or at the deadline.
    fn accept(&self, listener: &Listener) -> Option<Accepted> {
        loop {
            let mut place = None;
            let shutdown = &self.context.shutdown;
            let is_over = || shutdown.is_overdue() || shutdown.is_handed_over();
            while place.is_none() && !is_over() {
                self.sleep(shutdown.deadline(), |_| {
                    place = place.take().or_else(|| self.context.admission.admit());
                    place.is_some() || is_over()
                });
            }
            if shutdown.is_handed_over() {
                return None;
            }
            let slot = place?;
            let accepted = listener.accept();
            let is_shutdown = self.context.shutdown.deadline().is_some();
            match accepted {
                // Accepted sockets inherit the mode of the listener on some systems.
                Ok((socket, peer)) if socket.set_nonblocking(false).is_ok() => {
                    if !is_shutdown || peer.is_none() || self.lock().wakeup_connection != peer {
                        return Some((socket, slot.for_peer(peer)));
                    }
                }
                Ok(_) => {}
                Err(error) if socket::is_clients_fault(&error) => {}
                Err(_) if is_shutdown => return None, // no client is left
                Err(error) => {
                    socket::report_accept_error(&error);
                    self.sleep(Some(Instant::now() + socket::ACCEPT_BACKOFF), |_| {
                        self.context.shutdown.deadline().is_some()
                    });
                }
            }
        }
    }

    /// Waits until all connections have ended or the deadline has come; then aborts those that
    /// remain.
    fn drain(&self) {
        let mut by = Instant::now();
        while let Some(deadline) = self.context.shutdown.deadline().filter(|_| !self.poll_empty()) {
            by = deadline;
            if by <= Instant::now() {
                break;
            }
            self.sleep(Some(by), |_| {
                self.poll_empty() || self.context.shutdown.deadline() != Some(by)
            });
        }
        self.lock().handles.values().for_each(|handle| handle.abort());
        self.sleep(Some(by.max(Instant::now()) + ABORT_GRACE), |_| self.poll_empty());
    }

    /// Drives a connection on the current thread.
    fn serve(&self, socket: TcpStream, slot: Slot) {
        let _ = socket::prepare(&socket); // it only costs latency
        let mut session = Session::new(&self.context, slot);
        let handle = Arc::new(WakeHandle::new(socket));
        let number = self.lock().insert(Arc::clone(&handle));
        let result = Driver::new(&handle, &mut session, &self.context.shutdown).drive();
        if let Err(error) = result {
            session.ended(&error);
        }
        drop(session);
        self.lock().handles.remove(&number);
    }

    /// Whether all connections have ended. If not, the end of the next one notifies.
    fn poll_empty(&self) -> bool {
        self.context.admission.poll_empty()
    }

    /// Sleeps until `done`, or until the moment `by`. A notification has it looked at again.
    fn sleep(&self, by: Option<Instant>, mut done: impl FnMut(&Open) -> bool) {
        let mut open = self.lock();
        while !done(&open) {
            let timeout = match by {
                Some(by) => match by.checked_duration_since(Instant::now()) {
                    Some(timeout) if !timeout.is_zero() => timeout,
                    _ => return,
                },
                None => Duration::MAX,
            };
            open = match self.changed.wait_timeout(open, timeout.min(Duration::from_secs(3600))) {
                Ok((open, _)) => open,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Wakes the acceptor. With the lock taken first, it cannot be between its look and its sleep.
    fn notify(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn insert(&mut self, handle: Arc<WakeHandle>) -> u64 {
        self.next += 1;
        self.handles.insert(self.next, handle);
        self.next
    }
}

/// Threads that are kept for connections to which the system refuses one of their own. Further ones
/// are answered 503 (RFC 9110 §15.6.4).
struct Spare {
    pool: Pool<(Accepted, Taken)>,
    free: Arc<AtomicUsize>,
    /// Whether clients can read a plain answer.
    is_plain: bool,
    /// Sockets on which the answer has been sent, and when. To close one at once would reset it
    /// when the request comes, and the reset may overtake the answer.
    refused: VecDeque<(Instant, TcpStream)>,
    warned: Option<Instant>,
}

/// Marks one of the threads as busy, until it is dropped.
struct Taken(Arc<AtomicUsize>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Spare {
    /// How many threads are kept.
    const THREADS: usize = 4;

    /// How many sockets are kept, and for how long at least while others come.
    const REFUSED: usize = 16;
    const LINGER: Duration = Duration::from_secs(2);

    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\
        Retry-After: 1\r\nConnection: close\r\n\r\n";

    fn start(connections: &Arc<Connections>) -> io::Result<Self> {
        let is_plain = connections.context.is_plain();
        let connections = Arc::clone(connections);
        let serve =
            move |((socket, slot), _taken): (Accepted, Taken)| connections.serve(socket, slot);
        Ok(Spare {
            pool: Pool::start(Self::THREADS, || builder("spare"), serve)?,
            free: Arc::new(AtomicUsize::new(Self::THREADS)),
            is_plain,
            refused: VecDeque::new(),
            warned: None,
        })
    }

    /// Takes a connection that could not be started, and forgets those that have been refused.
    fn hand_over(&mut self, started: Result<(), (io::Error, Accepted)>) {
        let now = Instant::now();
        let is_over = |(since, _): &(Instant, TcpStream)| now - *since > Self::LINGER;
        while self.refused.len() > Self::REFUSED || self.refused.front().is_some_and(is_over) {
            self.refused.pop_front();
        }
        let Err((error, accepted)) = started else { return };
        if self.warned.is_none_or(|since| now - since > socket::ACCEPT_BACKOFF) {
            self.warned = Some(now);
            tracing::warn!("no thread for a connection: {error}");
        }
        let one_less = |free: usize| free.checked_sub(1);
        match self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => self.pool.send((accepted, Taken(Arc::clone(&self.free)))),
            Err(_) => self.refused.extend(self.refuse(accepted).map(|socket| (now, socket))),
        }
    }

    /// Tells a client that it cannot be served. Nothing more is to be done on the socket.
    fn refuse(&self, (mut socket, _slot): Accepted) -> Option<TcpStream> {
        if let (true, Ok(client)) = (tracing::enabled!(tracing::Level::DEBUG), socket.peer_addr()) {
            tracing::debug!("{client}: refused: there is no thread for it");
        }
        if self.is_plain {
            socket.set_nonblocking(true).and_then(|()| socket.write_all(Self::ANSWER)).ok()?;
        }
        socket.shutdown(Shutdown::Write).ok()?;
        Some(socket)
    }
}
