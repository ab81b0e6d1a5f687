//! Accepting, and the runtimes that connections become tasks of.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use backend_common::{Backend, Context, Session, ShutdownSignal, Slot, socket, threads};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::time::{timeout, timeout_at};

use crate::connection::{Orders, converse};

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
    const MODELS: &'static [(Self, &'static str, &'static str)] = &[
        (Model::Multi, "multi", "tasks on a pool of threads that steal work from each other"),
        (Model::Local, "local", "tasks on a single-threaded runtime for each thread"),
    ];

    fn serve(self, listener: TcpListener, context: Arc<Context>) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let (threads, workers) = (context.threads(), context.workers);
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
        let orders = shutdown_channel(&context.shutdown);
        match self {
            Model::Multi => runtime.block_on(accept(listener, &context, |stream, slot| {
                let session = Session::new(&context, slot, &stream);
                tokio::spawn(serve(stream, session, orders.clone()));
            }))?,
            Model::Local => {
                let mut locals = Locals::start(&context, &orders)?;
                runtime.block_on(accept(listener, &context, |stream, slot| {
                    locals.hand_over(stream, slot);
                }))?;
                locals.join();
            }
        }
        // Work that is still running belongs to connections that have been cut.
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
    /// For a thread to begin; that it does not is the only sign that there is none.
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

/// The order to stop as a channel that tasks can wait on.
fn shutdown_channel(shutdown: &ShutdownSignal) -> Orders {
    let (sender, orders) = watch::channel(None);
    shutdown.on_begin(move |by| {
        sender.send_replace(Some(by));
    });
    orders
}

/// Accepts until the order to stop has come and nobody is left who had connected before it; then
/// waits until all connections have left.
async fn accept(
    listener: TcpListener,
    context: &Context,
    mut hand_over: impl FnMut(TcpStream, Slot),
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let bell = Arc::new(Notify::new());
    let (departure, order) = (Arc::clone(&bell), Arc::clone(&bell));
    context.admission.on_departure(move || departure.notify_one());
    context.shutdown.on_begin(move |_| order.notify_one());

    while context.shutdown.deadline().is_none() {
        let Some(slot) = context.admission.admit() else {
            bell.notified().await;
            continue;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = bell.notified() => continue,
        };
        match accepted {
            Ok((stream, _)) => hand_over(stream, slot),
            Err(error) if socket::is_peers_fault(&error) => {}
            Err(error) => {
                socket::report_accept_error(&error);
                let _ = timeout(socket::ACCEPT_BACKOFF, bell.notified()).await;
            }
        }
    }
    // Whoever had connected before the order is still served, as places become free.
    let listener = listener.into_std()?;
    while let Some(by) = context.shutdown.deadline() {
        let Some(slot) = context.admission.admit() else {
            match timeout_at(by.into(), bell.notified()).await {
                Ok(()) => continue,
                Err(_) => break,
            }
        };
        match listener.accept().map(|(stream, _)| adopt(stream)) {
            Ok(Some(stream)) => hand_over(stream, slot),
            Ok(None) => {}
            Err(error) if socket::is_peers_fault(&error) => {}
            Err(_) => break, // nobody is left
        }
    }
    drop(listener); // refuse further connections
    see_off(context, &bell).await;
    Ok(())
}

/// Waits until all connections have left. Each goes of its own accord when its time is up; one
/// that does not is held by a handler that blocks its thread.
async fn see_off(context: &Context, bell: &Notify) {
    const LEAVE: Duration = Duration::from_millis(500);
    while let Some(by) = context.shutdown.deadline().filter(|_| !context.admission.is_empty()) {
        let patience = by.max(Instant::now()) + LEAVE;
        if timeout_at(patience.into(), bell.notified()).await.is_err() {
            return;
        }
    }
}

/// A socket in the care of the current runtime. Failing costs this one connection.
fn adopt(stream: std::net::TcpStream) -> Option<TcpStream> {
    let adopted = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
    adopted.inspect_err(|error| tracing::warn!("cannot watch a connection: {error}")).ok()
}

/// The task of one connection.
async fn serve(stream: TcpStream, mut session: Session, orders: Orders) {
    let _ = socket::prepare(&stream); // it only costs latency
    if let Err(error) = converse(&stream, &mut session, orders).await {
        session.ended(&error);
    }
}

/// What a connection is handed over to another runtime as.
type Accepted = (std::net::TcpStream, Slot);

/// Threads, each with a runtime of its own.
struct Locals {
    inboxes: Vec<UnboundedSender<Accepted>>,
    threads: Vec<JoinHandle<()>>,
    turn: usize,
}

impl Locals {
    fn start(context: &Arc<Context>, orders: &Orders) -> io::Result<Self> {
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..context.threads() {
            let (sender, inbox) = unbounded_channel();
            inboxes.push(sender);
            let (context, orders) = (Arc::clone(context), orders.clone());
            let runtime = local_runtime(context.workers.div_ceil(context.threads()))?;
            let run = move || run_local(runtime, &context, inbox, &orders);
            threads.push(thread::Builder::new().name("local-runtime".into()).spawn(run)?);
        }
        Ok(Locals { inboxes, threads, turn: 0 })
    }

    /// Hands a connection to the next thread.
    fn hand_over(&mut self, stream: TcpStream, slot: Slot) {
        self.turn = (self.turn + 1) % self.inboxes.len();
        match stream.into_std() {
            Ok(stream) => drop(self.inboxes[self.turn].send((stream, slot))),
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
    orders: &Orders,
) {
    runtime.block_on(async {
        while let Some((stream, slot)) = inbox.recv().await {
            if let Some(stream) = adopt(stream) {
                let session = Session::new(context, slot, &stream);
                tokio::spawn(serve(stream, session, orders.clone()));
            }
        }
    });
    runtime.shutdown_background();
}
