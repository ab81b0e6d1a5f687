//! One connection as a task: the five waits at once.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use backend_common::{Awaited, Next, Output, Session, ShutdownSignal, TURN, socket};
use event_listener::Event;
use protocol::{DropGuarded, Outcome, Ticket, Work};
use smol::future::{FutureExt, yield_now};
use smol::lock::Semaphore;
use smol::{Async, Executor, Task, Timer};

/// What all connections of a server have in common.
pub(crate) struct Shared {
    pub(crate) shutdown: Arc<ShutdownSignal>,
    /// Notified when the shutdown deadline is set or comes forward.
    pub(crate) changed: Arc<Event>,
    /// What work becomes tasks of. It owns the tasks that share this, so they must not own it.
    pub(crate) executor: Weak<Executor<'static>>,
    /// What runs closures: its threads may block.
    pub(crate) workers: Weak<Executor<'static>>,
    /// One for each of its threads. What waits for one is cancelled with its connection.
    pub(crate) permits: Arc<Semaphore>,
}

/// Which of the five waits is over.
enum Over {
    Input(io::Result<usize>),
    Room(io::Result<usize>),
    Time,
    Work(Ticket, Outcome),
    Shutdown(Instant),
}

// ANCHOR: drive
/// Drives one connection to its end. The waits are raced, and the race is biased: if several are
/// over, the first wins. So they are started in another order than they are listed in: room to send
/// comes before input, since what is sent makes room for more.
pub(crate) async fn drive(
    stream: &Async<TcpStream>,
    session: &mut Session,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut timer = Timer::never();
    let mut is_set_to: Option<Instant> = None;
    let mut work = Vec::new(); // dropped with the connection, which cancels what is in it
    let mut passed_on = None;
    let mut shutdown = pin!(next_deadline(&shared, None));
    let mut emptied = false;
    for turn in 1.. {
        match session.poll() {
            Next::Wait(wait) => {
                if let Some(deadline) = wait.deadline
                    && is_set_to.is_none_or(|earlier| deadline < earlier)
                {
                    timer.set_at(deadline);
                    is_set_to = Some(deadline);
                }
                // A socket that is always ready wins each race, so shutdown is looked at before.
                let deadline = shared.shutdown.deadline().filter(|new| Some(*new) != passed_on);
                if let Some(deadline) = deadline {
                    passed_on = Some(deadline);
                    session.shutdown(deadline);
                    continue;
                }
                if turn % TURN == 0 {
                    // So is the deadline, and before other connections have their turn: a client
                    // is not late by the time that they take.
                    if wait.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        time_out(stream, session)?;
                        continue;
                    }
                    yield_now().await; // a busy connection lets others have their turn
                }
                let over =
                    poll_fn(|context| poll_ready(stream, session, &mut emptied, wait, context))
                        .or(async {
                            (&mut timer).await;
                            Over::Time
                        })
                        .or(next_done(&mut work))
                        .or(async { Over::Shutdown(shutdown.as_mut().await) })
                        .await;
                match over {
                    // input
                    Over::Input(result) => socket::unless_blocked(result)?,
                    // room to send
                    Over::Room(result) => socket::unless_blocked(result)?,
                    // a moment in time
                    Over::Time => {
                        is_set_to = None;
                        time_out(stream, session)?;
                    }
                    // work done elsewhere
                    Over::Work(ticket, outcome) => session.complete(ticket, outcome),
                    // shutdown
                    Over::Shutdown(deadline) => {
                        passed_on = Some(deadline);
                        session.shutdown(deadline);
                        shutdown.set(next_deadline(&shared, passed_on));
                    }
                }
            }
            Next::Run(ticket, job) => work.push(spawn(&shared, ticket, job)),
            Next::ShutdownWrite => stream.get_ref().shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream.get_ref())?,
            Next::Close => break,
        }
    }
    Ok(())
}
// ANCHOR_END: drive

/// Sends or receives if either can be done without waiting. If not, the task's waker is left with
/// the reactor, for those directions only that are waited for.
fn poll_ready(
    stream: &Async<TcpStream>,
    session: &mut Session,
    emptied: &mut bool,
    wait: Awaited,
    context: &mut Context<'_>,
) -> Poll<Over> {
    let tcp = stream.get_ref();
    if wait.write {
        let sent = session.send_with(|output| write(tcp, output));
        if !socket::would_block(&sent) {
            return Poll::Ready(Over::Room(sent));
        }
        // "Ready" is said of an event that may be older than the attempt; the next one is awaited.
        while let Poll::Ready(result) = stream.poll_writable(context) {
            if let Err(error) = result {
                return Poll::Ready(Over::Room(Err(error)));
            }
        }
    }
    if wait.read {
        // A short read has emptied the socket: no need to be told so by another one.
        if !std::mem::take(emptied) {
            let received = receive(tcp, session, emptied);
            if !socket::would_block(&received) {
                return Poll::Ready(Over::Input(received));
            }
        }
        while let Poll::Ready(result) = stream.poll_readable(context) {
            if let Err(error) = result {
                return Poll::Ready(Over::Input(Err(error)));
            }
        }
    }
    Poll::Pending
}

/// Reads what there is, as far as there is space for it.
fn receive(mut tcp: &TcpStream, session: &mut Session, emptied: &mut bool) -> io::Result<usize> {
    session.receive_with(|space| {
        let bytes = tcp.read(space)?;
        *emptied = bytes < space.len();
        Ok(bytes)
    })
}

/// Sends what there is room for.
fn write(mut tcp: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => tcp.write(bytes),
        Output::File(range) => socket::send_file(tcp, range),
    }
}

/// Tries the socket whatever the reactor knows of it: what it knows may be from before a pause.
fn time_out(stream: &Async<TcpStream>, session: &mut Session) -> io::Result<()> {
    let tcp = stream.get_ref();
    session.handle_timeout_with(|space| (&*tcp).read(space), |output| write(tcp, output))
}

/// Hands work over: a closure that may block to threads that may, a future as a task. The handle
/// cancels either when it is dropped; only a closure that runs already goes on. Its outcome is then
/// dropped by the executor, and a panic of that would end a thread: so it is in `DropGuarded`.
/// (tokio catches such a panic itself.)
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

/// Waits for the next outcome of work; forever, if there is none.
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

/// Waits for a shutdown deadline that differs from the last.
async fn next_deadline(shared: &Shared, last: Option<Instant>) -> Instant {
    loop {
        let changed = shared.changed.listen(); // before looking, so that nothing is missed
        match shared.shutdown.deadline() {
            Some(deadline) if Some(deadline) != last => return deadline,
            _ => changed.await,
        }
    }
}
