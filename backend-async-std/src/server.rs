//! Accepting, and the runtime that connections become tasks of.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::Executor;
use async_global_executor::GlobalExecutorConfig;
use async_lock::Semaphore;
use async_std::channel;
use async_std::future::timeout;
use async_std::net::TcpStream;
use async_std::task;
use backend_common::{
    ABORT_GRACE, Backend, Context, Listener, Session, Slot, Variant, socket, threads,
};
use event_listener::Event;
use futures_lite::{FutureExt, future};
use polling::Poller;

use crate::connection::{Shared, drive};

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Tasks on the threads of the runtime, of which each process has one: with as many threads as
    /// the server asks for that asks for the most.
    #[default]
    Global,
}

impl Backend for Model {
    const NAME: &'static str = "async-std";
    const MODELS: &'static [Variant<Self>] = &[Variant {
        model: Model::Global,
        name: "global",
        summary: "tasks on the runtime of the process",
    }];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        let threads = context.thread_count();
        check_system(threads + context.workers)?;
        start_runtime(threads)?;
        // The reactor takes its descriptors now, before others may.
        task::block_on(task::sleep(Duration::from_millis(1)));
        let workers = Arc::new(Executor::new());
        let (_end, ended) = channel::bounded::<()>(1); // dropped when all connections have ended
        for _ in 0..context.workers {
            let (workers, ended) = (workers.clone(), ended.clone());
            // Not the runtime's `block_on`, which has a thread run other tasks: these may block.
            let run = move || future::block_on(workers.run(ended.recv()));
            thread::Builder::new().name("worker".into()).spawn(run)?;
        }
        let changed = Arc::new(Event::new());
        let shared = Arc::new(Shared {
            shutdown: Arc::clone(&context.shutdown),
            changed: Arc::clone(&changed),
            workers: Arc::downgrade(&workers),
            permits: Arc::new(Semaphore::new(context.workers)),
        });
        context.shutdown.on_begin(move |_| notify(&changed));
        task::block_on(accept(listener, &context, |stream, slot| {
            let session = Session::new(&context, slot);
            task::spawn(serve(stream, session, Arc::clone(&shared)));
        }))
    }
}

/// Has the runtime of the process have at least so many threads.
fn start_runtime(threads: usize) -> io::Result<()> {
    static STARTED: Mutex<usize> = Mutex::new(1);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    // Does nothing but the first time.
    async_global_executor::init_with_config(
        GlobalExecutorConfig::default()
            .with_min_threads(1)
            .with_max_threads(usize::MAX)
            .with_thread_name_fn(|| "async-std".into()),
    );
    let missing = threads.saturating_sub(*started);
    *started += future::block_on(async_global_executor::spawn_more_threads(missing))?;
    Ok(())
}

/// Checks that the system has what we will take, and what the runtime takes at its first use and
/// would panic without: descriptors, and a thread for the reactor.
fn check_system(threads: usize) -> io::Result<()> {
    drop(Poller::new()?);
    threads::check(threads + 1)
}

/// A listener that the runtime watches.
enum WatchedListener {
    Tcp(async_std::net::TcpListener),
    #[cfg(unix)]
    Unix(async_std::os::unix::net::UnixListener),
}

impl WatchedListener {
    fn new(listener: Listener) -> Self {
        match listener {
            Listener::Tcp(listener) => Self::Tcp(listener.into()),
            #[cfg(unix)]
            Listener::Unix(listener) => Self::Unix(listener.into()),
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(it, peer)| (it, Some(peer))),
            #[cfg(unix)]
            Self::Unix(listener) => {
                // The name of TCP for it will do: see `backend_common::as_tcp`.
                let (stream, _) = listener.accept().await?;
                Ok((TcpStream::from(OwnedFd::from(stream)), None))
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
    listener.set_nonblocking(true)?;
    let rest = listener.try_clone()?;
    let listener = WatchedListener::new(listener);
    let changed = Arc::new(Event::new());
    let (departure, shutdown) = (Arc::clone(&changed), Arc::clone(&changed));
    context.admission.on_departure(move || notify(&departure));
    context.shutdown.on_begin(move |_| notify(&shutdown));

    loop {
        let change = changed.listen(); // before looking, so that nothing is missed
        if context.shutdown.deadline().is_some() {
            break;
        }
        let Some(slot) = context.admission.admit() else {
            change.await;
            continue;
        };
        let accepted = async { Some(listener.accept().await) }
            .or(async {
                change.await;
                None
            })
            .await;
        match accepted {
            None => {}
            Some(Ok((stream, peer))) => hand_over(stream, slot.for_peer(peer)),
            Some(Err(error)) if socket::is_clients_fault(&error) => {}
            Some(Err(error)) => {
                socket::report_accept_error(&error);
                let _ = timeout(socket::ACCEPT_BACKOFF, changed.listen()).await;
            }
        }
    }
    // Clients that had connected before the shutdown are still served, as places become free.
    while let Some(deadline) = context.shutdown.accept_until() {
        let changed = changed.listen();
        let Some(slot) = context.admission.admit() else {
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, changed).await {
                Ok(()) => continue,
                Err(_) => break,
            }
        };
        match rest.accept() {
            Ok((stream, peer)) => hand_over(stream.into(), slot.for_peer(peer)),
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(_) => break, // no client is left
        }
    }
    drop((listener, rest));
    context.accepts_no_more();
    drain(context, &changed).await;
    Ok(())
}

/// Waits until all connections have ended. Each does by itself at the shutdown deadline; one that
/// does not is held by a handler that blocks its thread.
async fn drain(context: &Context, departed: &Event) {
    loop {
        let departure = departed.listen();
        let deadline = context.shutdown.deadline().filter(|_| !context.admission.poll_empty());
        let Some(deadline) = deadline else { return };
        let left = deadline.saturating_duration_since(Instant::now()) + ABORT_GRACE;
        if timeout(left, departure).await.is_err() {
            return;
        }
    }
}

/// The task of one connection.
async fn serve(stream: TcpStream, mut session: Session, shared: Arc<Shared>) {
    let _ = socket::prepare(&stream); // it only costs latency
    if let Err(error) = drive(&stream, &mut session, shared).await {
        session.ended(&error);
    }
}

/// Wakes all tasks that listen.
fn notify(event: &Event) {
    event.notify(usize::MAX);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::net::TcpStream;

    use backend_common::{Request, Server};
    use backend_suite::client::eventually;

    use super::*;

    /// The program's administrators have a server of their own, with one thread.
    #[test]
    fn a_server_has_its_threads_although_another_has_begun_with_fewer() {
        let servers = [1, 5].map(|threads| {
            let server = Server::<Model>::bind("127.0.0.1:0").unwrap().threads(threads);
            let server = server.spawn(|_: &Request<'_>| "served").unwrap();
            // It has begun once it answers.
            let mut client = TcpStream::connect(server.address()).unwrap();
            io::Write::write_all(&mut client, b"GET / HTTP/1.0\r\n\r\n").unwrap();
            io::Read::read_to_end(&mut client, &mut Vec::new()).unwrap();
            server
        });
        // A thread gives itself its name, and one that ends meanwhile has none.
        let name = |task: io::Result<fs::DirEntry>| fs::read_to_string(task?.path().join("comm"));
        let is_one = |task| name(task).is_ok_and(|name| name == "async-std\n");
        let tasks = || fs::read_dir("/proc/self/task").unwrap();
        eventually("it has five", || tasks().map(is_one).filter(|is_one| *is_one).count() == 5);
        for server in servers {
            server.shutdown(Duration::ZERO).unwrap();
        }
    }
}
