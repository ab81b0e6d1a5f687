//! Accepting, and the runtimes that connections become tasks of.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use backend_common::{
    ABORT_GRACE, Backend, Context, Listener, Session, ShutdownSignal, Slot, Variant, socket,
    threads,
};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::time::{timeout, timeout_at};

use crate::connection::{ShutdownReceiver, drive};

/// How tasks find their threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// One runtime with a pool of threads that steal tasks from each other.
    #[default]
    Multi,
    /// A runtime of its own on each thread: a connection stays where it is.
    Local,
}

impl Backend for Model {
    const NAME: &'static str = "tokio";
    const MODELS: &'static [Variant<Self>] = &[
        Variant {
            model: Model::Multi,
            name: "multi",
            summary: "tasks on a pool of threads that steal work from each other",
        },
        Variant {
            model: Model::Local,
            name: "local",
            summary: "tasks on a single-threaded runtime for each thread",
        },
    ];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let (threads, workers) = (context.thread_count(), context.workers);
        // All at once, or a runtime would panic where it has no more.
        threads::check(match self {
            Model::Multi => threads + workers,
            Model::Local => threads + threads * workers.div_ceil(threads),
        })?;
        let runtime = match self {
            Model::Multi => {
                let mut builder = Builder::new_multi_thread();
                runtime(builder.worker_threads(threads), workers)?
            }
            // It accepts, and has no work.
            Model::Local => local_runtime(0)?,
        };
        let shutdown = shutdown_channel(&context.shutdown);
        match self {
            Model::Multi => runtime.block_on(accept(listener, &context, |stream, slot| {
                let session = Session::new(&context, slot);
                tokio::spawn(serve(stream, session, shutdown.clone()));
            }))?,
            Model::Local => {
                let mut locals = Locals::start(&context, &shutdown)?;
                runtime.block_on(accept(listener, &context, |stream, slot| {
                    locals.hand_over(stream, slot);
                }))?;
                locals.join();
            }
        }
        // Work that is still running belongs to connections that have been aborted.
        runtime.shutdown_background();
        Ok(())
    }
}

/// A runtime on the thread that blocks on it.
fn local_runtime(workers: usize) -> io::Result<Runtime> {
    runtime(&mut Builder::new_current_thread(), workers)
}

/// A runtime whose threads for work are made now and kept. Later the system may refuse it one, and
/// then `spawn_blocking` panics, or what it was given is never done.
fn runtime(builder: &mut Builder, workers: usize) -> io::Result<Runtime> {
    /// How long a thread may take to begin; that it does not is the only sign that there is none.
    const PATIENCE: Duration = Duration::from_secs(10);
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    let builder = builder.max_blocking_threads(workers.max(1)).thread_keep_alive(FOR_EVER);
    let runtime = builder.enable_all().build()?;
    let (begun, has_begun) = mpsc::channel();
    let gate = Arc::new(Mutex::new(()));
    let shut = gate.lock();
    for _ in 0..workers {
        // One that is busy takes nothing, so each of these gets a thread of its own.
        let (begun, gate) = (begun.clone(), Arc::clone(&gate));
        runtime.spawn_blocking(move || {
            let _ = begun.send(());
            drop(gate.lock());
        });
        has_begun.recv_timeout(PATIENCE).map_err(|_| {
            io::Error::new(ErrorKind::TimedOut, "a thread for work has not begun in time")
        })?;
    }
    drop(shut);
    Ok(runtime)
}

/// The shutdown signal as a channel that tasks can wait on.
fn shutdown_channel(shutdown: &ShutdownSignal) -> ShutdownReceiver {
    let (sender, receiver) = watch::channel(None);
    shutdown.on_begin(move |deadline| {
        sender.send_replace(Some(deadline));
    });
    receiver
}

/// A listener that the runtime watches.
enum WatchedListener {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl WatchedListener {
    fn new(listener: Listener) -> io::Result<Self> {
        Ok(match listener {
            Listener::Tcp(listener) => Self::Tcp(tokio::net::TcpListener::from_std(listener)?),
            #[cfg(unix)]
            Listener::Unix(listener) => Self::Unix(tokio::net::UnixListener::from_std(listener)?),
        })
    }

    fn into_std(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => listener.into_std()?.into(),
            #[cfg(unix)]
            Self::Unix(listener) => listener.into_std()?.into(),
        })
    }

    async fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(it, peer)| (it, Some(peer))),
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let stream = backend_common::as_tcp(stream.into_std()?);
                Ok((TcpStream::from_std(stream)?, None))
            }
        }
    }
}

/// Accepts clients. On shutdown it ends when those that had connected before have been accepted, or
/// at the deadline; then it waits until all connections have ended.
async fn accept(
    listener: Listener,
    context: &Context,
    mut hand_over: impl FnMut(TcpStream, Slot),
) -> io::Result<()> {
    let listener = WatchedListener::new(listener)?;
    let changed = Arc::new(Notify::new());
    let (departure, shutdown) = (Arc::clone(&changed), Arc::clone(&changed));
    context.admission.on_departure(move || departure.notify_one());
    context.shutdown.on_begin(move |_| shutdown.notify_one());

    while context.shutdown.deadline().is_none() {
        let Some(slot) = context.admission.admit() else {
            changed.notified().await;
            continue;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = changed.notified() => continue,
        };
        match accepted {
            Ok((stream, peer)) => hand_over(stream, slot.for_peer(peer)),
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(error) => {
                socket::report_accept_error(&error);
                let _ = timeout(socket::ACCEPT_BACKOFF, changed.notified()).await;
            }
        }
    }
    // Clients that had connected before the shutdown are still served, as places become free.
    let listener = listener.into_std()?;
    while let Some(deadline) = context.shutdown.accept_until() {
        let Some(slot) = context.admission.admit() else {
            match timeout_at(deadline.into(), changed.notified()).await {
                Ok(()) => continue,
                Err(_) => break,
            }
        };
        match listener.accept().map(|(stream, peer)| (adopt(stream), peer)) {
            Ok((Some(stream), peer)) => hand_over(stream, slot.for_peer(peer)),
            Ok((None, _)) => {}
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(_) => break, // no client is left
        }
    }
    drop(listener); // refuse further connections
    context.accepts_no_more();
    drain(context, &changed).await;
    Ok(())
}

/// Waits until all connections have ended. Each does by itself at the shutdown deadline; one that
/// does not is held by a handler that blocks its thread.
async fn drain(context: &Context, departed: &Notify) {
    loop {
        let deadline = context.shutdown.deadline().filter(|_| !context.admission.poll_empty());
        let Some(deadline) = deadline else { return };
        let until = deadline.max(Instant::now()) + ABORT_GRACE;
        if timeout_at(until.into(), departed.notified()).await.is_err() {
            return;
        }
    }
}

/// The task of one connection.
async fn serve(stream: TcpStream, mut session: Session, shutdown: ShutdownReceiver) {
    let _ = socket::prepare(&stream); // it only costs latency
    if let Err(error) = drive(&stream, &mut session, shutdown).await {
        session.ended(&error);
    }
}

/// Registers a socket with the current runtime. Failing costs this one connection.
fn adopt(stream: std::net::TcpStream) -> Option<TcpStream> {
    let adopted = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
    adopted.inspect_err(|error| tracing::warn!("cannot watch a connection: {error}")).ok()
}

/// What a connection is handed over to another runtime as.
type Accepted = (std::net::TcpStream, Slot);

/// Threads, each with a runtime of its own.
struct Locals {
    inboxes: Vec<UnboundedSender<Accepted>>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

impl Locals {
    fn start(context: &Arc<Context>, shutdown: &ShutdownReceiver) -> io::Result<Self> {
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..context.thread_count() {
            let (sender, inbox) = unbounded_channel();
            inboxes.push(sender);
            let (context, shutdown) = (Arc::clone(context), shutdown.clone());
            let runtime = local_runtime(context.workers.div_ceil(context.thread_count()))?;
            let run = move || run_local(runtime, &context, inbox, &shutdown);
            threads.push(thread::Builder::new().name("local-runtime".into()).spawn(run)?);
        }
        Ok(Locals { inboxes, threads, next: 0 })
    }

    /// Hands a connection to the next thread.
    fn hand_over(&mut self, stream: TcpStream, slot: Slot) {
        self.next = (self.next + 1) % self.inboxes.len();
        match stream.into_std() {
            Ok(stream) => drop(self.inboxes[self.next].send((stream, slot))),
            Err(error) => tracing::warn!("cannot hand a connection over: {error}"),
        }
    }

    fn join(self) {
        drop(self.inboxes); // the threads end
        for thread in self.threads {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    }
}

/// Serves the connections that come in until no more can come.
fn run_local(
    runtime: Runtime,
    context: &Context,
    mut inbox: UnboundedReceiver<Accepted>,
    shutdown: &ShutdownReceiver,
) {
    runtime.block_on(async {
        while let Some((stream, slot)) = inbox.recv().await {
            if let Some(stream) = adopt(stream) {
                let session = Session::new(context, slot);
                tokio::spawn(serve(stream, session, shutdown.clone()));
            }
        }
    });
    runtime.shutdown_background();
}
