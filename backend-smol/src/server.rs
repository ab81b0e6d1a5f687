//! Accepting, and the executor that connections become tasks of.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use backend_common::{
    ABORT_GRACE, Backend, Context, Listener, Session, Slot, Variant, socket, threads,
};
use event_listener::Event;
use polling::Poller;
use smol::channel;
use smol::future::FutureExt;
use smol::lock::Semaphore;
use smol::{Async, Executor, Timer};

use crate::connection::{Shared, drive};

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Tasks on an executor of the server's own, and on as many threads as it was asked for.
    #[default]
    Executor,
}

impl Backend for Model {
    const NAME: &'static str = "smol";
    const MODELS: &'static [Variant<Self>] = &[Variant {
        model: Model::Executor,
        name: "executor",
        summary: "tasks on an executor of the server's own",
    }];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        check_system(context.thread_count() + context.workers)?;
        let (executor, workers) = (Arc::new(Executor::new()), Arc::new(Executor::new()));
        let (end, ended) = channel::bounded::<()>(1);
        // Closed when the last thread has ended.
        let (running, all_ended) = channel::bounded::<()>(1);
        for _ in 0..context.thread_count() {
            let (executor, ended, running) = (executor.clone(), ended.clone(), running.clone());
            let run = move || {
                // In this order, since cancelled work may be dropped only with the executor.
                let _running = running;
                let executor = executor;
                let _ = smol::block_on(executor.run(ended.recv()));
            };
            thread::Builder::new().name("smol".into()).spawn(run)?;
        }
        for _ in 0..context.workers {
            let (workers, ended) = (workers.clone(), ended.clone());
            // Not `smol::block_on`, which has a thread poll the reactor: these may block.
            let run = move || smol::future::block_on(workers.run(ended.recv()));
            thread::Builder::new().name("worker".into()).spawn(run)?;
        }
        drop(running);
        let changed = Arc::new(Event::new());
        let shared = Arc::new(Shared {
            shutdown: Arc::clone(&context.shutdown),
            changed: Arc::clone(&changed),
            executor: Arc::downgrade(&executor),
            workers: Arc::downgrade(&workers),
            permits: Arc::new(Semaphore::new(context.workers)),
        });
        context.shutdown.on_begin(move |_| notify(&changed));
        smol::block_on(accept(listener, &context, |stream, slot| {
            let session = Session::new(&context, slot);
            let task = executor.spawn(serve(stream, session, Arc::clone(&shared)));
            task.detach(); // dropping it would cancel it
        }))?;
        drop(end); // the threads end, but for those that a handler or work blocks
        let all_ended = async {
            let _ = all_ended.recv().await;
        };
        smol::block_on(wait(all_ended, Instant::now() + ABORT_GRACE));
        Ok(())
    }
}

/// Checks that the system has what we will take, and what the reactor takes at its first use and
/// would panic without: descriptors, and a thread.
fn check_system(threads: usize) -> io::Result<()> {
    drop(Poller::new()?);
    threads::check(threads + 1)
}

/// Accepts clients. On shutdown it ends when those that had connected before have been accepted, or
/// at the deadline; then it waits until all connections have ended.
async fn accept(
    listener: Listener,
    context: &Context,
    mut hand_over: impl FnMut(TcpStream, Slot),
) -> io::Result<()> {
    let listener = Async::new(listener)?;
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
        let accepted = async { Some(listener.read_with(Listener::accept).await) }
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
                wait(changed.listen(), Instant::now() + socket::ACCEPT_BACKOFF).await;
            }
        }
    }
    // Clients that had connected before the shutdown are still served, as places become free.
    while let Some(deadline) = context.shutdown.accept_until() {
        let changed = changed.listen();
        let Some(slot) = context.admission.admit() else {
            match wait(changed, deadline).await {
                true => continue,
                false => break,
            }
        };
        match listener.get_ref().accept() {
            Ok((stream, peer)) => hand_over(stream, slot.for_peer(peer)),
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(_) => break, // no client is left
        }
    }
    drop(listener);
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
        if !wait(departure, deadline.max(Instant::now()) + ABORT_GRACE).await {
            return;
        }
    }
}

/// The task of one connection.
async fn serve(stream: TcpStream, mut session: Session, shared: Arc<Shared>) {
    let _ = socket::prepare(&stream); // it only costs latency
    let driven = async { drive(&Async::new(stream)?, &mut session, shared).await };
    if let Err(error) = driven.await {
        session.ended(&error);
    }
}

/// Wakes all tasks that listen.
fn notify(event: &Event) {
    event.notify(usize::MAX);
}

/// Waits for a future, but not beyond a moment: a race with a timer, since there is no `timeout`.
/// Returns whether the moment is still to come.
async fn wait(future: impl Future<Output = ()>, until: Instant) -> bool {
    let late = async {
        Timer::at(until).await;
    };
    future.or(late).await;
    Instant::now() < until
}
