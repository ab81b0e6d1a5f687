//! Accepting, and the threads that connections are handed to.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use backend_common::socket::{self, Timeouts};
use backend_common::threads::Pool;
use backend_common::{Backend, Context, Session, Slot};

use crate::connection::{Conversation, Peer};

/// The classic models of blocking threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// A thread for each connection, up to the bound on connections.
    #[default]
    Threads,
    /// A fixed number of threads, fed by a channel: 64 unless said otherwise. A connection keeps
    /// its thread between requests, so idle ones can starve the pool.
    Pool,
}

/// Threads of the pool, unless said otherwise.
const POOL: usize = 64;

/// How long threads that have been cut may take to leave. Only one that computes does not.
const LEAVE: Duration = Duration::from_millis(500);

impl Backend for Model {
    const NAME: &'static str = "sync";
    const MODELS: &'static [(Self, &'static str, &'static str)] = &[
        (Model::Threads, "threads", "a thread for each connection"),
        (Model::Pool, "pool", "a fixed pool of threads, fed by a channel"),
    ];

    fn serve(self, listener: TcpListener, context: Arc<Context>) -> io::Result<()> {
        let crew = Arc::new(Crew { context, peers: Mutex::default(), bell: Condvar::new() });
        let mut hand_over: Box<dyn FnMut(Accepted)> = match self {
            Model::Threads => {
                let (crew, mut spare) = (Arc::clone(&crew), Spare::start(&crew)?);
                Box::new(move |accepted| spare.hand_over(crew.start(accepted)))
            }
            Model::Pool => {
                let threads = crew.context.threads.unwrap_or(POOL);
                let crew = Arc::clone(&crew);
                let serve = move |(socket, slot)| crew.serve(socket, slot);
                let pool = Pool::start(threads, || builder("pool"), serve)?;
                Box::new(move |accepted| pool.send(accepted))
            }
        };
        let listener = Arc::new(listener);
        crew.shutdown_channel(&listener);
        while let Some(accepted) = crew.accept(&listener) {
            hand_over(accepted);
        }
        drop((listener, hand_over)); // refuse further connections; let the pool run dry
        crew.see_off();
        Ok(())
    }
}

/// What a connection is handed over as.
type Accepted = (TcpStream, Slot);

fn builder(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.into())
}

/// All threads of a server, and what it takes to wake them.
struct Crew {
    context: Arc<Context>,
    peers: Mutex<Peers>,
    /// Rings when a connection leaves, and when the order to stop comes.
    bell: Condvar,
}

#[derive(Default)]
struct Peers {
    /// Where our own call came from that woke the acceptor.
    own_call: Option<SocketAddr>,
    next: u64,
    by_number: HashMap<u64, Arc<Peer>>,
}

impl Crew {
    /// Drives a connection on a thread of its own. If the system refuses one, the connection comes back.
    fn start(self: &Arc<Self>, accepted: Accepted) -> Result<(), (io::Error, Accepted)> {
        let take = |from: &Mutex<Option<Accepted>>| {
            from.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        // Shared until the thread takes it: what is moved into a thread that never starts is gone.
        let accepted = Arc::new(Mutex::new(Some(accepted)));
        let (crew, theirs) = (Arc::clone(self), Arc::clone(&accepted));
        let serve =
            move || take(&theirs).into_iter().for_each(|(socket, slot)| crew.serve(socket, slot));
        match builder("connection").spawn(serve) {
            Ok(_) => Ok(()),
            Err(error) => take(&accepted).map_or(Ok(()), |accepted| Err((error, accepted))),
        }
    }

    /// Drives a connection on the current thread.
    fn serve(&self, socket: TcpStream, slot: Slot) {
        let _ = socket::prepare(&socket); // it only costs latency
        let session = Session::new(&self.context, slot, &socket);
        let peer = Arc::new(Peer::new(socket));
        let number = {
            let mut peers = self.lock();
            peers.next += 1;
            let number = peers.next;
            peers.by_number.insert(number, Arc::clone(&peer));
            number
        };
        let shutdown = &*self.context.shutdown;
        let timeouts = Timeouts::default();
        Conversation { peer: &peer, session, shutdown, ordered: None, timeouts }.run();
        self.lock().by_number.remove(&number);
    }

    /// The next connection, or `None` when the order to stop has come and nobody is left who had
    /// connected before it, or the time is up.
    fn accept(&self, listener: &TcpListener) -> Option<Accepted> {
        loop {
            let mut place = None;
            while place.is_none() && !self.is_time_up() {
                self.sleep(self.context.shutdown.deadline(), |_| {
                    place = place.take().or_else(|| self.context.admission.admit());
                    place.is_some() || self.is_time_up()
                });
            }
            let slot = place?;
            let accepted = listener.accept();
            let is_ordered = self.context.shutdown.deadline().is_some();
            match accepted {
                // Accepted sockets inherit the mode of the listener on some systems.
                Ok((socket, from)) if socket.set_nonblocking(false).is_ok() => {
                    if !is_ordered || self.lock().own_call != Some(from) {
                        return Some((socket, slot));
                    }
                }
                Ok(_) => {}
                Err(error) if socket::is_peers_fault(&error) => {}
                Err(_) if is_ordered => return None,
                Err(error) => {
                    socket::report_accept_error(&error);
                    self.sleep(Some(Instant::now() + socket::ACCEPT_BACKOFF), |_| {
                        self.context.shutdown.deadline().is_some()
                    });
                }
            }
        }
    }

    fn is_time_up(&self) -> bool {
        self.context.shutdown.deadline().is_some_and(|by| by <= Instant::now())
    }

    /// Has the order to stop wake every thread that sleeps.
    fn shutdown_channel(self: &Arc<Self>, listener: &Arc<TcpListener>) {
        let crew = Arc::downgrade(self);
        self.context.admission.on_departure(move || {
            crew.upgrade().into_iter().for_each(|crew| crew.ring());
        });
        let crew = Arc::downgrade(self);
        let caller = socket::WakeupDialer::new(listener);
        let listener = Arc::downgrade(listener);
        self.context.shutdown.on_begin(move |_| {
            let Some(crew) = crew.upgrade() else { return };
            let mut peers = crew.lock();
            peers.by_number.values().for_each(|peer| peer.rouse());
            if peers.own_call.is_none()
                && let Some(listener) = listener.upgrade()
            {
                // The acceptor sleeps in accept(2): from now on it does not, and a call wakes it.
                let _ = listener.set_nonblocking(true);
                peers.own_call = caller.as_ref().ok().and_then(|caller| caller.dial().ok());
            }
            drop(peers);
            crew.ring();
        });
    }

    /// Waits until all connections have left or their time is up; then cuts those that remain.
    fn see_off(&self) {
        let mut by = Instant::now();
        while let Some(ordered) = self.context.shutdown.deadline().filter(|_| !self.is_empty()) {
            by = ordered;
            if by <= Instant::now() {
                break;
            }
            self.sleep(Some(by), |_| {
                self.is_empty() || self.context.shutdown.deadline() != Some(by)
            });
        }
        self.lock().by_number.values().for_each(|peer| peer.cut());
        self.sleep(Some(by.max(Instant::now()) + LEAVE), |_| self.is_empty());
    }

    fn is_empty(&self) -> bool {
        self.context.admission.is_empty()
    }

    /// Sleeps until `done`, or the moment `by`. The bell has it looked at again.
    fn sleep(&self, by: Option<Instant>, mut done: impl FnMut(&Peers) -> bool) {
        let mut peers = self.lock();
        while !done(&peers) {
            let timeout = match by {
                Some(by) => match by.checked_duration_since(Instant::now()) {
                    Some(timeout) if !timeout.is_zero() => timeout,
                    _ => return,
                },
                None => Duration::MAX,
            };
            peers = match self.bell.wait_timeout(peers, timeout.min(Duration::from_secs(3600))) {
                Ok((peers, _)) => peers,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Taking the lock first means that no sleeper can be between its look and its sleep.
    fn ring(&self) {
        drop(self.lock());
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of connections to which the system refuses a thread of their own: a few threads are
/// kept for them, and what is more is answered 503 (RFC 9110 §15.6.4).
struct Spare {
    pool: Pool<(Accepted, Taken)>,
    free: Arc<AtomicUsize>,
    /// Whether clients can read a plain answer.
    is_plain: bool,
    /// Sockets on which the answer has been said, and when. To close one at once would reset it when
    /// the request comes, and the reset may overtake the answer.
    refused: VecDeque<(Instant, TcpStream)>,
    warned: Option<Instant>,
}

/// One of the threads is busy, until this is dropped.
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

    fn start(crew: &Arc<Crew>) -> io::Result<Self> {
        let is_plain = crew.context.is_plain();
        let crew = Arc::clone(crew);
        let serve = move |((socket, slot), _taken): (Accepted, Taken)| crew.serve(socket, slot);
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

    /// Tells a client that it cannot be served. On the socket nothing more is to be done.
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
