//! The builder, the handle, and what a backend is to them.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};

use protocol::{Handler, Limits, Observer};

use crate::admission::{Admission, Slot};
use crate::bind_error::BindError;
use crate::by_address::ByAddress;
use crate::listener::Listener;
use crate::shutdown::ShutdownSignal;
use crate::socket;
use crate::statistics::{Report, Statistics};
use crate::trusted::TrustedProxies;

/// A backend: a concurrency model. Its values are the variants that it comes in.
pub trait Backend: Copy + Default + Send + 'static {
    /// The backend's short name.
    const NAME: &'static str;

    /// Its variants, the default first.
    const MODELS: &'static [Variant<Self>];

    /// Whether this system has what the backend needs.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    fn check_system() -> io::Result<()> {
        Ok(())
    }

    /// Serves connections until the server has shut down.
    ///
    /// # Errors
    /// If it cannot begin. Once it serves, no error ends it.
    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()>;
}

/// One variant of a concurrency model, as the command line and the benches name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant<M> {
    /// The variant, to be given to [`Server::model`].
    pub model: M,
    /// Its name in one word.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
}

/// How a server is configured. Most programs call the methods of [`Server`] instead, one for each
/// field.
///
/// ```
/// use backend_common::{Config, Limits};
///
/// let config = Config {
///     max_connections: 1_000,
///     limits: Limits { max_body: 1 << 20, ..Limits::default() },
///     ..Config::default()
/// };
/// assert_eq!(config.threads, None, "as many as there are processors");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads that drive connections; with `None` one for each processor, or what the model calls
    /// for.
    pub threads: Option<usize>,
    /// Threads for blocking work.
    pub workers: usize,
    /// How many connections there may be at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// How many pieces of work may run or wait to; further ones are answered 503.
    pub max_work: usize,
    /// How many connections each client may have at once; further ones are closed. What is one
    /// client says [`client_network`](crate::client_network).
    pub max_connections_per_address: Option<usize>,
    /// How much of an address of IPv6 tells clients apart, in bits.
    pub ipv6_prefix: u8,
    /// If proxies that speak the PROXY protocol are in front: which. Then other clients, and those
    /// that do not speak it, are not served.
    pub proxy_protocol: Option<TrustedProxies>,
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
            max_connections_per_address: None,
            ipv6_prefix: 64,
            proxy_protocol: None,
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
    /// Threads that drive connections, as configured: see [`Context::thread_count`].
    pub threads: Option<usize>,
    /// Threads for blocking work.
    pub workers: usize,
    /// Says when the server shuts down.
    pub shutdown: Arc<ShutdownSignal>,
    /// The bound on connections.
    pub admission: Arc<Admission>,
    pub(crate) by_address: Option<Arc<ByAddress>>,
    /// Which of the server's listeners this is for.
    pub(crate) listener: usize,
    pub(crate) proxies: Option<Arc<TrustedProxies>>,
    pub(crate) statistics: Statistics,
    /// How TLS is spoken, if it is, with the clients of this listener.
    #[cfg(feature = "tls")]
    pub tls: Option<Arc<layer_tls::Setup>>,
}

impl Context {
    /// How many threads drive connections: as many as were configured, or one for each processor.
    #[must_use]
    pub fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(cores)
    }

    /// A backend calls this as soon as it accepts no more from its listener: another process to
    /// which the listener is handed over waits for that. At its end it need not.
    pub fn accepts_no_more(&self) {
        self.shutdown.accepts_no_more(self.listener);
    }

    /// Whether the client whose connection has this slot may have one more. Behind a proxy that is
    /// not known yet.
    pub(crate) fn has_place(&self, slot: &mut Slot) -> bool {
        match &self.by_address {
            Some(by_address) if self.proxies.is_none() => slot.take_place(by_address),
            _ => true,
        }
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
///
/// ```
/// use backend_common::{Backend, Report, Request, Response, Server};
/// use std::{io, time::Duration};
///
/// /// Serves for a minute, on any backend.
/// fn serve<B: Backend>() -> io::Result<Report> {
///     let server = Server::<B>::bind("127.0.0.1:0")?.max_connections(1_000);
///     println!("http://{}", server.address());
///     let handler = |request: &Request<'_>| Response::text(request.path().to_owned());
///     let handle = server.spawn(handler)?;
///     std::thread::sleep(Duration::from_secs(60));
///     handle.shutdown(Duration::from_secs(5))
/// }
/// ```
pub struct Server<B> {
    backend: B,
    config: Config,
    endpoints: Vec<Endpoint>,
    shutdown: Arc<ShutdownSignal>,
    statistics: Statistics,
    observer: Option<Arc<dyn Observer>>,
}

/// A listener, its address if it has one, and what is spoken there below HTTP.
struct Endpoint {
    listener: Listener,
    address: Option<SocketAddr>,
    /// Those in front that speak the PROXY protocol, unless they are the same for all listeners.
    proxies: Option<Arc<TrustedProxies>>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<layer_tls::Setup>>,
}

impl Endpoint {
    fn plain(listener: Listener) -> io::Result<Self> {
        Ok(Endpoint {
            address: listener.address()?,
            listener,
            proxies: None,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }
}

impl<B: Backend> Server<B> {
    /// Binds to an address. With port 0 the system chooses one: see [`Server::address`].
    ///
    /// # Errors
    /// If the address cannot be bound: it is in use, for example. If the system lacks what the
    /// backend needs: see [`Backend::check_system`].
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, BindError> {
        B::check_system()?;
        Server::from_listener(socket::listen(address)?)
    }

    /// A server on a socket that listens already, of TCP or of the unix domain.
    ///
    /// # Errors
    /// If the system lacks what the backend needs: see [`Backend::check_system`].
    pub fn from_listener(listener: impl Into<Listener>) -> Result<Self, BindError> {
        B::check_system()?;
        let shutdown = Arc::<ShutdownSignal>::default();
        Ok(Server {
            backend: B::default(),
            config: Config::default(),
            endpoints: vec![Endpoint::plain(listener.into())?],
            statistics: Statistics::new(Arc::clone(&shutdown)),
            shutdown,
            observer: None,
        })
    }

    /// Serves the clients of this listener as well. The backend drives each listener with threads
    /// of its own. Connections (and one more for each further listener) and work are bounded over
    /// all.
    ///
    /// # Errors
    /// If its address cannot be told.
    pub fn and_listener(mut self, listener: impl Into<Listener>) -> io::Result<Self> {
        self.endpoints.push(Endpoint::plain(listener.into())?);
        Ok(self)
    }

    /// Listens at another address as well, where TLS is spoken: see [`Server::and_listener`].
    ///
    /// # Errors
    /// If the address cannot be bound.
    #[cfg(feature = "tls")]
    pub fn tls(
        self,
        address: impl ToSocketAddrs,
        setup: layer_tls::Setup,
    ) -> Result<Self, BindError> {
        Ok(self.tls_from(socket::listen(address)?, setup)?)
    }

    /// Does what [`Server::tls`] does, with a listener that is there already.
    ///
    /// # Errors
    /// If its address cannot be told.
    #[cfg(feature = "tls")]
    pub fn tls_from(
        mut self,
        listener: impl Into<Listener>,
        setup: layer_tls::Setup,
    ) -> io::Result<Self> {
        self.endpoints
            .push(Endpoint { tls: Some(Arc::new(setup)), ..Endpoint::plain(listener.into())? });
        Ok(self)
    }

    /// The first address where TLS is spoken, if there is one.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.endpoints
            .iter()
            .filter(|endpoint| endpoint.tls.is_some())
            .find_map(|endpoint| endpoint.address)
    }

    /// Sets the variant of the concurrency model.
    #[must_use]
    pub fn model(mut self, model: B) -> Self {
        self.backend = model;
        self
    }

    /// Sets all options at once.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets how many threads drive connections, at least one. Default: one for each processor, or
    /// what the model calls for.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.config.threads = Some(threads);
        self
    }

    /// Sets how many threads do blocking work, at least one. Default: two for each processor.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.config.workers = workers;
        self
    }

    /// Sets how many connections there may be at once, at least one; further ones wait to be
    /// accepted. Default: 10,000.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.config.max_connections = connections;
        self
    }

    /// Sets how many pieces of work may run or wait to, at least one; further ones are answered
    /// 503. Default: 4,096.
    #[must_use]
    pub fn max_work(mut self, pieces: usize) -> Self {
        self.config.max_work = pieces;
        self
    }

    /// Has this told of requests, refusals, and how long work and deadlines have waited. It can be
    /// set once.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.statistics.observe(&observer);
        self.observer.get_or_insert(observer);
        self
    }

    /// Sets how many connections each client address may have at once, at least one; further ones
    /// are closed. Default: any number.
    #[must_use]
    pub fn max_connections_per_address(mut self, connections: usize) -> Self {
        self.config.max_connections_per_address = Some(connections);
        self
    }

    /// Sets how much of an address of IPv6 tells clients apart, in bits. Default: 64.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.config.ipv6_prefix = bits;
        self
    }

    /// Has all connections begin with a header of the PROXY protocol, version 1 or 2. These proxies
    /// are believed; other clients, and those that do not speak it, are not served.
    #[must_use]
    pub fn proxy_protocol(mut self, proxies: TrustedProxies) -> Self {
        self.config.proxy_protocol = Some(proxies);
        self
    }

    /// Has connections to one listener alone begin so: see [`Server::proxy_protocol`]. The first
    /// listener is 0, the others follow in the order in which they were given. A number that no
    /// listener has changes nothing.
    #[must_use]
    pub fn proxy_protocol_at(mut self, listener: usize, proxies: TrustedProxies) -> Self {
        if let Some(endpoint) = self.endpoints.get_mut(listener) {
            endpoint.proxies = Some(Arc::new(proxies));
        }
        self
    }

    /// Sets the limits of each connection.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// The first address that it is bound to.
    ///
    /// # Panics
    /// If it has paths alone: see [`Server::addresses`].
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses())
    }

    /// All addresses that it is bound to, in the order in which they were given. A path is none.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.endpoints.iter().filter_map(|endpoint| endpoint.address).collect()
    }

    /// A handle that begins shutdown, from any thread.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle { shutdown: Arc::clone(&self.shutdown) }
    }

    /// The statistics of the server: from now on, and still when it has shut down.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }

    /// Serves on this thread until the server has shut down.
    ///
    /// # Errors
    /// If it cannot begin: the system refuses a thread, for example.
    pub fn run(self, handler: impl Handler) -> io::Result<Report> {
        let config = self.config;
        // Each acceptor that waits may hold a place.
        let waiting = self.endpoints.len() - 1;
        // With none of something nothing would ever be served.
        let max_connections = config.max_connections.max(1).saturating_add(waiting);
        let admission = Arc::new(Admission::new(max_connections, config.max_work.max(1)));
        let by_address = config.max_connections_per_address;
        let by_address = by_address.map(|most| ByAddress::new(most, config.ipv6_prefix));
        self.statistics.begin(Arc::clone(&admission), by_address.clone());
        let report = || self.statistics.report(admission.open() as u64);
        let _observer = self.observer; // until the end: statistics do not keep it
        let context = Context {
            handler: Arc::new(handler),
            limits: Arc::new(config.limits),
            threads: config.threads.map(|threads| threads.max(1)),
            workers: config.workers.max(1),
            shutdown: self.shutdown,
            admission: Arc::clone(&admission),
            by_address,
            listener: 0,
            proxies: config.proxy_protocol.map(Arc::new),
            statistics: self.statistics.clone(),
            #[cfg(feature = "tls")]
            tls: None,
        };
        serve_all(self.backend, self.endpoints, &context)?;
        Ok(report())
    }

    /// Serves on a thread of its own.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn spawn(self, handler: impl Handler) -> io::Result<Handle> {
        let (addresses, shutdown_handle, statistics) =
            (self.addresses(), self.shutdown_handle(), self.statistics());
        let thread =
            std::thread::Builder::new().name("server".into()).spawn(move || self.run(handler))?;
        Ok(Handle { addresses, shutdown_handle, statistics, thread })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { limits, threads, workers, shutdown, admission, .. } = self;
        let mut context = f.debug_struct("Context");
        context.field("limits", limits).field("threads", threads).field("workers", workers);
        context.field("shutdown", shutdown).field("admission", admission).finish_non_exhaustive()
    }
}

impl<B> fmt::Debug for Server<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { endpoints, config, .. } = self;
        let addresses: Vec<_> = endpoints.iter().map(|endpoint| endpoint.address).collect();
        let mut server = f.debug_struct("Server");
        server.field("addresses", &addresses).field("config", config).finish_non_exhaustive()
    }
}

/// Begins shutdown when it is dropped by a panic.
struct ShutDownOnPanic(Arc<ShutdownSignal>);

impl Drop for ShutDownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.begin(Instant::now());
        }
    }
}

/// The first of a server's addresses.
fn first(addresses: &[SocketAddr]) -> SocketAddr {
    *addresses.first().expect("a server with paths alone has no address")
}

/// Serves all listeners. If one cannot begin, or panics, the others end.
fn serve_all<B: Backend>(
    backend: B,
    endpoints: Vec<Endpoint>,
    context: &Context,
) -> io::Result<()> {
    let serve = move |(listener, endpoint): (usize, Endpoint)| {
        let _guard = ShutDownOnPanic(Arc::clone(&context.shutdown));
        let context = Arc::new(Context {
            listener,
            proxies: endpoint.proxies.or_else(|| context.proxies.clone()),
            #[cfg(feature = "tls")]
            tls: endpoint.tls,
            ..context.clone()
        });
        // The process that had it before may have left it otherwise.
        let result = endpoint.listener.set_nonblocking(false);
        let result = result.and_then(|()| backend.serve(endpoint.listener, Arc::clone(&context)));
        context.accepts_no_more();
        if result.is_err() {
            context.shutdown.begin(Instant::now());
        }
        result
    };
    context.shutdown.accepts_from(endpoints.len());
    let mut endpoints = endpoints.into_iter().enumerate();
    let first = endpoints.next();
    std::thread::scope(|scope| {
        let builder = || std::thread::Builder::new().name("server".into());
        let others: Vec<_> = endpoints
            .map(|endpoint| builder().spawn_scoped(scope, move || serve(endpoint)))
            .collect();
        if others.iter().any(Result::is_err) {
            context.shutdown.begin(Instant::now());
        }
        let result = first.map_or(Ok(()), serve);
        let join = |thread: ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let others: Vec<io::Result<()>> =
            others.into_iter().map(|thread| thread.and_then(join)).collect();
        others.into_iter().fold(result, io::Result::and)
    })
}

/// Begins the shutdown of a server, from any thread.
///
/// ```
/// use backend_common::{Backend, Handler, Report, Server};
/// use std::{io, sync::mpsc::Receiver, thread, time::Duration};
///
/// /// Serves until something comes through the channel.
/// fn serve<B: Backend>(server: Server<B>, handler: impl Handler, end: Receiver<()>)
///     -> io::Result<Report>
/// {
///     let shutdown_handle = server.shutdown_handle();
///     thread::spawn(move || {
///         let _ = end.recv();
///         shutdown_handle.shutdown(Duration::from_secs(5));
///     });
///     server.run(handler)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ShutdownHandle {
    shutdown: Arc<ShutdownSignal>,
}

impl ShutdownHandle {
    /// Begins graceful shutdown: no new connections are accepted, idle ones are closed after
    /// [`Drain::GRACE`](protocol::Drain::GRACE), requests under way answered. Connections that have
    /// not ended `within` this time are aborted; with zero, all are, at once.
    pub fn shutdown(&self, within: Duration) {
        self.shutdown.begin(protocol::after(Instant::now(), within));
    }

    /// Does the same for a server whose listeners another process has as well: clients that have
    /// not been accepted yet are left to it. Returns when this server accepts no more, and the
    /// other may begin to.
    pub fn hand_over(&self, within: Duration) {
        self.shutdown.hand_over(protocol::after(Instant::now(), within));
    }
}

/// A running server, on a thread of its own: see [`Server::spawn`].
///
/// ```
/// use backend_common::{Backend, Request, Response, Server};
/// use std::{io, time::Duration};
///
/// /// A test of a handler, on any backend.
/// fn test<B: Backend>() -> io::Result<()> {
///     let server = Server::<B>::bind("127.0.0.1:0")?;
///     let handle = server.spawn(|_: &Request<'_>| Response::text("hi"))?;
///     let _client = std::net::TcpStream::connect(handle.address())?;
///     println!("{} connections are open", handle.statistics().sample().open.all());
///     let report = handle.shutdown(Duration::from_secs(1))?;
///     assert_eq!(report.aborted, 0);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Handle {
    addresses: Vec<SocketAddr>,
    shutdown_handle: ShutdownHandle,
    statistics: Statistics,
    thread: JoinHandle<io::Result<Report>>,
}

impl Handle {
    /// The first address that it is bound to.
    ///
    /// # Panics
    /// If it has paths alone.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses)
    }

    /// A handle that begins shutdown, from any thread.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown_handle.clone()
    }

    /// The statistics of the server.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }

    /// Shuts the server down, as [`ShutdownHandle::shutdown`] says, and waits until it has. Returns
    /// how much was served and how many connections were aborted.
    ///
    /// # Errors
    /// If the server could not begin.
    pub fn shutdown(self, within: Duration) -> io::Result<Report> {
        self.shutdown_handle.shutdown(within);
        self.join()
    }

    /// Waits until the server has shut down.
    ///
    /// # Errors
    /// If the server could not begin.
    pub fn join(self) -> io::Result<Report> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
