//! One connection as a task: the five waits at once.

use std::future::{Future, pending, poll_fn};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use async_executor::Executor;
use async_lock::Semaphore;
use async_std::io::{Read, Write};
use async_std::net::TcpStream;
use async_std::task::{self, JoinHandle};
use backend_common::{Next, Output, Session, ShutdownSignal, Wait, socket};
use event_listener::Event;
use futures_lite::FutureExt;
use protocol::{DropGuarded, FileRange, Outcome, Ticket, Work};

/// How often a connection may read or write before others have their turn.
const TURN: usize = 16;

/// How much of a file is read at once, in bytes.
const FILE_PIECE: usize = 64 << 10;

/// What all connections of a server have in common.
pub(crate) struct Shared {
    pub(crate) shutdown: Arc<ShutdownSignal>,
    /// Notified when the order to stop comes.
    pub(crate) bell: Arc<Event>,
    /// What runs closures: its threads may block. It owns what it runs, so that must not own it.
    pub(crate) workers: Weak<Executor<'static>>,
    /// One for each of its threads.
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
    stream: &TcpStream,
    session: &mut Session,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut timer = pin!(sleep_until(None));
    let mut is_set_to: Option<Instant> = None;
    let mut work = Vec::new();
    let mut ordered = None;
    let mut order = pin!(next_order(&shared, None));
    let mut piece = FilePiece::default();
    for turn in 1.. {
        match session.poll() {
            Next::Run(ticket, job) => work.push(spawn(&shared, ticket, job)),
            Next::ShutdownWrite => stream.shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream)?,
            Next::Close => break,
            Next::Wait(wait) => {
                if let Some(deadline) = wait.deadline
                    && is_set_to.is_none_or(|earlier| deadline < earlier)
                {
                    timer.set(sleep_until(Some(deadline)));
                    is_set_to = Some(deadline);
                }
                piece.fill(session.file());
                // Racing is biased: a socket that is always ready must not outrun the rest.
                if let Some(by) = shared.shutdown.deadline().filter(|by| Some(*by) != ordered) {
                    ordered = Some(by);
                    session.shutdown(by);
                    continue;
                }
                if turn % TURN == 0 {
                    // Not after the others' turn: the peer is not late by what they took.
                    if wait.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        time_out(stream, session, &mut piece)?;
                        continue;
                    }
                    task::yield_now().await; // nor other connections
                }
                // room to send, and input
                let ready =
                    poll_fn(|context| poll_ready(stream, session, &mut piece, wait, context));
                let over = async { Over::Ready(ready.await) }
                    // a moment in time
                    .or(async {
                        timer.as_mut().await;
                        Over::Time
                    })
                    // work done elsewhere
                    .or(next_done(&mut work))
                    // the order to stop
                    .or(async { Over::Order(order.as_mut().await) })
                    .await;
                match over {
                    Over::Ready(result) => result.map(drop)?,
                    Over::Time => {
                        is_set_to = None;
                        timer.set(sleep_until(None));
                        time_out(stream, session, &mut piece)?;
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

/// Sends or receives if either can be done without waiting. There is no waiting for readiness as
/// such: the attempt itself leaves the task's waker behind.
fn poll_ready(
    stream: &TcpStream,
    session: &mut Session,
    piece: &mut FilePiece,
    wait: Wait,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut stream = stream;
    if wait.write {
        let sent = session.send_with(|output| write(stream, piece, output, context));
        if let Some(sent) = pending_if_blocked(sent) {
            return Poll::Ready(sent);
        }
    }
    if wait.read {
        let received = session
            .receive_with(|space| blocked_unless(Pin::new(&mut stream).poll_read(context, space)));
        if let Some(received) = pending_if_blocked(received) {
            return Poll::Ready(received);
        }
    }
    Poll::Pending
}

/// Sends what there is room for.
fn write(
    mut stream: &TcpStream,
    piece: &mut FilePiece,
    output: Output<'_>,
    context: &mut Context<'_>,
) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => blocked_unless(Pin::new(&mut stream).poll_write(context, bytes)),
        Output::File(_) => {
            let result = blocked_unless(
                Pin::new(&mut stream).poll_write(context, &piece.bytes[piece.sent..]),
            );
            piece.sent += result.as_ref().unwrap_or(&0);
            result
        }
    }
}

/// The socket is tried once more before the deadline counts. Nobody is to be woken by that.
fn time_out(stream: &TcpStream, session: &mut Session, piece: &mut FilePiece) -> io::Result<()> {
    let mut socket = stream;
    session.handle_timeout_with(
        |space| {
            let mut context = Context::from_waker(Waker::noop());
            blocked_unless(Pin::new(&mut socket).poll_read(&mut context, space))
        },
        |output| write(stream, piece, output, &mut Context::from_waker(Waker::noop())),
    )
}

/// What is pending would block.
fn blocked_unless(poll: Poll<io::Result<usize>>) -> io::Result<usize> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// What would block is pending.
fn pending_if_blocked(result: io::Result<usize>) -> Option<io::Result<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        result => Some(result),
    }
}

/// A piece of the file that is being sent. There is no waiting for room to send without the bytes
/// in hand, so `sendfile(2)` cannot be used.
#[derive(Default)]
struct FilePiece {
    bytes: Vec<u8>,
    sent: usize,
}

impl FilePiece {
    /// Reads the next piece, if a file is to be sent and the last piece has been. As with
    /// `sendfile(2)`, the thread waits if the file is not in memory.
    fn fill(&mut self, range: Option<&FileRange>) {
        let Some(range) = range else {
            *self = FilePiece::default(); // an idle connection holds no buffer
            return;
        };
        if self.sent == self.bytes.len() {
            self.bytes.resize(FILE_PIECE, 0);
            // Nothing at all, if it cannot be read: that ends the connection.
            let length = socket::read_file(range, &mut self.bytes).unwrap_or(0);
            self.bytes.truncate(length);
            self.sent = 0;
        }
    }
}

/// A timer, or one that never fires.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => task::sleep(moment.saturating_duration_since(Instant::now())).await,
        None => pending().await,
    }
}

/// Work that may block goes to threads that may; a future becomes a task.
fn spawn(shared: &Shared, ticket: Ticket, job: Work) -> JoinHandle<(Ticket, DropGuarded<Outcome>)> {
    match job {
        Work::Blocking(job) => {
            let (workers, permits) = (Weak::clone(&shared.workers), Arc::clone(&shared.permits));
            task::spawn(async move {
                let _permit = permits.acquire_arc().await;
                let run = async move { DropGuarded::new(job.run()) };
                let outcome = match workers.upgrade().map(|workers| workers.spawn(run).fallible()) {
                    Some(outcome) => outcome.await,
                    None => None,
                };
                // There is none if the server has ended, and nobody to tell.
                (ticket, outcome.unwrap_or_else(|| DropGuarded::new(Outcome::Overloaded)))
            })
        }
        Work::Future(task) => task::spawn(async move { (ticket, DropGuarded::new(task.await)) }),
    }
}

/// The next outcome of work; never, if there is none.
async fn next_done(work: &mut Vec<JoinHandle<(Ticket, DropGuarded<Outcome>)>>) -> Over {
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
