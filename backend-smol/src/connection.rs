//! One connection as a task: the five waits at once.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use backend_common::{Next, Output, Session, ShutdownSignal, Wait, socket};
use event_listener::Event;
use protocol::{DropGuarded, Outcome, Ticket, Work};
use smol::future::{FutureExt, yield_now};
use smol::lock::Semaphore;
use smol::{Async, Executor, Task, Timer};

/// How often a connection may read or write before others have their turn.
const TURN: usize = 16;

/// What all connections of a server have in common.
pub(crate) struct Shared {
    pub(crate) shutdown: Arc<ShutdownSignal>,
    /// Notified when the order to stop comes.
    pub(crate) bell: Arc<Event>,
    /// What work becomes tasks of. It owns the tasks that share this, so they must not own it.
    pub(crate) executor: Weak<Executor<'static>>,
    /// What runs closures: its threads may block.
    pub(crate) workers: Weak<Executor<'static>>,
    /// One for each of its threads. What waits for one is cancelled with its connection.
    pub(crate) permits: Arc<Semaphore>,
}

/// Which of the five waits is over.
enum Over {
    /// Input, or room to send.
    Ready(io::Result<usize>),
    Time,
    Work(Ticket, Outcome),
    Order(Instant),
}

// ANCHOR: converse
/// Drives one connection to its end.
pub(crate) async fn converse(
    stream: &Async<TcpStream>,
    session: &mut Session,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut timer = Timer::never();
    let mut is_set_to: Option<Instant> = None;
    let mut work = Vec::new(); // dropped with the connection, which cancels what is in it
    let mut ordered = None;
    let mut order = pin!(next_order(&shared, None));
    let mut emptied = false;
    for turn in 1.. {
        match session.poll() {
            Next::Run(ticket, job) => work.push(spawn(&shared, ticket, job)),
            Next::ShutdownWrite => stream.get_ref().shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream.get_ref())?,
            Next::Close => break,
            Next::Wait(wait) => {
                if let Some(deadline) = wait.deadline
                    && is_set_to.is_none_or(|earlier| deadline < earlier)
                {
                    timer.set_at(deadline);
                    is_set_to = Some(deadline);
                }
                // Racing is biased: a socket that is always ready must not outrun the rest.
                if let Some(by) = shared.shutdown.deadline().filter(|by| Some(*by) != ordered) {
                    ordered = Some(by);
                    session.shutdown(by);
                    continue;
                }
                if turn % TURN == 0 {
                    // Not after the others' turn: the peer is not late by what they took.
                    if wait.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        time_out(stream, session)?;
                        continue;
                    }
                    yield_now().await; // nor other connections
                }
                // room to send, and input
                let ready =
                    poll_fn(|context| poll_ready(stream, session, &mut emptied, wait, context));
                let over = async { Over::Ready(ready.await) }
                    // a moment in time
                    .or(async {
                        (&mut timer).await;
                        Over::Time
                    })
                    // work done elsewhere
                    .or(next_done(&mut work))
                    // the order to stop
                    .or(async { Over::Order(order.as_mut().await) })
                    .await;
                match over {
                    Over::Ready(result) => socket::unless_blocked(result)?,
                    Over::Time => {
                        is_set_to = None;
                        time_out(stream, session)?;
                    }
                    Over::Work(ticket, outcome) => session.complete(ticket, outcome),
                    Over::Order(by) => {
                        ordered = Some(by);
                        session.shutdown(by);
                        order.set(next_order(&shared, Some(by)));
                    }
                }
            }
        }
    }
    Ok(())
}
// ANCHOR_END: converse

/// Sends or receives if either can be done without waiting. If not, the task's waker is left with
/// the reactor, for those directions only that are waited for.
fn poll_ready(
    stream: &Async<TcpStream>,
    session: &mut Session,
    emptied: &mut bool,
    wait: Wait,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut tcp = stream.get_ref();
    if wait.write {
        let sent = session.send_with(|output| write(tcp, output));
        if !would_block(&sent) {
            return Poll::Ready(sent);
        }
        // "Ready" is said of an event that may be older than the attempt; the next one is awaited.
        while stream.poll_writable(context)?.is_ready() {}
    }
    if wait.read {
        // A short read has emptied the socket: no need to be told so by another one.
        if !std::mem::take(emptied) {
            let received = session.receive_with(|space| {
                let bytes = tcp.read(space)?;
                *emptied = bytes < space.len();
                Ok(bytes)
            });
            if !would_block(&received) {
                return Poll::Ready(received);
            }
        }
        while stream.poll_readable(context)?.is_ready() {}
    }
    Poll::Pending
}

/// Sends what there is room for.
fn write(mut tcp: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => tcp.write(bytes),
        Output::File(range) => socket::send_file(tcp, range),
    }
}

/// The socket is tried whatever the reactor knows of it: what it knows may be from before a pause.
fn time_out(stream: &Async<TcpStream>, session: &mut Session) -> io::Result<()> {
    let tcp = stream.get_ref();
    session.handle_timeout_with(|space| (&*tcp).read(space), |output| write(tcp, output))
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Work that may block goes to threads that may; a future becomes a task. Either is cancelled when
/// its handle is dropped; only a closure that runs already goes on.
fn spawn(shared: &Shared, ticket: Ticket, job: Work) -> Task<(Ticket, DropGuarded<Outcome>)> {
    let executor = shared.executor.upgrade().expect("the calling task runs on it");
    match job {
        Work::Blocking(job) => {
            let (workers, permits) = (Weak::clone(&shared.workers), Arc::clone(&shared.permits));
            executor.spawn(async move {
                let permit = permits.acquire_arc().await;
                let run = async move {
                    let _permit = permit; // with the closure, which may outlive this task
                    DropGuarded::new(job.run())
                };
                let outcome = match workers.upgrade().map(|workers| workers.spawn(run).fallible()) {
                    Some(outcome) => outcome.await,
                    None => None,
                };
                // There is none if the server has ended, and nobody to tell.
                (ticket, outcome.unwrap_or_else(|| DropGuarded::new(Outcome::Overloaded)))
            })
        }
        Work::Future(task) => executor.spawn(async move { (ticket, DropGuarded::new(task.await)) }),
    }
}

/// The next outcome of work; never, if there is none.
async fn next_done(work: &mut Vec<Task<(Ticket, DropGuarded<Outcome>)>>) -> Over {
    poll_fn(|context| {
        for at in 0..work.len() {
            if let Poll::Ready((ticket, outcome)) = Pin::new(&mut work[at]).poll(context) {
                drop(work.swap_remove(at));
                return Poll::Ready(Over::Work(ticket, outcome.into_inner()));
            }
        }
        Poll::Pending
    })
    .await
}

/// The next order to stop that differs from the last.
async fn next_order(shared: &Shared, last: Option<Instant>) -> Instant {
    loop {
        let rings = shared.bell.listen();
        match shared.shutdown.deadline() {
            Some(by) if Some(by) != last => return by,
            _ => rings.await,
        }
    }
}
