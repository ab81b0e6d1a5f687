//! The builder, the handle, and what a backend is to them.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::{Handler, Limits};

use crate::{Admission, Report, ShutdownSignal, Statistics, socket};

/// A concurrency model. Its values are the variants that it comes in.
pub trait Backend: Copy + Default + Send + 'static {
    /// The backend's short name.
    const NAME: &'static str;

    /// Its variants: how each is called and what it is, the default first.
    const MODELS: &'static [(Self, &'static str, &'static str)];

    /// Whether this system has what the backend needs.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    fn check_system() -> io::Result<()> {
        Ok(())
    }

    /// Serves connections until the order to stop has been carried out.
    ///
    /// # Errors
    /// If it cannot begin. Once it serves, no error ends it.
    fn serve(self, listener: TcpListener, context: Arc<Context>) -> io::Result<()>;
}

/// How a server is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Threads that drive connections.
    pub threads: Option<usize>,
    /// Threads for blocking work.
    pub workers: usize,
    /// Most connections at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// Most pieces of work that run or wait to; further ones are answered 503.
    pub max_work: usize,
    /// The limits of each connection.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            threads: None,
            workers: 2 * cores(),
            max_connections: 10_000,
            max_work: 4_096,
            limits: Limits::default(),
        }
    }
}

/// Processors that this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What a backend is given.
#[derive(Clone)]
pub struct Context {
    /// Answers requests.
    pub handler: Arc<dyn Handler>,
    /// The limits of each connection.
    pub limits: Arc<Limits>,
    /// Threads that drive connections, if it was said how many.
    pub threads: Option<usize>,
    /// Threads for blocking work.
    pub workers: usize,
    /// The order to stop.
    pub shutdown: Arc<ShutdownSignal>,
    /// The bound on connections.
    pub admission: Arc<Admission>,
    pub(crate) statistics: Statistics,
    /// How TLS is spoken, if it is, with those who connect to this listener.
    #[cfg(feature = "tls")]
    pub tls: Option<Arc<layer_tls::Setup>>,
}

impl Context {
    /// Threads that drive connections: as many as were asked for, or one for each processor.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.unwrap_or_else(cores)
    }

    /// Whether HTTP is spoken here as it is, without TLS below it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_none();
        #[cfg(not(feature = "tls"))]
        true
    }
}

/// A server that is bound to its address. The kernel already queues connections for it.
///
/// The builder is the same for every backend, so that swapping backends is changing one `use`.
pub struct Server<B> {
    backend: B,
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    shutdown: Arc<ShutdownSignal>,
    statistics: Statistics,
    #[cfg(feature = "tls")]
    tls: Option<(TcpListener, SocketAddr, Arc<layer_tls::Setup>)>,
}

impl<B: Backend> Server<B> {
    /// Binds to an address. With port 0 the system chooses one: see [`Server::address`].
    ///
    /// # Errors
    /// If the address cannot be bound: it is taken, for example. If the system has not got what
    /// the backend needs: see [`Backend::check_system`].
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        B::check_system()?;
        let listener = socket::listen(address)?;
        let address = listener.local_addr()?;
        let shutdown = Arc::<ShutdownSignal>::default();
        Ok(Server {
            backend: B::default(),
            config: Config::default(),
            listener,
            address,
            statistics: Statistics::new(Arc::clone(&shutdown)),
            shutdown,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Listens at another address as well, where TLS is spoken. The backend drives each listener
    /// with threads of its own. Connections (and one more) and work are bounded over both.
    ///
    /// # Errors
    /// If the address cannot be bound.
    #[cfg(feature = "tls")]
    pub fn tls(self, address: impl ToSocketAddrs, setup: layer_tls::Setup) -> io::Result<Self> {
        self.tls_from(socket::listen(address)?, setup)
    }

    /// As [`Server::tls`], with a listener that is there already.
    ///
    /// # Errors
    /// If it has no address.
    #[cfg(feature = "tls")]
    pub fn tls_from(mut self, listener: TcpListener, setup: layer_tls::Setup) -> io::Result<Self> {
        let address = listener.local_addr()?;
        self.tls = Some((listener, address, Arc::new(setup)));
        Ok(self)
    }

    /// The address where TLS is spoken, if there is one.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|&(_, address, _)| address)
    }

    /// The variant of the concurrency model.
    #[must_use]
    pub fn model(mut self, model: B) -> Self {
        self.backend = model;
        self
    }

    /// All options at once.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Threads that drive connections, at least one. Default: one for each processor, or what the
    /// model calls for.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.config.threads = Some(threads);
        self
    }

    /// Threads for blocking work, at least one. Default: two for each processor.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.config.workers = workers;
        self
    }

    /// Most connections at once, at least one; further ones wait to be accepted. Default 10,000.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.config.max_connections = connections;
        self
    }

    /// Most pieces of work that run or wait to, at least one; further ones are answered 503.
    /// Default 4,096.
    #[must_use]
    pub fn max_work(mut self, pieces: usize) -> Self {
        self.config.max_work = pieces;
        self
    }

    /// The limits of each connection.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// The address it is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the order to stop, from anywhere.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle { shutdown: Arc::clone(&self.shutdown) }
    }

    /// What the server does, for whoever looks: from now on, and still when it has ended.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }

    /// Serves on this thread until the order to stop has been carried out.
    ///
    /// # Errors
    /// If it cannot begin: no threads to be had, for example.
    pub fn run(self, handler: impl Handler) -> io::Result<Report> {
        let Config { threads, workers, max_connections, max_work, limits } = self.config;
        // With none of something nothing would ever be served.
        let most = max_connections.max(1);
        // An acceptor that waits may hold a place; with TLS there are two.
        #[cfg(feature = "tls")]
        let most = most + usize::from(self.tls.is_some());
        let admission = Arc::new(Admission::new(most, max_work.max(1)));
        self.statistics.begin(Arc::clone(&admission));
        let report = || self.statistics.report(admission.open() as u64);
        let context = Context {
            handler: Arc::new(handler),
            limits: Arc::new(limits),
            threads: threads.map(|threads| threads.max(1)),
            workers: workers.max(1),
            shutdown: self.shutdown,
            admission: Arc::clone(&admission),
            statistics: self.statistics.clone(),
            #[cfg(feature = "tls")]
            tls: None,
        };
        #[cfg(feature = "tls")]
        if let Some((listener, _, setup)) = self.tls {
            let secured = Context { tls: Some(setup), ..context.clone() };
            both(self.backend, [(self.listener, context), (listener, secured)])?;
            return Ok(report());
        }
        self.backend.serve(self.listener, Arc::new(context))?;
        Ok(report())
    }

    /// Serves on a thread of its own.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub fn spawn(self, handler: impl Handler) -> io::Result<Handle> {
        let (address, shutdown_handle, statistics) =
            (self.address, self.shutdown_handle(), self.statistics());
        let thread =
            std::thread::Builder::new().name("server".into()).spawn(move || self.run(handler))?;
        Ok(Handle { address, shutdown_handle, statistics, thread })
    }
}

/// Orders to stop when it is dropped by a panic.
#[cfg(feature = "tls")]
struct ShutDownOnPanic(Arc<ShutdownSignal>);

#[cfg(feature = "tls")]
impl Drop for ShutDownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.begin(Instant::now());
        }
    }
}

/// Serves two listeners. If one cannot begin, or panics, the other ends.
#[cfg(feature = "tls")]
fn both<B: Backend>(backend: B, listeners: [(TcpListener, Context); 2]) -> io::Result<()> {
    let serve = move |(listener, context): (TcpListener, Context)| {
        let shutdown = Arc::clone(&context.shutdown);
        let _guard = ShutDownOnPanic(Arc::clone(&shutdown));
        let result = backend.serve(listener, Arc::new(context));
        if result.is_err() {
            shutdown.begin(Instant::now());
        }
        result
    };
    let [first, second] = listeners;
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("server-tls".into());
        let second = builder.spawn_scoped(scope, move || serve(second))?;
        let result = serve(first);
        let other = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.and(other)
    })
}

/// Gives the order to stop.
#[derive(Clone)]
pub struct ShutdownHandle {
    shutdown: Arc<ShutdownSignal>,
}

impl ShutdownHandle {
    /// Graceful shutdown: no new connections; idle ones are closed, requests under way answered.
    /// What is not done `within` this time is cut. With zero, everything ends at once.
    pub fn shutdown(&self, within: Duration) {
        self.shutdown.begin(protocol::after(Instant::now(), within));
    }
}

/// A running server.
pub struct Handle {
    address: SocketAddr,
    shutdown_handle: ShutdownHandle,
    statistics: Statistics,
    thread: JoinHandle<io::Result<Report>>,
}

impl Handle {
    /// The address it is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the order to stop, from anywhere.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown_handle.clone()
    }

    /// What the server does, for whoever looks.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }

    /// Stops gracefully, as [`ShutdownHandle::shutdown`] says, and reports what was served and what
    /// was cut.
    ///
    /// # Errors
    /// If the server could not begin.
    pub fn shutdown(self, within: Duration) -> io::Result<Report> {
        self.shutdown_handle.shutdown(within);
        self.join()
    }

    /// Waits until the server ends, by whoever's order.
    ///
    /// # Errors
    /// If the server could not begin.
    pub fn join(self) -> io::Result<Report> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
